"""Starting: which runs begin with an event, and how; with a time, a person or another run likewise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from workflows.engine.decisions import BeginRun, EndRun, WriteEvent
from workflows.engine.scopes import trigger_scope
from workflows.engine.snapshot import At
from workflows.engine.states import RunState
from workflows.engine.triggering import DEEPEST, Meant, meant, run_as_meant, stale, text_or
from workflows.errors import FormulaError, StagedoorError
from workflows.events import MANUAL, OURS, Event
from workflows.language.definition import Definition
from workflows.language.inputs import load_inputs
from workflows.ledger import correlations, events, gathered, runs
from workflows.ledger.runs import NewRun, RunRow
from workflows.runtime.awaiting import take_events
from workflows.runtime.crowds import settle_crowd
from workflows.runtime.earlier import child_before
from workflows.runtime.rules import InForce, Rules
from workflows.values import new_id

log = structlog.get_logger(__name__)


class CannotStart(StagedoorError):
    """A run cannot be begun, and why."""


def start_runs(connection: Connection, rules: Rules, in_force: InForce, event: Event, now: datetime) -> list[RunRow]:
    """Begin the runs that an event which is in the ledger starts; those of them that may go on at once.

    A trigger that cannot be worked out begins a run that has failed, so that an operator sees it; whatever is wrong
    with one workflow, the event starts the others.
    """
    listening = [item for item in in_force.definitions if event.type in item.trigger.events]
    begun = [start_run(connection, rules, in_force, definition, event, now) for definition in listening]
    return [run for run in begun if run is not None and run.state is RunState.RUNNING]


def plain_runs(in_force: InForce, event: Event, now: datetime) -> list[NewRun] | None:
    """The runs that an event starts, not yet begun; None unless every workflow that listens is one whose runs begin at
    once, wait for none of their kind and are cancelled by nothing, and whose trigger could be worked out.
    """
    found = []
    for definition in in_force.definitions:
        if event.type not in definition.trigger.events:
            continue
        special = (definition.batch, definition.debounce, definition.concurrency, definition.cancel_on)
        if any(item is not None for item in (*special, definition.trigger.stale_after)):
            return None
        if definition.hash in in_force.unreadable:
            return None
        brand = in_force.brands.get(event.brand, {})
        try:
            means = meant(definition, event, trigger_scope(definition, event, brand, now), now)
        except Exception:
            return None  # it happens again where the event is taken in alone, and is told there
        if means is not None:
            found.append(NewRun(event, definition.name, definition.hash, means.key, brand, definition.expires))
    return found


def start_with(
    connection: Connection,
    rules: Rules,
    definition: Definition,
    event: Event,
    brand: Mapping[str, Any],
    now: datetime,
    *,
    key: str | None = None,
    parent: tuple[str, At] | None = None,
    started_by: str | None = None,
) -> RunRow | None:
    """Write an event of our own down and begin the run of `definition` with it. Raises FormulaError.

    The run as it is then, perhaps queued; None where it has ended already.
    """
    events.record(connection, [event])
    correlations.note(connection, [event], now)
    scope = trigger_scope(definition, event, brand, now)
    found = run_as_meant(definition, event, scope, text_or(definition.key, scope, key or event.subject), now)
    new = NewRun(
        event=event,
        workflow=definition.name,
        definition_hash=definition.hash,
        key=found.key,
        brand=brand,
        lasts=definition.expires,
        parent=parent,
        started_by=started_by,
    )
    return _begin(connection, rules, definition, new, found, now)


def start_child(
    connection: Connection, rules: Rules, in_force: InForce, parent: RunRow, decision: BeginRun, now: datetime
) -> None:
    """Begin the run that a step of `parent` asks for. Raises CannotStart, InputError and FormulaError."""
    definition = manual_workflow(in_force, decision.workflow)
    depth = _one_deeper(parent, f"the workflow {decision.workflow}")
    inputs = load_inputs(definition.trigger.manual or {}, decision.inputs)
    event = own_event(
        MANUAL, f"manual:{definition.name}", inputs, parent.event.brand, now, cause=parent.id, depth=depth
    )
    event = replace(event, replay_of=child_before(connection, parent, decision.at, decision.workflow))
    start_with(connection, rules, definition, event, parent.brand, now, key=parent.key, parent=(parent.id, decision.at))


def write_event(
    connection: Connection, rules: Rules, in_force: InForce, run: RunRow, decision: WriteEvent, now: datetime
) -> None:
    """Write the event of an `emit` down, and begin what it starts. Raises CannotStart."""
    depth = _one_deeper(run, f"the event {decision.type}")
    event = own_event(decision.type, decision.subject, decision.data, run.event.brand, now, cause=run.id, depth=depth)
    events.record(connection, [event])
    correlations.note(connection, [event], now)
    start_runs(connection, rules, in_force, event, now)


def start_gathered(
    connection: Connection,
    rules: Rules,
    in_force: InForce,
    definition: Definition,
    event: Event,
    by: str,
    now: datetime,
) -> None:
    """Begin the run of events that were gathered, with `event`, which is in the ledger; the next sweep takes it on."""
    brand = in_force.brands.get(event.brand, {})
    scope = trigger_scope(definition, event, brand, now)
    new = NewRun(event, definition.name, definition.hash, by, brand, definition.expires)
    try:
        key = by if definition.batch is not None else text_or(definition.key, scope, event.subject)
        found = run_as_meant(definition, event, scope, key, now)
    except FormulaError as error:
        _begin_failed(connection, new, f"the trigger could not be worked out: {error}", now)
    else:
        _begin(connection, rules, definition, new, found, now)


def take_up(connection: Connection, rules: Rules, run: RunRow, now: datetime) -> RunRow:
    """Have a locked run that was parked, or has failed, go on, with all the time that its workflow gives.

    The run as it is then: as one of its crowd if it has one, perhaps queued, and so that what cancels it does. Raises
    FormulaError.
    """
    definition = rules.definition(connection, run.definition_hash)
    scope = trigger_scope(definition, run.event, run.brand, now)
    found = run_as_meant(definition, run.event, scope, run.key, now)
    is_limited = definition.concurrency is not None
    state = RunState.QUEUED if is_limited else RunState.RUNNING
    crowd = found.by if is_limited else None
    taken_up = runs.take_up(connection, run, state, crowd=crowd, expires_at=now + definition.expires, now=now)
    assert taken_up is not None, "it is locked"
    if found.cancels:
        correlations.begin(connection, run.id, None, found.cancels, now)
        taken_up, _ = take_events(connection, taken_up, now)
    return let_in(connection, rules, taken_up, now)


def brand_of(in_force: InForce, definition: Definition, given: str = "") -> tuple[str, Mapping[str, Any]]:
    """The brand a run without a source speaks for, and its fields. Raises CannotStart."""
    name = given or definition.trigger.brand or (next(iter(in_force.brands)) if len(in_force.brands) == 1 else "")
    if name not in in_force.brands:
        known = ", ".join(in_force.brands) or "none"
        raise CannotStart(f"no brand is said for it, or one that is not there; known are {known}")
    return name, in_force.brands[name]


def manual_workflow(in_force: InForce, name: str) -> Definition:
    """The workflow in force of that name, if it can be started by hand. Raises CannotStart."""
    definition = next((item for item in in_force.definitions if item.name == name), None)
    if definition is None:
        raise CannotStart(f"no workflow {name!r} is in force")
    if definition.trigger.manual is None:
        raise CannotStart(f"the workflow {name!r} is not one that is started by hand (when: manual)")
    return definition


def own_event(
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    brand: str,
    now: datetime,
    *,
    cause: str | None = None,
    depth: int = 0,
) -> Event:
    """An event of our own, not yet in the ledger."""
    return Event(new_id(), kind, subject, now, data, OURS, "", brand, cause=cause, depth=depth)


def _one_deeper(run: RunRow, what: str) -> int:
    if run.event.depth >= DEEPEST:
        raise CannotStart(
            f"{what} would be the {DEEPEST + 1}th run in a chain of runs that led to one another: is this a loop?"
        )
    return run.event.depth + 1


def start_run(
    connection: Connection, rules: Rules, in_force: InForce, definition: Definition, event: Event, now: datetime
) -> RunRow | None:
    """Begin the run of one workflow that listens, if the event is meant: as it is then; None where it has ended."""
    failure = in_force.unreadable.get(definition.hash, "")
    brand = in_force.brands.get(event.brand, {})
    new = NewRun(event, definition.name, definition.hash, event.subject, brand, definition.expires)
    found: Meant | None = None
    try:
        if not failure:
            found = meant(definition, event, trigger_scope(definition, event, brand, now), now)
    except FormulaError as error:
        failure = f"the trigger could not be worked out: {error}"
    except Exception:
        log.exception("trigger_failed", workflow=definition.name, event_id=event.id)
        failure = "the trigger could not be worked out; the log of the intake worker says why"
    if failure:
        _begin_failed(connection, new, failure, now)
        return None
    return None if found is None else _start_as_meant(connection, rules, definition, new, found, now)


def _start_as_meant(
    connection: Connection, rules: Rules, definition: Definition, new: NewRun, meant: Meant, now: datetime
) -> RunRow | None:
    """Begin a run, or keep the event for one."""
    if definition.batch is not None or definition.debounce is not None:
        gathered.add(connection, definition.name, meant.by, new.event.id, definition.hash, now)
        return None
    reason = stale(definition, new.event, now)
    if reason:
        return runs.begin(connection, replace(new, key=meant.key, state=RunState.PARKED, reason=reason), now)
    return _begin(connection, rules, definition, new, meant, now)


def _begin(
    connection: Connection, rules: Rules, definition: Definition, new: NewRun, meant: Meant, now: datetime
) -> RunRow | None:
    """Begin a run: as one of its crowd if it has one, and so that what cancels it does."""
    new = replace(new, key=meant.key)
    if definition.concurrency is not None:
        new = replace(new, crowd=meant.by, state=RunState.QUEUED)
    run = runs.begin(connection, new, now)
    if run is None:
        return None
    if meant.cancels:
        correlations.begin(connection, run.id, None, meant.cancels, now)
        run, _ = take_events(connection, run, now)
    return let_in(connection, rules, run, now)


def _begin_failed(connection: Connection, new: NewRun, failure: str, now: datetime) -> None:
    """A run that has failed as it began, so that an operator sees it."""
    run = runs.begin(connection, new, now)
    if run is not None:
        runs.end(connection, run, EndRun(RunState.FAILED, None, failure), now)


def let_in(connection: Connection, rules: Rules, run: RunRow, now: datetime) -> RunRow:
    """A run that is queued, if its crowd has a place for it: as it is then."""
    if run.cancelling is not None and run.state is RunState.QUEUED:
        runs.end(connection, run, EndRun(RunState.CANCELLED, None, run.cancelling.reason), now)
        return replace(run, state=RunState.CANCELLED)
    if run.crowd is None or run.state is not RunState.QUEUED:
        return run
    slot = settle_crowd(connection, rules, run.workflow, run.crowd, now).get(run.id)
    return run if slot is None else replace(run, state=RunState.RUNNING, slot=slot)
