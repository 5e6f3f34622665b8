"""Snapshots: everything a decision about one run depends on, gathered."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.snapshot import At, ChildView, EffectView, Snapshot, StepView, WaitView
from workflows.engine.states import EffectState, RunState, StepState, WaitKind, WaitState
from workflows.language.definition import (
    Approve,
    Call,
    Definition,
    SubRun,
    Verb,
    Wait,
    WaitFor,
    all_steps,
)
from workflows.ledger.runs import RunRow
from workflows.ledger.tables import effects, runs, steps, waits


def snapshot(connection: Connection, run: RunRow, definition: Definition) -> Snapshot:
    """What the ledger has of a locked run; of what its definition has no steps for nothing is looked up."""
    verbs = {type(step.verb) for step in all_steps((*definition.steps, *definition.on_failure))}
    return Snapshot(
        run_id=run.id,
        key=run.key,
        event=run.event,
        brand=run.brand,
        expires_at=run.expires_at,
        steps=_steps(connection, run.id),
        effects=_effects(connection, run.id) if verbs & _CALLING else {},
        waits=_waits(connection, run.id) if verbs & _WAITING else {},
        children=_children(connection, run.id) if SubRun in verbs else {},
        cancelling=run.cancelling,
        ending=run.ending,
    )


_CALLING: set[type[Verb]] = {Call, Approve}
_WAITING: set[type[Verb]] = {Wait, WaitFor, Approve}


def _of_run(table: sa.Table, *names: str) -> sa.Select[Any]:
    return sa.select(*(table.c[name] for name in names)).where(table.c.run_id == sa.bindparam("run_id"))


_STEPS = _of_run(steps, "step", "iteration", "state", "output", "reason", "started_at")
_EFFECTS = _of_run(effects, "step", "iteration", "state", "output", "reason", "round").order_by(effects.c.round)
_WAITS = _of_run(waits, "step", "iteration", "state", "due_at", "kind", "output", "round", "details").order_by(
    waits.c.round
)
_CHILDREN = (
    sa.select(runs.c.parent_step, runs.c.parent_iteration, runs.c.state, runs.c.result, runs.c.reason)
    .where(runs.c.parent_id == sa.bindparam("run_id"))
    .order_by(runs.c.id)
)


def _steps(connection: Connection, run_id: str) -> dict[At, StepView]:
    rows = connection.execute(_STEPS, {"run_id": run_id})
    return {
        At(row.step, row.iteration): StepView(StepState(row.state), row.output, row.reason or "", row.started_at)
        for row in rows
    }


def _effects(connection: Connection, run_id: str) -> dict[At, EffectView]:
    rows = connection.execute(_EFFECTS, {"run_id": run_id})
    return {
        At(row.step, row.iteration): EffectView(EffectState(row.state), row.output, row.reason or "", row.round)
        for row in rows
    }


def _waits(connection: Connection, run_id: str) -> dict[At, WaitView]:
    rows = connection.execute(_WAITS, {"run_id": run_id})
    return {
        At(row.step, row.iteration): WaitView(
            WaitState(row.state), row.due_at, WaitKind(row.kind), row.output, row.round, row.details
        )
        for row in rows
    }


def _children(connection: Connection, run_id: str) -> dict[At, ChildView]:
    rows = connection.execute(_CHILDREN, {"run_id": run_id})
    return {
        At(row.parent_step, row.parent_iteration): ChildView(RunState(row.state), row.result, row.reason or "")
        for row in rows
    }
