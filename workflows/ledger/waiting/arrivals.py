"""What came and waits: deliveries that are not taken in, events that are gathered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.ledger import tables
from workflows.ledger.lines import in_state
from workflows.ledger.waiting.thing import LATE, Waiting, clock
from workflows.redaction import redact_text


def intake(connection: Connection, now: datetime) -> list[Waiting]:
    """Deliveries that nobody has taken in for too long."""
    table = tables.deliveries
    statement = sa.select(sa.func.count(), sa.func.min(table.c.received_at)).where(in_state(table, "pending"))
    count, oldest = connection.execute(statement).one()
    if not count or oldest > now - LATE:
        return []
    which = "1 delivery is" if count == 1 else f"{count} deliveries are"
    why = f"{which} stored and not taken in yet, the oldest since {clock(oldest, 'UTC', now)}"
    return [Waiting("intake", "deliveries", why, "an intake worker that is running", since=oldest)]


def gatherings(connection: Connection, now: datetime, limit: int) -> list[Waiting]:
    """Events that wait until one run begins with them: debounced or batched, each gathering told once."""
    table = tables.gathered
    columns = (
        table.c.workflow,
        table.c.crowd,
        sa.func.count().label("many"),
        sa.func.min(table.c.came_at).label("since"),
        sa.func.max(table.c.look_at).label("until"),
    )
    grouped = sa.select(*columns).where(table.c.look_at.is_not(None)).group_by(table.c.workflow, table.c.crowd)
    rows = connection.execute(grouped.order_by(table.c.workflow, table.c.crowd).limit(limit))
    return [_gathering(row, now) for row in rows]


def _gathering(row: sa.Row[Any], now: datetime) -> Waiting:
    events = "1 event is" if row.many == 1 else f"{row.many} events are"
    at = clock(row.until, "UTC", now)
    return Waiting(
        kind="gathering",
        what=row.workflow,
        why=redact_text(f"{events} gathered by {row.crowd}: one run begins with them at {at}, if no other comes"),
        opens="time, or as many events as the workflow waits for",
        since=row.since,
        until=row.until,
        workflow=row.workflow,
        run_key=row.crowd,
    )
