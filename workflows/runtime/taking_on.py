"""Taking on: a run goes on after something was written down that must stay written whatever becomes of the run."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Connection

from workflows.ledger import runs
from workflows.ledger.database import is_outage
from workflows.runtime.advance import advance
from workflows.runtime.rules import Rules

log = structlog.get_logger(__name__)


def take_on(connection: Connection, rules: Rules, run_id: str, now: datetime, **context: str) -> None:
    """Take a running run on, in the caller's transaction; where that fails the sweep finds it awake.

    `context` is told in the log then. Raises only where nothing of the transaction is certain any more.
    """
    runs.wake(connection, [run_id], now)
    try:
        with connection.begin_nested():
            advance(connection, rules, run_id, now)
    except Exception as error:
        if is_outage(error):
            raise
        log.exception("advance_failed", run_id=run_id, **context)
