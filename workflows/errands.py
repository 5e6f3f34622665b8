"""Errands: work that a thread of its own does soon after it is asked for, once for all who ask meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

STOP_SECONDS = 5.0


class Errand:
    """Does `work` at once when it is asked to; asked again meanwhile, once more after a pause.

    `work` may take its time. It raises nothing: what an error means, and who is told of it, it knows best.
    """

    def __init__(self, name: str, work: Callable[[], None], pause_seconds: float) -> None:
        """The thread is called `name` and starts when it is first needed."""
        self._name = name
        self._work = work
        self._pause_seconds = pause_seconds
        self._changed = threading.Condition()
        self._is_asked = False
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Have it done. Returns at once."""
        with self._changed:
            self._is_asked = True
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread, after what was asked for last."""
        self._closed.set()
        with self._changed:
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while self._is_wanted():
            self._work()
            self._closed.wait(self._pause_seconds)

    def _is_wanted(self) -> bool:
        """Wait until it is asked for; False when it is closed and nothing is left to do."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_asked or self._closed.is_set())
            is_asked, self._is_asked = self._is_asked, False
            return is_asked
