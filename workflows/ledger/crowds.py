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
    this = (crowds.c.workflow == workflow) & (crowds.c.crowd == crowd)
    locked = sa.select(crowds.c.crowd).where(this).with_for_update(skip_locked=True)
    return connection.execute(locked).one_or_none() is not None


def slots_taken(connection: Connection, workflow: str, crowd: str) -> dict[int, str]:
    """Which places of a crowd are taken, and by which run."""
    taken = sa.select(runs.c.slot, runs.c.id).where(
        runs.c.workflow == workflow, runs.c.crowd == crowd, runs.c.slot.is_not(None)
    )
    return {row.slot: row.id for row in connection.execute(taken)}


def queued(connection: Connection, workflow: str, crowd: str, limit: int) -> list[Queued]:
    """The first runs that wait for their turn."""
    waiting = (
        sa.select(runs.c.id, runs.c.definition_hash)
        .where(runs.c.state == RunState.QUEUED, runs.c.workflow == workflow, runs.c.crowd == crowd)
        .order_by(runs.c.id)
        .limit(limit)
    )
    return [Queued(row.id, row.definition_hash) for row in connection.execute(waiting)]


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
    behind = sa.tuple_(runs.c.workflow, runs.c.crowd) > sa.tuple_(sa.literal(after[0]), sa.literal(after[1]))
    found = (
        sa.select(runs.c.workflow, runs.c.crowd)
        .where(runs.c.state == RunState.QUEUED, behind)
        .order_by(runs.c.workflow, runs.c.crowd)
        .limit(1)
    )
    row = connection.execute(found).one_or_none()
    return None if row is None else (row.workflow, row.crowd)
