"""Replays: which stored deliveries are looked at again, page by page, and how far each replay has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from workflows.errors import NotFound
from workflows.events import Event
from workflows.ledger.events import event_of
from workflows.ledger.lines import in_state
from workflows.ledger.listing import first_id
from workflows.ledger.tables import deliveries, effects, events, replays, runs
from workflows.ledger.vault import Opened, vault_of

CLOCKS_DIFFER = timedelta(minutes=10)
"""By how much the clock that made an id may differ from the ledger's."""


GIVEN_UP = "#"
"""Follows, with the effect's id, the key of an effect that does not stand for its step any more."""


class ReplayState(StrEnum):
    """Where one replay is."""

    RUNNING = "running"
    """Under way, or its process was killed: it can be continued."""
    STOPPED = "stopped"
    """Interrupted: it can be continued."""
    DONE = "done"


@dataclass(frozen=True)
class Which:
    """The deliveries a replay looks at: those of `ids`, or all in `state` that fit the rest.

    event_type  for one taken in, only its events of this type; for one that is examined again, only if it now carries
                an event of this type
    """

    state: str | None = None
    ids: tuple[str, ...] = ()
    source: str | None = None
    event_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """What of it is set, as the ledger keeps it."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}


@dataclass(frozen=True)
class Stored:
    """A delivery as the door stored it, perhaps sealed."""

    id: str
    source: str
    state: str
    received_at: datetime
    headers: Any
    body: bytes


@dataclass(frozen=True)
class Replay:
    """One replay, and how far it has come: `cursor` is the last delivery it looked at."""

    id: str
    by: str
    reason: str
    which: Which
    again: tuple[str, ...]
    state: ReplayState
    cursor: str
    counts: Mapping[str, int]
    begun_at: datetime


@dataclass(frozen=True)
class EarlierRun:
    """The latest run of one workflow for an event or a replay of it, and the steps whose calls stand."""

    id: str
    state: str
    definition_hash: str
    called: frozenset[str]


STANDING = ("done", "accepted", "in_doubt")
"""Effects that happened, or may have."""


def count(connection: Connection, which: Which, after: str = "") -> int:
    """How many deliveries there are to look at after `after`."""
    statement = _narrowed(sa.select(sa.func.count()), which).where(deliveries.c.id > _start(which, after))
    return connection.scalar(statement) or 0


def page(connection: Connection, which: Which, after: str, limit: int) -> list[Stored]:
    """The next deliveries after `after`, the oldest first."""
    columns = [deliveries.c[name] for name in Stored.__dataclass_fields__]
    statement = _narrowed(sa.select(*columns), which).where(deliveries.c.id > _start(which, after))
    rows = connection.execute(statement.order_by(deliveries.c.id).limit(limit))
    return [Stored(**row._mapping) for row in rows]


def opened(connection: Connection, stored: Stored) -> Opened:
    """What a delivery holds. Raises KeyMissing and Tampered."""
    return vault_of(connection).open(stored.id, stored.headers, stored.body)


def readmit(connection: Connection, stored: Stored, *, drafts: str, shard: int, reason: str | None) -> bool:
    """Have intake take in what fits now; False when it is not any more as it was read."""
    sealed = vault_of(connection).seal_drafts(stored.id, stored.headers, drafts)
    text_of_drafts = sa.type_coerce(sa.literal(sealed), sa.Text)
    values = {"state": "pending", "shard": shard, "drafts": text_of_drafts, "reason": reason}
    values |= {"problems": None, "taken_at": None}
    return bool(connection.execute(_as_read(stored).values(**values)).rowcount)


def keep(connection: Connection, stored: Stored, *, state: str, problems: str | None, reason: str | None) -> bool:
    """Write down what is in its way now; False when it is not any more as it was read."""
    text_of_problems = None if problems is None else sa.type_coerce(sa.literal(problems), sa.Text)
    values = {"state": state, "problems": text_of_problems, "reason": reason}
    return bool(connection.execute(_as_read(stored).values(**values)).rowcount)


def backlog(connection: Connection, most: int) -> int:
    """How many deliveries wait for intake, counted up to `most`."""
    waiting = sa.select(deliveries.c.id).where(in_state(deliveries, "pending")).limit(most)
    return len(list(connection.scalars(waiting)))


def events_of(connection: Connection, delivery_id: str, event_type: str | None) -> list[Event]:
    """The events a delivery was taken in as, without their replays; each is locked until the transaction ends."""
    statement = sa.select(events).where(events.c.delivery_id == delivery_id, events.c.replay_of.is_(None))
    if event_type is not None:
        statement = statement.where(events.c.type == event_type)
    # Two replays of one event at a time would each find no run of the other.
    locked = statement.order_by(events.c.id).with_for_update(key_share=True)
    return [event_of(row) for row in connection.execute(locked)]


def earlier_runs(connection: Connection, origin: str) -> dict[str, EarlierRun]:
    """The latest run of each workflow for an event and its replays, by the workflow's name."""
    joined = runs.join(events, events.c.id == runs.c.event_id)
    same_news = (events.c.id == origin) | (events.c.replay_of == origin)
    latest = connection.execute(
        sa.select(runs.c.workflow, runs.c.id, runs.c.state, runs.c.definition_hash)
        .select_from(joined)
        .where(same_news)
        .order_by(runs.c.id)
    ).all()
    called = connection.execute(
        sa.select(runs.c.workflow, effects.c.step)
        .select_from(joined.join(effects, effects.c.run_id == runs.c.id))
        .where(same_news, effects.c.state.in_(STANDING), stands())
    ).all()
    return {
        row.workflow: EarlierRun(*row[1:], frozenset(step for workflow, step in called if workflow == row.workflow))
        for row in latest
    }


def make_again(connection: Connection, origin: str, workflow: str, steps: Collection[str]) -> int:
    """Let the next run of `workflow` make the calls of these steps once more; how many stood until now."""
    mine = runs_for(origin, workflow)
    these = effects.c.run_id.in_(mine) & effects.c.step.in_(sorted(steps)) & effects.c.state.in_(STANDING)
    return give_up_key(connection, these & stands())


def begun_by(connection: Connection, event_ids: Sequence[str]) -> list[str]:
    """The workflows of the runs that began with these events: running, in a queue, or waiting for a person."""
    statement = sa.select(runs.c.workflow).where(runs.c.event_id.in_(event_ids)).order_by(runs.c.id)
    return list(connection.scalars(statement))


def runs_for(origin: str, workflow: str) -> Select[Any]:
    """The ids of the runs of a workflow for an event and its replays."""
    joined = sa.select(runs.c.id).join(events, events.c.id == runs.c.event_id)
    return joined.where(runs.c.workflow == workflow, (events.c.id == origin) | (events.c.replay_of == origin))


def stands() -> sa.ColumnElement[bool]:
    """Effects that still stand for their step."""
    return ~effects.c.key.contains(GIVEN_UP)


def give_up_key(connection: Connection, which: sa.ColumnElement[bool]) -> int:
    """These effects do not stand for their step any more: another may be made."""
    return connection.execute(
        effects.update().where(which).values(key=effects.c.key + GIVEN_UP + effects.c.id)
    ).rowcount


def begin(
    connection: Connection, *, replay_id: str, which: Which, again: Sequence[str], by: str, reason: str, now: datetime
) -> Replay:
    """Write down that a replay begins."""
    asked = {**which.as_dict(), **({"again": list(again)} if again else {})}
    connection.execute(
        replays.insert().values(
            id=replay_id,
            by=by,
            reason=reason,
            asked=asked,
            state=ReplayState.RUNNING,
            cursor="",
            counts={},
            begun_at=now,
            moved_at=now,
        )
    )
    return find(connection, replay_id)


def find(connection: Connection, replay_id: str) -> Replay:
    """The replay with that id. Raises NotFound."""
    row = connection.execute(sa.select(replays).where(replays.c.id == replay_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no replay {replay_id}")
    asked = dict(row.asked)
    again = tuple(asked.pop("again", ()))
    which = Which(**{**asked, "ids": tuple(asked.get("ids", ()))})
    return Replay(
        row.id, row.by, row.reason, which, again, ReplayState(row.state), row.cursor, row.counts, row.begun_at
    )


def lock(connection: Connection, replay: Replay) -> bool:
    """Lock a replay for this transaction; False when another process has moved it on meanwhile, and is at it."""
    here = (replays.c.id == replay.id) & (replays.c.cursor == replay.cursor) & (replays.c.state != ReplayState.DONE)
    return connection.scalar(sa.select(replays.c.id).where(here).with_for_update()) is not None


def move(
    connection: Connection, replay: Replay, *, cursor: str, state: ReplayState, counts: Counter[str], now: datetime
) -> Replay:
    """Write down how far a locked replay has come."""
    total = dict(Counter(replay.counts) + counts)
    moved = replays.update().where(replays.c.id == replay.id)
    connection.execute(moved.values(cursor=cursor, state=state, counts=total, moved_at=now))
    return replace(replay, cursor=cursor, state=state, counts=total)


def stop(connection: Connection, replay_id: str, now: datetime) -> bool:
    """Write down that it was interrupted; False when it was over."""
    running = (replays.c.id == replay_id) & (replays.c.state == ReplayState.RUNNING)
    return bool(
        connection.execute(replays.update().where(running).values(state=ReplayState.STOPPED, moved_at=now)).rowcount
    )


def _start(which: Which, after: str) -> str:
    """Where to begin: ids sort by time, so the primary key bounds the look."""
    return first_id(which.since - CLOCKS_DIFFER) if which.since is not None and not after else after


def _narrowed(statement: Select[Any], which: Which) -> Select[Any]:
    statement = statement.select_from(deliveries)
    if which.ids:
        statement = statement.where(deliveries.c.id.in_(which.ids))
    if which.state is not None:
        statement = statement.where(in_state(deliveries, which.state))
    if which.source is not None:
        statement = statement.where(deliveries.c.source == which.source)
    if which.since is not None:
        statement = statement.where(deliveries.c.received_at >= which.since)
    if which.until is not None:
        statement = statement.where(deliveries.c.received_at < which.until)
    return statement


def _as_read(stored: Stored) -> sa.Update:
    return deliveries.update().where(deliveries.c.id == stored.id, deliveries.c.state == stored.state)
