"""The queue of SQLite's writers: one at a time, in all processes; the door first, the others in the order they came.

SQLite's own `busy_timeout` sleeps and tries again, which starves whoever sleeps longest (p99 above a second with two
processes); a lock that wakes the next one does not. It lives in a file of its own beside the database, never the
database file: closing any descriptor of that file would drop the locks SQLite holds on it (SQLite, "How To Corrupt An
SQLite Database File", 2.2).
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

from workflows.errors import LedgerUnavailable

LOCK_NAME = "ledger.lock"
"""Beside the database file, one for all databases of that folder."""

LONGEST_GIVEN_WAY = 0.1
"""Seconds that a writer gives way to the door for; then it goes before it once."""
LOOK_SECONDS = 0.001


class WriteLock:
    """The right to write, held between `with` and its end by whoever locked the file at `path`; not re-entrant.

    The door goes first: a vendor waits for its answer there. The others come one by one behind it, so that it waits for
    one of them at most.

    One value may be shared by threads. Raises LedgerUnavailable where the file cannot be opened: then the database
    could not be written either.
    """

    def __init__(self, path: Path | str, *, goes_first: bool = False) -> None:
        self._path = Path(path).resolve()
        self._goes_first = goes_first
        self._held = ExitStack()

    @property
    def _mutex(self) -> threading.Lock:
        """Threads of a process queue here first, the door's apart from the others: these may have to give way to it."""
        return _mutex_of(self._path, goes_first=self._goes_first)

    def __enter__(self) -> None:
        self._mutex.acquire()
        held = ExitStack()
        try:
            if self._goes_first:
                self.is_busy_for(LONGEST_GIVEN_WAY)
                held.enter_context(self._locked())
            else:
                with self._locked(".others"):
                    self._give_way()
                    held.enter_context(self._locked())
        except BaseException:
            held.close()
            self._mutex.release()
            raise
        self._held = held

    def is_busy_for(self, seconds: float) -> None:
        """Note for the others that the door wants to write, or will again, within this time."""
        with self._open(".door") as door:
            os.pwrite(door, _MOMENT.pack(time.monotonic() + seconds), 0)

    def _give_way(self) -> None:
        """Wait until the door does not want to write, but not for long."""
        begun = time.monotonic()
        with self._open(".door") as door:
            while _busy_until(door) > time.monotonic() and time.monotonic() - begun < LONGEST_GIVEN_WAY:
                time.sleep(LOOK_SECONDS)

    @contextmanager
    def _locked(self, suffix: str = "") -> Iterator[None]:
        with self._open(suffix) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _open(self, suffix: str) -> Iterator[int]:
        """A descriptor of its own, with which the lock goes: one from before a fork would be one lock for parent and
        child together."""
        path = f"{self._path}{suffix}"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LedgerUnavailable(f"cannot open {path}: {error.strerror}") from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        held, self._held = self._held, ExitStack()
        held.close()
        self._mutex.release()


_MOMENT = struct.Struct("=d")
"""On the clock that the processes of a machine share and nobody sets."""


def _busy_until(door: int) -> float:
    noted = os.pread(door, _MOMENT.size, 0)
    moment: float = _MOMENT.unpack(noted)[0] if len(noted) == _MOMENT.size else 0.0
    return moment


_mutexes: dict[tuple[Path, bool], threading.Lock] = {}
_mutexes_lock = threading.Lock()


def _mutex_of(path: Path, *, goes_first: bool) -> threading.Lock:
    """The one mutex this process has for `path` and those who go first, or those who do not."""
    with _mutexes_lock:
        return _mutexes.setdefault((path, goes_first), threading.Lock())


def _forget_mutexes() -> None:
    """Start afresh in a forked child: a mutex another thread held at the fork would stay locked there for ever."""
    global _mutexes_lock
    _mutexes.clear()
    _mutexes_lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_mutexes)
