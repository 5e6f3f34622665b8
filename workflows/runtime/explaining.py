"""Explaining an event: which workflows listen to its type, what became of it with each, and why nothing did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.scopes import trigger_scope
from workflows.engine.states import RunState
from workflows.errors import FormulaError
from workflows.events import Event
from workflows.language.definition import Definition
from workflows.ledger import configuration, details, events, listing, tables
from workflows.ledger.details import EventDetail
from workflows.ledger.lines import RunLine
from workflows.ledger.waiting import clock
from workflows.problems import nearest
from workflows.redaction import redact_text
from workflows.runtime.rules import InForce, Rules

MOST_RELEASED = 100


@dataclass(frozen=True)
class Listener:
    """A workflow in force that listens to the type of an event, and what became of the event with it.

    verdict  started | parked | gathered | not_meant | unreadable | not_yet
    because  why, in a sentence: where it was not meant, the first part of `where` that is false, with its values
    """

    workflow: str
    verdict: str
    because: str
    run: RunLine | None = None


@dataclass(frozen=True)
class EventExplanation:
    """An event explained. `others` are runs it began of workflows that are not in force as such any more; `released`
    the runs that had waited for it, and what it did to them."""

    event: EventDetail
    listeners: tuple[Listener, ...]
    others: tuple[RunLine, ...]
    released: tuple[tuple[str, str], ...]
    hint: str
    now: datetime

    @property
    def lines(self) -> list[str]:
        """The explanation as text, one thought a line, without personal data."""
        return list(_lines(self))


def explain_event(connection: Connection, rules: Rules, event_id: str, now: datetime) -> EventExplanation:
    """Explain the event with that id by what is in force now. Raises NotFound."""
    found = details.event(connection, event_id)
    event = events.read_event(connection, event_id)
    in_force = rules.in_force(connection)
    begun = {line.workflow: line for line in listing.runs(connection, event_id=event_id)}
    listening = [item for item in in_force.definitions if event.type in item.trigger.events]
    listeners = [_listener(connection, in_force, item, event, begun, now) for item in listening]
    names = {item.name for item in listening}
    types = sorted({kind for item in in_force.definitions for kind in item.trigger.events})
    return EventExplanation(
        event=found,
        listeners=tuple(listeners),
        others=tuple(line for name, line in begun.items() if name not in names),
        released=tuple(_released(connection, event_id)),
        hint="" if listening else nearest(event.type, types),
        now=now,
    )


def _listener(
    connection: Connection,
    in_force: InForce,
    definition: Definition,
    event: Event,
    begun: Mapping[str, RunLine],
    now: datetime,
) -> Listener:
    name = definition.name
    run = begun.get(name)
    if run is not None:
        verdict = "parked" if run.state == RunState.PARKED else "started"
        return Listener(name, verdict, redact_text(run.reason or ""), run)
    gathered = _gathered(connection, name, event.id, now)
    if gathered is not None:
        return gathered
    unreadable = in_force.unreadable.get(definition.hash)
    if unreadable:
        return Listener(name, "unreadable", redact_text(unreadable))
    try:
        scope = trigger_scope(definition, event, in_force.brands.get(event.brand, {}), now)
        where = definition.trigger.where
        verdict_of = None if where is None else where.verdict(scope)
    except FormulaError as error:
        return Listener(name, "not_meant", redact_text(f"its `where` could not be worked out: {error}"))
    if verdict_of is not None and not verdict_of.holds:
        return Listener(name, "not_meant", redact_text(verdict_of.because))
    return Listener(name, "not_yet", _not_yet(connection, definition, event, now))


def _gathered(connection: Connection, workflow: str, event_id: str, now: datetime) -> Listener | None:
    table = tables.gathered
    row = connection.execute(
        sa.select(table.c.look_at, table.c.began, table.c.crowd).where(
            table.c.workflow == workflow, table.c.event_id == event_id
        )
    ).one_or_none()
    if row is None:
        return None
    if row.look_at is not None:
        at = clock(row.look_at, "UTC", now)
        return Listener(workflow, "gathered", redact_text(f"kept with others of {row.crowd}, looked at again at {at}"))
    lines = listing.runs(connection, event_id=row.began, workflow=workflow)
    what = f"it became part of run {lines[0].id}" if lines else f"it became part of event {row.began}"
    return Listener(workflow, "gathered", what, lines[0] if lines else None)


def _not_yet(connection: Connection, definition: Definition, event: Event, now: datetime) -> str:
    since = configuration.in_force_since(connection, definition.name, definition.hash)
    if since is not None and since > event.occurred_at:
        return f"it would start a run, but is in force only since {clock(since, 'UTC', now)}, after the event happened"
    return "it would start a run by what is in force now; when the event came, it did not, or intake is not done yet"


def _released(connection: Connection, event_id: str) -> Iterator[tuple[str, str]]:
    """Runs that had waited for this event, and what it did to them."""
    table, wait = tables.awaited, tables.waits
    rows = connection.execute(
        sa.select(table.c.run_id, wait.c.step)
        .join(wait, wait.c.id == table.c.wait_id, isouter=True)
        .where(table.c.event_id == event_id)
        .distinct()
        .limit(MOST_RELEASED)
    )
    for row in rows:
        yield row.run_id, "cancelled it" if row.step is None else f"came for its step {row.step}"


_SAID = {
    "started": "started",
    "parked": "parked, because it came too late",
    "gathered": "gathered",
    "not_meant": "not meant",
    "unreadable": "not to be read by this release",
    "not_yet": "nothing",
}


def _lines(told: EventExplanation) -> Iterator[str]:
    event = told.event
    at = clock(event.occurred_at, "UTC", told.now)
    yield f"event {event.id}: {event.type} about {redact_text(event.subject)}, which happened at {at}"
    yield f"came from {_origin(event)}, for the brand {event.brand or 'none'}"
    if not told.listeners:
        hint = f" ({told.hint})" if told.hint else ""
        yield f"no workflow in force listens to {event.type}{hint}"
    for item in told.listeners:
        run = f" run {item.run.id}, which is {item.run.state}" if item.run and item.verdict != "gathered" else ""
        because = f": {item.because}" if item.because else ""
        yield f"  {item.workflow}: {_SAID[item.verdict]}{run}{because}"
    for line in told.others:
        yield f"  {line.workflow}, as it was then: started run {line.id}, which is {line.state}"
    for run_id, what in told.released:
        yield f"  run {run_id} had waited for it: it {what}"


def _origin(event: EventDetail) -> str:
    if event.delivery_id is not None:
        return f"{event.source}, delivery {event.delivery_id}"
    return f"run {event.cause}" if event.cause else f"{event.source} itself"
