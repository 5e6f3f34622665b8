"""Snapshots: everything a decision about one run depends on, gathered."""

from __future__ import annotations

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


def _steps(connection: Connection, run_id: str) -> dict[At, StepView]:
    columns = (steps.c.step, steps.c.iteration, steps.c.state, steps.c.output, steps.c.reason, steps.c.started_at)
    rows = connection.execute(sa.select(*columns).where(steps.c.run_id == run_id))
    return {
        At(row.step, row.iteration): StepView(StepState(row.state), row.output, row.reason or "", row.started_at)
        for row in rows
    }


def _effects(connection: Connection, run_id: str) -> dict[At, EffectView]:
    columns = (
        effects.c.step,
        effects.c.iteration,
        effects.c.state,
        effects.c.output,
        effects.c.reason,
        effects.c.round,
    )
    rows = connection.execute(sa.select(*columns).where(effects.c.run_id == run_id).order_by(effects.c.round))
    return {
        At(row.step, row.iteration): EffectView(EffectState(row.state), row.output, row.reason or "", row.round)
        for row in rows
    }


def _waits(connection: Connection, run_id: str) -> dict[At, WaitView]:
    columns = [waits.c[name] for name in ("step", "iteration", "state", "due_at", "kind", "output", "round", "details")]
    rows = connection.execute(sa.select(*columns).where(waits.c.run_id == run_id).order_by(waits.c.round))
    return {
        At(row.step, row.iteration): WaitView(
            WaitState(row.state), row.due_at, WaitKind(row.kind), row.output, row.round, row.details
        )
        for row in rows
    }


def _children(connection: Connection, run_id: str) -> dict[At, ChildView]:
    columns = [runs.c[name] for name in ("parent_step", "parent_iteration", "state", "result", "reason")]
    rows = connection.execute(sa.select(*columns).where(runs.c.parent_id == run_id).order_by(runs.c.id))
    return {
        At(row.parent_step, row.parent_iteration): ChildView(RunState(row.state), row.result, row.reason or "")
        for row in rows
    }
