"""The upkeep of every worker: slow work for which no timer may wait."""

from __future__ import annotations

from workflows.runtime.upkeep import Upkeep

UPKEEP_SECONDS = 10.0
PAUSE_SECONDS = 0.2
"""Between two pieces of a larger work: others have their turn at the ledger."""


def keep_up(upkeep: Upkeep) -> float:
    """Do what is due of the chores; in how many seconds to look again."""
    return PAUSE_SECONDS if upkeep.once() else UPKEEP_SECONDS
