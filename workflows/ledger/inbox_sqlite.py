"""The group insert of deliveries on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from workflows.errors import LedgerUnavailable
from workflows.ledger.arrivals import Arrival, Receipt, RowRefused, receipt_of
from workflows.ledger.database import SQLITE_PRAGMAS
from workflows.ledger.locks import LOCK_NAME, WriteLock
from workflows.ledger.tables import micros
from workflows.values import utc_now

# A batch is three statements, each of one step, whatever its size: the interpreter's lock is given away at every step,
# and with thirty busy threads it may take milliseconds to come back.

# What intake set aside later (it has a taken_at) was accepted here all the same.
FIND_FIRSTS = """
SELECT dedup_keys.source, dedup_keys.key, deliveries.id, CASE WHEN taken_at IS NULL THEN problems END
FROM dedup_keys JOIN deliveries ON deliveries.id = dedup_keys.delivery_id
WHERE dedup_keys.until > ? AND (dedup_keys.source, dedup_keys.key) IN (VALUES {rows})
"""

INSERT_DELIVERIES = """
INSERT INTO deliveries (id, source, received_at, shard, state, headers, body, drafts, problems) VALUES {rows}
"""

# A key that stands at this point has run out: the writer is alone, and has just looked.
INSERT_KEYS = """
INSERT INTO dedup_keys (source, key, delivery_id, until) VALUES {rows}
ON CONFLICT (source, key) DO UPDATE SET delivery_id = excluded.delivery_id, until = excluded.until
"""

CACHED_STATEMENTS = 1024
"""A statement for every size of batch, three times."""


class SqliteInbox:
    """The inbox in the database file at `path`, which must exist and be migrated."""

    linger_seconds = 0.003
    """A commit is one flush, and the processes take turns: the more it serves, the more are served."""

    def __init__(self, path: str) -> None:
        self._path = Path(path).absolute()
        self._lock = WriteLock(self._path.with_name(LOCK_NAME))
        self._connection: sqlite3.Connection | None = None

    def store(self, batch: Sequence[Arrival]) -> list[Receipt]:
        """Store in one commit. Raises LedgerUnavailable or RowRefused."""
        with self._lock:
            try:
                connection = self._connect()
                connection.execute("BEGIN IMMEDIATE")
                receipts = _store(connection, batch)
                connection.execute("COMMIT")
            except BaseException as error:
                self.close()  # which undoes the transaction too
                raise _translated(error) from error
        return receipts

    def close(self) -> None:
        """Close the connection; what was not committed is undone."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            # mode=rw: a file that is not there is a ledger that is not there, not an empty one to begin.
            self._connection = sqlite3.connect(
                f"{self._path.as_uri()}?mode=rw",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=CACHED_STATEMENTS,
            )
            for pragma in SQLITE_PRAGMAS:
                self._connection.execute(pragma)
        return self._connection


def _store(connection: sqlite3.Connection, batch: Sequence[Arrival]) -> list[Receipt]:
    now = micros(utc_now())
    keys = [(arrival.source, arrival.key) for arrival in batch]
    found = connection.execute(FIND_FIRSTS.format(rows=_marks(keys)), (now, *chain.from_iterable(keys)))
    firsts = {(source, key): (first, problems) for source, key, first, problems in found}
    new = [arrival for arrival, key in zip(batch, keys, strict=True) if key not in firsts]
    _insert(connection, INSERT_DELIVERIES, [_row(arrival, now) for arrival in new])
    _insert(connection, INSERT_KEYS, [(item.source, item.key, item.id, item.until(now)) for item in new])
    return [_receipt(arrival, firsts.get(key)) for arrival, key in zip(batch, keys, strict=True)]


def _insert(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        connection.execute(statement.format(rows=_marks(rows)), tuple(chain.from_iterable(rows)))


def _marks(rows: Sequence[tuple[object, ...]]) -> str:
    return ",".join([f"({','.join('?' * len(rows[0]))})"] * len(rows))


def _receipt(arrival: Arrival, first: tuple[str, str | None] | None) -> Receipt:
    if first is None:
        return receipt_of(arrival.id, arrival.problems, is_repeat=False)
    return receipt_of(*first, is_repeat=True)


def _row(arrival: Arrival, now: int) -> tuple[object, ...]:
    return (
        *(arrival.id, arrival.source, now, arrival.shard, arrival.state),
        *(arrival.headers, arrival.body, arrival.drafts, arrival.problems),
    )


def _translated(error: BaseException) -> BaseException:
    """The error as the inbox names it; the text of a driver's error may quote values, so only its kind is told."""
    match error:
        case sqlite3.OperationalError():  # locked, disk full, no such file or table, I/O error
            return LedgerUnavailable(f"SQLite cannot store now: {error.sqlite_errorname}")
        case sqlite3.DataError() | sqlite3.IntegrityError() | sqlite3.InterfaceError() | sqlite3.ProgrammingError():
            return RowRefused(type(error).__name__)
        case UnicodeError() | OverflowError():
            return RowRefused(type(error).__name__)
        case sqlite3.Error():  # not a database, malformed
            return LedgerUnavailable(f"SQLite cannot store now: {type(error).__name__}")
        case _:
            return error
