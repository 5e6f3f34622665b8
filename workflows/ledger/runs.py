"""Runs, their steps and their waits: what each is at, and the guarded writes that move them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.decisions import EndRun, EndStep
from workflows.engine.snapshot import EffectView, Snapshot, StepView, WaitView
from workflows.engine.states import (
    EFFECT_MOVES,
    OUT_THERE,
    RUN_MOVES,
    STEP_MOVES,
    EffectState,
    RunState,
    StepState,
    WaitState,
    sources_of,
)
from workflows.events import Event
from workflows.ledger.effects import free_subjects
from workflows.ledger.tables import effects, events, runs, steps, waits
from workflows.values import RunId, WaitId, new_id

PUT_OFF = timedelta(seconds=30)
"""How long a run rests that could not be decided on because of an error of ours."""


@dataclass(frozen=True)
class RunRow:
    """One run that has not ended, locked by the transaction that read it."""

    id: RunId
    workflow: str
    definition_hash: str
    key: str
    brand: Mapping[str, Any]
    expires_at: datetime
    event: Event


def start(
    connection: Connection,
    *,
    event: Event,
    workflow: str,
    definition_hash: str,
    key: str,
    brand: Mapping[str, Any],
    expires_at: datetime,
    now: datetime,
) -> RunRow | None:
    """Begin the one run of `workflow` for `event`; None when there is one already."""
    run = RunRow(RunId(new_id()), workflow, definition_hash, key, brand, expires_at, event)
    present = connection.scalar(sa.select(runs.c.id).where(runs.c.event_id == event.id, runs.c.workflow == workflow))
    if present is not None:
        return None
    connection.execute(
        runs.insert().values(
            id=run.id,
            event_id=event.id,
            workflow=workflow,
            definition_hash=definition_hash,
            key=key,
            brand=brand,
            state=RunState.RUNNING,
            created_at=now,
            wake_at=now,
            expires_at=expires_at,
        )
    )
    return run


def lock(connection: Connection, run_id: str) -> RunRow | None:
    """Lock a run for this transaction; None when it has ended or never was."""
    statement = sa.select(runs).where(runs.c.id == run_id, runs.c.state == RunState.RUNNING).with_for_update()
    return _run_row(connection, statement)


def lock_awake(connection: Connection, run_id: str, now: datetime) -> RunRow | None:
    """Lock a run that is to be decided on now; None when another has just done so, or is at it."""
    statement = sa.select(runs).where(
        runs.c.id == run_id,
        runs.c.state == RunState.RUNNING,
        (runs.c.wake_at <= now) | (runs.c.wake_at.is_(None) & (runs.c.expires_at <= now)),
    )
    return _run_row(connection, statement.with_for_update(skip_locked=True))


def _run_row(connection: Connection, statement: sa.Select[Any]) -> RunRow | None:
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    event = read_event(connection, row.event_id)
    return RunRow(RunId(row.id), row.workflow, row.definition_hash, row.key, row.brand, row.expires_at, event)


def read_event(connection: Connection, event_id: str) -> Event:
    """The event of that id."""
    row = connection.execute(sa.select(events).where(events.c.id == event_id)).one()
    return Event(
        id=row.id,
        type=row.type,
        subject=row.subject,
        occurred_at=row.occurred_at,
        data=row.data,
        source=row.source,
        delivery_id=row.delivery_id,
        brand=row.brand,
        replay_of=row.replay_of,
    )


def snapshot(connection: Connection, run: RunRow) -> Snapshot:
    """Everything a decision about `run` depends on."""
    step_rows = connection.execute(
        sa.select(steps.c.step, steps.c.state, steps.c.output, steps.c.reason).where(steps.c.run_id == run.id)
    )
    effect_rows = connection.execute(
        sa.select(effects.c.step, effects.c.state, effects.c.output, effects.c.reason).where(effects.c.run_id == run.id)
    )
    wait_rows = connection.execute(
        sa.select(waits.c.step, waits.c.state, waits.c.due_at).where(waits.c.run_id == run.id)
    )
    return Snapshot(
        run_id=run.id,
        key=run.key,
        event=run.event,
        brand=run.brand,
        expires_at=run.expires_at,
        steps={row.step: StepView(StepState(row.state), row.output, row.reason or "") for row in step_rows},
        effects={row.step: EffectView(EffectState(row.state), row.output, row.reason or "") for row in effect_rows},
        waits={row.step: WaitView(WaitState(row.state), row.due_at) for row in wait_rows},
    )


def enter_step(connection: Connection, run_id: str, step: str, state: StepState, now: datetime) -> None:
    """Write down that a step was reached and is blocked in `state`."""
    connection.execute(steps.insert().values(run_id=run_id, step=step, state=state, started_at=now))


def end_step(connection: Connection, run_id: str, decision: EndStep, now: datetime) -> bool:
    """Write down that a step is over; False when it already was."""
    ended = {"state": decision.state, "output": decision.output, "reason": decision.reason or None, "ended_at": now}
    before = sources_of(STEP_MOVES, decision.state)
    this_step = (steps.c.run_id == run_id, steps.c.step == decision.step)
    moved = connection.execute(steps.update().where(*this_step, steps.c.state.in_(before)).values(**ended))
    if moved.rowcount:
        return True
    if connection.scalar(sa.select(sa.literal(1)).where(*this_step)) is not None:
        return False
    connection.execute(steps.insert().values(run_id=run_id, step=decision.step, started_at=now, **ended))
    return True


def start_timer(connection: Connection, run_id: str, step: str, due_at: datetime, now: datetime) -> WaitId:
    """Write down that a step waits until `due_at`."""
    enter_step(connection, run_id, step, StepState.WAITING, now)
    wait_id = WaitId(new_id())
    connection.execute(
        waits.insert().values(
            id=wait_id,
            run_id=run_id,
            step=step,
            kind="timer",
            state=WaitState.OPEN,
            due_at=due_at,
            created_at=now,
        )
    )
    return wait_id


def end_run(connection: Connection, run_id: str, decision: EndRun, now: datetime) -> bool:
    """End a run if it has not ended; give up what it has not yet sent. False when it had ended."""
    moved = connection.execute(
        runs.update()
        .where(runs.c.id == run_id, runs.c.state.in_(sources_of(RUN_MOVES, decision.state)))
        .values(state=decision.state, at_step=decision.at, reason=decision.reason or None, ended_at=now, wake_at=None)
    )
    if not moved.rowcount:
        return False
    connection.execute(
        waits.update()
        .where(waits.c.run_id == run_id, waits.c.state == WaitState.OPEN)
        .values(state=WaitState.CANCELLED, ended_at=now)
    )
    given_up = (effects.c.run_id == run_id) & effects.c.state.in_(sources_of(EFFECT_MOVES, EffectState.CANCELLED))
    for effect_id in list(connection.scalars(sa.select(effects.c.id).where(given_up))):
        free_subjects(connection, effect_id, now)
    connection.execute(
        effects.update()
        .where(given_up)
        .values(
            state=EffectState.CANCELLED,
            gate=None,
            gate_key=None,
            lease_until=None,
            ended_at=now,
            reason=f"the run ended first: {decision.reason}",
        )
    )
    return True


def settle_down(connection: Connection, run_id: str) -> None:
    """Nothing more can be decided now: something else will wake the run."""
    connection.execute(runs.update().where(runs.c.id == run_id).values(wake_at=None))


def timers_due(connection: Connection, now: datetime) -> bool:
    """Whether a timer has run out."""
    due = sa.select(sa.literal(1)).where(waits.c.state == WaitState.OPEN, waits.c.due_at <= now)
    return connection.scalar(due.limit(1)) is not None


def wake_timers(connection: Connection, now: datetime, limit: int) -> int:
    """End the timers that are due and wake their runs; how many there were."""
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
        ended = waits.update().where(waits.c.id.in_([row.id for row in rows]), waits.c.state == WaitState.OPEN)
        connection.execute(ended.values(state=WaitState.DONE, ended_at=now))
        wake(connection, [row.run_id for row in rows], now)
    return len(rows)


def wake(connection: Connection, run_ids: Sequence[str], now: datetime) -> None:
    """Have these runs decided on again."""
    asleep = runs.c.id.in_(sorted(run_ids)) & (runs.c.state == RunState.RUNNING)
    connection.execute(runs.update().where(asleep).values(wake_at=now))


def put_off(connection: Connection, run_id: str, now: datetime) -> None:
    """Deciding on this run failed: look at it again after a while."""
    mine = (runs.c.id == run_id) & (runs.c.state == RunState.RUNNING)
    connection.execute(runs.update().where(mine).values(wake_at=now + PUT_OFF))


def awake(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Runs that something woke, and runs that have expired with nothing out at a vendor; the longest waiting first."""
    woken = (
        sa.select(runs.c.id)
        .where(runs.c.state == RunState.RUNNING, runs.c.wake_at.is_not(None), runs.c.wake_at <= now)
        .order_by(runs.c.wake_at)
        .limit(limit)
    )
    out_there = sa.exists().where(effects.c.run_id == runs.c.id, effects.c.state.in_(OUT_THERE))
    expired = (
        sa.select(runs.c.id)
        .where(runs.c.state == RunState.RUNNING, runs.c.expires_at <= now, ~out_there)
        .where(runs.c.wake_at.is_(None))  # those that are awake stand above already, or were put off
        .order_by(runs.c.expires_at)
        .limit(limit)
    )
    found = [*connection.scalars(woken), *connection.scalars(expired)]
    return list(dict.fromkeys(found))[:limit]
