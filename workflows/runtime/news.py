"""News: what others left for runs, taken by who locks them."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Connection

from workflows.engine.decisions import EndRun
from workflows.engine.states import RunState
from workflows.errors import LedgerUnavailable
from workflows.ledger import nudges, runs
from workflows.ledger.database import Database
from workflows.runtime.advance import advance_locked
from workflows.runtime.awaiting import take_events
from workflows.runtime.rules import Rules

BATCH = 200

log = structlog.get_logger(__name__)


def take_news(database: Database, rules: Rules) -> int:
    """Take the news of runs on to them, each in a transaction of its own; for how many runs there was some.

    One that cannot be taken on is put off, and keeps none of the others waiting.
    """
    with database.read() as connection:
        waiting = nudges.waiting(connection, BATCH)
    for run_id in waiting:
        try:
            with database.write() as connection:
                _take(connection, rules, run_id, database.now(connection))
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("advance_failed", run_id=run_id)
            with database.write() as connection:
                now = database.now(connection)
                nudges.take(connection, run_id)
                runs.put_off(connection, run_id, now)
    return len(waiting)


def _take(connection: Connection, rules: Rules, run_id: str, now: datetime) -> None:
    run = runs.lock_open(connection, run_id)
    is_news, cancelling = nudges.take(connection, run_id)
    if run is None or not is_news:
        return
    run, _ = take_events(connection, run, now)
    cancelling = cancelling or run.cancelling
    if cancelling is not None and run.state is not RunState.RUNNING:
        runs.end(connection, run, EndRun(RunState.CANCELLED, None, cancelling.reason), now)
        return
    if cancelling is not None and run.cancelling is None:
        run = runs.request_cancel(connection, run, cancelling, by="", now=now)
    if run.state is RunState.RUNNING:
        advance_locked(connection, rules, run, now)
