"""A chronicle: everything about one subject or one person, in order: what came, what ran, what was called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from workflows.errors import NotFound
from workflows.ledger import tables
from workflows.ledger.lines import EffectLine, RunLine, WaitLine, line_of, select_effects, select_runs, select_waits
from workflows.ledger.waiting import Waiting, clock, waiting_of
from workflows.redaction import redact_text

MOST_SUBJECTS = 20
MOST_EVENTS = 300
MOST_RUNS = 200
MOST_CALLS = 500
"""What is told of one subject at most, the latest of each."""

SHORTEST = 3
"""Shorter text would be found in nearly everything."""


@dataclass(frozen=True)
class Entry:
    """One thing that happened; `kind` (delivery, event, run, effect, wait) and `id` say where to look on."""

    at: datetime
    kind: str
    id: str
    text: str


@dataclass(frozen=True)
class Chronicle:
    """All about what was asked for: the subjects that are meant, what happened in order, what is waited for now."""

    asked: str
    subjects: tuple[str, ...]
    entries: tuple[Entry, ...]
    waiting: tuple[Waiting, ...]
    now: datetime

    @property
    def lines(self) -> list[str]:
        """The chronicle as text, one thought a line, without personal data."""
        return list(_lines(self))


def chronicle(connection: Connection, text: str, now: datetime) -> Chronicle:
    """What the ledger has about `symphony:campaign:5017`, `campaign 5017`, or a person's e-mail or phone.

    Raises NotFound where there is nothing.
    """
    asked = " ".join(text.split())
    if len(asked) < SHORTEST:
        raise NotFound(f"{asked!r} is too short to look for: name a subject, as in `campaign 5017`")
    subjects = _subjects(connection, asked)
    event_ids = _event_ids(connection, subjects, asked)
    effect_ids = _effect_ids(connection, subjects, asked)
    runs = _runs(connection, event_ids, effect_ids)
    run_ids = [line.id for line in runs]
    entries = [
        *_events(connection, event_ids),
        *_of_runs(runs),
        *_calls(connection, effect_ids, run_ids),
        *_waits(connection, run_ids),
    ]
    if not entries:
        raise NotFound(f"nothing is known about {redact_text(asked)}")
    open_ = [item for line in runs if line.ended_at is None for item in waiting_of(connection, line.id, now)]
    return Chronicle(asked, subjects, tuple(sorted(entries, key=attrgetter("at", "id"))), tuple(open_), now)


def _subjects(connection: Connection, asked: str) -> tuple[str, ...]:
    """The subjects that are meant: the one of that name, else those of that kind and number whosoever they are.

    A whole name is found by its index. An end of one is not, and all subjects are looked at.
    """
    return _subjects_with(connection, lambda column: column == asked) or _subjects_with(
        connection, lambda column: _ends(column, asked)
    )


def _subjects_with(
    connection: Connection, means: Callable[[ColumnElement[str]], ColumnElement[bool]]
) -> tuple[str, ...]:
    found: set[str] = set()
    for column in (tables.events.c.subject, tables.effect_subjects.c.subject):
        found.update(connection.scalars(sa.select(column).where(means(column)).distinct().limit(MOST_SUBJECTS)))
    return tuple(sorted(found)[:MOST_SUBJECTS])


def _ends(column: ColumnElement[str], asked: str) -> ColumnElement[bool]:
    kind, space, number = asked.partition(" ")
    if not space:
        return column.endswith(f":{asked}", autoescape=True)
    # `symphony:campaign:5017`, or with a shop in between: `order:box-office:88123`.
    ends = column.endswith(f":{number}", autoescape=True)
    return ends & (column.startswith(f"{kind}:", autoescape=True) | column.contains(f":{kind}:", autoescape=True))


def _event_ids(connection: Connection, subjects: Collection[str], asked: str) -> list[str]:
    event = tables.events
    which: ColumnElement[bool] = event.c.subject.in_(sorted(subjects))
    if _is_person(asked):
        # Nothing indexes people: their data stands in what was sent, and nowhere else.
        which |= _holds(event.c.data, asked)
    statement = sa.select(event.c.id).where(which).order_by(event.c.id.desc()).limit(MOST_EVENTS)
    return list(connection.scalars(statement))


def _effect_ids(connection: Connection, subjects: Collection[str], asked: str) -> list[str]:
    effect, touched = tables.effects, tables.effect_subjects
    of_subjects = sa.select(touched.c.effect_id).where(touched.c.subject.in_(sorted(subjects)))
    which: ColumnElement[bool] = effect.c.id.in_(of_subjects)
    if _is_person(asked):
        which |= _holds(effect.c.inputs, asked)
    statement = sa.select(effect.c.id).where(which).order_by(effect.c.id.desc()).limit(MOST_CALLS)
    return list(connection.scalars(statement))


def _is_person(asked: str) -> bool:
    """Whether it looks like an e-mail address or a phone number."""
    digits = sum(letter.isdigit() for letter in asked)
    return "@" in asked or (digits >= 7 and all(letter.isdigit() or letter in "+-() ." for letter in asked))


def _holds(column: ColumnElement[object], asked: str) -> ColumnElement[bool]:
    return sa.func.lower(sa.type_coerce(column, sa.Text)).contains(asked.lower(), autoescape=True)


def _runs(connection: Connection, event_ids: Collection[str], effect_ids: Collection[str]) -> list[RunLine]:
    run, effect = tables.runs, tables.effects
    # Asked first: PostgreSQL would hold an OR with a question inside against every run there is.
    of_runs = effect.c.id.in_(effect_ids) & effect.c.run_id.is_not(None)
    called = list(connection.scalars(sa.select(effect.c.run_id).where(of_runs).distinct()))
    which = run.c.event_id.in_(event_ids) | run.c.id.in_(called)
    rows = connection.execute(select_runs().where(which).order_by(run.c.id.desc()).limit(MOST_RUNS))
    return [line_of(RunLine, row) for row in rows]


def _events(connection: Connection, event_ids: Collection[str]) -> Iterator[Entry]:
    event, delivery = tables.events, tables.deliveries
    columns = [event.c[name] for name in ("id", "type", "subject", "occurred_at", "delivery_id", "source")]
    statement = sa.select(*columns, delivery.c.received_at).join(delivery, isouter=True)
    told: set[str] = set()
    for row in connection.execute(statement.where(event.c.id.in_(event_ids)).order_by(event.c.id)):
        if row.delivery_id is not None and row.delivery_id not in told:
            told.add(row.delivery_id)
            yield Entry(row.received_at, "delivery", row.delivery_id, f"{row.source} delivered it")
        yield Entry(row.received_at or row.occurred_at, "event", row.id, f"{row.type} about {redact_text(row.subject)}")


def _of_runs(lines: Collection[RunLine]) -> Iterator[Entry]:
    for line in lines:
        name = f"{line.workflow} {redact_text(line.key)}"
        yield Entry(line.created_at, "run", line.id, f"{name} began, by {line.event_type}")
        if line.ended_at is not None:
            at = f" at {line.at_step}" if line.at_step else ""
            because = f": {redact_text(line.reason)}" if line.reason else ""
            yield Entry(line.ended_at, "run", line.id, f"{name} {line.state}{at}{because}")


def _calls(connection: Connection, effect_ids: Collection[str], run_ids: Collection[str]) -> Iterator[Entry]:
    effect = tables.effects
    which = effect.c.id.in_(effect_ids) | effect.c.run_id.in_(run_ids)
    rows = connection.execute(select_effects().where(which).order_by(effect.c.id.desc()).limit(MOST_CALLS))
    for line in (line_of(EffectLine, row) for row in rows):
        by = f" for {line.workflow}, step {line.step}" if line.run_id else " by hand"
        at = line.ended_at or line.last_attempt_at or line.created_at
        because = f": {redact_text(line.reason)}" if line.reason else ""
        yield Entry(at, "effect", line.id, f"{line.operation}{by} {_state(line)}{because}")


def _state(line: EffectLine) -> str:
    return f"held at gate {line.gate}" if line.gate else line.state.replace("_", " ")


def _waits(connection: Connection, run_ids: Collection[str]) -> Iterator[Entry]:
    wait = tables.waits
    rows = connection.execute(
        select_waits().where(wait.c.run_id.in_(run_ids)).order_by(wait.c.id.desc()).limit(MOST_CALLS)
    )
    for line in (line_of(WaitLine, row) for row in rows):
        what = {"timer": "a time", "event": "an event", "approval": "people"}[line.kind]
        yield Entry(line.created_at, "wait", line.id, f"{line.workflow}, step {line.step}, began to wait for {what}")
        if line.ended_at is not None:
            yield Entry(line.ended_at, "wait", line.id, f"that waiting was over: {_answer(line)}")


def _answer(line: WaitLine) -> str:
    if line.kind == "approval" and line.output:
        verdict = "approved" if line.output["approved"] else "denied"
        return redact_text(f"{verdict} by {', '.join(line.output['by'])}, because {line.output['reason']}")
    return line.state


def _lines(told: Chronicle) -> Iterator[str]:
    about = ", ".join(redact_text(subject) for subject in told.subjects) or redact_text(told.asked)
    yield f"about {about}:"
    for entry in told.entries:
        yield f"  {clock(entry.at, 'UTC', told.now)}  {entry.kind} {entry.id}: {entry.text}"
    if told.waiting:
        yield "now:"
    for item in told.waiting:
        yield f"  run {item.run_id} waits at {item.step or item.what}: {item.why}; released by {item.opens}"
