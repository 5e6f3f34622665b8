"""Drift: what the payloads of each source look like, and what was unlike it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.shapes import Difference, Field, Shape
from workflows.errors import NotFound
from workflows.events import OURS
from workflows.ledger.database import insert
from workflows.ledger.tables import deliveries, drifts, events, shapes
from workflows.ledger.vault import KeyMissing, Tampered, vault_of
from workflows.values import new_id

LIMIT = 200


@dataclass(frozen=True)
class Group:
    """One kind of payload: the bodies of a source that carry a type of event first, or the data of such events."""

    source: str
    type: str
    part: str


@dataclass(frozen=True)
class Sample:
    """A delivery that was taken in, with its events: (type, data)."""

    id: str
    source: str
    headers: Mapping[str, str]
    body: bytes
    events: Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Drift:
    """One thing that was unlike everything before."""

    id: str
    source: str
    type: str
    part: str
    what: str
    path: str
    before: Sequence[str]
    now: Sequence[str]
    delivery_id: str
    seen_at: datetime
    accepted_at: datetime | None


def samples(connection: Connection, after: str, *, limit: int, most_bytes: int) -> list[Sample]:
    """The latest deliveries taken in after `after`, in order; large bodies are left out."""
    newest = (
        sa.select(deliveries.c.id, deliveries.c.source, deliveries.c.headers, deliveries.c.body)
        .where(deliveries.c.id > after, deliveries.c.state == "taken", deliveries.c.source != OURS)
        .where(sa.func.length(deliveries.c.body) <= most_bytes)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    bodies = connection.execute(newest).all()[::-1]
    carried: dict[str, list[tuple[str, Any]]] = {row.id: [] for row in bodies}
    of_these = events.c.delivery_id.in_(list(carried)) & events.c.replay_of.is_(None)
    found = sa.select(events.c.delivery_id, events.c.type, events.c.data).where(of_these).order_by(events.c.id)
    for row in connection.execute(found.limit(limit * 20)):
        carried[row.delivery_id].append((row.type, row.data))
    vault = vault_of(connection)
    opened = []
    for sealed in bodies:
        with contextlib.suppress(KeyMissing, Tampered):  # there are others to learn from
            held = vault.open(sealed.id, sealed.headers, sealed.body)
            opened.append(Sample(sealed.id, sealed.source, held.headers, held.body, carried[sealed.id]))
    return opened


def shape(connection: Connection, group: Group) -> Shape:
    """What is known of one kind of payload."""
    row = connection.execute(sa.select(shapes.c.samples, shapes.c.fields).where(_is(group))).one_or_none()
    if row is None:
        return Shape()
    fields = {path: Field(tuple(kinds), *rest) for path, (kinds, *rest) in row.fields.items()}
    return Shape(row.samples, fields)


def keep_shape(connection: Connection, group: Group, learned: Shape) -> None:
    """Write down what is known now."""
    fields = {
        path: [list(item.kinds), item.seen, item.missed, item.is_optional] for path, item in learned.fields.items()
    }
    values = {"samples": learned.samples, "fields": fields}
    statement = insert(connection, shapes).values(source=group.source, type=group.type, part=group.part, **values)
    keys = [shapes.c.source, shapes.c.type, shapes.c.part]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def note(
    connection: Connection, group: Group, differences: Iterable[Difference], delivery_id: str, now: datetime
) -> None:
    """Write down what was unlike it."""
    rows = [
        {
            "id": new_id(),
            "source": group.source,
            "type": group.type,
            "part": group.part,
            "what": item.what,
            "path": item.path,
            "before": list(item.before),
            "now": list(item.now),
            "delivery_id": delivery_id,
            "seen_at": now,
        }
        for item in differences
    ]
    if rows:
        connection.execute(drifts.insert(), rows)


def listed(connection: Connection, *, with_accepted: bool = False, limit: int = LIMIT) -> list[Drift]:
    """What was noticed, newest first."""
    statement = sa.select(drifts).order_by(drifts.c.id.desc()).limit(limit)
    if not with_accepted:
        statement = statement.where(drifts.c.accepted_at.is_(None))
    return [Drift(**row._mapping) for row in connection.execute(statement)]


def accept(connection: Connection, drift_id: str, now: datetime) -> Drift:
    """Somebody has seen it: it is listed no more. Raises NotFound."""
    open_one = (drifts.c.id == drift_id) & drifts.c.accepted_at.is_(None)
    row = connection.execute(drifts.update().where(open_one).values(accepted_at=now).returning(*drifts.c)).one_or_none()
    if row is None:
        raise NotFound(f"there is no drift {drift_id} to accept")
    return Drift(**row._mapping)


def _is(group: Group) -> sa.ColumnElement[bool]:
    return (shapes.c.source == group.source) & (shapes.c.type == group.type) & (shapes.c.part == group.part)
