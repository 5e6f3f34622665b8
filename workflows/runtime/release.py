"""Release: hand due effects to the workers, never more of one vendor than its lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from workflows.engine.breaker import Lane
from workflows.engine.gates import closed_precondition
from workflows.ledger import effects, lanes
from workflows.ledger.database import Database
from workflows.runtime.rules import Rules

RETRY_PUBLISH = timedelta(seconds=2)
"""When to offer an effect again whose message the broker did not take."""


@dataclass(frozen=True)
class Released:
    """An effect that a worker should be told of."""

    effect_id: str
    operation: str
    vendor: str


Publish = Callable[[Sequence[Released]], Sequence[Released]]
"""Tells the workers; returns those the broker did not take."""


@dataclass(frozen=True)
class Releaser:
    """Releases effects; one object a process."""

    database: Database
    rules: Rules
    publish: Publish

    def release_due(self) -> int:
        """Release what is due, vendor by vendor; how many effects."""
        with self.database.read() as connection:
            now = self.database.now(connection)
            resting = lanes.resting(connection, now)
            names = [vendor.name for vendor in self.rules.catalogue.vendors if vendor.name not in resting]
            vendors = [name for name in names if effects.is_due(connection, name, now)]
        return sum(self.release_vendor(vendor) for vendor in vendors)

    def release_vendor(self, vendor: str) -> int:
        """Release what is due of one vendor, as many as it has lanes free; how many."""
        with self.database.write() as connection:
            released = self._release(connection, vendor)
        if released:
            self._tell(released)
        return len(released)

    def _release(self, connection: Connection, vendor: str) -> list[Released]:
        now = self.database.now(connection)
        free = self._free(lanes.lock_lane(connection, vendor), vendor, now) - effects.count_out(connection, vendor)
        going: list[effects.EffectRow] = []
        while free > len(going):
            chosen = {effect.id for effect in going}
            found = [item for item in effects.due(connection, vendor, now, 2 * free) if item.id not in chosen]
            if not found:
                break
            going += [item for item in found if not _held(connection, item, self.database)]
        going = going[: max(free, 0)]
        effects.release(connection, [effect.id for effect in going], now)
        return [Released(effect.id, effect.operation, effect.vendor) for effect in going]

    def _free(self, lane: Lane, vendor: str, now: datetime) -> int:
        """How many calls may be out at a time: none while the vendor rests, one to see whether it is back."""
        if lane.is_resting(now):
            return 0
        return 1 if lane.is_on_trial else self.rules.catalogue.concurrency(vendor)

    def _tell(self, released: Sequence[Released]) -> None:
        lost = self.publish(released)
        if lost:
            with self.database.write() as connection:
                due_at = self.database.now(connection) + RETRY_PUBLISH
                effects.take_back(connection, [item.effect_id for item in lost], due_at)


def _held(connection: Connection, effect: effects.EffectRow, database: Database) -> bool:
    """Hold an effect whose gate is closed for now. One that is closed for good goes on: its claim ends it."""
    closed = closed_precondition(effect.requires, effects.seen_milestones(connection, effect.requires))
    if closed is None or closed.for_good:
        return False
    return effects.hold(connection, effect, closed, database.now(connection))
