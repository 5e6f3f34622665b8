"""Crowds: let queued runs in as places become free."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from workflows.engine.decisions import EndRun
from workflows.engine.states import RunState
from workflows.language.definition import Concurrency
from workflows.ledger import crowds, runs
from workflows.ledger.crowds import Queued
from workflows.runtime.rules import Rules

MOST_AT_ONCE = 50


def settle_crowd(connection: Connection, rules: Rules, workflow: str, crowd: str, now: datetime) -> dict[str, int]:
    """Let in, skip or replace, in the order the runs came; those let in, with their places.

    Does nothing where another transaction is at this crowd: then the sweep comes back to it.
    """
    if not crowds.try_lock(connection, workflow, crowd):
        return {}
    let_in: dict[str, int] = {}
    for waiting in crowds.queued(connection, workflow, crowd, MOST_AT_ONCE):
        definition = rules.definition(connection, waiting.definition_hash)
        limits = definition.concurrency or Concurrency()
        slot = _free_slot(connection, workflow, crowd, limits, now)
        if slot is not None:
            # Its time counts from now: that it had to wait was not its doing.
            if crowds.let_in(connection, waiting.run_id, slot, now, now + definition.expires):
                let_in[waiting.run_id] = slot
        elif limits.on_conflict == "skip":
            _skip(connection, waiting, now)
        else:
            break
    return let_in


def _free_slot(connection: Connection, workflow: str, crowd: str, limits: Concurrency, now: datetime) -> int | None:
    taken = crowds.slots_taken(connection, workflow, crowd)
    if len(taken) >= limits.limit and limits.on_conflict == "replace":
        _replace_oldest(connection, taken, now)
        taken = crowds.slots_taken(connection, workflow, crowd)
    if len(taken) >= limits.limit:
        return None
    return next(slot for slot in range(len(taken) + 1) if slot not in taken)


def _replace_oldest(connection: Connection, taken: dict[int, str], now: datetime) -> None:
    """Cancel the oldest run that has called nobody; one that another transaction is at counts as busy."""
    for run_id in sorted(taken.values()):
        run = runs.lock_idle(connection, run_id)
        if run is not None and not runs.has_acted(connection, run_id):
            reason = "a newer run of the same key has taken its place"
            runs.end(connection, run, EndRun(RunState.CANCELLED, None, reason), now)
            return


def _skip(connection: Connection, waiting: Queued, now: datetime) -> None:
    run = runs.lock_open(connection, waiting.run_id)
    if run is not None:
        reason = "another run of the same key was under way, and the workflow says to skip then"
        runs.end(connection, run, EndRun(RunState.STOPPED, None, reason), now)
