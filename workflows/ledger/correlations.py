"""Correlations: runs that wait for events, and events that runs wait for, found through one index.

An event is kept under a key for every path that anybody listens at (`listened`); a wait is a row with such a key. The
two transactions that write them never wait for each other, so a run that begins to wait looks once more a moment later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.correlation import keys_of, sought
from workflows.engine.decisions import Wanted
from workflows.events import Event
from workflows.ledger import nudges
from workflows.ledger.database import insert
from workflows.ledger.events import event_of, read_event
from workflows.ledger.prepared import Later, Prepared, one_of
from workflows.ledger.tables import awaited, event_keys, events, listened
from workflows.values import first_id_at, new_id, time_of_id

FIRST_LOOK = timedelta(seconds=1)
LAST_LOOK = timedelta(minutes=1)
"""A run that has begun to wait looks again after 1 s, then ever more rarely, until this long after: what a transaction
wrote that was open when the waiting began is committed by then."""

MOST_KEPT = 50_000
"""Events that are given keys at once when somebody begins to listen."""


@dataclass(frozen=True)
class Came:
    """An event that came for a wait, under the name it is awaited by; `wait_id` None: it cancels the run."""

    wait_id: str | None
    name: str
    event: Event


def listen(connection: Connection, kind: str, path: str, lookback: timedelta, now: datetime) -> None:
    """From now on events of this type are kept under what stands at `path`, those of the last `lookback` included."""
    length = lookback // timedelta(microseconds=1)
    this = (listened.c.type == kind) & (listened.c.path == path)
    known = connection.scalar(sa.select(listened.c.lookback).where(this))
    if known is not None and known >= length:
        return
    row = insert(connection, listened).values(type=kind, path=path, lookback=length)
    connection.execute(row.on_conflict_do_update(index_elements=["type", "path"], set_={"lookback": length}))
    recent = (
        sa.select(events)
        .where(events.c.type == kind, events.c.id >= first_id_at(now - lookback))
        .order_by(events.c.id.desc())
        .limit(MOST_KEPT)
    )
    earlier = [(event, time_of_id(event.id)) for event in map(event_of, connection.execute(recent))]
    _keep(connection, ((event, [path], came_at) for event, came_at in earlier))


_LISTENED = Prepared(sa.select(listened.c.type, listened.c.path).where(one_of(listened.c.type, "kinds")))


Listened = Mapping[str, Sequence[str]]
"""The paths that are listened at, by the type of the event."""


def ask_listened(connection: Connection, fresh: Sequence[Event]) -> Later[Listened]:
    """Where somebody listens at events of these types."""
    rows = _LISTENED.ask(connection, kinds={event.type for event in fresh})

    def found() -> Listened:
        paths: dict[str, list[str]] = {}
        for row in rows():
            paths.setdefault(row.type, []).append(row.path)
        return paths

    return found


def note(connection: Connection, fresh: Sequence[Event], now: datetime, paths: Listened | None = None) -> None:
    """Keep new events under their keys, and tell the runs that wait for them; `paths` if they are known already."""
    paths = ask_listened(connection, fresh)() if paths is None else paths
    if not paths:
        return
    keys = _keep(connection, ((event, paths.get(event.type, []), now) for event in fresh))
    waiting = sa.select(awaited.c.run_id).where(awaited.c.is_open == 1, awaited.c.key.in_(keys)).distinct()
    nudges.leave(connection, list(connection.scalars(waiting)) if keys else [], now)


def begin(connection: Connection, run_id: str, wait_id: str | None, wanted: Iterable[Wanted], now: datetime) -> None:
    """Have a locked run wait for events."""
    rows = []
    for one in sought(wanted):
        listen(connection, one.type, one.path, now - one.wanted.since, now)
        rows.append(
            {
                "id": new_id(),
                "run_id": run_id,
                "wait_id": wait_id,
                "name": one.wanted.name,
                "key": one.key,
                "since": one.wanted.since,
                "created_at": now,
                "look_at": now + FIRST_LOOK,
            }
        )
    if rows:
        connection.execute(awaited.insert(), rows)


def take(connection: Connection, run_id: str, began_with: str) -> list[Came]:
    """What came for a locked run since it began to wait, in the order it came; each is taken once.

    The event it began with does not cancel it, though it may be of a type that does.
    """
    counts = awaited.c.wait_id.is_not(None) | (event_keys.c.event_id != began_with)
    first = sa.select(sa.func.min(event_keys.c.event_id)).where(
        event_keys.c.key == awaited.c.key, event_keys.c.came_at >= awaited.c.since, counts
    )
    found = sa.select(awaited.c.id, awaited.c.wait_id, awaited.c.name, first.scalar_subquery().label("event_id"))
    rows = connection.execute(found.where(awaited.c.run_id == run_id, awaited.c.is_open == 1)).all()
    hits = sorted((row for row in rows if row.event_id is not None), key=lambda row: row.event_id)
    came: dict[tuple[str | None, str], Came] = {}
    for row in hits:
        if (row.wait_id, row.name) in came:
            continue
        came[row.wait_id, row.name] = Came(row.wait_id, row.name, read_event(connection, row.event_id))
        same = (awaited.c.run_id == run_id) & (awaited.c.name == row.name) & (awaited.c.is_open == 1)
        same &= awaited.c.wait_id.is_(None) if row.wait_id is None else awaited.c.wait_id == row.wait_id
        connection.execute(awaited.update().where(same).values(is_open=0, look_at=None, event_id=row.event_id))
    return list(came.values())


def came_for(connection: Connection, wait_id: str) -> dict[str, Event]:
    """What has come for a wait so far, by name, in the order it came."""
    statement = (
        sa.select(awaited.c.name, events)
        .join(events, events.c.id == awaited.c.event_id)
        .where(awaited.c.wait_id == wait_id)
        .order_by(events.c.id)
    )
    return {row.name: event_of(row) for row in connection.execute(statement)}


def close(connection: Connection, wait_ids: Sequence[str]) -> None:
    """Nobody waits any more."""
    open_ = awaited.c.wait_id.in_(wait_ids) & (awaited.c.is_open == 1)
    connection.execute(awaited.update().where(open_).values(is_open=0, look_at=None))


_CLOSE_RUN = (
    awaited.update()
    .where(awaited.c.run_id == sa.bindparam("run"), awaited.c.is_open == 1)
    .values(is_open=0, look_at=None)
)


def close_run(connection: Connection, run_id: str) -> None:
    """The run waits for nothing any more, and nothing cancels it."""
    connection.execute(_CLOSE_RUN, {"run": run_id})


def look_again(connection: Connection, now: datetime, limit: int) -> int:
    """Tell runs of events that came in the very moment they began to wait; how many were looked at."""
    due = sa.select(awaited.c.id, awaited.c.run_id, awaited.c.key, awaited.c.since, awaited.c.created_at).where(
        awaited.c.look_at.is_not(None), awaited.c.look_at <= now
    )
    rows = connection.execute(due.order_by(awaited.c.look_at).limit(limit).with_for_update(skip_locked=True)).all()
    for row in rows:
        came = sa.select(sa.literal(1)).where(event_keys.c.key == row.key, event_keys.c.came_at >= row.since)
        if connection.scalar(came.limit(1)) is not None:
            nudges.leave(connection, [row.run_id], now)
        age = max(now - row.created_at, FIRST_LOOK)
        following = None if age >= LAST_LOOK else now + age
        connection.execute(awaited.update().where(awaited.c.id == row.id).values(look_at=following))
    return len(rows)


_LOOKS_DUE = (
    sa.select(sa.literal(1)).where(awaited.c.look_at.is_not(None), awaited.c.look_at <= sa.bindparam("now")).limit(1)
)


def looks_due(connection: Connection, now: datetime) -> bool:
    """Whether there is a run that is to look again."""
    return connection.scalar(_LOOKS_DUE, {"now": now}) is not None


def _keep(connection: Connection, found: Iterable[tuple[Event, Sequence[str], datetime]]) -> list[str]:
    """Keep events under what stands at these paths, with when they came; the keys."""
    rows = [
        {"key": key, "event_id": event.id, "came_at": came_at}
        for event, paths, came_at in found
        for key in keys_of(event, paths)
    ]
    if rows:
        connection.execute(insert(connection, event_keys).on_conflict_do_nothing(), rows)
    return [str(row["key"]) for row in rows]
