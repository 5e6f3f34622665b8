"""Lines: a delivery, run, effect, wait or refusal as a list shows it, and the columns each is read from.

Rows are as stored, so they may hold personal data: whatever shows them passes them through `shown`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy import Select

from workflows.ledger import tables
from workflows.ledger.vault import OVERHEAD_BYTES
from workflows.redaction import redact


@dataclass(frozen=True)
class DeliveryLine:
    """One delivery; `events` are the types it carries, `size` is of its body in bytes.

    repeats  how often it came again, the last time at `last_repeat_at`
    reason   why it was filtered or superseded, or some of its events were filtered
    """

    id: str
    source: str
    state: str
    received_at: datetime
    taken_at: datetime | None
    size: int
    problems: Sequence[Mapping[str, Any]]
    reason: str | None
    repeats: int
    last_repeat_at: datetime | None
    events: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunLine:
    """One run and the event that started it; `crowd` are the runs it is limited together with."""

    id: str
    workflow: str
    key: str
    state: str
    at_step: str | None
    reason: str | None
    created_at: datetime
    ended_at: datetime | None
    wake_at: datetime | None
    expires_at: datetime
    event_id: str
    event_type: str
    subject: str
    delivery_id: str | None
    zone: str
    crowd: str | None
    parent_id: str | None
    parent_step: str | None
    parent_iteration: str | None
    started_by: str | None


@dataclass(frozen=True)
class EffectLine:
    """One vendor call; `workflow`, `run_key` and `zone` are its run's, None where it is of no run.

    Of no run is what was called by hand, and what fetches or asks something for an event.

    `rests_until`: its vendor is left alone until then.
    """

    id: str
    run_id: str | None
    workflow: str | None
    run_key: str | None
    zone: str
    step: str | None
    iteration: str
    round: int
    operation: str
    vendor: str
    state: str
    repeat: str
    gate: str | None
    gate_key: str | None
    reason: str | None
    status: int | None
    looks: int
    attempts: int
    max_attempts: int
    due_at: datetime
    give_up_at: datetime
    lease_until: datetime | None
    created_at: datetime
    ended_at: datetime | None
    last_attempt_at: datetime | None
    rests_until: datetime | None
    requires: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class WaitLine:
    """One wait and the run that waits; `details` is what people are asked, or which events are awaited."""

    id: str
    run_id: str
    workflow: str
    run_key: str
    zone: str
    step: str
    iteration: str
    round: int
    kind: str
    state: str
    due_at: datetime
    created_at: datetime
    ended_at: datetime | None
    details: Any
    output: Any


@dataclass(frozen=True)
class RefusalLine:
    """Requests that were turned away at the door, counted by source and reason."""

    source: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime


Line = TypeVar("Line", DeliveryLine, RunLine, EffectLine, WaitLine, RefusalLine)


def shown(line: object) -> dict[str, Any]:
    """A line or a detail as a dict that may be shown: without secrets and personal data, instants still aware."""
    return cast(dict[str, Any], redact(asdict(line)))  # type: ignore[call-overload]


def select_deliveries() -> Select[Any]:
    """The columns of a DeliveryLine but for its events, which stand in their own table."""
    table, again = tables.deliveries, tables.repeats
    return sa.select(
        table.c.id,
        table.c.source,
        table.c.state,
        table.c.received_at,
        table.c.taken_at,
        (sa.func.length(table.c.body) - sa.case((is_sealed(), OVERHEAD_BYTES), else_=0)).label("size"),
        table.c.problems,
        table.c.reason,
        sa.func.coalesce(again.c.count, 0).label("repeats"),
        again.c.last_at.label("last_repeat_at"),
    ).select_from(table.outerjoin(again, again.c.delivery_id == table.c.id))


def is_sealed() -> sa.ColumnElement[bool]:
    """Whether what a delivery holds is sealed (see `vault`)."""
    return sa.func.substr(sa.type_coerce(tables.deliveries.c.headers, sa.Text), 1, 1) == '"'


def select_runs() -> Select[Any]:
    """The columns of a RunLine."""
    run, event = tables.runs, tables.events
    same = ("id", "workflow", "key", "state", "at_step", "reason", "created_at", "ended_at", "wake_at", "expires_at")
    return sa.select(
        *(run.c[name] for name in same),
        run.c.event_id,
        event.c.type.label("event_type"),
        event.c.subject,
        event.c.delivery_id,
        run.c.brand.label("zone"),
        run.c.crowd,
        run.c.parent_id,
        run.c.parent_step,
        run.c.parent_iteration,
        run.c.started_by,
    ).join(event, event.c.id == run.c.event_id)


def select_effects() -> Select[Any]:
    """The columns of an EffectLine."""
    effect, run = tables.effects, tables.runs
    own = [effect.c[name] for name in EffectLine.__dataclass_fields__ if name in effect.c]
    about = (run.c.workflow, run.c.key.label("run_key"), run.c.brand.label("zone"))
    attempt = tables.attempts
    last = sa.select(sa.func.max(attempt.c.started_at)).where(attempt.c.effect_id == effect.c.id).scalar_subquery()
    lane = tables.lanes
    return (
        sa.select(*own, *about, last.label("last_attempt_at"), lane.c.rests_until)
        .join(run, run.c.id == effect.c.run_id, isouter=True)
        .join(lane, lane.c.vendor == effect.c.vendor, isouter=True)
    )


def in_state(table: sa.Table, *states: str) -> sa.ColumnElement[bool]:
    """Rows in one of these states, written out in the statement: SQLite uses a partial index for nothing less.

    Nor does it for the same in other words: `= 'held'` and `IN ('held')` are two things to it.
    """
    written = [sa.literal_column(f"'{state}'", sa.Text) for state in states]
    return table.c.state == written[0] if len(written) == 1 else table.c.state.in_(written)


def select_waits() -> Select[Any]:
    """The columns of a WaitLine."""
    wait, run = tables.waits, tables.runs
    own = [wait.c[name] for name in WaitLine.__dataclass_fields__ if name in wait.c]
    about = (run.c.workflow, run.c.key.label("run_key"), run.c.brand.label("zone"))
    return sa.select(*own, *about).join(run, run.c.id == wait.c.run_id)


def line_of(kind: type[Line], row: sa.Row[Any], leave: Collection[str] = ()) -> Line:
    """One line from a row of the statement that selects its columns, but for those of `leave`."""
    values = {name: value for name, value in row._mapping.items() if name not in leave}
    if "zone" in values:
        values["zone"] = _zone(values["zone"])
    if kind is DeliveryLine:
        values["problems"] = values["problems"] or []
    return kind(**values)


def _zone(brand: Mapping[str, Any] | None) -> str:
    zone = (brand or {}).get("zone")
    return zone if isinstance(zone, str) else "UTC"
