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

_BEFORE = {state: sources_of(STEP_MOVES, state) for state in StepState}
_THIS = (
    steps.c.run_id == sa.bindparam("of_run"),
    steps.c.step == sa.bindparam("of_step"),
    steps.c.iteration == sa.bindparam("of_iteration"),
)
_IS_REACHED = sa.select(sa.literal(1)).where(*_THIS)
_INSERT = steps.insert()
_MOVE = {state: steps.update().where(*_THIS, steps.c.state.in_(before)) for state, before in _BEFORE.items()}
_FORGET = steps.delete().where(*_THIS)


def enter(connection: Connection, run_id: str, at: At, state: StepState, now: datetime, output: Any = None) -> None:
    """Write down that a step was reached and is blocked in `state`."""
    address = {"run_id": run_id, "step": at.step, "iteration": at.iteration}
    connection.execute(_INSERT, {**address, "state": state, "started_at": now, "output": output})


def turn(connection: Connection, run_id: str, at: At, state: StepState) -> bool:
    """Write down that a step is blocked in another way than before; False when it is over."""
    return bool(connection.execute(_MOVE[state], {**_this(run_id, at), "state": state}).rowcount)


def end(connection: Connection, run_id: str, decision: EndStep, now: datetime) -> bool:
    """Write down that a step is over; False when it already was."""
    ended = {"state": decision.state, "output": decision.output, "reason": decision.reason or None, "ended_at": now}
    this = _this(run_id, decision.at)
    if connection.execute(_MOVE[decision.state], {**this, **ended}).rowcount:
        return True
    if connection.scalar(_IS_REACHED, this) is not None:
        return False
    address = {"run_id": run_id, "step": decision.at.step, "iteration": decision.at.iteration}
    connection.execute(_INSERT, {**address, "started_at": now, **ended})
    return True


def abandon(connection: Connection, run_id: str, given_up: Iterable[At], reason: str, now: datetime) -> None:
    """Write down that these steps were given up."""
    values = {"state": StepState.CANCELLED, "reason": reason, "ended_at": now, "output": None}
    for at in given_up:
        connection.execute(_MOVE[StepState.CANCELLED], {**_this(run_id, at), **values})


def forget(connection: Connection, run_id: str, these: Iterable[At]) -> None:
    """As if these steps had not been reached: they are taken once more."""
    for at in these:
        connection.execute(_FORGET, _this(run_id, at))


def size_of(connection: Connection, run_id: str) -> int:
    """Characters of what the steps of a run give, as it is kept."""
    written = sa.type_coerce(steps.c.output, sa.Text)
    return connection.scalar(sa.select(sa.func.sum(sa.func.length(written))).where(steps.c.run_id == run_id)) or 0


def _this(run_id: str, at: At) -> dict[str, str]:
    return {"of_run": run_id, "of_step": at.step, "of_iteration": at.iteration}
