"""Buckets: what the rate of each source allows, shared by all processes of the door.

A row says up to when what the rate allows is spent: a full bucket lies `burst` of it in the past. Processes take what
they are about to use in portions, so that a request costs no look at the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.ledger.database import insert
from workflows.ledger.tables import buckets, instant, micros
from workflows.settings.admission import Rate
from workflows.values import EPOCH

SECOND = 1_000_000


@dataclass(frozen=True)
class Spending:
    """What a bucket gave: how many, and up to when its rate is spent now (in microseconds)."""

    granted: int
    spent_until: int


def spend(spent_until: int, now: int, rate: Rate, wanted: int) -> Spending:
    """Take up to `wanted` out of a bucket; instants are in microseconds.

    In any time t no more is given than `burst` and what the rate allows in t.
    """
    begin = max(spent_until, now - _length(rate, rate.burst))
    available = max(0, (now - begin) * rate.count // (rate.seconds * SECOND))
    granted = min(wanted, available)
    return Spending(granted, begin + _length(rate, granted))


def wait_for(spent_until: int, now: int, rate: Rate, wanted: int) -> float:
    """In how many seconds a bucket has `wanted`, which is not more than its burst."""
    return max(0, spent_until + _length(rate, wanted) - now) / SECOND


def draw(connection: Connection, source: str, rate: Rate, wanted: int, now: datetime) -> Spending:
    """Take up to `wanted` out of the bucket of a source; one that was never used is full."""
    connection.execute(insert(connection, buckets).values(source=source, spent_until=EPOCH).on_conflict_do_nothing())
    before = connection.scalar(sa.select(buckets.c.spent_until).where(buckets.c.source == source).with_for_update())
    assert before is not None
    found = spend(micros(before), micros(now), rate, wanted)
    if found.granted:
        spent = instant(found.spent_until)
        connection.execute(buckets.update().where(buckets.c.source == source).values(spent_until=spent))
    return found


def _length(rate: Rate, count: int) -> int:
    """How long `count` of the rate take, in microseconds; rounded up, so that it is never exceeded."""
    return -(-count * rate.seconds * SECOND // rate.count)
