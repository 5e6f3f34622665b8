"""Crowds: runs of one workflow that are limited together, and who of them may run.

Nobody waits for a crowd: where it is locked by another, a new run stays queued, and the sweep lets it in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.states import RunState
from workflows.ledger.database import insert
from workflows.ledger.tables import crowds, runs

_LOCKED = (
    sa.select(crowds.c.crowd)
    .where(crowds.c.workflow == sa.bindparam("workflow"), crowds.c.crowd == sa.bindparam("crowd"))
    .with_for_update(skip_locked=True)
)
_ITS_RUNS = (runs.c.workflow == sa.bindparam("workflow"), runs.c.crowd == sa.bindparam("crowd"))
_TAKEN = sa.select(runs.c.slot, runs.c.id).where(*_ITS_RUNS, runs.c.slot.is_not(None))
_QUEUED = (
    sa.select(runs.c.id, runs.c.definition_hash)
    .where(runs.c.state == RunState.QUEUED, *_ITS_RUNS)
    .order_by(runs.c.id)
    .limit(sa.bindparam("most"))
)
_BEHIND = sa.tuple_(sa.bindparam("workflow", type_=sa.Text), sa.bindparam("crowd", type_=sa.Text))
_NEXT = (
    sa.select(runs.c.workflow, runs.c.crowd)
    .where(runs.c.state == RunState.QUEUED, sa.tuple_(runs.c.workflow, runs.c.crowd) > _BEHIND)
    .order_by(runs.c.workflow, runs.c.crowd)
    .limit(1)
)


@dataclass(frozen=True)
class Queued:
    """A run that waits for its turn."""

    run_id: str
    definition_hash: str


def try_lock(connection: Connection, workflow: str, crowd: str) -> bool:
    """Lock a crowd for this transaction; False when another transaction has it."""
    if _locked(connection, workflow, crowd):
        return True
    connection.execute(insert(connection, crowds).values(workflow=workflow, crowd=crowd).on_conflict_do_nothing())
    return _locked(connection, workflow, crowd)


def _locked(connection: Connection, workflow: str, crowd: str) -> bool:
    return connection.execute(_LOCKED, {"workflow": workflow, "crowd": crowd}).one_or_none() is not None


def slots_taken(connection: Connection, workflow: str, crowd: str) -> dict[int, str]:
    """Which places of a crowd are taken, and by which run."""
    return {row.slot: row.id for row in connection.execute(_TAKEN, {"workflow": workflow, "crowd": crowd})}


def queued(connection: Connection, workflow: str, crowd: str, limit: int) -> list[Queued]:
    """The first runs that wait for their turn."""
    waiting = connection.execute(_QUEUED, {"workflow": workflow, "crowd": crowd, "most": limit})
    return [Queued(row.id, row.definition_hash) for row in waiting]


def let_in(connection: Connection, run_id: str, slot: int, now: datetime, expires_at: datetime) -> bool:
    """Let a queued run begin. False when it is not queued any more."""
    moved = connection.execute(
        runs.update()
        .where(runs.c.id == run_id, runs.c.state == RunState.QUEUED)
        .values(state=RunState.RUNNING, slot=slot, wake_at=now, expires_at=expires_at)
    )
    return bool(moved.rowcount)


def next_waiting(connection: Connection, after: tuple[str, str]) -> tuple[str, str] | None:
    """The first crowd behind `after` in which a run waits for its turn."""
    row = connection.execute(_NEXT, {"workflow": after[0], "crowd": after[1]}).one_or_none()
    return None if row is None else (row.workflow, row.crowd)
