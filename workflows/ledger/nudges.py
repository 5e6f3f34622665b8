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
from workflows.ledger.tables import nudges, runs
from workflows.values import new_id

_OPEN = (RunState.RUNNING, RunState.QUEUED, RunState.PARKED)


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
    begun = sa.select(runs.c.id, runs.c.parent_step, runs.c.parent_iteration).where(
        runs.c.parent_id == run_id, runs.c.state.in_(_OPEN)
    )
    found = [
        row.id
        for row in connection.execute(begun)
        if steps is None or At(row.parent_step, row.parent_iteration) in steps
    ]
    leave(connection, found, now, {"reason": reason, "by": "", "cleans_up": False})


def is_cancelled(connection: Connection, run_id: str) -> bool:
    """Whether there is news that this run is to be cancelled."""
    found = sa.select(sa.literal(1)).where(nudges.c.run_id == run_id, nudges.c.cancel.is_not(None))
    return connection.scalar(found.limit(1)) is not None


def waiting(connection: Connection, limit: int) -> list[str]:
    """Runs there is news for, the longest waiting first."""
    rows = connection.scalars(sa.select(nudges.c.run_id).order_by(nudges.c.id).limit(limit))
    return list(dict.fromkeys(rows))


def take(connection: Connection, run_id: str) -> tuple[bool, Cancelling | None]:
    """Take the news for a locked run: whether there was any, and that it is to be cancelled, if it is."""
    rows = connection.execute(sa.select(nudges.c.id, nudges.c.cancel).where(nudges.c.run_id == run_id)).all()
    if not rows:
        return False, None
    connection.execute(nudges.delete().where(nudges.c.id.in_([row.id for row in rows])))
    cancel = next((row.cancel for row in rows if row.cancel is not None), None)
    return True, None if cancel is None else Cancelling(cancel["reason"], cancel["cleans_up"])
