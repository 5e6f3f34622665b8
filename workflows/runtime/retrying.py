"""Retrying: a run that failed, or was parked, goes on because a person says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from workflows.engine.repetition import CannotRetry, Repetition, repetition
from workflows.engine.states import EffectState, RunState
from workflows.errors import FormulaError, NotFound
from workflows.ledger import audit, effects, runs, steps, waits
from workflows.ledger.database import Database
from workflows.ledger.runs import RunRow
from workflows.ledger.snapshots import snapshot
from workflows.runtime.rules import Rules
from workflows.runtime.starting import take_up
from workflows.runtime.taking_on import take_on


@dataclass(frozen=True)
class Retried:
    """A run that goes on: the state it is in, the step it begins at (None: the first, or its end), what stays done."""

    state: RunState
    first: str | None
    kept: tuple[str, ...]


def retry_by_hand(
    database: Database, rules: Rules, run_id: str, *, by: str, reason: str = "", start: str | None = None
) -> Retried:
    """Take a failed run up again at the step it failed at, or at `start`; start a parked one.

    What vendors have done stays done and is not asked of them again. Raises NotFound and CannotRetry.
    """
    with database.write() as connection:
        run = runs.lock_any(connection, run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}")
        now = database.now(connection)
        _let(connection, run)
        planned = _plan(connection, rules, run, start)
        steps.forget(connection, run.id, planned.forgotten)
        waits.set_aside(connection, run.id, planned.forgotten)
        try:
            taken_up = take_up(connection, rules, run, now)
        except FormulaError as error:
            raise CannotRetry(f"the trigger could not be worked out: {error}") from error
        if taken_up.state is RunState.RUNNING:
            take_on(connection, rules, run.id, now)
        _record(connection, run, planned, by=by, reason=reason, now=now)
        after = runs.find(connection, run.id)
        assert after is not None
    return Retried(after.state, planned.first, tuple(dict.fromkeys(at.step for at in planned.kept)))


def _let(connection: Connection, run: RunRow) -> None:
    if run.state not in (RunState.FAILED, RunState.PARKED):
        what = "it is under way" if run.state in (RunState.RUNNING, RunState.QUEUED) else f"it is {run.state}"
        raise CannotRetry(f"{what}, and only a run that has failed or is parked can be retried")
    if run.parent is not None:
        parent, at = run.parent
        raise CannotRetry(f"the step {at.step} of run {parent} began it: retry that run, which begins a new one")
    for effect in effects.out_there(connection, run.id):
        if effect.state is EffectState.IN_DOUBT:
            message = f"effect {effect.id} ({effect.operation}) is in doubt: settle it first"
            raise CannotRetry(f"{message}, so that nothing is done twice")
        raise CannotRetry(f"{effect.vendor} may still be acting on effect {effect.id} ({effect.operation})")


def _plan(connection: Connection, rules: Rules, run: RunRow, start: str | None) -> Repetition:
    definition = rules.definition(connection, run.definition_hash)
    known = snapshot(connection, run, definition)
    if run.state is RunState.PARKED and start is not None:
        raise CannotRetry("it has not begun yet, so it begins at its first step")
    planned = repetition(definition, known.steps, effects.acted(connection, run.id), start)
    if planned.first is not None and not planned.forgotten:
        message = f"the call of {planned.first} is done, and what came back could not be kept"
        raise CannotRetry(f"{message}: it is not made again")
    return planned


def _record(connection: Connection, run: RunRow, planned: Repetition, *, by: str, reason: str, now: datetime) -> None:
    audit.record(
        connection,
        by=by,
        action="run.release" if run.state is RunState.PARKED else "run.retry",
        about=run.id,
        reason=reason,
        details={
            "workflow": run.workflow,
            "from": planned.first,
            "again": sorted({at.step for at in planned.forgotten}),
            "kept": sorted({at.step for at in planned.kept}),
        },
        now=now,
    )
