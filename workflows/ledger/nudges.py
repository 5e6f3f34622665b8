"""Nudges: news for runs that somebody else found.

A run is only changed by the transaction that has locked it. Whoever finds news for others (an event they wait for, the
end of a run they began) leaves a note in its own transaction and waits for nobody; the note is taken right afterwards,
or by the next sweep.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.snapshot import At, Cancelling
from workflows.engine.states import RunState
from workflows.ledger.prepared import Later, Prepared
from workflows.ledger.tables import nudges, runs
from workflows.values import new_id

_OPEN = (RunState.RUNNING, RunState.QUEUED, RunState.PARKED)
_BEGUN = sa.select(runs.c.id, runs.c.parent_step, runs.c.parent_iteration).where(
    runs.c.parent_id == sa.bindparam("run_id"), runs.c.state.in_(_OPEN)
)
_OF_RUN = sa.select(nudges.c.id, nudges.c.cancel).where(nudges.c.run_id == sa.bindparam("run_id"))
_CANCELS = _OF_RUN.where(nudges.c.cancel.is_not(None)).limit(1)
_WAITING = Prepared(sa.select(nudges.c.run_id).order_by(nudges.c.id).limit(sa.bindparam("most")))


def leave(
    connection: Connection, run_ids: Collection[str], now: datetime, cancel: dict[str, Any] | None = None
) -> None:
    """Leave news for these runs; with `cancel` that they are to be cancelled."""
    if run_ids:
        rows = [{"id": new_id(), "run_id": run_id, "cancel": cancel, "created_at": now} for run_id in sorted(run_ids)]
        connection.execute(nudges.insert(), rows)


def cancel_children(
    connection: Connection, run_id: str, steps: Sequence[At] | None, reason: str, now: datetime
) -> None:
    """Have the runs that this one began (at these steps; None: at any) cancelled."""
    found = [
        row.id
        for row in connection.execute(_BEGUN, {"run_id": run_id})
        if steps is None or At(row.parent_step, row.parent_iteration) in steps
    ]
    leave(connection, found, now, {"reason": reason, "by": "", "cleans_up": False})


def is_cancelled(connection: Connection, run_id: str) -> bool:
    """Whether there is news that this run is to be cancelled."""
    return connection.scalar(_CANCELS, {"run_id": run_id}) is not None


def waiting(connection: Connection, limit: int) -> list[str]:
    """Runs there is news for, the longest waiting first."""
    return list(dict.fromkeys(_WAITING.scalars(connection, most=limit)))


def ask_any(connection: Connection) -> Later[bool]:
    """Whether there is news for a run."""
    found = _WAITING.ask(connection, most=1)
    return lambda: bool(found())


def take(connection: Connection, run_id: str) -> tuple[bool, Cancelling | None]:
    """Take the news for a locked run: whether there was any, and that it is to be cancelled, if it is."""
    rows = connection.execute(_OF_RUN, {"run_id": run_id}).all()
    if not rows:
        return False, None
    connection.execute(nudges.delete().where(nudges.c.id.in_([row.id for row in rows])))
    cancel = next((row.cancel for row in rows if row.cancel is not None), None)
    return True, None if cancel is None else Cancelling(cancel["reason"], cancel["cleans_up"])
