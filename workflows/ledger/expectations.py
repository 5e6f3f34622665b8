"""Expectations: follow-ups that must come, opened by one event and met by another about the same subject."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows import typed_json
from workflows.events import OURS, Event
from workflows.ledger import deliveries as inbox
from workflows.ledger.arrivals import Arrival, shard_of
from workflows.ledger.tables import effects, events, expectations, milestones
from workflows.values import DeliveryId, new_id

ENDED_CALLS = ("done", "refused", "cancelled")


class ExpectationState(StrEnum):
    """Where one expectation is."""

    OPEN = "open"
    MISSING = "missing"
    """Overdue, and said so; the follow-up may still come."""
    FOUND = "found"
    """The vendor says it happened: the follow-up was written down in the place of a webhook that may still come."""
    MET = "met"


@dataclass(frozen=True)
class Row:
    """One expectation."""

    id: str
    after: str
    comes: Sequence[str]
    subject: str
    event_id: str
    state: str
    due_at: datetime
    found: str | None
    met_by: str | None
    polls: int
    effect_id: str | None
    created_at: datetime


def open_one(
    connection: Connection,
    event: Event,
    comes: Sequence[str],
    *,
    due_at: datetime,
    poll_at: datetime | None,
    now: datetime,
) -> bool:
    """Expect a follow-up of `event`; False when one is expected already, or came before the first of its kind."""
    known = sa.select(expectations.c.id).where(
        expectations.c.subject == event.subject,
        expectations.c.after == event.type,
        expectations.c.state.in_((ExpectationState.OPEN, ExpectationState.MISSING)),
    )
    if connection.scalar(known.limit(1)) is not None or _came_before(connection, event, comes):
        return False
    connection.execute(
        expectations.insert().values(
            id=new_id(),
            after=event.type,
            comes=list(comes),
            subject=event.subject,
            event_id=event.id,
            state=ExpectationState.OPEN,
            due_at=due_at,
            poll_at=poll_at,
            created_at=now,
        )
    )
    return True


def concerned(connection: Connection, subjects: Collection[str]) -> list[Row]:
    """What is, or was lately, expected about these subjects; locked."""
    statement = sa.select(*_columns()).where(
        expectations.c.subject.in_(sorted(subjects)), expectations.c.state != ExpectationState.MET
    )
    return [Row(**row._mapping) for row in connection.execute(statement.order_by(expectations.c.id).with_for_update())]


def meet(connection: Connection, row: Row, event_id: str, now: datetime) -> None:
    """The follow-up came. What the vendor had told of before stays found: its webhook may still come."""
    state = (
        ExpectationState.FOUND if row.state == ExpectationState.FOUND and row.met_by is None else ExpectationState.MET
    )
    values: dict[str, Any] = {"state": state, "met_by": row.met_by or event_id, "poll_at": None, "ended_at": now}
    connection.execute(expectations.update().where(expectations.c.id == row.id).values(**values))


_OVERDUE = (
    sa.select(expectations.c.id)
    .where(
        expectations.c.state == sa.literal("open", literal_execute=True), expectations.c.due_at <= sa.bindparam("now")
    )
    .order_by(expectations.c.due_at)
    .limit(sa.bindparam("most"))
)


def overdue(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Expectations whose time is up, the longest first."""
    return list(connection.scalars(_OVERDUE, {"now": now, "most": limit}))


def to_poll(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Expectations about which the vendor is to be asked now."""
    due = expectations.c.poll_at.is_not(None) & (expectations.c.poll_at <= now)
    return list(
        connection.scalars(sa.select(expectations.c.id).where(due).order_by(expectations.c.poll_at).limit(limit))
    )


def answered(connection: Connection, limit: int) -> list[str]:
    """Expectations whose call to the vendor has ended."""
    statement = (
        sa.select(expectations.c.id)
        .join(effects, effects.c.id == expectations.c.effect_id)
        .where(expectations.c.effect_id.is_not(None), effects.c.state.in_(ENDED_CALLS))
    )
    return list(connection.scalars(statement.limit(limit)))


def lock(connection: Connection, expectation_id: str) -> Row:
    """The expectation, locked for this transaction."""
    statement = sa.select(*_columns()).where(expectations.c.id == expectation_id).with_for_update()
    return Row(**connection.execute(statement).one()._mapping)


def change(connection: Connection, row: Row, **values: Any) -> None:
    """Change a locked expectation."""
    connection.execute(expectations.update().where(expectations.c.id == row.id).values(**values))


def answer_of(connection: Connection, effect_id: str) -> Any:
    """What the vendor answered; None where the call came to nothing."""
    row = connection.execute(
        sa.select(effects.c.state, effects.c.output).where(effects.c.id == effect_id)
    ).one_or_none()
    return row.output if row is not None and row.state == "done" else None


def post(connection: Connection, draft: Mapping[str, Any], *, queue: str, now: datetime) -> None:
    """Put an event of our own into the inbox, to be taken in like any other, in line with `queue`'s."""
    arrival = Arrival(
        id=DeliveryId(new_id()),
        source=OURS,
        key="",
        window=None,
        shard=shard_of(queue, draft["subject"]),
        headers="{}",
        body=typed_json.dump(draft).encode(),
        drafts=typed_json.dump([draft]),
        problems=None,
    )
    inbox.store(connection, arrival, now)


def _came_before(connection: Connection, event: Event, comes: Sequence[str]) -> bool:
    """Whether a follow-up overtook the first event of its kind."""
    mine = events.c.subject == event.subject
    another = sa.select(sa.literal(1)).where(mine, events.c.type == event.type, events.c.id != event.id)
    if connection.scalar(another.limit(1)) is not None:
        return False
    reached = sa.select(sa.literal(1)).where(milestones.c.subject == event.subject, milestones.c.type.in_(comes))
    return connection.scalar(reached.limit(1)) is not None


def _columns() -> list[sa.Column[Any]]:
    return [expectations.c[name] for name in Row.__dataclass_fields__]
