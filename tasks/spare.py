"""The threads that a worker can spare for calls, in a process that must always have one left for what comes next."""

from __future__ import annotations

import threading
from typing import Any


class Spare:
    """Counts them, for the worker given to `start`; before that there are none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = 0

    def start(self, worker: Any) -> None:
        """From now on all threads of this Celery worker but one."""
        self._left = worker.concurrency - 1

    def take(self) -> bool:
        """Take one, if there is one."""
        with self._lock:
            is_left = self._left > 0
            self._left -= is_left
        return is_left

    def give_back(self) -> None:
        """One that was taken."""
        with self._lock:
            self._left += 1
