"""What is expected to follow: noticed at intake, raised when overdue, and asked of the vendor where that is set up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import structlog
from sqlalchemy import Connection

from workflows.catalogue import Catalogue, Inputs
from workflows.engine.correlation import event_scope
from workflows.errors import FormulaError, InputError, LedgerUnavailable
from workflows.events import EXPECTED_MISSING, Event
from workflows.language.trees import read_as, render
from workflows.language.types import of_schema
from workflows.ledger import effects, expectations
from workflows.ledger.database import Database
from workflows.ledger.events import read_event
from workflows.ledger.expectations import ExpectationState, Row
from workflows.runtime.intents import intent_of
from workflows.settings.expectations import Expectation, Poll

log = structlog.get_logger(__name__)

Expected = Sequence[Expectation]


def notice(connection: Connection, expected: Expected, fresh: Sequence[Event], now: datetime) -> list[Event]:
    """Open and meet what these events, not yet written down, open and meet; the events as they are to be taken in.

    A follow-up that asking the vendor had found, and whose webhook comes all the same, is a replay of what was found:
    it is kept and starts nothing.
    """
    following = {name for item in expected for name in item.comes}
    opening = {item.after: item for item in expected}
    taken = [event for event in fresh if event.type in following]
    if taken:
        rows = expectations.concerned(connection, {event.subject for event in taken})
        fresh = [_met(connection, rows, event, now) if event.type in following else event for event in fresh]
    for event in fresh:
        found = opening.get(event.type)
        if found is not None and event.replay_of is None:
            poll_at = None if found.poll is None else now + found.poll.every
            due_at = event.occurred_at + found.within
            expectations.open_one(connection, event, found.comes, due_at=due_at, poll_at=poll_at, now=now)
    return list(fresh)


def sweep_expected(database: Database, catalogue: Catalogue, expected: Expected, limit: int) -> int:
    """Raise what is overdue, ask vendors, and read what they answered; how many expectations moved."""
    polls = {item.after: item.poll for item in expected if item.poll is not None}
    with database.read() as connection:
        now = database.now(connection)
        overdue = expectations.overdue(connection, now, limit)
        asked = expectations.answered(connection, limit) if polls else []
        due = expectations.to_poll(connection, now, limit) if polls else []
    return (
        sum(_each(database, found, _raise_missing) for found in overdue)
        + sum(_each(database, found, lambda *given: _read_answer(polls, *given)) for found in asked)
        + sum(_each(database, found, lambda *given: _ask(catalogue, polls, *given)) for found in due)
    )


def _met(connection: Connection, rows: list[Row], event: Event, now: datetime) -> Event:
    for at, row in enumerate(rows):
        if row.subject != event.subject or event.type not in row.comes:
            continue
        if row.state == ExpectationState.FOUND and row.found != event.type:
            continue  # another outcome than the one that was found: news
        expectations.meet(connection, row, event.id, now)
        rows[at] = replace(row, met_by=row.met_by or event.id, state=_after_meeting(row))
        if row.state == ExpectationState.FOUND and row.met_by is not None:
            return replace(event, replay_of=row.met_by)
    return event


def _after_meeting(row: Row) -> str:
    return (
        ExpectationState.FOUND if row.state == ExpectationState.FOUND and row.met_by is None else ExpectationState.MET
    )


def _each(database: Database, expectation_id: str, act: Callable[[Connection, Row, datetime], bool]) -> bool:
    """One expectation, in a transaction of its own: one that fails does not hold up the others."""
    try:
        with database.write() as connection:
            return act(connection, expectations.lock(connection, expectation_id), database.now(connection))
    except LedgerUnavailable:
        raise
    except Exception:
        log.exception("expectation_failed", expectation_id=expectation_id)
        return False


def _raise_missing(connection: Connection, row: Row, now: datetime) -> bool:
    if row.state != ExpectationState.OPEN:
        return False
    event = read_event(connection, row.event_id)
    data = {
        "after": row.after,
        "comes": list(row.comes),
        "since": event.occurred_at,
        "due_at": row.due_at,
        "source": event.source,
        "event_id": event.id,
    }
    _post(connection, event, EXPECTED_MISSING, data, row.due_at, now)
    expectations.change(connection, row, state=ExpectationState.MISSING)
    return True


def _ask(catalogue: Catalogue, polls: dict[str, Poll], connection: Connection, row: Row, now: datetime) -> bool:
    """Write down the call that asks the vendor; workers make it like any other."""
    poll = polls.get(row.after)
    if poll is None or row.state not in (ExpectationState.OPEN, ExpectationState.MISSING):
        expectations.change(connection, row, poll_at=None)
        return False
    event = read_event(connection, row.event_id)
    operation = catalogue.operation(poll.operation)
    try:
        rendered = render(poll.inputs, {"event": event_scope(event), "now": now})
        inputs = cast(Inputs, read_as(rendered, of_schema(operation.inputs, as_input=True)))
        intent = intent_of(
            operation, inputs, key=f"expected/{row.id}/{row.polls}", max_attempts=3, give_up_at=now + poll.every
        )
    except (FormulaError, InputError) as error:
        log.warning("poll_not_made", expectation_id=row.id, reason=type(error).__name__)
        expectations.change(connection, row, poll_at=now + poll.every, polls=row.polls + 1)
        return False
    effect_id = effects.intend(connection, intent, None, now)
    expectations.change(connection, row, poll_at=None, polls=row.polls + 1, effect_id=effect_id)
    return True


def _read_answer(polls: dict[str, Poll], connection: Connection, row: Row, now: datetime) -> bool:
    """Write the follow-up down where the vendor says that it happened; else ask again after a while."""
    assert row.effect_id is not None
    poll = polls.get(row.after)
    expectations.change(connection, row, effect_id=None)
    if poll is None or row.state not in (ExpectationState.OPEN, ExpectationState.MISSING):
        return False
    event = read_event(connection, row.event_id)
    found = _happened(poll, event, expectations.answer_of(connection, row.effect_id), row, now)
    if found is None:
        expectations.change(connection, row, poll_at=now + poll.every)
        return False
    _post(connection, event, found, event.data, None, now)
    expectations.change(connection, row, state=ExpectationState.FOUND, found=found, poll_at=None)
    return True


def _happened(poll: Poll, event: Event, answer: Any, row: Row, now: datetime) -> str | None:
    """The type of follow-up the answer tells of."""
    if answer is None:
        return None
    scope = {"event": event_scope(event), "answer": answer, "now": now}
    for kind, formula in poll.happened.items():
        try:
            if formula.holds(scope):
                return kind
        except FormulaError as error:
            log.warning("answer_not_understood", expectation_id=row.id, type=kind, reason=str(error))
    return None


def _post(
    connection: Connection, event: Event, kind: str, data: Any, occurred_at: datetime | None, now: datetime
) -> None:
    draft = {
        "type": kind,
        "subject": event.subject,
        "occurred_at": occurred_at,
        "brand": event.brand,
        "data": data,
    }
    # In line with what the source itself sends about this subject, so that they meet in one order.
    expectations.post(connection, draft, queue=event.source, now=now)
