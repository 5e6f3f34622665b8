"""The queue of SQLite's writers: one at a time, in all processes, in the order they came.

SQLite's own `busy_timeout` sleeps and tries again, which starves whoever sleeps longest (p99 above a second with two
processes); a lock that wakes the next one does not. It lives in a file of its own beside the database, never the
database file: closing any descriptor of that file would drop the locks SQLite holds on it (SQLite, "How To Corrupt An
SQLite Database File", 2.2).
"""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType

from workflows.errors import LedgerUnavailable

LOCK_NAME = "ledger.lock"
"""Beside the database file, one for all databases of that folder."""


class WriteLock:
    """The right to write, held between `with` and its end by whoever locked the file at `path`; not re-entrant.

    One value may be shared by threads. Raises LedgerUnavailable where the file cannot be opened: then the database
    could not be written either.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path).resolve()
        self._descriptor = -1

    def __enter__(self) -> None:
        # flock is held by an open file, which the threads of a process may share, so they queue on a mutex first.
        _mutex_of(self._path).acquire()
        try:
            self._descriptor = self._take()
        except BaseException:
            _mutex_of(self._path).release()
            raise

    def _take(self) -> int:
        # Opened anew each time: a descriptor from before a fork would be one lock for parent and child together.
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LedgerUnavailable(f"cannot open {self._path}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)  # and with it goes the lock
        _mutex_of(self._path).release()


_mutexes: dict[Path, threading.Lock] = {}
_mutexes_lock = threading.Lock()


def _mutex_of(path: Path) -> threading.Lock:
    """The one mutex this process has for `path`, whoever asks."""
    with _mutexes_lock:
        return _mutexes.setdefault(path, threading.Lock())


def _forget_mutexes() -> None:
    """Start afresh in a forked child: a mutex another thread held at the fork would stay locked there for ever."""
    global _mutexes_lock
    _mutexes.clear()
    _mutexes_lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_mutexes)
