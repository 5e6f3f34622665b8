"""The store: what the sandbox has to remember, as JSON records in one SQLite file, or in memory alone.

What happens together is committed at once, before anyone is told of it: after a `kill -9` the file holds each call,
with its journal row and all it changed and made due, or nothing of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Generic, TypeVar

from sandbox.calls import Refusal, dump_json, load_json, writable

FORMAT = 1  # kept as the file's user_version; 0 is a new file
PATIENCE_SECONDS = 10.0  # for a sandbox that is just ending to let go of the file

SCHEMA = """
CREATE TABLE records (
    number INTEGER PRIMARY KEY,
    shelf TEXT NOT NULL,
    key TEXT NOT NULL,
    record TEXT NOT NULL,
    UNIQUE (shelf, key)
)
"""
PUT = """
INSERT INTO records (shelf, key, record) VALUES (?, ?, ?)
ON CONFLICT (shelf, key) DO UPDATE SET record = excluded.record
"""

T = TypeVar("T")


class StoreError(Exception):
    """The file cannot be used as a sandbox's."""


class Store:
    """One sandbox's memory. Its `lock` is the only one: whoever looks at records or changes them holds it."""

    def __init__(self, path: Path | None = None, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.lock = RLock()
        self._depth = 0
        self._is_closed = False
        try:
            self._database = _opened(path, patience_seconds)
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be used: {error}") from error

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commit all that is put in this block at once, or, after an error, nothing of it. Blocks may be nested."""
        with self.lock:
            if self._is_closed:
                raise Refusal(503, "the sandbox is ending")
            if self._depth:
                yield
                return
            self._depth = 1
            try:
                self._database.execute("BEGIN IMMEDIATE")
                with self._database:
                    yield
            finally:
                self._depth = 0

    def read(self, shelf: str) -> list[tuple[str, Any]]:
        """List a shelf's records with their keys, in the order the keys first came."""
        found = self._database.execute("SELECT key, record FROM records WHERE shelf = ? ORDER BY number", (shelf,))
        return [(key, load_json(record)) for key, record in found]

    def put(self, shelf: str, key: str, record: Any) -> None:
        with self.together():
            self._database.execute(PUT, (shelf, writable(key), dump_json(record).decode()))

    def remove(self, shelf: str, key: str) -> None:
        with self.together():
            self._database.execute("DELETE FROM records WHERE shelf = ? AND key = ?", (shelf, writable(key)))

    def close(self) -> None:
        """Let go of the file; whoever still asks is refused."""
        with self.lock:
            self._is_closed = True
            self._database.close()


class Shelf(Generic[T]):
    """Records of one kind by key, kept in the store. A record that was changed has to be put again."""

    def __init__(self, store: Store, name: str, *, load: Callable[[Any], T], dump: Callable[[T], Any]) -> None:
        self._store = store
        self._name = name
        self._dump = dump
        self._records = {key: load(record) for key, record in store.read(name)}

    def get(self, key: str) -> T | None:
        return self._records.get(key)

    def put(self, key: str, record: T) -> None:
        self._store.put(self._name, key, self._dump(record))
        self._records[key] = record

    def fill(self, records: Mapping[str, T]) -> None:
        """Put these records into a shelf that is new."""
        if not self._records:
            for key, record in records.items():
                self.put(key, record)

    def remove(self, key: str) -> None:
        self._store.remove(self._name, key)
        self._records.pop(key, None)

    def clear(self) -> int:
        """Remove every record and say how many there were."""
        with self._store.together():
            keys = list(self._records)
            for key in keys:
                self.remove(key)
        return len(keys)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._records))

    def values(self) -> list[T]:
        return list(self._records.values())

    def items(self) -> list[tuple[str, T]]:
        return list(self._records.items())

    def __len__(self) -> int:
        return len(self._records)


def json_shelf(store: Store, name: str) -> Shelf[dict[str, Any]]:
    """Make a shelf of records that are JSON objects as they are."""
    return Shelf(store, name, load=dict, dump=dict)


class Counter:
    """Gives out numbers from `first` on, each once, also after a restart."""

    def __init__(self, store: Store, name: str, first: int = 1) -> None:
        self._shelf: Shelf[int] = Shelf(store, f"{name}.last", load=int, dump=int)
        self._first = first

    def next(self) -> int:
        last = self._shelf.get("")
        number = self._first if last is None else last + 1
        self._shelf.put("", number)
        return number


def _opened(path: Path | None, patience_seconds: float) -> sqlite3.Connection:
    """Open the file for this process alone; raises StoreError where it is another's, or another kind of file."""
    database = sqlite3.connect(
        ":memory:" if path is None else path, timeout=patience_seconds, isolation_level=None, check_same_thread=False
    )
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    # What a kill must not lose is out of this process after a commit; only a power cut could take it.
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    with database:
        database.execute("BEGIN EXCLUSIVE")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, FORMAT):
            raise StoreError(f"{path} was written by another version of the sandbox")
        if version == 0:
            database.execute(SCHEMA)
            database.execute(f"PRAGMA user_version = {FORMAT}")
    return database
