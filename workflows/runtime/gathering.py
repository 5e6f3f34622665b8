"""Gathering: events that are debounced or batched become the event of one run when the time or the number is there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from workflows.engine.triggering import batch_data
from workflows.errors import LedgerUnavailable
from workflows.events import BATCH, Event
from workflows.language.definition import Batch, Debounce, Definition
from workflows.ledger import crowds, events, gathered
from workflows.ledger.database import Database
from workflows.ledger.gathered import Gathered
from workflows.runtime.rules import Rules
from workflows.runtime.starting import own_event, start_gathered

LIMIT = 100
MOST_OPEN = 1001
"""One more than the most events a batch may have."""
PUT_OFF = timedelta(seconds=30)

log = structlog.get_logger(__name__)


def gather_due(database: Database, rules: Rules) -> int:
    """Look at gathered events whose time has come; at how many gatherings."""
    with database.read() as connection:
        due = gathered.due(connection, database.now(connection), LIMIT)
    for workflow, crowd in due:
        try:
            with database.write() as connection:
                _look(connection, rules, workflow, crowd, database.now(connection))
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("gathering_failed", workflow=workflow)
            _put_off(database, workflow, crowd)
    return len(due)


def _look(connection: Connection, rules: Rules, workflow: str, crowd: str, now: datetime) -> None:
    """Begin a run with what is there, if it is due. Another process that is at the same gathering is left to it."""
    if not crowds.try_lock(connection, workflow, f"gathering:{crowd}"):
        return
    found = gathered.open_events(connection, workflow, crowd, MOST_OPEN)
    if not found:
        return
    definition = rules.definition(connection, found[-1].definition_hash)
    match definition:
        case Definition(debounce=Debounce() as debounce):
            due_at = min(found[-1].came_at + debounce.quiet, found[0].came_at + debounce.at_most)
            taken = found
        case Definition(batch=Batch() as batch):
            taken = found[: batch.count]
            due_at = now if len(found) >= batch.count else found[0].came_at + batch.within
        case _:
            raise AssertionError(f"{workflow} gathers no events")
    if due_at > now:
        gathered.look_again(connection, workflow, [item.event_id for item in found], due_at)
        return
    _begin(connection, rules, definition, crowd, taken, now)


def _begin(
    connection: Connection, rules: Rules, definition: Definition, crowd: str, taken: Sequence[Gathered], now: datetime
) -> None:
    in_force = rules.in_force(connection)
    found = events.read_events(connection, [item.event_id for item in taken])
    event, is_new = (found[-1], False) if definition.batch is None else (_batch(crowd, found, now), True)
    if is_new:
        events.record(connection, [event])
    start_gathered(connection, rules, in_force, definition, event, crowd, now)
    gathered.close(connection, definition.name, [item.event_id for item in taken], event.id)


def _batch(crowd: str, found: Sequence[Event], now: datetime) -> Event:
    """The event that stands for many."""
    return own_event(
        BATCH, f"batch:{crowd}", batch_data(found), found[-1].brand, now, depth=max(item.depth for item in found)
    )


def _put_off(database: Database, workflow: str, crowd: str) -> None:
    with database.write() as connection:
        open_ = gathered.open_events(connection, workflow, crowd, MOST_OPEN)
        now = database.now(connection)
        gathered.look_again(connection, workflow, [item.event_id for item in open_], now + PUT_OFF)
