"""Gathering: events that are debounced or batched become the event of one run when the time or the number is there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate

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
MOST_TOGETHER = 4 * 1024 * 1024
"""Characters of the events that one run begins with, which each look at it reads: as much as its steps may give."""
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
    last = gathered.last_open(connection, workflow, crowd)
    if last is None:
        return
    definition = rules.definition(connection, last.definition_hash)
    taken: Sequence[Gathered]
    match definition:
        case Definition(debounce=Debounce() as debounce):
            (first,) = gathered.open_events(connection, workflow, crowd, 1)
            due_at = min(last.came_at + debounce.quiet, first.came_at + debounce.at_most)
            taken, which = [last], gathered.until(crowd, last)
        case Definition(batch=Batch() as batch):
            found = gathered.open_events(connection, workflow, crowd, batch.count)
            taken = _fitting(connection, found)
            is_full = len(found) == batch.count or len(taken) < len(found)
            due_at = now if is_full else found[0].came_at + batch.within
            which = gathered.these(taken)
        case _:
            raise AssertionError(f"{workflow} gathers no events")
    if due_at > now:
        gathered.look_again(connection, workflow, which, due_at)
        return
    began = _begin(connection, rules, definition, crowd, taken, now)
    gathered.close(connection, workflow, which, began)


def _fitting(connection: Connection, found: Sequence[Gathered]) -> Sequence[Gathered]:
    """The first of these events, as many as one run may begin with, but one in any case."""
    sizes = events.sizes(connection, [item.event_id for item in found])
    totals = accumulate(sizes[item.event_id] for item in found)
    return found[: max(1, sum(total <= MOST_TOGETHER for total in totals))]


def _begin(
    connection: Connection, rules: Rules, definition: Definition, crowd: str, taken: Sequence[Gathered], now: datetime
) -> str:
    """Begin a run with these; the id of its event."""
    in_force = rules.in_force(connection)
    found = events.read_events(connection, [item.event_id for item in taken])
    event, is_new = (found[-1], False) if definition.batch is None else (_batch(crowd, found, now), True)
    if is_new:
        events.record(connection, [event])
    start_gathered(connection, rules, in_force, definition, event, crowd, now)
    return event.id


def _batch(crowd: str, found: Sequence[Event], now: datetime) -> Event:
    """The event that stands for many."""
    return own_event(
        BATCH, f"batch:{crowd}", batch_data(found), found[-1].brand, now, depth=max(item.depth for item in found)
    )


def _put_off(database: Database, workflow: str, crowd: str) -> None:
    with database.write() as connection:
        last = gathered.last_open(connection, workflow, crowd)
        if last is not None:
            until = gathered.until(crowd, last)
            gathered.look_again(connection, workflow, until, database.now(connection) + PUT_OFF)
