"""Refusals: requests that were not stored, counted by source and reason, with one of them as a sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from workflows.ledger.database import insert
from workflows.ledger.tables import refusals

Sample = Mapping[str, object]


@dataclass(frozen=True)
class Refusals:
    """How many requests of one kind were refused between two moments, and what the last of them looked like."""

    source: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime
    sample: Sample


def add(connection: Connection, counted: Iterable[Refusals]) -> None:
    """Add to the counts that stand in the ledger."""
    statement = insert(connection, refusals)
    statement = statement.on_conflict_do_update(
        index_elements=[refusals.c.source, refusals.c.reason],
        set_={
            "count": refusals.c.count + statement.excluded["count"],
            "last_at": statement.excluded.last_at,
            "sample": statement.excluded.sample,
        },
    )
    rows = [item.__dict__ for item in sorted(counted, key=lambda item: (item.source, item.reason))]
    if rows:
        connection.execute(statement, rows)
