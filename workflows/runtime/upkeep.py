"""Upkeep: what must be done now and then, by whichever process comes first, and never in anybody's way."""

from __future__ import annotations

from dataclasses import dataclass, field

from workflows.ledger.database import Database
from workflows.runtime.drift import learn_shapes
from workflows.runtime.retention import walk_on, walks
from workflows.settings.retention import Retention


@dataclass(frozen=True)
class Upkeep:
    """The chores; any number of processes may share them."""

    database: Database
    retention: Retention = field(default_factory=Retention)

    def once(self) -> bool:
        """Do what is due; whether there is probably more."""
        learn_shapes(self.database)
        # One walk at a time: what the first removes frees what the next looks at.
        return any(walk_on(self.database, walk) for walk in walks(self.retention))
