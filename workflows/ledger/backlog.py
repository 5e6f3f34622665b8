"""The backlog: what the door stored and nobody has taken in yet."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.ledger.lines import in_state
from workflows.ledger.tables import deliveries, shards
from workflows.values import first_id_at


def oldest_pending(connection: Connection) -> datetime | None:
    """When the delivery that has waited longest was received; None when none waits.

    Shard by shard, as the index of what waits is made: it is looked at sixteen times, however much waits.
    """
    waiting = in_state(deliveries, "pending") & (deliveries.c.shard == shards.c.id)
    first = sa.select(sa.func.min(deliveries.c.id)).where(waiting).scalar_subquery()
    ids = [id_ for id_ in connection.scalars(sa.select(first).select_from(shards)) if id_ is not None]
    if not ids:
        return None
    # Ids sort by time.
    return connection.scalar(sa.select(deliveries.c.received_at).where(deliveries.c.id == min(ids)))


def count_since(connection: Connection, moment: datetime, most: int) -> int:
    """How many of the deliveries that wait came since then, counted up to `most`."""
    waiting = in_state(deliveries, "pending") & (deliveries.c.shard == shards.c.id)
    fresh = sa.select(deliveries.c.id).select_from(shards.join(deliveries, waiting))
    # Ids sort by time.
    some = fresh.where(deliveries.c.id >= first_id_at(moment)).limit(most)
    return connection.scalars(sa.select(sa.func.count()).select_from(some.subquery())).one()
