"""Intake: stored deliveries become events, milestones and runs, in the order they arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from workflows.engine.decide import trigger_scope
from workflows.engine.decisions import EndRun
from workflows.engine.states import RunState
from workflows.errors import FormulaError, LedgerUnavailable
from workflows.events import Event
from workflows.language.definition import Definition
from workflows.ledger import deliveries, effects, runs
from workflows.ledger.database import Database
from workflows.ledger.deliveries import Pending
from workflows.problems import Problem
from workflows.runtime.advance import advance_locked
from workflows.runtime.rules import InForce, Rules
from workflows.values import new_id

BATCH = 100
"""Deliveries taken in per transaction: long enough to share a flush, short enough not to keep others waiting."""

log = structlog.get_logger(__name__)


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
            taken = [item.id for item in batch if self._take(connection, in_force, item, now)]
            deliveries.mark_taken(connection, taken, now)
        return len(batch)

    def _take(self, connection: Connection, in_force: InForce, delivery: Pending, now: datetime) -> bool:
        """Take one delivery in. One that cannot be is set aside, so that it never blocks those behind it."""
        try:
            with connection.begin_nested():
                begun = self._record(connection, in_force, delivery, now)
        except (LedgerUnavailable, OperationalError):
            raise
        except Exception:
            log.exception("intake_failed", delivery_id=delivery.id)
            problem = Problem("intake_failed", "taking it in failed; the log of the intake worker says how")
            deliveries.set_aside(connection, delivery.id, problem.as_dict(), now)
            return False
        for run in begun:
            self._advance(connection, run, now)
        return True

    def _record(self, connection: Connection, in_force: InForce, delivery: Pending, now: datetime) -> list[runs.RunRow]:
        fresh = [_event(draft, delivery) for draft in delivery.drafts]
        deliveries.record_events(connection, fresh, now)
        effects.wake_held(connection, {event.subject for event in fresh}, now)
        return [
            run
            for event in fresh
            for definition in in_force.definitions
            if event.type in definition.trigger.events
            and (run := _begin(connection, definition, event, in_force.brands.get(event.brand, {}), now))
        ]

    def _advance(self, connection: Connection, run: runs.RunRow, now: datetime) -> None:
        """Take a new run as far as it goes; should that fail, the sweep finds it awake and tries again."""
        try:
            with connection.begin_nested():
                advance_locked(connection, self.rules, run, now)
        except (LedgerUnavailable, OperationalError):
            raise
        except Exception:
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


def _begin(
    connection: Connection, definition: Definition, event: Event, brand: Mapping[str, Any], now: datetime
) -> runs.RunRow | None:
    """Begin a run of `definition` if the event matches.

    A trigger whose formula cannot be worked out begins a run that has failed, so that an operator sees it.
    """
    scope = trigger_scope(definition, event, brand)
    failure = ""
    key: object = event.subject
    try:
        if definition.trigger.where is not None and not definition.trigger.where.verdict(scope).holds:
            return None
        if definition.key is not None:
            key = definition.key.evaluate(scope)
    except FormulaError as error:
        failure = f"the trigger could not be worked out: {error}"
    run = runs.start(
        connection,
        event=event,
        workflow=definition.name,
        definition_hash=definition.hash,
        key=str(key),
        brand=brand,
        expires_at=now + definition.expires,
        now=now,
    )
    if run is not None and failure:
        runs.end_run(connection, run.id, EndRun(RunState.FAILED, None, failure), now)
        return None
    return run
