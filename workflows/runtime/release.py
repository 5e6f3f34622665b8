"""Release: hand due effects to the workers, never more of one vendor than its lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from workflows.engine.breaker import Lane
from workflows.engine.gates import closed_precondition, unknown_operation
from workflows.errors import LedgerUnavailable
from workflows.ledger import effects, groups, lanes
from workflows.ledger.database import Database
from workflows.ledger.prepared import in_one_go
from workflows.runtime.rules import Rules

RETRY_PUBLISH = timedelta(seconds=2)
"""When to offer an effect again whose message the broker did not take."""
LOOKS = 32
"""Gates asked in one transaction. Thousands of calls may be held for one vendor, and on SQLite nobody else can write
meanwhile, not even the door."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Released:
    """An effect that a worker should be told of."""

    effect_id: str
    operation: str
    vendor: str


def free_lanes(connection: Connection, rules: Rules, vendor: str, now: datetime) -> int:
    """How many more calls may be out at a vendor, whose lane is locked by this: none while it rests, one to see whether
    it is back."""
    lane = lanes.lock_lane(connection, vendor)
    return _free(rules, vendor, lane, effects.count_out(connection, vendor), now)


def free_idle_lanes(connection: Connection, rules: Rules, vendor: str, now: datetime) -> int:
    """The same without waiting for whoever has locked the lane: none then."""
    with in_one_go(connection):
        ask_lane = lanes.ask_idle(connection, vendor)
        ask_out = effects.ask_out(connection, vendor)
    lane = ask_lane()
    return 0 if lane is None else _free(rules, vendor, lane, ask_out(), now)


def _free(rules: Rules, vendor: str, lane: Lane, out: int, now: datetime) -> int:
    if lane.is_resting(now):
        return 0
    most = 1 if lane.is_on_trial else rules.catalogue.concurrency(vendor)
    return max(0, most - out)


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
            vendors = effects.with_due(connection, names, now)
        return sum(self._release_safely(vendor) for vendor in vendors)

    def release_vendor(self, vendor: str) -> int:
        """Release what is due of one vendor, as many as it has lanes free; how many."""
        count, is_over = 0, False
        while not is_over:
            with self.database.write() as connection:
                self.database.defer_flush(connection)
                now = self.database.now(connection)
                released, is_over = self._release(
                    connection, vendor, now, free_lanes(connection, self.rules, vendor, now)
                )
            self.tell(released)
            count += len(released)
        return count

    def release_some(self, connection: Connection, vendor: str, now: datetime, most: int) -> list[Released]:
        """Release up to `most` of what is due of a vendor, in the caller's transaction; tell of it after the commit."""
        free = free_idle_lanes(connection, self.rules, vendor, now)
        return self._release(connection, vendor, now, min(most, free))[0]

    def tell(self, released: Sequence[Released]) -> None:
        """Tell the workers; what the broker does not take is due again soon."""
        lost = self.publish(released) if released else ()
        if lost:
            with self.database.write() as connection:
                due_at = self.database.now(connection) + RETRY_PUBLISH
                effects.take_back(connection, [item.effect_id for item in lost], due_at)

    def _release_safely(self, vendor: str) -> int:
        """The same; what is wrong with one vendor's effects does not hold up the others."""
        try:
            return self.release_vendor(vendor)
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("release_failed", vendor=vendor)
            return 0

    def _release(self, connection: Connection, vendor: str, now: datetime, free: int) -> tuple[list[Released], bool]:
        """Release in one transaction, and say whether that was all: after enough looks others may write first."""
        going: list[effects.DueRow] = []
        found: list[effects.DueRow] = []
        looks = 0
        while free > len(going) and looks < LOOKS:
            chosen = {effect.id for effect in going}
            due = effects.due(connection, vendor, now, free + len(chosen))
            found = [item for item in due if item.id not in chosen]
            if not found:
                break
            looks += len(found)
            held = self._held(connection, found, now)
            going += [item for item in found if item.id not in held]
        going = going[:free]
        effects.release(connection, [effect.id for effect in going], now)
        is_over = not found or len(going) >= free
        return [Released(effect.id, effect.operation, effect.vendor) for effect in going], is_over

    def _held(self, connection: Connection, found: Sequence[effects.DueRow], now: datetime) -> set[str]:
        """Hold those whose gate is closed for now. One that is closed for good goes on: its claim ends it."""
        operations = self.rules.catalogue.operations
        changing = [
            item.id for item in found if item.operation in operations and not operations[item.operation].reduces
        ]
        subjects = groups.subjects_of(connection, changing)
        seen = effects.seen_milestones(connection, [need for item in found for need in item.requires])
        held = set()
        for item in found:
            if item.operation in operations:
                occupied = subjects.get(item.id, groups.Subjects()).closed
                closed = closed_precondition(item.requires, seen) or occupied
            else:
                closed = unknown_operation(item.operation)
            if closed is not None and not closed.for_good and effects.hold(connection, item, closed, now):
                held.add(item.id)
        return held
