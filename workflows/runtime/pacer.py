"""The pacer: lets a request to a vendor leave only in its slot of the vendor's limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from workflows.errors import LedgerUnavailable
from workflows.ledger.database import Database
from workflows.ledger.lanes import take_rate_slot
from workflows.runtime.rules import Rules


@dataclass(frozen=True)
class Pacer:
    """Waits for slots on behalf of requests that no claim has taken one for: logins, further pages, looks."""

    database: Database
    rules: Rules
    sleep: Callable[[float], None] = time.sleep

    def wait(self, vendor: str) -> bool:
        """Return when a request to `vendor` may leave; False when that would take too long to wait for."""
        limits = self.rules.catalogue.limits(vendor)
        if not limits:
            return True
        try:
            with self.database.write() as connection:
                now = self.database.now(connection)
                slot = take_rate_slot(connection, vendor, limits, now)
        except LedgerUnavailable:
            return False  # nothing has left yet, and nothing shall: the limit could not be kept
        if slot.is_taken:
            self.sleep((slot.leaves_at - now).total_seconds())
        return slot.is_taken
