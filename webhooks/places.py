"""Places: how many webhooks a process handles at a time, in all and of each source."""

from __future__ import annotations

import threading
from collections.abc import Mapping


class Places:
    """Counts who is inside. A source without a number of its own has as many places as there are in all."""

    def __init__(self, in_all: int, by_source: Mapping[str, int]) -> None:
        self._lock = threading.Lock()
        self._in_all = in_all
        self._inside = 0
        self._free = dict(by_source)

    def enter(self, source: str) -> bool:
        """Take a place, if there is one; then `leave` has to follow."""
        with self._lock:
            if self._inside >= self._in_all or self._free.get(source, 1) <= 0:
                return False
            self._inside += 1
            if source in self._free:
                self._free[source] -= 1
            return True

    def leave(self, source: str) -> None:
        """Give the place back."""
        with self._lock:
            self._inside -= 1
            if source in self._free:
                self._free[source] += 1
