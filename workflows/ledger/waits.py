"""Waits: what runs wait for: a time, events, people. Written under the lock of their run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.approvals import Vote, details_of
from workflows.engine.decisions import Ask
from workflows.engine.snapshot import At
from workflows.engine.states import RunState, WaitKind, WaitState
from workflows.ledger import correlations
from workflows.ledger.lines import in_state
from workflows.ledger.tables import runs, votes, waits
from workflows.values import WaitId, new_id


@dataclass(frozen=True)
class WaitRow:
    """One wait."""

    id: WaitId
    run_id: str
    at: At
    round: int
    kind: WaitKind
    state: WaitState
    due_at: datetime
    details: Any
    created_at: datetime
    output: Any = None
    ended_at: datetime | None = None


def start(
    connection: Connection,
    run_id: str,
    at: At,
    kind: WaitKind,
    due_at: datetime,
    now: datetime,
    *,
    details: Any = None,
    round_: int = 0,
) -> WaitId:
    """Write down that a step waits, at most until `due_at`."""
    wait_id = WaitId(new_id())
    connection.execute(
        waits.insert().values(
            id=wait_id,
            run_id=run_id,
            step=at.step,
            iteration=at.iteration,
            round=round_,
            kind=kind,
            state=WaitState.OPEN,
            due_at=due_at,
            details=details,
            created_at=now,
        )
    )
    return wait_id


def ask(connection: Connection, run_id: str, decision: Ask, now: datetime) -> WaitId:
    """Write a question down."""
    details = details_of(decision.question)
    return start(
        connection,
        run_id,
        decision.at,
        WaitKind.APPROVAL,
        decision.due_at,
        now,
        details=details,
        round_=decision.round,
    )


def find(connection: Connection, wait_id: str) -> WaitRow | None:
    """One wait. Lock its run before changing it."""
    row = connection.execute(sa.select(waits).where(waits.c.id == wait_id)).one_or_none()
    return None if row is None else _wait_row(row)


def questions(connection: Connection, limit: int) -> list[WaitRow]:
    """What people are asked now, the longest asked first."""
    # In the words of its partial index.
    kind = waits.c.kind == sa.literal(str(WaitKind.APPROVAL), sa.Text, literal_execute=True)
    statement = sa.select(waits).where(in_state(waits, WaitState.OPEN), kind).order_by(waits.c.id).limit(limit)
    return [_wait_row(row) for row in connection.execute(statement)]


def rounds_before(connection: Connection, wait: WaitRow) -> list[WaitRow]:
    """What was asked at the same place before, the first first."""
    here = (waits.c.run_id == wait.run_id) & (waits.c.step == wait.at.step) & (waits.c.iteration == wait.at.iteration)
    rows = connection.execute(sa.select(waits).where(here, waits.c.round.between(0, wait.round - 1)))
    return sorted((_wait_row(row) for row in rows), key=lambda before: before.round)


def set_aside(connection: Connection, run_id: str, steps: Sequence[At]) -> None:
    """These steps are taken once more: what they waited for stays, as rounds below zero, and counts no more."""
    for at in steps:
        here = (waits.c.run_id == run_id) & (waits.c.step == at.step) & (waits.c.iteration == at.iteration)
        lowest = connection.scalar(sa.select(sa.func.min(waits.c.round)).where(here))
        if lowest is None:
            continue
        below = min(lowest, 0) - 1
        moved = waits.update().where(here, waits.c.round >= 0)
        connection.execute(moved.values(round=below - waits.c.round))


def _wait_row(row: sa.Row[Any]) -> WaitRow:
    return WaitRow(
        id=WaitId(row.id),
        run_id=row.run_id,
        at=At(row.step, row.iteration),
        round=row.round,
        kind=WaitKind(row.kind),
        state=WaitState(row.state),
        due_at=row.due_at,
        details=row.details,
        created_at=row.created_at,
        output=row.output,
        ended_at=row.ended_at,
    )


def release(connection: Connection, wait_id: str, output: Mapping[str, Any], now: datetime) -> bool:
    """A wait is over, with what it was waited for; False when it already was."""
    open_ = (waits.c.id == wait_id) & (waits.c.state == WaitState.OPEN)
    released = waits.update().where(open_).values(state=WaitState.DONE, ended_at=now, output=output)
    return bool(connection.execute(released).rowcount)


def expire(connection: Connection, wait_ids: Sequence[str], now: datetime) -> None:
    """Nothing came in time, or of timers: the time has come."""
    open_ = waits.c.id.in_(wait_ids) & (waits.c.state == WaitState.OPEN)
    timer = sa.case((waits.c.kind == WaitKind.TIMER, WaitState.DONE), else_=WaitState.EXPIRED)
    connection.execute(waits.update().where(open_).values(state=timer, ended_at=now))
    correlations.close(connection, wait_ids)


_CANCEL = waits.update().where(waits.c.run_id == sa.bindparam("run"), waits.c.state == WaitState.OPEN)
_CANCEL_AT = _CANCEL.where(waits.c.step == sa.bindparam("at_step"), waits.c.iteration == sa.bindparam("at_iteration"))


def cancel_waits(connection: Connection, run_id: str, steps: Sequence[At] | None, now: datetime) -> None:
    """Nobody waits any more: at these steps, or with None at any."""
    cancelled = {"run": run_id, "state": WaitState.CANCELLED, "ended_at": now}
    if steps is None:
        connection.execute(_CANCEL, cancelled)
    for at in steps or ():
        connection.execute(_CANCEL_AT, {**cancelled, "at_step": at.step, "at_iteration": at.iteration})


_OPEN = waits.c.state == WaitState.OPEN
_TIMERS_DUE = sa.select(sa.literal(1)).where(_OPEN, waits.c.due_at <= sa.bindparam("now")).limit(1)
_NEXT_DUE = sa.select(sa.func.min(waits.c.due_at)).where(_OPEN)


def timers_due(connection: Connection, now: datetime) -> bool:
    """Whether the time of a wait has come."""
    return connection.scalar(_TIMERS_DUE, {"now": now}) is not None


def next_due(connection: Connection) -> datetime | None:
    """When the next wait is due."""
    found: datetime | None = connection.scalar(_NEXT_DUE)
    return found


def wake_due(connection: Connection, now: datetime, limit: int) -> int:
    """End the waits whose time has come and wake their runs; how many there were."""
    due = (
        sa.select(waits.c.id, waits.c.run_id)
        .join(runs, runs.c.id == waits.c.run_id)
        .where(waits.c.state == WaitState.OPEN, waits.c.due_at <= now)
        .order_by(waits.c.due_at)
        .limit(limit)
        # The runs and not the waits: a run is always locked before what belongs to it.
        .with_for_update(of=runs, skip_locked=True)
    )
    rows = connection.execute(due).all()
    if rows:
        expire(connection, [row.id for row in rows], now)
        woken = runs.c.id.in_(sorted({row.run_id for row in rows})) & (runs.c.state == RunState.RUNNING)
        connection.execute(runs.update().where(woken).values(wake_at=now))
    return len(rows)


def votes_of(connection: Connection, wait_id: str) -> list[Vote]:
    """What people have said to a question, in the order they did."""
    rows = connection.execute(sa.select(votes).where(votes.c.wait_id == wait_id).order_by(votes.c.voted_at))
    return [Vote(row.person, row.verdict == "approved", row.reason, row.voted_at, row.via) for row in rows]


def vote(connection: Connection, wait_id: str, given: Vote) -> None:
    """Write down what a person said. One person speaks once; asked a second time by us, they are asked anew."""
    connection.execute(
        votes.insert().values(
            wait_id=wait_id,
            person=given.person,
            verdict="approved" if given.is_approval else "denied",
            reason=given.reason,
            via=given.via,
            voted_at=given.voted_at,
        )
    )
