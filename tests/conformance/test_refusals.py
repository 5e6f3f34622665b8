"""Refusals are counted up in the ledger, on both engines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from workflows.ledger import refusals
from workflows.ledger.database import Database
from workflows.ledger.refusals import Refusals
from workflows.ledger.tables import refusals as table

NOW = datetime(2026, 3, 1, 15, tzinfo=UTC)


def refused(source: str = "symphony", count: int = 1, minute: int = 0, **sample: Any) -> Refusals:
    moment = NOW + timedelta(minutes=minute)
    return Refusals(source, "signature_wrong", count, moment, moment, sample)


def test_they_add_up_by_source_and_reason(database: Database) -> None:
    with database.write() as connection:
        refusals.add(connection, [refused("symphony", 2, bytes=1), refused("box-office", 5)])
    with database.write() as connection:
        refusals.add(connection, [refused("symphony", 3, minute=9, bytes=2)])
        refusals.add(connection, [])
    with database.read() as connection:
        rows = {row.source: row for row in connection.execute(sa.select(table))}
    assert {source: row.count for source, row in rows.items()} == {"symphony": 5, "box-office": 5}
    symphony = rows["symphony"]
    assert (symphony.first_at, symphony.last_at) == (NOW, NOW + timedelta(minutes=9))
    assert symphony.sample == {"bytes": 2}
