"""Listings: what the ledger holds, newest first, as the console and the command line show it.

Read-only. Every list is a page: `before` is the id of the last line seen, `limit` how many more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from workflows.engine.states import EffectState, RunState, WaitState
from workflows.ledger import tables
from workflows.ledger.lines import (
    DeliveryLine,
    EffectLine,
    Line,
    RefusalLine,
    RunLine,
    WaitLine,
    in_state,
    line_of,
    select_deliveries,
    select_effects,
    select_runs,
    select_waits,
)

LIMIT = 50
RECENT = timedelta(hours=24)
"""How far back the counts look."""

Filter = tuple[ColumnElement[Any], str | None]


@dataclass(frozen=True)
class Counts:
    """How many of each state: what is not over yet, however old, and what began since `since`."""

    since: datetime
    running: int
    held: int
    in_doubt: int
    timers: int
    pending: int
    deliveries: Mapping[str, int]
    runs: Mapping[str, int]
    effects: Mapping[str, int]


def deliveries(
    connection: Connection,
    *,
    source: str | None = None,
    state: str | None = None,
    before: str | None = None,
    limit: int = LIMIT,
) -> list[DeliveryLine]:
    """The latest deliveries."""
    table = tables.deliveries
    statement = _page(select_deliveries(), table.c.id, before, limit)
    if state is not None:
        statement = statement.where(in_state(table, state))
    lines = _lines(DeliveryLine, connection, _where(statement, [(table.c.source, source)]))
    return with_events(connection, lines)


def runs(
    connection: Connection,
    *,
    workflow: str | None = None,
    state: str | None = None,
    key: str | None = None,
    delivery_id: str | None = None,
    event_id: str | None = None,
    before: str | None = None,
    limit: int = LIMIT,
) -> list[RunLine]:
    """The latest runs."""
    table = tables.runs
    filters = [
        (table.c.workflow, workflow),
        (table.c.state, state),
        (table.c.key, key),
        (tables.events.c.delivery_id, delivery_id),
        (table.c.event_id, event_id),
    ]
    return _lines(RunLine, connection, _where(_page(select_runs(), table.c.id, before, limit), filters))


def effects(
    connection: Connection,
    *,
    operation: str | None = None,
    vendor: str | None = None,
    state: str | None = None,
    run_id: str | None = None,
    before: str | None = None,
    limit: int = LIMIT,
) -> list[EffectLine]:
    """The latest effects."""
    table = tables.effects
    filters = [
        (table.c.operation, operation),
        (table.c.vendor, vendor),
        (table.c.state, state),
        (table.c.run_id, run_id),
    ]
    return _lines(EffectLine, connection, _where(_page(select_effects(), table.c.id, before, limit), filters))


def waits(
    connection: Connection,
    *,
    state: str | None = None,
    run_id: str | None = None,
    before: str | None = None,
    limit: int = LIMIT,
) -> list[WaitLine]:
    """The latest waits."""
    table = tables.waits
    filters = [(table.c.state, state), (table.c.run_id, run_id)]
    return _lines(WaitLine, connection, _where(_page(select_waits(), table.c.id, before, limit), filters))


def refusals(connection: Connection, *, limit: int = LIMIT) -> list[RefusalLine]:
    """What was turned away at the door, the latest first."""
    table = tables.refusals
    columns = [table.c[name] for name in ("source", "reason", "count", "first_at", "last_at")]
    return _lines(RefusalLine, connection, sa.select(*columns).order_by(table.c.last_at.desc()).limit(limit))


def counts(connection: Connection, now: datetime) -> Counts:
    """How much there is of everything. What is not over has an index of its own; the rest is bounded by RECENT."""
    since = now - RECENT

    def live(table: sa.Table, state: str) -> int:
        return connection.scalar(sa.select(sa.func.count()).where(in_state(table, state))) or 0

    def recent(table: sa.Table) -> dict[str, int]:
        # Ids sort by time, so the primary key bounds the look; no other column would have to be indexed for it.
        statement = sa.select(table.c.state, sa.func.count()).where(table.c.id >= first_id(since))
        return {row[0]: row[1] for row in connection.execute(statement.group_by(table.c.state))}

    return Counts(
        since=since,
        running=_running(connection),
        held=live(tables.effects, EffectState.HELD),
        in_doubt=live(tables.effects, EffectState.IN_DOUBT),
        timers=live(tables.waits, WaitState.OPEN),
        pending=live(tables.deliveries, "pending"),
        deliveries=recent(tables.deliveries),
        runs=recent(tables.runs),
        effects=recent(tables.effects),
    )


def _running(connection: Connection) -> int:
    # In the words of the partial index, which knows these two states together.
    under_way = in_state(tables.runs, RunState.RUNNING, RunState.QUEUED) & (tables.runs.c.state == RunState.RUNNING)
    return connection.scalar(sa.select(sa.func.count()).where(under_way)) or 0


def with_events(connection: Connection, lines: Sequence[DeliveryLine]) -> list[DeliveryLine]:
    """The same lines with the types and subjects of the events each delivery led to."""
    if not lines:
        return []
    event = tables.events
    found = connection.execute(
        sa.select(event.c.delivery_id, event.c.type, event.c.subject)
        .where(event.c.delivery_id.in_([line.id for line in lines]))
        .order_by(event.c.id)
    ).all()
    carried: dict[str, list[tuple[str, str]]] = {line.id: [] for line in lines}
    for delivery_id, type_, subject in found:
        carried[delivery_id].append((type_, subject))
    return [_carrying(line, carried[line.id]) for line in lines]


def _carrying(line: DeliveryLine, events: Sequence[tuple[str, str]]) -> DeliveryLine:
    types, subjects = (tuple(dict.fromkeys(names)) for names in zip(*events, strict=True)) if events else ((), ())
    return replace(line, events=types, subjects=subjects)


def _lines(kind: type[Line], connection: Connection, statement: Select[Any]) -> list[Line]:
    return [line_of(kind, row) for row in connection.execute(statement)]


def _page(statement: Select[Any], id_: ColumnElement[Any], before: str | None, limit: int) -> Select[Any]:
    older = statement if before is None else statement.where(id_ < before)
    return older.order_by(id_.desc()).limit(limit)


def _where(statement: Select[Any], filters: Iterable[Filter]) -> Select[Any]:
    return statement.where(*(column == value for column, value in filters if value is not None))


def first_id(since: datetime) -> str:
    """What every id made at or after `since` sorts behind: the milliseconds an id begins with (RFC 9562 §5.7)."""
    milliseconds = f"{tables.micros(since) // 1000:012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}"
