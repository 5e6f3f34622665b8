"""Steps of runs: entered, blocked, over. Each write says what it expects and whether it landed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.decisions import EndStep
from workflows.engine.snapshot import At
from workflows.engine.states import STEP_MOVES, StepState, sources_of
from workflows.ledger.tables import steps


def enter(connection: Connection, run_id: str, at: At, state: StepState, now: datetime, output: Any = None) -> None:
    """Write down that a step was reached and is blocked in `state`."""
    address = {"run_id": run_id, "step": at.step, "iteration": at.iteration}
    connection.execute(steps.insert().values(**address, state=state, started_at=now, output=output))


def turn(connection: Connection, run_id: str, at: At, state: StepState) -> bool:
    """Write down that a step is blocked in another way than before; False when it is over."""
    before = sources_of(STEP_MOVES, state)
    moved = connection.execute(steps.update().where(*_this(run_id, at), steps.c.state.in_(before)).values(state=state))
    return bool(moved.rowcount)


def end(connection: Connection, run_id: str, decision: EndStep, now: datetime) -> bool:
    """Write down that a step is over; False when it already was."""
    ended = {"state": decision.state, "output": decision.output, "reason": decision.reason or None, "ended_at": now}
    this = _this(run_id, decision.at)
    moved = connection.execute(
        steps.update().where(*this, steps.c.state.in_(sources_of(STEP_MOVES, decision.state))).values(**ended)
    )
    if moved.rowcount:
        return True
    if connection.scalar(sa.select(sa.literal(1)).where(*this)) is not None:
        return False
    address = {"run_id": run_id, "step": decision.at.step, "iteration": decision.at.iteration}
    connection.execute(steps.insert().values(**address, started_at=now, **ended))
    return True


def abandon(connection: Connection, run_id: str, given_up: Iterable[At], reason: str, now: datetime) -> None:
    """Write down that these steps were given up."""
    before = sources_of(STEP_MOVES, StepState.CANCELLED)
    values = {"state": StepState.CANCELLED, "reason": reason, "ended_at": now, "output": None}
    for at in given_up:
        connection.execute(steps.update().where(*_this(run_id, at), steps.c.state.in_(before)).values(**values))


def forget(connection: Connection, run_id: str, these: Iterable[At]) -> None:
    """As if these steps had not been reached: they are taken once more."""
    for at in these:
        connection.execute(steps.delete().where(*_this(run_id, at)))


def size_of(connection: Connection, run_id: str) -> int:
    """Characters of what the steps of a run give, as it is kept."""
    written = sa.type_coerce(steps.c.output, sa.Text)
    return connection.scalar(sa.select(sa.func.sum(sa.func.length(written))).where(steps.c.run_id == run_id)) or 0


def _this(run_id: str, at: At) -> tuple[sa.ColumnElement[bool], ...]:
    return steps.c.run_id == run_id, steps.c.step == at.step, steps.c.iteration == at.iteration
