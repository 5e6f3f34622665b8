"""Retention: rows past their time go, a page at a time; what still matters is kept, emptied of what it held.

Each function looks at some rows by id, in the caller's transaction, and deletes those of them that nothing needs any
more. Ids sort by time, so a walk over the old rows is a walk along the primary key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.states import EFFECT_MOVES, RUN_MOVES
from workflows.ledger.arrivals import KEPT
from workflows.ledger.listing import first_id
from workflows.ledger.tables import (
    attempts,
    awaited,
    dedup_keys,
    deliveries,
    effect_subjects,
    effects,
    event_keys,
    events,
    expectations,
    gathered,
    instant,
    milestones,
    nudges,
    once_keys,
    runs,
    steps,
    votes,
    waits,
)

RUN_IS_OVER = [state for state, moves in RUN_MOVES.items() if not moves]
EFFECT_IS_OVER = [state for state, moves in EFFECT_MOVES.items() if not moves]
MOST_AT_ONCE = 1000
NOTHING: dict[str, Any] = {"method": "", "base": "", "path": "", "query": [], "body": None, "content_type": None}
"""What is left of a request."""


def page(connection: Connection, table: sa.Table, after: str, before: datetime, limit: int) -> list[str]:
    """The next ids of rows made before an instant."""
    old = (table.c.id > after) & (table.c.id < first_id(before))
    return list(connection.scalars(sa.select(table.c.id).where(old).order_by(table.c.id).limit(limit)))


def remove_runs(connection: Connection, ids: Sequence[str], before: datetime, now: datetime) -> Counter[str]:
    """Delete runs that ended before an instant, with all that is theirs. An effect that has a once-key stays, empty."""
    child = runs.alias()
    over = runs.c.id.in_(ids) & runs.c.state.in_(RUN_IS_OVER) & (runs.c.ended_at < before)
    is_out = sa.exists().where(effects.c.run_id == runs.c.id, effects.c.state.not_in(EFFECT_IS_OVER))
    has_children = sa.exists().where(child.c.parent_id == runs.c.id)
    found = sa.select(runs.c.id).where(over, ~is_out, ~has_children).with_for_update(skip_locked=True)
    gone = list(connection.scalars(found))
    if not gone:
        return Counter()
    asked = sa.select(waits.c.id).where(waits.c.run_id.in_(gone))
    connection.execute(votes.delete().where(votes.c.wait_id.in_(asked)))
    told = Counter(runs=len(gone))
    theirs = _ids(connection, effects, effects.c.run_id.in_(gone))
    for start in range(0, len(theirs), MOST_AT_ONCE):  # a run may have thousands, a statement takes so many values
        told += _remove_effects(connection, theirs[start : start + MOST_AT_ONCE])
    for table in (awaited, waits, nudges, steps):
        connection.execute(table.delete().where(table.c.run_id.in_(gone)))
    connection.execute(runs.delete().where(runs.c.id.in_(gone)))
    return told


def remove_effects(connection: Connection, ids: Sequence[str], before: datetime, now: datetime) -> Counter[str]:
    """Delete effects of no run that ended before an instant: calls made by hand."""
    over = effects.c.run_id.is_(None) & effects.c.state.in_(EFFECT_IS_OVER) & (effects.c.ended_at < before)
    return _remove_effects(connection, list(_ids(connection, effects, effects.c.id.in_(ids) & over)))


def remove_events(connection: Connection, ids: Sequence[str], before: datetime, now: datetime) -> Counter[str]:
    """Delete events of which no run is left. One that reached a milestone stays, empty: the milestone still counts."""
    mine = events.c.id.in_(ids)
    needed = (
        sa.exists().where(runs.c.event_id == events.c.id)
        | sa.exists().where(awaited.c.event_id == events.c.id)
        | sa.exists().where(gathered.c.event_id == events.c.id, gathered.c.look_at.is_not(None))
        | sa.exists().where(gathered.c.began == events.c.id, gathered.c.event_id != events.c.id)
        | sa.exists().where(
            expectations.c.subject == events.c.subject,
            expectations.c.event_id == events.c.id,
            expectations.c.state.in_(("open", "missing")),
        )
    )
    reached = sa.exists().where(milestones.c.event_id == events.c.id)
    free = _ids(connection, events, mine & ~needed)
    connection.execute(event_keys.delete().where(event_keys.c.event_id.in_(free)))
    connection.execute(gathered.delete().where(gathered.c.event_id.in_(free)))
    connection.execute(expectations.delete().where(expectations.c.event_id.in_(free)))
    kept = _ids(connection, events, events.c.id.in_(free) & reached)
    has_data = events.c.id.in_(kept) & (sa.type_coerce(events.c.data, sa.Text) != "{}")
    emptied = connection.execute(events.update().where(has_data).values(data={})).rowcount
    gone = sorted(set(free) - set(kept))
    connection.execute(events.delete().where(events.c.id.in_(gone)))
    return Counter(events=len(gone), emptied=emptied)


def remove_deliveries(connection: Connection, ids: Sequence[str], before: datetime, now: datetime) -> Counter[str]:
    """Empty deliveries, and delete those that no event came of, or is left of, and no repeat may still be told by."""
    mine = deliveries.c.id.in_(ids) & (deliveries.c.state != "pending")
    held = mine & (sa.func.length(deliveries.c.body) > 0)
    empty: dict[str, Any] = {"body": b"", "headers": {}, "drafts": None}
    emptied = connection.execute(deliveries.update().where(held).values(**empty)).rowcount
    is_carried = sa.exists().where(events.c.delivery_id == deliveries.c.id)
    still = (dedup_keys.c.until > now) & (dedup_keys.c.until != instant(KEPT))
    is_known = sa.exists().where(dedup_keys.c.delivery_id == deliveries.c.id, still)
    gone = _ids(connection, deliveries, mine & ~is_carried & ~is_known)
    connection.execute(dedup_keys.delete().where(dedup_keys.c.delivery_id.in_(gone)))
    connection.execute(deliveries.delete().where(deliveries.c.id.in_(gone)))
    return Counter(deliveries=len(gone), bodies=emptied)


def _remove_effects(connection: Connection, ids: Sequence[str]) -> Counter[str]:
    if not ids:
        return Counter()
    has_key = sa.exists().where(once_keys.c.effect_id == effects.c.id)
    kept = _ids(connection, effects, effects.c.id.in_(ids) & has_key)
    for table in (attempts, effect_subjects):
        connection.execute(table.delete().where(table.c.effect_id.in_(ids)))
    for effect_id, operation in connection.execute(
        sa.select(effects.c.id, effects.c.operation).where(effects.c.id.in_(kept))
    ).all():
        bare: dict[str, Any] = {
            "run_id": None,
            "inputs": {},
            "output": None,
            "expects": None,
            "seen": None,
            "reason": None,
        }
        request = {**NOTHING, "operation": operation}
        connection.execute(effects.update().where(effects.c.id == effect_id).values(**bare, request=request))
    gone = sorted(set(ids) - set(kept))
    connection.execute(effects.delete().where(effects.c.id.in_(gone)))
    return Counter(effects=len(gone))


def _ids(connection: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> list[str]:
    return list(connection.scalars(sa.select(table.c.id).where(which)))
