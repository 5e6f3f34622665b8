"""Courtesy: while webhooks flood in, taking them in waits for a moment, since who sent them waits for an answer.

Storing a thousand takes a quarter of a second, what follows from them many; where both share processors the first would
take as long again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from workflows.ledger.backlog import count_since
from workflows.ledger.database import Database
from workflows.values import utc_now

FLOOD = 25
"""Deliveries that come within a look."""
LOOK_SECONDS = 0.05
LONGEST_SECONDS = 0.5
"""That the door goes first for at a time; then it does not for as long."""


@dataclass
class Courtesy:
    """Lets the door go first; one object a process, for one thread at a time."""

    database: Database
    pause: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    _not_before: float = field(default=0.0, init=False)

    def give_way(self) -> None:
        """Return once there is no flood, or it has been given way to for long enough."""
        began = self.monotonic()
        if began < self._not_before:
            return
        while self._is_flood():
            if self.monotonic() - began >= LONGEST_SECONDS:
                self._not_before = self.monotonic() + LONGEST_SECONDS
                return
            self.pause(LOOK_SECONDS)

    def _is_flood(self) -> bool:
        """By the ids' time, which is that of the web processes."""
        with self.database.read() as connection:
            return count_since(connection, utc_now() - timedelta(seconds=LOOK_SECONDS), FLOOD) >= FLOOD
