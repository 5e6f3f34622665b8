"""One supervisor for each data folder: a lock the kernel releases, however its holder ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.supervisor.errors import AlreadyRunning
from tasks.supervisor.guard import GRACE_SECONDS

# A killed supervisor's guards hold the lock until its services are gone: longer than their grace, we do not wait.
WAIT_SECONDS = GRACE_SECONDS + 4.0
POLL_SECONDS = 0.1


@contextmanager
def data_lock(data_dir: Path) -> Iterator[int]:
    """Hold the lock of a data folder, making the folder; yields the lock's descriptor.

    If the last holder was killed, waits for its services to be gone, so that two sets of them never meet.
    Raises AlreadyRunning if a holder lives.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, data_dir)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, data_dir: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
            if (holder is not None and is_alive(holder)) or time.monotonic() > deadline:
                raise AlreadyRunning(data_dir, holder) from None
            time.sleep(POLL_SECONDS)
        else:
            return


def _holder(descriptor: int) -> int | None:
    written = os.pread(descriptor, 32, 0)
    return int(written) if written.isdigit() else None


def is_alive(pid: int) -> bool:
    """Whether a process of that number lives, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
