"""Awaiting: what came for a run is handed to its waits, or cancels it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from workflows.engine.correlation import event_scope
from workflows.engine.snapshot import Cancelling
from workflows.engine.states import WaitState
from workflows.ledger import correlations, runs, waits
from workflows.ledger.runs import RunRow


def take_events(connection: Connection, run: RunRow, now: datetime) -> tuple[RunRow, bool]:
    """Take what came for a locked run: the run as it is then, and whether that lets it go on."""
    came = correlations.take(connection, run.id, run.event.id)
    released = [
        _release(connection, wait_id, now) for wait_id in dict.fromkeys(item.wait_id for item in came) if wait_id
    ]
    cancels = next((item.event for item in came if item.wait_id is None), None)
    if cancels is not None and run.cancelling is None:
        run = runs.request_cancel(connection, run, Cancelling(f"{cancels.type} came"), by="", now=now)
    return run, any(released) or cancels is not None


def _release(connection: Connection, wait_id: str, now: datetime) -> bool:
    """Release a wait if all that it waits for is there, or any where that is enough."""
    wait = waits.find(connection, wait_id)
    if wait is None or wait.state is not WaitState.OPEN:
        return False
    found = correlations.came_for(connection, wait_id)
    if not wait.details["is_any"] and len(found) < len(wait.details["names"]):
        return False
    output = {name: event_scope(event) for name, event in found.items()}
    if wait.details["is_any"]:
        output = dict(list(output.items())[:1])
    correlations.close(connection, [wait_id])
    return waits.release(connection, wait_id, output, now)
