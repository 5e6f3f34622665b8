"""What the functions of instants, times of day and zones do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from workflows import zones
from workflows.errors import FormulaError

DAY = timedelta(days=1)

_HOUR_AND_MINUTE = re.compile("(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def instant(text: str) -> datetime:
    """The instant a text in ISO 8601 names, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise FormulaError("an instant is a text such as '2026-03-01T15:00:00Z', with its offset")


def time_of_day(text: str) -> time:
    """The time of day that HH:MM names."""
    if not _HOUR_AND_MINUTE.fullmatch(text):
        raise FormulaError("a time of day is a text such as '09:00'")
    return time.fromisoformat(text)


def zone(name: str) -> ZoneInfo:
    """The rules of a zone."""
    try:
        return zones.zone(name)
    except ValueError as error:
        raise FormulaError("a zone is an IANA name such as 'Europe/London'") from error


def date_in(moment: datetime, name: str) -> str:
    """The date that calendars show there."""
    return moment.astimezone(zone(name)).date().isoformat()


def time_in(moment: datetime, name: str) -> time:
    """The time that clocks show there."""
    return moment.astimezone(zone(name)).time()


def weekday_in(moment: datetime, name: str) -> str:
    """The day of the week it is there."""
    return _WEEKDAYS[moment.astimezone(zone(name)).weekday()]


def at_time(moment: datetime, clock: time, name: str) -> datetime:
    """When clocks show `clock` there, on the day it is there at `moment`."""
    rules = zone(name)
    return zones.on_day(moment.astimezone(rules).date(), clock, rules)
