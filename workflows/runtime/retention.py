"""Retention: a daily walk along what is older than it may be, in steps so small that nobody waits for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection

from workflows.ledger import chores, retention, tables
from workflows.ledger.database import Database
from workflows.settings.retention import Retention

PAGE = 100
"""Rows looked at in a transaction: with all that belongs to them some tens of milliseconds on SQLite."""
EVERY = timedelta(days=1)

Remove = Callable[[Connection, Sequence[str], datetime, datetime], Counter[str]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Walk:
    """One kind of row and how long it is kept."""

    name: str
    table: sa.Table
    kept: timedelta
    remove: Remove


def walks(kept: Retention) -> Iterator[Walk]:
    """What to walk along, in the order in which one frees the next."""
    if kept.runs is not None:
        yield Walk("remove runs", tables.runs, kept.runs, retention.remove_runs)
        yield Walk("remove effects", tables.effects, kept.runs, retention.remove_effects)
    if kept.events is not None:
        yield Walk("remove events", tables.events, kept.events, retention.remove_events)
    if kept.deliveries is not None:
        yield Walk("remove deliveries", tables.deliveries, kept.deliveries, retention.remove_deliveries)


def walk_on(database: Database, walk: Walk) -> bool:
    """Take one step of a walk, if it is due and no other process has just done so; whether there is more to walk."""
    with database.read() as connection:
        if not chores.is_due(connection, walk.name, database.now(connection)):
            return False
    with database.write() as connection:
        now = database.now(connection)
        after = chores.take(connection, walk.name, now, EVERY)
        if after is None:
            return False
        before = now - walk.kept
        ids = retention.page(connection, walk.table, after, before, PAGE)
        told = walk.remove(connection, ids, before, now) if ids else Counter()
        has_more = len(ids) == PAGE
        chores.leave(connection, walk.name, ids[-1] if has_more else "")
        if has_more:
            chores.hurry(connection, walk.name, now)
    if +told:
        log.info("removed", walk=walk.name, **told)
    return has_more
