"""Details: one delivery, run, effect or wait whole, with what belongs to it.

Each raises NotFound when there is no such row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from workflows.errors import NotFound
from workflows.ledger import listing, tables
from workflows.ledger.lines import (
    DeliveryLine,
    EffectLine,
    RunLine,
    WaitLine,
    line_of,
    select_deliveries,
    select_effects,
    select_runs,
    select_waits,
)
from workflows.ledger.vault import vault_of

MOST_RUNS = 500
"""A delivery starts one run per event and workflow; more than this nobody reads."""


@dataclass(frozen=True)
class EventDetail:
    """One event as it was taken in; `cause` is the run that wrote it, if one of ours did."""

    id: str
    source: str
    brand: str
    type: str
    subject: str
    occurred_at: datetime
    data: Mapping[str, Any]
    replay_of: str | None
    delivery_id: str | None = None
    cause: str | None = None


@dataclass(frozen=True)
class DeliveryDetail:
    """A delivery, its events and the runs they started."""

    line: DeliveryLine
    headers: Mapping[str, Any]
    body: bytes
    events: tuple[EventDetail, ...]
    runs: tuple[RunLine, ...]


@dataclass(frozen=True)
class StepDetail:
    """One step that was reached."""

    step: str
    iteration: str
    state: str
    output: Any
    reason: str | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class AttemptDetail:
    """One try at an effect; without `ended_at` it is under way, or its worker vanished."""

    number: int
    holder: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    status: int | None
    reason: str | None


@dataclass(frozen=True)
class EffectDetail:
    """An effect, the request as it is sent (but for credentials), the answer and every attempt."""

    line: EffectLine
    key: str
    request: Mapping[str, Any]
    holder: str | None
    output: Any
    subjects: tuple[str, ...]
    attempts: tuple[AttemptDetail, ...]


@dataclass(frozen=True)
class RunDetail:
    """A run with all that happened in it, and the runs it began; `definition` is the text of its workflow."""

    line: RunLine
    definition: str
    brand: Mapping[str, Any]
    event: EventDetail
    steps: tuple[StepDetail, ...]
    effects: tuple[EffectDetail, ...]
    waits: tuple[WaitLine, ...]
    children: tuple[RunLine, ...] = ()


def delivery(connection: Connection, delivery_id: str) -> DeliveryDetail:
    """The delivery with that id."""
    table = tables.deliveries
    statement = select_deliveries().add_columns(table.c.headers, table.c.body)
    row = connection.execute(statement.where(table.c.id == delivery_id)).one_or_none()
    if row is None:
        _none("delivery", delivery_id)
    values = row._mapping
    bare = line_of(DeliveryLine, row, leave=("headers", "body"))
    (line,) = listing.with_events(connection, [bare])
    opened = vault_of(connection).open(delivery_id, values["headers"], values["body"])
    return DeliveryDetail(
        line=line,
        headers=dict(opened.headers),
        body=opened.body,
        events=_events(connection, tables.events.c.delivery_id == delivery_id),
        runs=tuple(listing.runs(connection, delivery_id=delivery_id, limit=MOST_RUNS)),
    )


def run(connection: Connection, run_id: str) -> RunDetail:
    """The run with that id."""
    table, definition = tables.runs, tables.definitions
    statement = select_runs().add_columns(table.c.brand, definition.c.source.label("definition"))
    statement = statement.join(definition, definition.c.hash == table.c.definition_hash)
    row = connection.execute(statement.where(table.c.id == run_id)).one_or_none()
    if row is None:
        _none("run", run_id)
    line = line_of(RunLine, row, leave=("brand", "definition"))
    (event,) = _events(connection, tables.events.c.id == line.event_id)
    return RunDetail(
        line=line,
        definition=row.definition,
        brand=row.brand,
        event=event,
        steps=_steps(connection, run_id),
        effects=_effects(connection, tables.effects.c.run_id == run_id),
        waits=tuple(listing.waits(connection, run_id=run_id, limit=MOST_RUNS)[::-1]),
        children=_children(connection, run_id),
    )


def event(connection: Connection, event_id: str) -> EventDetail:
    """The event with that id."""
    found = _events(connection, tables.events.c.id == event_id)
    return found[0] if found else _none("event", event_id)


def effect(connection: Connection, effect_id: str) -> EffectDetail:
    """The effect with that id."""
    found = _effects(connection, tables.effects.c.id == effect_id)
    return found[0] if found else _none("effect", effect_id)


def wait(connection: Connection, wait_id: str) -> WaitLine:
    """The wait with that id."""
    row = connection.execute(select_waits().where(tables.waits.c.id == wait_id)).one_or_none()
    return line_of(WaitLine, row) if row is not None else _none("wait", wait_id)


def _children(connection: Connection, run_id: str) -> tuple[RunLine, ...]:
    statement = select_runs().where(tables.runs.c.parent_id == run_id).order_by(tables.runs.c.id).limit(MOST_RUNS)
    return tuple(line_of(RunLine, row) for row in connection.execute(statement))


def _events(connection: Connection, which: sa.ColumnElement[bool]) -> tuple[EventDetail, ...]:
    statement = _columns_of(EventDetail, tables.events).where(which).order_by(tables.events.c.id)
    return tuple(EventDetail(**row._mapping) for row in connection.execute(statement))


def _steps(connection: Connection, run_id: str) -> tuple[StepDetail, ...]:
    table = tables.steps
    statement = _columns_of(StepDetail, table).where(table.c.run_id == run_id).order_by(table.c.started_at)
    return tuple(StepDetail(**row._mapping) for row in connection.execute(statement))


def _effects(connection: Connection, which: sa.ColumnElement[bool]) -> tuple[EffectDetail, ...]:
    table = tables.effects
    own = ("key", "request", "holder", "output")
    statement = select_effects().add_columns(*(table.c[name] for name in own)).where(which).order_by(table.c.id)
    return tuple(
        EffectDetail(
            line=line_of(EffectLine, row, leave=own),
            **{name: row._mapping[name] for name in own},
            subjects=_subjects(connection, row.id),
            attempts=_attempts(connection, row.id),
        )
        for row in connection.execute(statement).all()
    )


def _subjects(connection: Connection, effect_id: str) -> tuple[str, ...]:
    table = tables.effect_subjects
    statement = sa.select(table.c.subject).where(table.c.effect_id == effect_id).order_by(table.c.subject)
    return tuple(connection.scalars(statement))


def _attempts(connection: Connection, effect_id: str) -> tuple[AttemptDetail, ...]:
    table = tables.attempts
    statement = _columns_of(AttemptDetail, table).where(table.c.effect_id == effect_id).order_by(table.c.number)
    return tuple(AttemptDetail(**row._mapping) for row in connection.execute(statement))


def _columns_of(kind: type[EventDetail] | type[StepDetail] | type[AttemptDetail], table: sa.Table) -> Select[Any]:
    return sa.select(*(table.c[name] for name in kind.__dataclass_fields__))


def _none(kind: str, id_: str) -> NoReturn:
    raise NotFound(f"there is no {kind} {id_}")
