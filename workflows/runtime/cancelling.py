"""Cancelling: a run ends because a person says so, once no vendor is acting for it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from workflows.engine.decisions import EndRun
from workflows.engine.snapshot import Cancelling
from workflows.engine.states import EffectState, RunState
from workflows.errors import NotFound, StagedoorError
from workflows.ledger import audit, effects, runs
from workflows.ledger.database import Database
from workflows.ledger.runs import RunRow
from workflows.runtime.rules import Rules
from workflows.runtime.taking_on import take_on


class CannotCancel(StagedoorError):
    """A run that is over, or is ending already, cannot be cancelled."""


@dataclass(frozen=True)
class Cancelled:
    """The state of a run that a person cancelled, and what it waits for before it ends ("" once it has)."""

    state: RunState
    waits_for: str = ""


def cancel_by_hand(
    database: Database, rules: Rules, run_id: str, *, by: str, reason: str = "", cleans_up: bool = True
) -> Cancelled:
    """Cancel a run; with `cleans_up` its on_failure steps are carried out first. Raises NotFound and CannotCancel.

    Nothing new leaves for a vendor from now on. While a vendor may be acting for it, the run waits to learn of it.
    """
    words = f"cancelled by {by}{f': {reason}' if reason else ''}"
    with database.write() as connection:
        run = runs.lock_any(connection, run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}")
        now = database.now(connection)
        _let(run)
        if run.state is RunState.RUNNING:
            runs.request_cancel(connection, run, Cancelling(words, cleans_up), by=by, now=now)
            take_on(connection, rules, run.id, now)
        else:
            runs.end(connection, run, EndRun(RunState.CANCELLED, None, words), now)
        after = runs.find(connection, run.id)
        assert after is not None
        found = Cancelled(after.state, _waits_for(connection, after))
        details = {"workflow": run.workflow, "with_on_failure": cleans_up, "state": str(after.state)}
        audit.record(connection, by=by, action="run.cancel", about=run.id, reason=reason, details=details, now=now)
    return found


def _let(run: RunRow) -> None:
    if run.state not in (RunState.RUNNING, RunState.QUEUED, RunState.PARKED):
        raise CannotCancel(f"the run is {run.state} already")
    if run.ending is not None:
        raise CannotCancel(f"the run is ending already ({run.ending.state}); its on_failure steps are under way")


def _waits_for(connection: Connection, run: RunRow) -> str:
    if run.state is not RunState.RUNNING:
        return ""
    if run.ending is not None:
        return "its on_failure steps, which are under way"
    out = "; ".join(
        f"effect {effect.id} ({effect.operation}), which "
        + ("is in doubt: settle it" if effect.state is EffectState.IN_DOUBT else f"is at {effect.vendor}")
        for effect in effects.out_there(connection, run.id)
    )
    return out or "a worker that takes it on"
