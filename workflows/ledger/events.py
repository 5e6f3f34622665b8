"""Events: what happened, as it stands in the ledger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.events import Event
from workflows.ledger.prepared import Later, Prepared, insert_all, one_of
from workflows.ledger.tables import events, milestones
from workflows.values import first_id_at

_ONE = sa.select(events).where(events.c.id == sa.bindparam("id"))
_THESE = Prepared(sa.select(events).where(one_of(events.c.id, "ids")).order_by(events.c.id))


def record(connection: Connection, fresh: Sequence[Event]) -> None:
    """Write events down."""
    if not fresh:
        return
    insert_all(
        connection,
        events,
        [
            {
                "id": event.id,
                "delivery_id": event.delivery_id or None,
                "source": event.source,
                "brand": event.brand,
                "type": event.type,
                "subject": event.subject,
                "occurred_at": event.occurred_at,
                "data": event.data,
                "cause": event.cause,
                "depth": event.depth,
                "replay_of": event.replay_of,
            }
            for event in fresh
        ],
    )


def read_event(connection: Connection, event_id: str) -> Event:
    """The event of that id."""
    return event_of(connection.execute(_ONE, {"id": event_id}).one())


def read_events(connection: Connection, event_ids: Collection[str]) -> list[Event]:
    """The events of these ids, in the order they came."""
    return ask_these(connection, event_ids)()


def ask_these(connection: Connection, event_ids: Collection[str]) -> Later[list[Event]]:
    """The same, to be had later."""
    rows = _THESE.ask(connection, ids=event_ids)
    return lambda: [event_of(row) for row in rows()]


def sizes(connection: Connection, event_ids: Collection[str]) -> dict[str, int]:
    """How many characters the data of these events has, as it is kept."""
    written = sa.type_coerce(events.c.data, sa.Text)
    found = sa.select(events.c.id, sa.func.length(written)).where(events.c.id.in_(event_ids))
    return {row[0]: row[1] for row in connection.execute(found)}


def came_since(connection: Connection, types: Collection[str], since: datetime) -> list[Event]:
    """Events of these types that came since an instant, in the order they came; replays are left out."""
    recent = events.c.type.in_(sorted(types)) & (events.c.id >= first_id_at(since)) & events.c.replay_of.is_(None)
    return [event_of(row) for row in connection.execute(sa.select(events).where(recent).order_by(events.c.id))]


def of_delivery(connection: Connection, delivery_id: str) -> list[Event]:
    """The events a delivery carried, in the order they came."""
    rows = connection.execute(sa.select(events).where(events.c.delivery_id == delivery_id).order_by(events.c.id))
    return [event_of(row) for row in rows]


def milestones_before(connection: Connection, types: Collection[str], moment: datetime) -> set[tuple[str, str]]:
    """The subjects that had reached these milestones, each with its type."""
    reached = milestones.c.type.in_(sorted(types)) & (milestones.c.reached_at < moment)
    rows = connection.execute(sa.select(milestones.c.subject, milestones.c.type).where(reached))
    return {(row.subject, row.type) for row in rows}


def event_of(row: sa.Row[Any]) -> Event:
    """A row of `events` as an Event."""
    return Event(
        id=row.id,
        type=row.type,
        subject=row.subject,
        occurred_at=row.occurred_at,
        data=row.data,
        source=row.source,
        delivery_id=row.delivery_id or "",
        brand=row.brand,
        cause=row.cause,
        depth=row.depth,
        replay_of=row.replay_of,
    )
