"""Upkeep: what must be done now and then, by whichever process comes first, and never in anybody's way."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.ledger.database import Database
from workflows.runtime.drift import learn_shapes


@dataclass(frozen=True)
class Upkeep:
    """The chores; any number of processes may share them."""

    database: Database

    def once(self) -> bool:
        """Do what is due; whether there is probably more."""
        learn_shapes(self.database)
        return False
