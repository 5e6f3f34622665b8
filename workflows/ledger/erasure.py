"""Erasure: one person's data cut out of the rows that hold it; the rows, and so all counts, stay.

Each function looks at some rows by id, in the caller's transaction, and says what it changed. What is under way is left
alone and named: a run reads its event until it ends, and a call in doubt may have to be made again as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows import typed_json
from workflows.ledger import tables
from workflows.ledger.retention import EFFECT_IS_OVER, RUN_IS_OVER
from workflows.ledger.tables import attempts, deliveries, effects, events, gathered, runs, steps, waits
from workflows.ledger.vault import Opened, Tampered, vault_of
from workflows.person import Person

NAMED = (
    (tables.events, "subject"),
    (tables.milestones, "subject"),
    (tables.expectations, "subject"),
    (tables.sequences, "subject"),
    (tables.effect_subjects, "subject"),
    (tables.effects, "gate_key"),
    (tables.effects, "once_key"),
    (tables.once_keys, "key"),
    (tables.awaited, "key"),
    (tables.event_keys, "key"),
    (tables.gathered, "crowd"),
    (tables.runs, "crowd"),
    (tables.crowds, "crowd"),
    (tables.dedup_keys, "key"),
    (tables.votes, "reason"),
    (tables.replays, "reason"),
)
"""Where names of things, and words of people, may name a person."""


@dataclass
class Found:
    """What was found so far. `events` and `runs` are theirs; those of `under_way` must end first, and what is in
    `waiting` be taken in, or not be read by a run any more. `is_in_log`: SQLite's own log still has what was erased."""

    person: Person
    instead: str
    events: set[str] = field(default_factory=set)
    deliveries: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    under_way: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    changed: Counter[str] = field(default_factory=Counter)
    is_in_log: bool = False

    def cut(self, value: Any, *, is_theirs: bool = False) -> Any:
        """The value without them."""
        return None if value is None else self.person.cut_out(value, self.instead, is_theirs=is_theirs)


def in_events(connection: Connection, ids: Sequence[str], found: Found) -> None:
    """Cut them out of the events that are about them or name them."""
    rows = connection.execute(sa.select(events).where(events.c.id.in_(ids))).all()
    theirs = [row for row in rows if _is_named(found.person, row.subject, row.data)]
    held = _held_by_runs(connection, [row.id for row in theirs])
    for row in theirs:
        if held.get(row.id):
            found.under_way |= held[row.id]
            continue
        found.events.add(row.id)
        if row.delivery_id is not None:
            found.deliveries.add(row.delivery_id)
        _change(connection, events, events.c.id == row.id, {"data": row.data}, found, is_theirs=True)


def in_deliveries(
    connection: Connection, ids: Sequence[str], found: Found, text_of: Callable[[Any, bytes], str]
) -> None:
    """Empty the deliveries that name them, or that their events came from. `text_of` reads headers and a body."""
    columns = [deliveries.c[name] for name in ("id", "state", "headers", "body", "problems", "reason")]
    vault = vault_of(connection)
    for row in connection.execute(sa.select(*columns).where(deliveries.c.id.in_(ids))).all():
        try:
            opened = vault.open(row.id, row.headers, row.body)
        except Tampered:  # nobody can read it, so it names nobody; what came of it may
            opened = Opened({}, b"")
        said = typed_json.dump([row.problems, row.reason])
        is_theirs = row.id in found.deliveries
        if not is_theirs and not found.person.is_in(f"{text_of(opened.headers, opened.body)} {said}"):
            continue
        if row.state == "pending" or _has_live_events(connection, row.id):
            found.waiting.add(row.id)
            continue
        empty: dict[str, Any] = {"body": b"", "headers": {}, "drafts": None}
        words = {"problems": found.cut(row.problems, is_theirs=True), "reason": found.cut(row.reason)}
        connection.execute(deliveries.update().where(deliveries.c.id == row.id).values(**empty, **words))
        found.changed["deliveries"] += 1


def in_runs(connection: Connection, ids: Sequence[str], found: Found) -> None:
    """Cut them out of runs that are over, and of what these did."""
    own = ("key", "reason", "brand", "result", "cancel", "ending", "started_by")
    of_run = [runs.c[name] for name in ("id", "event_id", "state", *own)]
    live_effects = sa.exists().where(effects.c.run_id == runs.c.id, effects.c.state.not_in(EFFECT_IS_OVER))
    statement = sa.select(*of_run, live_effects.label("is_live")).where(runs.c.id.in_(ids))
    for row in connection.execute(statement).all():
        is_theirs = row.event_id in found.events
        parts = _parts(connection, row.id)
        values = {name: row._mapping[name] for name in own}
        everything = [values, *(part for _, _, part in parts)]
        if not is_theirs and not found.person.names(everything):
            continue
        if row.state not in RUN_IS_OVER or row.is_live:
            found.under_way.add(row.id)
            continue
        if is_theirs:
            found.runs.add(row.id)
        _change(connection, runs, runs.c.id == row.id, values, found, is_theirs=is_theirs)
        for table, which, part in parts:
            _change(connection, table, which, part, found, is_theirs=is_theirs)


def in_effects(connection: Connection, ids: Sequence[str], found: Found) -> None:
    """Cut them out of the calls that are over: of their runs, and those that name them."""
    own = ("inputs", "output", "expects", "seen", "reason")
    columns = [effects.c[name] for name in ("id", "run_id", "state", "request", *own)]
    for row in connection.execute(sa.select(*columns).where(effects.c.id.in_(ids))).all():
        values = {name: row._mapping[name] for name in own}
        is_theirs = row.run_id in found.runs
        tries = connection.execute(sa.select(attempts).where(attempts.c.effect_id == row.id)).all()
        if not is_theirs and not found.person.names([values, row.request, [attempt.reason for attempt in tries]]):
            continue
        if row.state not in EFFECT_IS_OVER:
            if row.run_id is not None:
                found.under_way.add(row.run_id)
            continue
        request = found.cut(row.request, is_theirs=is_theirs)
        if is_theirs and request.get("body") is not None:
            request["body"] = found.instead
        _change(connection, effects, effects.c.id == row.id, values, found, is_theirs=is_theirs, request=request)
        for attempt in tries:
            which = (attempts.c.effect_id == row.id) & (attempts.c.number == attempt.number)
            _change(connection, attempts, which, {"reason": attempt.reason}, found, is_theirs=is_theirs)


def names_of(connection: Connection, person: Person) -> list[tuple[sa.Table, str, str]]:
    """The names of things, and words of people, that name them: table, column and text."""
    found = []
    for table, name in NAMED if person.pattern is not None else ():
        texts = sa.select(sa.type_coerce(table.c[name], sa.Text)).where(table.c[name].is_not(None)).distinct()
        found += [(table, name, text) for text in connection.scalars(texts) if person.is_in(text)]
    return found


def rename(connection: Connection, named: tuple[sa.Table, str, str], found: Found) -> None:
    """Put something else in the place of one; the same everywhere, so what belongs together still does."""
    table, name, text = named
    values = {name: found.person.cut(text, found.instead)}
    found.changed["names"] += connection.execute(table.update().where(table.c[name] == text).values(**values)).rowcount


def _is_named(person: Person, subject: str, data: Any) -> bool:
    if person.kind == "subject":
        return subject == person.text
    return person.is_in(subject) or person.names(data)


def _held_by_runs(connection: Connection, event_ids: Sequence[str]) -> dict[str, set[str]]:
    """The runs by event that still read it, or will."""
    held: dict[str, set[str]] = {}
    live = runs.c.event_id.in_(event_ids) & runs.c.state.not_in(RUN_IS_OVER)
    gathering = gathered.c.event_id.in_(event_ids) & gathered.c.look_at.is_not(None)
    for event_id, run_id in connection.execute(sa.select(runs.c.event_id, runs.c.id).where(live)):
        held.setdefault(event_id, set()).add(run_id)
    for event_id, workflow in connection.execute(sa.select(gathered.c.event_id, gathered.c.workflow).where(gathering)):
        held.setdefault(event_id, set()).add(f"the next of {workflow}")
    return held


def _has_live_events(connection: Connection, delivery_id: str) -> bool:
    """Whether an event of it could not be erased, since a run still reads it."""
    theirs = sa.select(events.c.id).where(events.c.delivery_id == delivery_id)
    return bool(_held_by_runs(connection, list(connection.scalars(theirs))))


def _parts(connection: Connection, run_id: str) -> list[tuple[sa.Table, sa.ColumnElement[bool], dict[str, Any]]]:
    """The steps and waits of a run, with what they hold."""
    found: list[tuple[sa.Table, sa.ColumnElement[bool], dict[str, Any]]] = []
    for row in connection.execute(sa.select(steps).where(steps.c.run_id == run_id)).all():
        which = (steps.c.run_id == run_id) & (steps.c.step == row.step) & (steps.c.iteration == row.iteration)
        found.append((steps, which, {"output": row.output, "reason": row.reason}))
    theirs = connection.execute(sa.select(waits).where(waits.c.run_id == run_id)).all()
    return [*found, *((waits, waits.c.id == row.id, {"details": row.details, "output": row.output}) for row in theirs)]


def _change(
    connection: Connection,
    table: sa.Table,
    which: sa.ColumnElement[bool],
    values: dict[str, Any],
    found: Found,
    *,
    is_theirs: bool = False,
    **more: Any,
) -> None:
    """Write back what is left without them, where that is not all."""
    left = {name: found.cut(value, is_theirs=is_theirs) for name, value in values.items()}
    changed = {name: value for name, value in left.items() if typed_json.dump(value) != typed_json.dump(values[name])}
    if changed or more:
        connection.execute(table.update().where(which).values(**changed, **more))
        found.changed[table.name] += 1
