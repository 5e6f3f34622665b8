"""Intake: stored deliveries become events, milestones and runs, in the order they arrived."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from workflows.engine.decide import trigger_scope
from workflows.engine.decisions import EndRun
from workflows.engine.states import RunState
from workflows.errors import FormulaError
from workflows.events import Event
from workflows.language.definition import Definition
from workflows.ledger import deliveries, effects, runs
from workflows.ledger.database import Database, is_outage
from workflows.ledger.deliveries import Pending
from workflows.problems import Problem
from workflows.runtime.advance import advance_locked
from workflows.runtime.expected import notice
from workflows.runtime.rules import InForce, Rules
from workflows.values import DeliveryId, new_id

BATCH = 25
"""Deliveries taken in per transaction. On SQLite nobody else writes meanwhile, not even the door: 25 take some 50 ms,
100 took 180 ms, and more at a time are not taken in any faster."""
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
class Intake:
    """Takes deliveries in; one object a process."""

    database: Database
    rules: Rules

    def take_batch(self) -> int:
        """Take in one batch of one shard that no other process is at; how many deliveries, 0 when none wait."""
        with self.database.write() as connection:
            shard = deliveries.lock_shard(connection)
            if shard is None:
                return 0
            now = self.database.now(connection)
            batch = deliveries.pending(connection, shard, BATCH)
            in_force = self.rules.in_force(connection)
            looked_at, taken = self._take_some(connection, in_force, batch, now)
            events = [event for item in taken for event in item.events]
            deliveries.record_milestones(connection, events, now)
            for run in [run for item in taken for run in item.begun]:
                self._advance(connection, run, now)
            subjects = {event.subject for event in events}
            effects.wake_held(connection, subjects, now)
            deliveries.mark_taken(connection, [item.delivery_id for item in taken], now)
        self._wake_missed(subjects, now)
        return looked_at

    def _wake_missed(self, subjects: Collection[str], now: datetime) -> None:
        """Wake what another transaction was just looking at, or holding, without knowing the news.

        Should this process be killed first, the effect's own next look finds the news.
        """
        with self.database.read() as connection:
            missed = effects.missed_news(connection, subjects, now)
        if missed:
            with self.database.write() as connection:
                effects.wake_held(connection, subjects, self.database.now(connection))

    def _take_some(
        self, connection: Connection, in_force: InForce, batch: Sequence[Pending], now: datetime
    ) -> tuple[int, list[Taken]]:
        """Take in as much of a batch as goes into one transaction; how many were looked at, and what was taken in."""
        taken: list[Taken] = []
        looked_at = 0
        for delivery in batch:
            found = self._take(connection, in_force, delivery, now)
            taken += [] if found is None else [found]
            looked_at += 1
            if sum(len(item.events) for item in taken) >= MOST_EVENTS:
                break
        return looked_at, taken

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
        events = [_event(draft, delivery) for draft in delivery.drafts()]
        if self.rules.expected:
            events = notice(connection, self.rules.expected, events, now)
        deliveries.record_events(connection, events)
        begun = [
            run
            for event in events
            if event.replay_of is None
            for definition in in_force.definitions
            if event.type in definition.trigger.events and (run := begin(connection, in_force, definition, event, now))
        ]
        return Taken(delivery.id, events, begun)

    def _advance(self, connection: Connection, run: runs.RunRow, now: datetime) -> None:
        """Take a new run as far as it goes; should that fail, the sweep finds it awake and tries again."""
        try:
            with connection.begin_nested():
                advance_locked(connection, self.rules, run, now)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("advance_failed", run_id=run.id)


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


def begin(
    connection: Connection, in_force: InForce, definition: Definition, event: Event, now: datetime
) -> runs.RunRow | None:
    """Begin a run of `definition` if the event matches.

    A trigger that cannot be worked out begins a run that has failed, so that an operator sees it; whatever is wrong
    with one workflow, the event is taken in and starts the others.
    """
    brand = in_force.brands.get(event.brand, {})
    failure = in_force.unreadable.get(definition.hash, "")
    key: str | None = None
    try:
        if not failure:
            key = _key(definition, event, brand, now)
    except FormulaError as error:
        failure = f"the trigger could not be worked out: {error}"
    except Exception:
        log.exception("trigger_failed", workflow=definition.name, event_id=event.id)
        failure = "the trigger could not be worked out; the log of the intake worker says why"
    if key is None and not failure:
        return None
    run = runs.start(
        connection,
        event=event,
        workflow=definition.name,
        definition_hash=definition.hash,
        key=event.subject if key is None else key,
        brand=brand,
        expires_at=now + definition.expires,
        now=now,
    )
    if run is not None and failure:
        runs.end_run(connection, run.id, EndRun(RunState.FAILED, None, failure), now)
        return None
    return run


def _key(definition: Definition, event: Event, brand: Mapping[str, Any], now: datetime) -> str | None:
    """The key of the run that the event starts, None when it starts none. Raises FormulaError."""
    scope = trigger_scope(definition, event, brand, now)
    if definition.trigger.where is not None and not definition.trigger.where.holds(scope):
        return None
    return event.subject if definition.key is None else str(definition.key.evaluate(scope))
