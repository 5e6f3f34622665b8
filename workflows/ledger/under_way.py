"""Runs under way: those that have not ended, where they are, and their move to another version of their workflow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.requests import effect_key
from workflows.engine.snapshot import At
from workflows.engine.states import RunState, StepState
from workflows.ledger.lines import in_state
from workflows.ledger.tables import effects, events, runs, steps, waits

PAGE = 2000
"""Rows that are read at a time."""

_OPEN = runs.c.state.in_((RunState.RUNNING, RunState.QUEUED, RunState.PARKED))


@dataclass(frozen=True)
class UnderWay:
    """A run that has not ended. `reached` are its steps with their items and branches: `(step, iteration, state)`."""

    id: str
    workflow: str
    definition_hash: str
    state: RunState
    is_ending: bool
    is_cancelling: bool
    reached: tuple[tuple[str, str, StepState], ...]


def count(connection: Connection, besides: Collection[str]) -> int:
    """How many runs are under way with other definitions than these, by their hashes."""
    counted = sa.select(sa.func.count()).select_from(runs)
    return sum(connection.scalar(counted.where(which)) or 0 for which in _others(besides))


def stream(connection: Connection, besides: Collection[str]) -> Iterator[UnderWay]:
    """These runs one by one; there may be very many."""
    for which in _others(besides):
        statement = _select().where(which).order_by(runs.c.id, steps.c.step, steps.c.iteration)
        yield from _runs(connection.execute(statement, execution_options={"yield_per": PAGE}))


def lock(connection: Connection, run_ids: Sequence[str]) -> list[UnderWay]:
    """Lock those of these runs that have not ended and that nobody else is at, as they are now.

    Nobody is waited for, and what belongs to them may be written meanwhile: so this can hold very many.
    """
    mine = sa.select(runs.c.id).where(runs.c.id.in_(run_ids), _OPEN).order_by(runs.c.id)
    locked = list(connection.scalars(mine.with_for_update(skip_locked=True, key_share=True)))
    statement = _select().where(runs.c.id.in_(locked)).order_by(runs.c.id, steps.c.step, steps.c.iteration)
    return list(_runs(connection.execute(statement)))


def still_open(connection: Connection, run_ids: Sequence[str]) -> list[str]:
    """Those of these runs that have not ended."""
    return list(connection.scalars(sa.select(runs.c.id).where(runs.c.id.in_(run_ids), _OPEN).order_by(runs.c.id)))


def move(connection: Connection, run_ids: Sequence[str], definition_hash: str, renamed: Mapping[str, str]) -> None:
    """Have these locked runs of one workflow go on with another definition, in which some steps have another id."""
    connection.execute(runs.update().where(runs.c.id.in_(run_ids)).values(definition_hash=definition_hash))
    if renamed:
        _rename_calls(connection, run_ids, renamed)
    for before, after in renamed.items():
        for table in (steps, waits):
            mine = table.c.run_id.in_(run_ids) & (table.c.step == before)
            connection.execute(table.update().where(mine).values(step=after))
        begun = runs.c.parent_id.in_(run_ids) & (runs.c.parent_step == before)
        connection.execute(runs.update().where(begun).values(parent_step=after))


def _rename_calls(connection: Connection, run_ids: Sequence[str], renamed: Mapping[str, str]) -> None:
    """A call keeps standing for its step: whoever replays the event does not make it again under the new id."""
    origin = sa.func.coalesce(events.c.replay_of, events.c.id).label("origin")
    columns = [effects.c[name] for name in ("id", "key", "step", "iteration", "round")]
    found = (
        sa.select(*columns, runs.c.workflow, origin)
        .join(runs, runs.c.id == effects.c.run_id)
        .join(events, events.c.id == runs.c.event_id)
        .where(effects.c.run_id.in_(run_ids), effects.c.step.in_(list(renamed)))
    )
    for row in connection.execute(found).all():
        before, after = (
            effect_key(row.origin, row.workflow, At(step, row.iteration), row.round)
            for step in (row.step, renamed[row.step])
        )
        taken = connection.scalar(sa.select(sa.literal(1)).where(effects.c.key == after)) is not None
        key = after if row.key == before and not taken else row.key
        moved = effects.update().where(effects.c.id == row.id).values(step=renamed[row.step], key=key)
        connection.execute(moved)


def _others(besides: Collection[str]) -> list[sa.ColumnElement[bool]]:
    """Conditions of which each has an index; no run fits two of them."""
    other = runs.c.definition_hash.not_in(sorted(besides))
    return [in_state(runs, RunState.RUNNING, RunState.QUEUED) & other, in_state(runs, RunState.PARKED) & other]


def _select() -> sa.Select[Any]:
    return sa.select(
        runs.c.id,
        runs.c.workflow,
        runs.c.definition_hash,
        runs.c.state,
        runs.c.ending.is_not(None).label("is_ending"),
        runs.c.cancel.is_not(None).label("is_cancelling"),
        steps.c.step,
        steps.c.iteration,
        steps.c.state.label("step_state"),
    ).join(steps, steps.c.run_id == runs.c.id, isouter=True)


def _runs(rows: sa.CursorResult[Any]) -> Iterator[UnderWay]:
    for run_id, group in groupby(rows, key=lambda row: row.id):
        members = list(group)
        first = members[0]
        yield UnderWay(
            id=run_id,
            workflow=first.workflow,
            definition_hash=first.definition_hash,
            state=RunState(first.state),
            is_ending=bool(first.is_ending),
            is_cancelling=bool(first.is_cancelling),
            reached=tuple(
                (row.step, row.iteration, StepState(row.step_state)) for row in members if row.step is not None
            ),
        )
