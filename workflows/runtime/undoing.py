"""Undoing: how what a run did at vendors can be taken back, call by call, the newest first; and doing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from workflows.catalogue import Catalogue, Inputs, Operation, Read, Request
from workflows.engine.states import EffectState, RunState
from workflows.errors import InputError, NotFound, StagedoorError
from workflows.ledger import audit, runs
from workflows.ledger.effects import only_reads
from workflows.ledger.tables import effect_subjects, effects
from workflows.ledger.tables import runs as run_table
from workflows.runtime.by_hand import Called, call_by_hand
from workflows.runtime.effects import Performer

DEEPEST = 10
"""Runs that a run began, and those began, and so on: no chain is longer."""


class CannotUndo(StagedoorError):
    """What a run did cannot be taken back now; the message says why."""


@dataclass(frozen=True)
class Undoing:
    """How one call is taken back: the exact request, or why it cannot be.

    leaves   what stays as it is all the same
    key      the identity of the call that takes it back, so that it is made once
    """

    effect_id: str
    run_id: str
    step: str
    operation: str
    done_at: datetime
    by: str = ""
    inputs: Inputs | None = None
    request: Request | None = None
    leaves: str = ""
    why_not: str = ""
    key: str = ""


@dataclass(frozen=True)
class Undone:
    """What became of the call that was to take another back."""

    undoing: Undoing
    called: Called


def undo_plan(connection: Connection, catalogue: Catalogue, run_id: str) -> list[Undoing]:
    """How each call that a run made, and the runs it began, can be taken back, the newest first. Raises NotFound."""
    if runs.find(connection, run_id) is None:
        raise NotFound(f"there is no run {run_id}")
    run_ids = _with_begun(connection, run_id)
    made = (effects.c.run_id.in_(run_ids)) & (effects.c.state == EffectState.DONE)
    rows = connection.execute(sa.select(effects).where(made).order_by(effects.c.ended_at.desc(), effects.c.id.desc()))
    done = rows.all()
    return [
        _undoing(connection, catalogue, row, run_ids, done) for row in done if not only_reads(row.repeat, row.request)
    ]


def undo_by_hand(
    performer: Performer, plan: Sequence[Undoing], run_id: str, *, by: str, reason: str
) -> Iterator[Undone]:
    """Carry a plan out in its order, leaving out what cannot be taken back; stops at the first call that is not done.

    Each call is an effect like any made by hand. Raises CannotUndo while the run may still do more.
    """
    with performer.database.read() as connection:
        run = runs.find(connection, run_id)
        if run is not None and run.state in (RunState.RUNNING, RunState.QUEUED):
            raise CannotUndo("the run is under way and may do more: cancel it first")
    for undoing in plan:
        if undoing.inputs is None or undoing.why_not:
            continue
        operation = performer.rules.catalogue.operation(undoing.by)
        called = call_by_hand(performer, operation, undoing.inputs, key=undoing.key)
        _record(performer, run_id, undoing, called, by=by, reason=reason)
        yield Undone(undoing, called)
        if not called.is_done:
            return


def _with_begun(connection: Connection, run_id: str) -> list[str]:
    found, latest = [run_id], [run_id]
    for _ in range(DEEPEST):
        begun = sa.select(run_table.c.id).where(run_table.c.parent_id.in_(latest))
        latest = list(connection.scalars(begun))
        if not latest:
            break
        found += latest
    return found


def _undoing(
    connection: Connection, catalogue: Catalogue, row: Row[Any], run_ids: Sequence[str], done: Sequence[Row[Any]]
) -> Undoing:
    bare = Undoing(row.id, row.run_id, row.step, row.operation, row.ended_at)
    operation = catalogue.operations.get(row.operation)
    if operation is None or operation.undo is None:
        return replace(bare, why_not=_no_way(row.operation, operation))
    undo = operation.undo
    key, why_not = _key(connection, row.id)
    why_not = why_not or _changed_since(connection, row, run_ids)
    if why_not:
        return replace(bare, why_not=why_not)
    inputs = undo.inputs(row.inputs, _reads_before(row, done))
    if inputs is None:
        return replace(bare, why_not=f"what it was before is not known; that needs {undo.needs}")
    try:
        request = catalogue.operation(undo.operation).prepare(inputs)
    except InputError as error:
        return replace(bare, why_not="; ".join(str(problem) for problem in error.problems))
    return replace(bare, by=undo.operation, inputs=inputs, request=request, leaves=undo.leaves, key=key)


def _no_way(name: str, operation: Operation | None) -> str:
    if operation is None:
        return f"this release does not have the operation {name}"
    if operation.contacts:
        return f"what was sent or may be sent to people cannot be called back ({operation.contacts})"
    if operation.spends:
        return f"no document says how what it spent comes back ({operation.spends})"
    return f"no document says how it is taken back (see {operation.source})"


def _key(connection: Connection, effect_id: str) -> tuple[str, str]:
    """The identity of the call that takes this one back, and why there is to be none ("" where there may be)."""
    key = f"undo/{effect_id}"
    of_it = (effects.c.key == key) | effects.c.key.startswith(f"{key}#", autoescape=True)
    earlier = connection.execute(sa.select(effects.c.id, effects.c.state).where(of_it).order_by(effects.c.id)).all()
    if not earlier:
        return key, ""
    last = earlier[-1]
    if last.state in (EffectState.DONE, EffectState.ACCEPTED):
        return key, f"effect {last.id} has taken it back already"
    if last.state in (EffectState.REFUSED, EffectState.CANCELLED):
        return f"{key}#{len(earlier)}", ""
    return key, f"effect {last.id}, which is to take it back, is {last.state.replace('_', ' ')}"


def _changed_since(connection: Connection, row: Row[Any], run_ids: Sequence[str]) -> str:
    """Somebody else has changed the same since: to set it back would undo their change and not this one."""
    mine = sa.select(effect_subjects.c.subject).where(effect_subjects.c.effect_id == row.id)
    later = (
        sa.select(effects.c.id, effects.c.operation, effect_subjects.c.subject)
        .join(effect_subjects, effect_subjects.c.effect_id == effects.c.id)
        .where(effect_subjects.c.subject.in_(mine), effects.c.state == EffectState.DONE)
        .where(effects.c.ended_at > row.ended_at)
        .where(effects.c.run_id.is_(None) | effects.c.run_id.not_in(run_ids))
        .where(~effects.c.key.startswith("undo/"))
        .order_by(effects.c.ended_at)
        .limit(1)
    )
    found = connection.execute(later).one_or_none()
    if found is None:
        return ""
    return f"effect {found.id} ({found.operation}) has changed {found.subject} since: look, and change it by hand"


def _reads_before(row: Row[Any], done: Sequence[Row[Any]]) -> list[Read]:
    """What the run had read before this call, the latest first."""
    return [
        Read(item.operation, item.inputs, item.output)
        for item in done
        if item.run_id == row.run_id and item.ended_at <= row.created_at and only_reads(item.repeat, item.request)
    ]


def _record(performer: Performer, run_id: str, undoing: Undoing, called: Called, *, by: str, reason: str) -> None:
    with performer.database.write() as connection:
        audit.record(
            connection,
            by=by,
            action="run.undo",
            about=run_id,
            reason=reason,
            details={
                "effect": undoing.effect_id,
                "operation": undoing.operation,
                "undone_by": called.effect_id,
                "with": undoing.by,
                "state": str(called.state),
            },
            now=performer.database.now(connection),
        )
