"""When a wait is over: durations, instants, and times of day by the rules of a zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar

from cronsim import CronSim

from workflows.errors import FormulaError
from workflows.language.definition import Schedule, Wait
from workflows.language.trees import render
from workflows.zones import on_day, zone

IN_WORDS = {timedelta: "a duration such as 30m", datetime: "an instant", str: "text"}
Kind = TypeVar("Kind", timedelta, datetime, str)
TIME_OF_DAY = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


def due_time(wait: Wait, scope: Mapping[str, Any], now: datetime) -> datetime:
    """The instant `wait` ends, aware UTC; it may lie in the past. Raises FormulaError."""
    if wait.for_ is not None:
        start = now if wait.from_ is None else _a(datetime, render(wait.from_, scope), "from")
        try:
            return start + _a(timedelta, render(wait.for_, scope), "for")
        except OverflowError as error:
            raise FormulaError("the wait would end after the year 9999") from error
    assert wait.until is not None, "a wait has `for` or `until`"
    until = render(wait.until, scope)
    if isinstance(until, datetime):
        return until.astimezone(UTC)
    zone_name = "UTC" if wait.zone is None else _a(str, render(wait.zone, scope), "zone")
    return next_time_of_day(now, _a(str, until, "until"), zone_name)


def next_scheduled(schedule: Schedule, after: datetime) -> datetime:
    """The first instant after `after` that fits the pattern by the clocks of its zone; aware UTC.

    In a gap (clocks go forward) and a fold (clocks go back) cronsim follows Debian's cron: what falls into a gap is
    done right after it, what would come twice once.
    """
    local = after.astimezone(zone(schedule.zone))
    return next(CronSim(schedule.cron, local)).astimezone(UTC)


def next_time_of_day(now: datetime, clock: str, zone_name: str) -> datetime:
    """The first instant at or after `now` when clocks in the zone show `clock` ("09:00").

    Where that minute does not exist (clocks go forward), the first valid minute after the gap; where it exists twice
    (clocks go back), the first of the two. Raises FormulaError for a time or zone that is none.
    """
    found = TIME_OF_DAY.fullmatch(clock)
    if found is None:
        raise FormulaError(f"{clock!r} is not a time of day such as 09:00")
    try:
        rules = zone(zone_name)
    except ValueError as error:
        raise FormulaError(f"{zone_name!r} is not a time zone such as Europe/London") from error
    today = now.astimezone(rules).date()
    candidates = (on_day(today + timedelta(days=days), time.fromisoformat(clock), rules) for days in range(3))
    return next(candidate for candidate in candidates if candidate >= now)


def _a(kind: type[Kind], value: object, where: str) -> Kind:
    if not isinstance(value, kind):
        raise FormulaError(f"`wait.{where}` must be {IN_WORDS[kind]}")
    return value
