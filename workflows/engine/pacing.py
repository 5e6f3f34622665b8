"""Pacing: when the next call to a vendor may leave, so that its limits are never met from inside.

A limit over a short time is kept by spacing calls evenly and a little wider than it asks, because what leaves evenly
may still arrive unevenly. A limit over an hour or more is counted in windows that begin where UTC's do, as quotas of a
day are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.catalogue import Limit
from workflows.values import EPOCH

WIDER = 1.1
"""Of the spacing a limit asks for: five calls at 4 a second then span 1.1 s, so jitter of 100 ms does no harm."""
COUNTED_FROM_SECONDS = 3600.0

PATIENCE = timedelta(seconds=3)
"""How long a worker's thread waits for its slot; what would wait longer goes back and lets others pass."""


@dataclass(frozen=True)
class Pace:
    """How far a limit has been used: the next instant handed out, and how many in the window that began then."""

    next_at: datetime | None = None
    window_at: datetime | None = None
    used: int = 0


@dataclass(frozen=True)
class Slot:
    """When a call may leave; `is_taken` is False where that is too far off to wait for, and nothing was used up."""

    leaves_at: datetime
    is_taken: bool


def take_slot(
    paces: Mapping[Limit, Pace], now: datetime, patience: timedelta = PATIENCE
) -> tuple[Slot, dict[Limit, Pace]]:
    """Hand out the first instant that every limit allows, and how far each is used after it."""
    leaves_at = max([now, *(_allowed_at(limit, pace, now) for limit, pace in paces.items())])
    if leaves_at - now > patience:
        return Slot(leaves_at, is_taken=False), dict(paces)
    return Slot(leaves_at, is_taken=True), {limit: _used(limit, pace, leaves_at) for limit, pace in paces.items()}


def _is_counted(limit: Limit) -> bool:
    return limit.seconds >= COUNTED_FROM_SECONDS


def _allowed_at(limit: Limit, pace: Pace, now: datetime) -> datetime:
    if not _is_counted(limit):
        return pace.next_at or now
    window = _window(limit, now)
    is_full = pace.window_at == window and pace.used >= limit.count
    return window + timedelta(seconds=limit.seconds) if is_full else now


def _used(limit: Limit, pace: Pace, leaves_at: datetime) -> Pace:
    if not _is_counted(limit):
        return Pace(next_at=leaves_at + timedelta(seconds=WIDER * limit.seconds / limit.count))
    window = _window(limit, leaves_at)
    return Pace(window_at=window, used=pace.used + 1 if pace.window_at == window else 1)


def _window(limit: Limit, moment: datetime) -> datetime:
    length = timedelta(seconds=limit.seconds)
    return EPOCH + (moment - EPOCH) // length * length
