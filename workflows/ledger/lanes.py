"""Lanes and rates: how a vendor bears our calls, shared by all workers."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from workflows.catalogue import Limit, Outcome
from workflows.engine import breaker
from workflows.engine.breaker import Lane
from workflows.engine.pacing import Pace, Slot, take_slot
from workflows.ledger.prepared import Later, Prepared, one_of
from workflows.ledger.tables import lanes, rates

_LANE = sa.select(lanes).where(lanes.c.vendor == sa.bindparam("vendor"))
_LOCKED_LANE = Prepared(_LANE.with_for_update())
_IDLE_LANE = Prepared(_LANE.with_for_update(skip_locked=True))
_LANES = Prepared(sa.select(lanes).where(one_of(lanes.c.vendor, "vendors")))
_RATES = Prepared(sa.select(rates).where(rates.c.vendor == sa.bindparam("vendor")))
_RESTING = Prepared(sa.select(lanes.c.vendor).where(lanes.c.rests_until > sa.bindparam("now")))


def lock_lane(connection: Connection, vendor: str) -> Lane:
    """Let only one transaction at a time release effects of this vendor."""
    found = _locked(connection, vendor)
    if found is not None:
        return found
    try:
        with connection.begin_nested():
            connection.execute(lanes.insert().values(vendor=vendor))
    except IntegrityError:
        return _locked(connection, vendor) or Lane()
    return Lane()


def _locked(connection: Connection, vendor: str) -> Lane | None:
    rows = _LOCKED_LANE.all(connection, vendor=vendor)
    return Lane(rows[0].failures, rows[0].rests_until) if rows else None


def ask_idle(connection: Connection, vendor: str) -> Later[Lane | None]:
    """Lock a lane that nobody else has; None, and nothing is locked, where somebody has it, or there is none yet."""
    rows = _IDLE_LANE.ask(connection, vendor=vendor)
    return lambda: next((Lane(row.failures, row.rests_until) for row in rows()), None)


def resting(connection: Connection, now: datetime) -> set[str]:
    """The vendors that are left alone now."""
    return set(_RESTING.scalars(connection, now=now))


def note_outcome(connection: Connection, vendor: str, outcome: Outcome, now: datetime) -> None:
    """Let the lane learn from an attempt. The ordinary one, to a healthy vendor, writes and locks nothing."""
    row = connection.execute(_LANE, {"vendor": vendor}).one_or_none()
    known = Lane() if row is None else Lane(row.failures, row.rests_until)
    if breaker.after(known, outcome, now) == known:
        return
    lane = breaker.after(lock_lane(connection, vendor), outcome, now)
    learnt = {"failures": lane.failures, "rests_until": lane.rests_until}
    connection.execute(lanes.update().where(lanes.c.vendor == vendor).values(learnt))


def ask_healthy(connection: Connection, vendors: Collection[str]) -> Later[set[str]]:
    """Those of these vendors of which nothing bad is known."""
    known = _LANES.ask(connection, vendors=vendors)
    return lambda: set(vendors) - {row.vendor for row in known() if Lane(row.failures, row.rests_until) != Lane()}


def next_rate_slot(connection: Connection, vendor: str, limits: tuple[Limit, ...], now: datetime) -> Slot:
    """When a request could leave to `vendor` now, without taking that instant."""
    rows = _RATES.all(connection, vendor=vendor) if limits else ()
    known = {row.limit: Pace(row.next_at, row.window_at, row.used) for row in rows}
    slot, _ = take_slot({limit: known.get(_name(limit), Pace()) for limit in limits}, now)
    return slot


def take_rate_slot(connection: Connection, vendor: str, limits: tuple[Limit, ...], now: datetime) -> Slot:
    """Take the next instant at which a request may leave to `vendor`."""
    paces = {limit: _locked_pace(connection, vendor, limit) for limit in sorted(limits, key=_name)}
    slot, used = take_slot(paces, now)
    if slot.is_taken:
        for limit, pace in used.items():
            mine = (rates.c.vendor == vendor) & (rates.c.limit == _name(limit))
            values = {"next_at": pace.next_at, "window_at": pace.window_at, "used": pace.used}
            connection.execute(rates.update().where(mine).values(values))
    return slot


def _locked_pace(connection: Connection, vendor: str, limit: Limit) -> Pace:
    mine = sa.select(rates).where(rates.c.vendor == vendor, rates.c.limit == _name(limit)).with_for_update()
    row = connection.execute(mine).one_or_none()
    if row is None:
        with suppress(IntegrityError), connection.begin_nested():
            connection.execute(rates.insert().values(vendor=vendor, limit=_name(limit)))
        row = connection.execute(mine).one()
    return Pace(row.next_at, row.window_at, row.used)


def _name(limit: Limit) -> str:
    return f"{limit.count}/{limit.seconds:g}"
