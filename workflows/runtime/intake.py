"""Intake: stored deliveries become events, milestones and runs, in the order they arrived."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection

from workflows.catalogue import Operation
from workflows.events import Event
from workflows.ledger import correlations, deliveries, effects, events, nudges, runs
from workflows.ledger.database import Database, is_outage
from workflows.ledger.deliveries import Pending
from workflows.ledger.effects import EffectRow
from workflows.ledger.prepared import in_one_go
from workflows.problems import Problem
from workflows.runtime import fetching, groups
from workflows.runtime.advance import advance
from workflows.runtime.effects import Claim, claims, spare_the_disk
from workflows.runtime.expected import notice
from workflows.runtime.news import take_news
from workflows.runtime.release import Released, Releaser
from workflows.runtime.rules import InForce, Rules
from workflows.runtime.starting import plain_runs, start_runs
from workflows.values import DeliveryId, new_id

BATCH = 25
"""Deliveries taken in per transaction. On SQLite nobody else writes meanwhile, not even the door: 25 take some 50 ms,
100 took 180 ms, and more at a time are not taken in any faster."""
SHARDS = 8
"""Taken in per transaction, where few deliveries wait in each."""
MOST_EVENTS = 100
"""A delivery may carry thousands; then it is taken in alone."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Taken:
    """A delivery that was taken in: its events, and the runs that began with them."""

    delivery_id: DeliveryId
    events: Sequence[Event]
    begun: Sequence[runs.RunRow]


@dataclass(frozen=True)
class Written:
    """The new runs that were taken on together, which of their calls have left, and whether all of them did."""

    runs: frozenset[str] = frozenset()
    released: Sequence[Released] = ()
    claimed: Sequence[tuple[EffectRow, Operation]] = ()
    is_all_gone: bool = True


class Crew(Protocol):
    """Whoever can make calls in this process."""

    def free(self) -> groups.Hands | None:
        """The hands that are free; they may be used or not."""

    def take_on(self, claims: Sequence[Claim]) -> None:
        """Make these calls, without keeping who asks for it."""


@dataclass(frozen=True)
class Intake:
    """Takes deliveries in; one object a process.

    With a `releaser` it also hands on what that makes due, as far as it may leave at once; `more_is_due` is called, and
    must not wait, where something else may be.
    """

    database: Database
    rules: Rules
    releaser: Releaser | None = None
    more_is_due: Callable[[], None] = lambda: None
    monotonic: Callable[[], float] = time.monotonic

    def take_batch(self, crew: Crew | None = None) -> int:
        """Take in one batch of shards that no other process is at; how many deliveries, 0 when none wait.

        The first calls are made by `crew`, as far as it has hands free and no more waits than goes into a batch.
        """
        with self.database.write() as connection:
            shards = deliveries.lock_shards(connection, SHARDS)
            if not shards:
                return 0
            started, now = self.monotonic(), self.database.now(connection)
            batch = _first_waiting(connection, shards)
            hands = crew.free() if crew is not None and len(batch) < BATCH else None
            in_force = self.rules.in_force(connection)
            together = self._take_together(connection, in_force, batch, now, hands)
            looked_at, taken, written = together or self._take_some(connection, in_force, batch, now, hands)
            for run in (run for item in taken for run in item.begun if run.id not in written.runs):
                self._advance(connection, run, now)
            subjects = {event.subject for item in taken for event in item.events}
            with in_one_go(connection):
                # What is undone is taken in again.
                spare_the_disk(self.database, connection, [effect for effect, _ in written.claimed])
                deliveries.mark_taken(connection, [item.delivery_id for item in taken], now)
                woken = effects.wake_held(connection, subjects, now)
        if crew is not None and written.claimed:
            crew.take_on(claims(written.claimed, started))
        is_all = written.is_all_gone and len(written.runs) == sum(len(item.begun) for item in taken)
        self._hand_on(written.released, is_all=is_all and not woken)
        self._look_for_more(subjects, now)
        return looked_at

    def _hand_on(self, released: Sequence[Released], *, is_all: bool) -> None:
        """Tell the workers of what was released."""
        if self.releaser is not None:
            self.releaser.tell(released)
        if not is_all:
            self.more_is_due()

    def _look_for_more(self, subjects: Collection[str], now: datetime) -> None:
        """Take news on to runs; and wake what another transaction was just looking at, or holding, without knowing of
        this one.

        Should this process be killed first, the effect's own next look finds it.
        """
        with self.database.read() as connection:
            with in_one_go(connection):
                ask_missed = effects.ask_missed(connection, subjects, now)
                ask_news = nudges.ask_any(connection)
            is_missed, is_news = ask_missed(), ask_news()
        if is_missed:
            with self.database.write() as connection:
                effects.wake_held(connection, subjects, self.database.now(connection))
        if is_news:
            take_news(self.database, self.rules)

    def _take_together(
        self,
        connection: Connection,
        in_force: InForce,
        batch: Sequence[Pending],
        now: datetime,
        hands: groups.Hands | None,
    ) -> tuple[int, list[Taken], Written] | None:
        """Take a whole batch in, and its runs on, with a few statements.

        None, and nothing is changed, where anything in it is unusual: `_take_some` then takes one after the other, and
        tells what is wrong with which.
        """
        if self.rules.expected:
            return None
        try:
            drafts = [(delivery, delivery.drafts()) for delivery in batch]
            if any("fetch" in draft for _, several in drafts for draft in several):
                return None
            read = [(delivery.id, [_event(draft, delivery) for draft in several]) for delivery, several in drafts]
            fresh = [event for _, found in read for event in found]
            if any(event.replay_of is not None for event in fresh):
                return None
            starting = [plain_runs(in_force, event, now) for event in fresh]
            if len(fresh) > MOST_EVENTS or any(found is None for found in starting):
                return None
            with connection.begin_nested():
                with in_one_go(connection):
                    events.record(connection, fresh)
                    begun = runs.begin_all(connection, [new for found in starting for new in found or ()], now)
                    deliveries.record_milestones(connection, fresh, now)
                    ask_listened = correlations.ask_listened(connection, fresh)
                correlations.note(connection, fresh, now, ask_listened())
                written = self._write(connection, begun, now, hands)
        except Exception as error:
            if is_outage(error):
                raise
            return None
        of_event: dict[str, list[runs.RunRow]] = {}
        for run in begun:
            of_event.setdefault(run.event.id, []).append(run)
        taken = [
            Taken(delivery_id, found, [run for event in found for run in of_event.get(event.id, ())])
            for delivery_id, found in read
        ]
        return len(batch), taken, written

    def _take_some(
        self,
        connection: Connection,
        in_force: InForce,
        batch: Sequence[Pending],
        now: datetime,
        hands: groups.Hands | None,
    ) -> tuple[int, list[Taken], Written]:
        """Take in as much of a batch as goes into one transaction, one after the other, and take their ordinary runs on
        together; how many were looked at, and what was taken in."""
        taken: list[Taken] = []
        looked_at = 0
        for delivery in batch:
            found = self._take(connection, in_force, delivery, now)
            taken += [] if found is None else [found]
            looked_at += 1
            if sum(len(item.events) for item in taken) >= MOST_EVENTS:
                break
        fresh = [event for item in taken for event in item.events]
        deliveries.record_milestones(connection, fresh, now)
        correlations.note(connection, fresh, now)
        try:
            with connection.begin_nested():
                written = self._write(connection, [run for item in taken for run in item.begun], now, hands)
        except Exception as error:
            if is_outage(error):
                raise
            written = Written()  # one of them is such that the ledger has no place for it
        return looked_at, taken, written

    def _take(self, connection: Connection, in_force: InForce, delivery: Pending, now: datetime) -> Taken | None:
        """Take one delivery in. One that cannot be is set aside, so that it never blocks those behind it."""
        try:
            with connection.begin_nested():
                return self.record(connection, in_force, delivery, now)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("intake_failed", delivery_id=delivery.id)
            problem = Problem("intake_failed", "taking it in failed; the log of the intake worker says how")
            deliveries.set_aside(connection, delivery.id, problem.as_dict(), now)
            return None

    def record(self, connection: Connection, in_force: InForce, delivery: Pending, now: datetime) -> Taken:
        drafts = delivery.drafts()
        fresh = [_event(draft, delivery) for draft in drafts]
        if self.rules.expected:
            fresh = notice(connection, self.rules.expected, fresh, now)
        events.record(connection, fresh)
        for draft, event in zip(drafts, fresh, strict=True):
            if "fetch" in draft and event.replay_of is None:
                fetching.begin(connection, self.rules.catalogue, event, draft["fetch"], now)
        news = [event for event in fresh if event.replay_of is None]
        begun = [run for event in news for run in start_runs(connection, self.rules, in_force, event, now)]
        return Taken(delivery.id, fresh, begun)

    def _write(
        self, connection: Connection, begun: Sequence[runs.RunRow], now: datetime, hands: groups.Hands | None
    ) -> Written:
        """Take the ordinary ones of new runs as far as they go."""
        plans = groups.plan(connection, self.rules, [groups.begun(run, now) for run in begun], now)
        departed = groups.write(connection, self.rules, plans, now, releases=self.releaser is not None, hands=hands)
        gone = len(departed.released) + len(departed.claimed)
        is_all_gone = gone == sum(len(plan.calls) for plan in plans)
        return Written(frozenset(plan.run.id for plan in plans), departed.released, departed.claimed, is_all_gone)

    def _advance(self, connection: Connection, run: runs.RunRow, now: datetime) -> None:
        """Take a new run as far as it goes; should that fail, the sweep finds it awake and tries again."""
        try:
            with connection.begin_nested():
                # Read anew: one that came in the same batch may have taken its place.
                advance(connection, self.rules, run.id, now)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("advance_failed", run_id=run.id)


def _first_waiting(connection: Connection, shards: Sequence[int]) -> list[Pending]:
    """What waits in the first of these locked shards, and of the next ones as much as there is room for."""
    batch: list[Pending] = []
    for shard in shards:
        batch += deliveries.pending(connection, shard, BATCH - len(batch))
        if len(batch) == BATCH:
            break
    return batch


def _event(draft: Mapping[str, Any], delivery: Pending) -> Event:
    return Event(
        id=new_id(),
        type=draft["type"],
        subject=draft["subject"],
        occurred_at=draft.get("occurred_at") or delivery.received_at,
        data=draft["data"],
        source=delivery.source,
        delivery_id=delivery.id,
        brand=draft.get("brand", ""),
    )
