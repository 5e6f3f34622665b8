"""SQLite's write-ahead log, brought to the disk after a commit and outside of the turn to write.

With `synchronous=FULL` SQLite waits for the disk while it holds the one lock of all writers, so that with a disk that
takes 4 ms no more than 250 transactions a second are possible, whoever makes them. With `NORMAL` it does not wait, and
whoever needs to know that a commit is on the disk asks for it here, several at the same time: what stands in the log
before it goes to the disk with it. SQLite itself syncs the log before it is taken over into the database, the database
before the log is written anew, and the log's head when it begins again (SQLite, "PRAGMA synchronous").
"""

from __future__ import annotations

import os
from pathlib import Path

from workflows.errors import LedgerUnavailable

_sync = getattr(os, "fdatasync", os.fsync)
"""Of a log that has grown it syncs the length as well; macOS has only the other."""


def flush(database: Path) -> None:
    """Return once everything that was committed to this database is on the disk.

    Raises LedgerUnavailable where that is not known; then what was committed may be lost, with all that came later.
    """
    try:
        # No process of ours has SQLite's locks on this file, which closing a descriptor would let go.
        log = os.open(f"{database}-wal", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # the last connection was closed, and took everything over into the database
    except OSError as error:
        raise LedgerUnavailable(f"cannot open the write-ahead log: {error.strerror}") from error
    try:
        _sync(log)
    except OSError as error:
        raise LedgerUnavailable(f"the write-ahead log does not reach the disk: {error.strerror}") from error
    finally:
        os.close(log)
