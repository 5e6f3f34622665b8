"""A scheduler: actions at their time, on a few threads that end when told to."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Condition, Thread
from time import monotonic

Action = Callable[[], object]

# Enough for many campaigns whose receiver answers slowly, few enough for a laptop.
WORKERS = 16

log = logging.getLogger(__name__)


class Scheduler:
    """Runs each action once, not before its time. Threads start with the first action."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._due: list[tuple[float, int, Action]] = []
        self._numbers = count()
        self._workers: ThreadPoolExecutor | None = None
        self._is_stopped = False

    def after(self, seconds: float, action: Action) -> None:
        """Run the action in `seconds`; actions of the same instant begin in the order they were given."""
        with self._changed:
            if self._is_stopped:
                return
            heapq.heappush(self._due, (monotonic() + seconds, next(self._numbers), action))
            if self._workers is None:
                self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="sandbox")
                Thread(target=self._keep_time, name="sandbox-time", args=(self._workers,), daemon=True).start()
            self._changed.notify()

    def stop(self) -> None:
        """Drop what is not yet due and wait for what is running."""
        with self._changed:
            self._is_stopped = True
            self._due.clear()
            self._changed.notify_all()
            workers = self._workers
        if workers is not None:
            workers.shutdown(wait=True, cancel_futures=True)

    def _keep_time(self, workers: ThreadPoolExecutor) -> None:
        while (action := self._next()) is not None:
            try:
                workers.submit(_guarded, action)
            except RuntimeError:  # shut down between our look and now
                return

    def _next(self) -> Action | None:
        with self._changed:
            while not self._is_stopped:
                left = self._due[0][0] - monotonic() if self._due else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(left)
            return None


def _guarded(action: Action) -> None:
    """Run the action; a bug in one must show, and must not silence the others."""
    try:
        action()
    except Exception:
        log.exception("an action of the sandbox failed")
