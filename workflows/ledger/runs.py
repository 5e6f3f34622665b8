"""Runs: what each is at, and the guarded writes that move them. A run is only changed by who has locked it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.decisions import TIME_TO_CLEAN_UP, BeginEnding, EndRun
from workflows.engine.snapshot import At, Cancelling, Ending
from workflows.engine.states import OUT_THERE, RUN_MOVES, RunState, sources_of
from workflows.events import Event
from workflows.ledger import correlations, nudges
from workflows.ledger.effects import give_up
from workflows.ledger.events import read_event
from workflows.ledger.lines import in_state
from workflows.ledger.prepared import insert_all
from workflows.ledger.tables import effects, runs
from workflows.ledger.waits import cancel_waits
from workflows.values import RunId, new_id

PUT_OFF = timedelta(seconds=30)
"""How long a run rests that could not be decided on because of an error of ours."""

MOST_WORKFLOWS = 50
"""That take turns when more runs are awake than are taken on at once."""


@dataclass(frozen=True)
class RunRow:
    """One run that has not ended, locked by the transaction that read it.

    `parent` is the run and the step that began it, if one did; `crowd` those it is limited together with.
    """

    id: RunId
    workflow: str
    definition_hash: str
    key: str
    brand: Mapping[str, Any]
    expires_at: datetime
    event: Event
    state: RunState = RunState.RUNNING
    parent: tuple[str, At] | None = None
    crowd: str | None = None
    slot: int | None = None
    cancelling: Cancelling | None = None
    ending: Ending | None = None
    started_by: str | None = None


@dataclass(frozen=True)
class NewRun:
    """A run to begin. `lasts` is how long it may take; in a `crowd` it is queued first."""

    event: Event
    workflow: str
    definition_hash: str
    key: str
    brand: Mapping[str, Any]
    lasts: timedelta
    state: RunState = RunState.RUNNING
    crowd: str | None = None
    parent: tuple[str, At] | None = None
    started_by: str | None = None
    reason: str | None = None


_BEGIN = runs.insert()
_PRESENT = sa.select(runs.c.id).where(
    runs.c.event_id == sa.bindparam("event_id"), runs.c.workflow == sa.bindparam("workflow")
)


def begin(connection: Connection, new: NewRun, now: datetime) -> RunRow | None:
    """Begin the one run of a workflow for an event; None when there is one already."""
    if connection.scalar(_PRESENT, {"event_id": new.event.id, "workflow": new.workflow}) is not None:
        return None
    run = _fresh(new, now)
    connection.execute(_BEGIN, _row_of(run, new, now))
    return run


def begin_all(connection: Connection, new: Sequence[NewRun], now: datetime) -> list[RunRow]:
    """Begin the runs of events that this transaction has written down, for which there can be none yet."""
    begun = [_fresh(item, now) for item in new]
    insert_all(connection, runs, [_row_of(run, item, now) for run, item in zip(begun, new, strict=True)])
    return begun


def _fresh(new: NewRun, now: datetime) -> RunRow:
    return RunRow(
        id=RunId(new_id()),
        workflow=new.workflow,
        definition_hash=new.definition_hash,
        key=new.key,
        brand=new.brand,
        expires_at=now + new.lasts,
        event=new.event,
        state=new.state,
        parent=new.parent,
        crowd=new.crowd,
        started_by=new.started_by,
    )


def _row_of(run: RunRow, new: NewRun, now: datetime) -> dict[str, Any]:
    parent, at = new.parent or (None, None)
    return {
        "id": run.id,
        "event_id": new.event.id,
        "workflow": new.workflow,
        "definition_hash": new.definition_hash,
        "key": new.key,
        "brand": new.brand,
        "state": new.state,
        "reason": new.reason,
        "created_at": now,
        "wake_at": now if new.state is RunState.RUNNING else None,
        "expires_at": run.expires_at,
        "parent_id": parent,
        "parent_step": None if at is None else at.step,
        "parent_iteration": None if at is None else at.iteration,
        "crowd": new.crowd,
        "started_by": new.started_by,
    }


_THIS = sa.select(runs).where(runs.c.id == sa.bindparam("run_id"))
_RUNNING = _THIS.where(runs.c.state == RunState.RUNNING)
_LOCK_ANY = _THIS.with_for_update()
_LOCK = _RUNNING.with_for_update()
_LOCK_IDLE = _RUNNING.with_for_update(skip_locked=True)
_LOCK_OPEN = _THIS.where(runs.c.state.in_((RunState.RUNNING, RunState.QUEUED, RunState.PARKED))).with_for_update()
_LOCK_AWAKE = _THIS.where(
    runs.c.state.in_((RunState.RUNNING, RunState.QUEUED)),
    (runs.c.wake_at <= sa.bindparam("now")) | (runs.c.wake_at.is_(None) & (runs.c.expires_at <= sa.bindparam("now"))),
).with_for_update(skip_locked=True)


def lock(connection: Connection, run_id: str) -> RunRow | None:
    """Lock a run for this transaction; None when it is not running, or never was."""
    return _run_row(connection, _LOCK, run_id)


def lock_open(connection: Connection, run_id: str) -> RunRow | None:
    """The same for one that may also be queued or parked."""
    return _run_row(connection, _LOCK_OPEN, run_id)


def lock_idle(connection: Connection, run_id: str) -> RunRow | None:
    """Lock a running run that no other transaction is at; None where one is."""
    return _run_row(connection, _LOCK_IDLE, run_id)


def lock_any(connection: Connection, run_id: str) -> RunRow | None:
    """The same for one that may have ended."""
    return _run_row(connection, _LOCK_ANY, run_id)


def find(connection: Connection, run_id: str) -> RunRow | None:
    """Look at a run, whatever it is at."""
    return _run_row(connection, _THIS, run_id)


def lock_awake(connection: Connection, run_id: str, now: datetime) -> RunRow | None:
    """Lock a run that is to be decided on now; None when another has just done so, or is at it."""
    return _run_row(connection, _LOCK_AWAKE, run_id, now=now)


def _run_row(connection: Connection, statement: sa.Select[Any], run_id: str, **more: datetime) -> RunRow | None:
    row = connection.execute(statement, {"run_id": run_id, **more}).one_or_none()
    return None if row is None else run_of(row, read_event(connection, row.event_id))


def run_of(row: sa.Row[Any], event: Event) -> RunRow:
    """A row of `runs` and its event as a RunRow."""
    cancel, ending = row.cancel, row.ending
    return RunRow(
        id=RunId(row.id),
        workflow=row.workflow,
        definition_hash=row.definition_hash,
        key=row.key,
        brand=row.brand,
        expires_at=row.expires_at,
        event=event,
        state=RunState(row.state),
        parent=None if row.parent_id is None else (row.parent_id, At(row.parent_step, row.parent_iteration)),
        crowd=row.crowd,
        slot=row.slot,
        cancelling=None if cancel is None else Cancelling(cancel["reason"], cancel["cleans_up"]),
        ending=None if ending is None else Ending(RunState(ending["state"]), ending["at"], ending["reason"]),
        started_by=row.started_by,
    )


_END = {
    state: runs.update().where(runs.c.id == sa.bindparam("run"), runs.c.state.in_(sources_of(RUN_MOVES, state)))
    for state in RunState
}


def end(connection: Connection, run: RunRow, decision: EndRun, now: datetime) -> bool:
    """End a run if it has not ended; give up what it has not yet sent. False when it had ended.

    Whoever waits for it is told: the step that began it, the runs it began. Its place in its crowd is free.
    """
    ended = {
        "state": decision.state,
        "at_step": decision.at,
        "reason": decision.reason or None,
        "result": decision.result,
        "ended_at": now,
        "wake_at": None,
        "slot": None,
    }
    moved = connection.execute(_END[decision.state], {"run": run.id, **ended})
    if not moved.rowcount:
        return False
    cancel_waits(connection, run.id, None, now)
    correlations.close_run(connection, run.id)
    give_up(connection, run.id, None, f"the run ended first: {decision.reason}", now)
    if run.parent is not None:
        nudges.leave(connection, [run.parent[0]], now)
    nudges.cancel_children(connection, run.id, None, f"the run that began it was {decision.state}", now)
    return True


def begin_ending(connection: Connection, run: RunRow, decision: BeginEnding, now: datetime) -> RunRow:
    """From here on only the on_failure steps are carried out; they have time of their own."""
    ending = {"state": decision.state, "at": decision.at, "reason": decision.reason}
    expires_at = max(run.expires_at, now + TIME_TO_CLEAN_UP)
    values = {"ending": ending, "expires_at": expires_at, "cancel": None}
    connection.execute(runs.update().where(runs.c.id == run.id).values(**values))
    return replace(
        run,
        ending=Ending(decision.state, decision.at, decision.reason),
        expires_at=expires_at,
        cancelling=None,
    )


def take_up(
    connection: Connection, run: RunRow, state: RunState, *, crowd: str | None, expires_at: datetime, now: datetime
) -> RunRow | None:
    """Have a run that was parked, or has failed, go on in `state`; None when it is not so any more."""
    moved = connection.execute(
        runs.update()
        .where(runs.c.id == run.id, runs.c.state == run.state, runs.c.state.in_(sources_of(RUN_MOVES, state)))
        .values(
            state=state,
            crowd=crowd,
            at_step=None,
            reason=None,
            result=None,
            ended_at=None,
            cancel=None,
            ending=None,
            wake_at=now if state is RunState.RUNNING else None,
            expires_at=expires_at,
        )
    )
    if not moved.rowcount:
        return None
    return replace(run, state=state, crowd=crowd, expires_at=expires_at, cancelling=None, ending=None)


def request_cancel(connection: Connection, run: RunRow, cancelling: Cancelling, *, by: str, now: datetime) -> RunRow:
    """A locked run is to be cancelled: claims see it from now on, and it is decided on next."""
    cancel = {"reason": cancelling.reason, "by": by, "cleans_up": cancelling.cleans_up}
    connection.execute(runs.update().where(runs.c.id == run.id).values(cancel=cancel, wake_at=now))
    return replace(run, cancelling=cancelling)


_RUNNING_ONE = runs.update().where(runs.c.id == sa.bindparam("run"), runs.c.state == RunState.RUNNING)
_RUNNING_ONES = runs.update().where(
    runs.c.id.in_(sa.bindparam("run_ids", expanding=True)), runs.c.state == RunState.RUNNING
)


def settle_down(connection: Connection, run_id: str, rests_until: datetime | None = None) -> None:
    """Nothing more can be decided now: something else will wake the run, or the time when it is to be looked at."""
    connection.execute(_RUNNING_ONE, {"run": run_id, "wake_at": rests_until})


def wake(connection: Connection, run_ids: Sequence[str], now: datetime) -> None:
    """Have these runs decided on again."""
    connection.execute(_RUNNING_ONES, {"run_ids": sorted(run_ids), "wake_at": now})


def put_off(connection: Connection, run_id: str, now: datetime) -> None:
    """Deciding on this run failed: look at it again after a while."""
    connection.execute(_RUNNING_ONE, {"run": run_id, "wake_at": now + PUT_OFF})


_OUT = sa.exists().where(effects.c.run_id == runs.c.id, effects.c.state.in_(OUT_THERE))
_EXPIRED = (
    sa.select(runs.c.id)
    .where(in_state(runs, RunState.RUNNING, RunState.QUEUED), runs.c.expires_at <= sa.bindparam("now"), ~_OUT)
    .where(runs.c.wake_at.is_(None))  # those that are awake are found as such, or were put off
    .order_by(runs.c.expires_at)
    .limit(sa.bindparam("most"))
)
_IS_WOKEN = in_state(runs, RunState.RUNNING) & runs.c.wake_at.is_not(None) & (runs.c.wake_at <= sa.bindparam("now"))
_WOKEN = sa.select(runs.c.id, runs.c.workflow).where(_IS_WOKEN).order_by(runs.c.wake_at).limit(sa.bindparam("most"))


def awake(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Runs that something woke, and runs that have expired with nothing out at a vendor; the longest waiting first.

    Where more are awake than asked for, workflows take turns.
    """
    found = [*_woken(connection, now, limit), *connection.scalars(_EXPIRED, {"now": now, "most": limit})]
    return list(dict.fromkeys(found))[:limit]


def _woken(connection: Connection, now: datetime, limit: int) -> list[str]:
    rows = connection.execute(_WOKEN, {"now": now, "most": limit}).all()
    if len(rows) < limit:
        return [row.id for row in rows]
    ours = rows[0].workflow
    turns = [[row.id for row in rows if row.workflow == ours]]
    following = sa.select(sa.func.min(runs.c.workflow)).where(_IS_WOKEN, runs.c.workflow != ours)
    name = connection.scalar(following, {"now": now})
    while name is not None and len(turns) < MOST_WORKFLOWS:
        mine = connection.execute(_WOKEN.where(runs.c.workflow == name), {"now": now, "most": limit})
        turns.append([row.id for row in mine])
        name = connection.scalar(following.where(runs.c.workflow > name), {"now": now})
    return [run_id for turn in zip_longest(*turns) for run_id in turn if run_id is not None][:limit]


def is_cancelling(connection: Connection, run: RunRow) -> bool:
    """Whether a locked run is to be cancelled, by itself or by news that it has not been told of yet."""
    return run.cancelling is not None or nudges.is_cancelled(connection, run.id)


def has_acted(connection: Connection, run_id: str) -> bool:
    """Whether a call of this run was ever begun."""
    begun = sa.select(sa.literal(1)).where(effects.c.run_id == run_id, effects.c.attempts > 0)
    return connection.scalar(begun.limit(1)) is not None


def is_out(connection: Connection, run_id: str) -> bool:
    """Whether a vendor may be acting for this run."""
    out = sa.select(sa.literal(1)).where(effects.c.run_id == run_id, effects.c.state.in_(OUT_THERE))
    return connection.scalar(out.limit(1)) is not None
