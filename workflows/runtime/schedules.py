"""Schedules: start workflows when the clock says so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog
from sqlalchemy import Connection

from workflows.engine.timing import next_scheduled
from workflows.errors import LedgerUnavailable, StagedoorError
from workflows.events import SCHEDULED
from workflows.language.definition import Definition
from workflows.ledger import schedules
from workflows.ledger.database import Database
from workflows.runtime.rules import Rules
from workflows.runtime.starting import brand_of, own_event, start_with

MOST_AT_ONCE = 50

log = structlog.get_logger(__name__)


def plan_schedules(connection: Connection, definitions: Iterable[Definition], now: datetime) -> None:
    """Plan the next start of every scheduled workflow; those that are not among `definitions` are planned no more."""
    planned = {
        item.name: (item.hash, next_scheduled(item.trigger.schedule, now))
        for item in definitions
        if item.trigger.schedule is not None
    }
    schedules.put(connection, planned)


def start_scheduled(database: Database, rules: Rules) -> int:
    """Start the workflows whose time has come; how many. Of times that were missed only the last one starts a run."""
    count = 0
    while count < MOST_AT_ONCE:
        try:
            with database.write() as connection:
                if not _start_one(connection, rules, database.now(connection)):
                    break
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("schedule_failed")
            break
        count += 1
    return count


def _start_one(connection: Connection, rules: Rules, now: datetime) -> bool:
    due = schedules.take_due(connection, now)
    if due is None:
        return False
    definition = rules.definition(connection, due.definition_hash)
    assert definition.trigger.schedule is not None
    schedules.move_on(connection, due.workflow, next_scheduled(definition.trigger.schedule, now))
    in_force = rules.in_force(connection)
    try:
        with connection.begin_nested():
            name, brand = brand_of(in_force, definition)
            event = own_event(SCHEDULED, f"schedule:{due.workflow}", {"due_at": due.due_at}, name, now)
            start_with(connection, rules, definition, event, brand, now)
    except StagedoorError as error:
        if isinstance(error, LedgerUnavailable):
            raise
        log.error("schedule_failed", workflow=due.workflow, error=str(error))
    return True
