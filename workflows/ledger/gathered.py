"""Gathered events: those that are debounced or batched until one run begins with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from workflows.ledger.tables import gathered


@dataclass(frozen=True)
class Gathered:
    """One event of a gathering."""

    event_id: str
    definition_hash: str
    came_at: datetime


def add(connection: Connection, workflow: str, crowd: str, event_id: str, definition_hash: str, now: datetime) -> None:
    """Keep an event for a later run; it is looked at right away whether that is due."""
    present = sa.select(sa.literal(1)).where(gathered.c.workflow == workflow, gathered.c.event_id == event_id)
    if connection.scalar(present) is None:
        connection.execute(
            gathered.insert().values(
                workflow=workflow,
                event_id=event_id,
                crowd=crowd,
                definition_hash=definition_hash,
                came_at=now,
                look_at=now,
            )
        )


_DUE = (
    sa.select(gathered.c.workflow, gathered.c.crowd)
    .where(gathered.c.look_at.is_not(None), gathered.c.look_at <= sa.bindparam("now"))
    .order_by(gathered.c.look_at)
    .limit(sa.bindparam("most"))
)


def due(connection: Connection, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Workflows and crowds whose events are to be looked at."""
    rows = connection.execute(_DUE, {"now": now, "most": limit})
    return list(dict.fromkeys((row.workflow, row.crowd) for row in rows))


_OPEN = sa.select(gathered.c.event_id, gathered.c.definition_hash, gathered.c.came_at).where(
    gathered.c.look_at.is_not(None),
    gathered.c.workflow == sa.bindparam("of"),
    gathered.c.crowd == sa.bindparam("together"),
)


def open_events(connection: Connection, workflow: str, crowd: str, limit: int) -> list[Gathered]:
    """The events no run has begun with, in the order they came."""
    rows = connection.execute(_OPEN.order_by(gathered.c.event_id).limit(limit), _named(workflow, crowd))
    return [Gathered(row.event_id, row.definition_hash, row.came_at) for row in rows]


def last_open(connection: Connection, workflow: str, crowd: str) -> Gathered | None:
    """The last event that came of those no run has begun with."""
    row = connection.execute(_OPEN.order_by(gathered.c.event_id.desc()).limit(1), _named(workflow, crowd)).one_or_none()
    return None if row is None else Gathered(row.event_id, row.definition_hash, row.came_at)


def these(found: Sequence[Gathered]) -> ColumnElement[bool]:
    """These events and no others, whatever comes meanwhile."""
    return gathered.c.event_id.in_([item.event_id for item in found])


def until(crowd: str, last: Gathered) -> ColumnElement[bool]:
    """An event and all before it, however many they are."""
    return (gathered.c.crowd == crowd) & gathered.c.look_at.is_not(None) & (gathered.c.event_id <= last.event_id)


def look_again(connection: Connection, workflow: str, which: ColumnElement[bool], at: datetime) -> None:
    """It is not due yet."""
    connection.execute(gathered.update().where(gathered.c.workflow == workflow, which).values(look_at=at))


def close(connection: Connection, workflow: str, which: ColumnElement[bool], began: str) -> None:
    """A run has begun with them, by the event `began`."""
    connection.execute(
        gathered.update().where(gathered.c.workflow == workflow, which).values(look_at=None, began=began)
    )


def _named(workflow: str, crowd: str) -> dict[str, str]:
    return {"of": workflow, "together": crowd}
