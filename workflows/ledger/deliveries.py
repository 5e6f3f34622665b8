"""Deliveries on their way in: what the door stored and intake has not taken yet, and the events they become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows import typed_json
from workflows.events import Event
from workflows.ledger.arrivals import Arrival
from workflows.ledger.database import insert
from workflows.ledger.lines import in_state, is_sealed
from workflows.ledger.prepared import Prepared, one_of
from workflows.ledger.tables import dedup_keys, deliveries, instant, micros, milestones, shards
from workflows.ledger.vault import vault_of
from workflows.values import DeliveryId


@dataclass(frozen=True)
class Pending:
    """A stored delivery whose events have not been taken in.

    `written` are its drafts as they are stored, `open` makes of them what the door wrote.
    """

    id: DeliveryId
    source: str
    received_at: datetime
    written: str
    open: Callable[[str], str] = str

    def drafts(self) -> Sequence[dict[str, Any]]:
        """Read them: `[{"type": …, "subject": …, "occurred_at": datetime | None, "brand": …, "data": {…}}, …]`.

        Not while the batch is read: drafts that cannot be are their own delivery's trouble.
        """
        loaded = typed_json.load(self.open(self.written))
        assert isinstance(loaded, list)
        return loaded


def post(connection: Connection, arrival: Arrival, now: datetime) -> bool:
    """Store an arrival in the caller's transaction, as the door does in its own; False when it is known already."""
    store(connection, arrival, now)
    values = {"delivery_id": arrival.id, "until": instant(arrival.until(micros(now)))}
    kept = connection.execute(
        insert(connection, dedup_keys)
        .values(source=arrival.source, key=arrival.key, **values)
        .on_conflict_do_update(index_elements=["source", "key"], set_=values, where=dedup_keys.c.until <= now)
        .returning(dedup_keys.c.key)
    ).first()
    if kept is None:
        connection.execute(deliveries.delete().where(deliveries.c.id == arrival.id))
    return kept is not None


def store(connection: Connection, arrival: Arrival, now: datetime) -> None:
    """Put a delivery of our own making into the inbox, to be taken in like any other, whatever its key."""
    sealed = vault_of(connection).seal(arrival)
    connection.execute(
        deliveries.insert().values(
            id=sealed.id,
            source=sealed.source,
            received_at=now,
            shard=sealed.shard,
            state=sealed.state,
            body=sealed.body,
            reason=sealed.reason,
            # These are typed JSON already.
            headers=sa.type_coerce(sa.literal(sealed.headers), sa.Text),
            drafts=sa.type_coerce(sa.literal(sealed.drafts, sa.Text), sa.Text),
            problems=sa.type_coerce(sa.literal(sealed.problems, sa.Text), sa.Text),
        )
    )


_PENDING = in_state(deliveries, "pending")
_ANY_PENDING = sa.select(sa.literal(1)).where(_PENDING).limit(1)
_WAITS_IN_SHARD = _PENDING & (deliveries.c.shard == shards.c.id)
_SHARDS = Prepared(
    sa.select(shards.c.id)
    .where(sa.exists().where(_WAITS_IN_SHARD))
    .order_by(sa.select(sa.func.min(deliveries.c.id)).where(_WAITS_IN_SHARD).scalar_subquery())
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)


def any_pending(connection: Connection) -> bool:
    """Whether there is a delivery to take in."""
    return connection.scalar(_ANY_PENDING) is not None


def lock_shards(connection: Connection, most: int) -> list[int]:
    """Lock up to `most` shards that have deliveries waiting and that no other drainer holds.

    Those whose first delivery has waited longest come first: while more comes than can be taken in, none is left out.
    """
    return _SHARDS.scalars(connection, most=most)


_PENDING_IN_SHARD = Prepared(
    sa.select(
        deliveries.c.id,
        deliveries.c.source,
        deliveries.c.received_at,
        sa.type_coerce(deliveries.c.drafts, sa.Text).label("written"),
        sa.case((is_sealed(), sa.type_coerce(deliveries.c.headers, sa.Text))).label("sealed"),
    )
    .where(_PENDING, deliveries.c.shard == sa.bindparam("shard"))
    .order_by(deliveries.c.id)
    .limit(sa.bindparam("most"))
)


def pending(connection: Connection, shard: int, limit: int) -> list[Pending]:
    """The waiting deliveries of a locked shard, in the order they arrived."""
    vault = vault_of(connection)

    def opener(delivery_id: str, sealed: str | None) -> Callable[[str], str]:
        return str if sealed is None else partial(vault.open_drafts, delivery_id, typed_json.load(sealed))

    return [
        Pending(row.id, row.source, row.received_at, row.written, opener(row.id, row.sealed))
        for row in _PENDING_IN_SHARD.all(connection, shard=shard, most=limit)
    ]


_MARK_TAKEN = Prepared(
    deliveries.update()
    .where(one_of(deliveries.c.id, "ids"))
    .values(state=sa.literal_column("'taken'"), drafts=sa.null(), taken_at=sa.bindparam("at"))
)


def mark_taken(connection: Connection, delivery_ids: Sequence[str], now: datetime) -> None:
    """Their events stand in the ledger; the drafts are not needed any more."""
    _MARK_TAKEN.run(connection, ids=delivery_ids, at=now)


def set_aside(connection: Connection, delivery_id: str, problem: dict[str, object], now: datetime) -> None:
    """Intake cannot take this one in: keep it, with the reason, and let the others pass."""
    this = deliveries.c.id == delivery_id
    connection.execute(deliveries.update().where(this).values(state="rejected", problems=[problem], taken_at=now))


def record_milestones(connection: Connection, fresh: Sequence[Event], now: datetime) -> None:
    """Write down the milestones that events reach; one once reached never changes.

    Of all events of a transaction at once: two that wrote the same ones crosswise would wait for each other.
    """
    if not fresh:
        return
    reached = {(event.subject, event.type): event.id for event in reversed(fresh)}
    _REACH.run_all(
        connection,
        [
            {"subject": subject, "type": kind, "event_id": event_id, "reached_at": now}
            for (subject, kind), event_id in sorted(reached.items())
        ],
    )


_REACH = Prepared(
    sa.text(
        "INSERT INTO milestones (subject, type, event_id, reached_at) VALUES (:subject, :type, :event_id, :reached_at)"
        " ON CONFLICT DO NOTHING"
    ).bindparams(sa.bindparam("reached_at", type_=milestones.c.reached_at.type))
)
