"""Gathered events: those that are debounced or batched until one run begins with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

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


def open_events(connection: Connection, workflow: str, crowd: str, limit: int) -> list[Gathered]:
    """The events no run has begun with, in the order they came."""
    rows = connection.execute(
        sa.select(gathered.c.event_id, gathered.c.definition_hash, gathered.c.came_at)
        .where(gathered.c.look_at.is_not(None), gathered.c.workflow == workflow, gathered.c.crowd == crowd)
        .order_by(gathered.c.event_id)
        .limit(limit)
    )
    return [Gathered(row.event_id, row.definition_hash, row.came_at) for row in rows]


def look_again(connection: Connection, workflow: str, event_ids: Sequence[str], at: datetime) -> None:
    """It is not due yet."""
    these = (gathered.c.workflow == workflow) & gathered.c.event_id.in_(event_ids)
    connection.execute(gathered.update().where(these).values(look_at=at))


def close(connection: Connection, workflow: str, event_ids: Sequence[str], began: str) -> None:
    """A run has begun with them, by the event `began`."""
    these = (gathered.c.workflow == workflow) & gathered.c.event_id.in_(event_ids)
    connection.execute(gathered.update().where(these).values(look_at=None, began=began))
