"""Time zones by name, and what their clocks show."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from workflows.problems import nearest

# Names of the machine and of its tables, not of zones: `localtime` is whatever the machine is set to, and `right/`
# counts leap seconds.
_NOT_ZONES = ("localtime", "posix/", "posixrules", "right/")
_LONGEST = 64


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The rules of a zone of the IANA database, such as Europe/London. Raises ValueError for a name that is none.

    Kept, for there are some six hundred and reading one takes a tenth of a millisecond.
    """
    try:
        if len(name) > _LONGEST or name.startswith(_NOT_ZONES):
            raise ValueError(name)
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # unknown; a folder of zones such as Europe; not even a path
        raise ValueError("not a time zone of the IANA database") from error


def is_zone(name: str) -> bool:
    """Whether `name` is a zone of the IANA database, such as Europe/London."""
    try:
        zone(name)
    except ValueError:
        return False
    return True


def nearest_zone(name: str) -> str:
    """The hint for a name that is none."""
    return nearest(name, available_timezones())


def on_day(day: date, clock: time, rules: ZoneInfo) -> datetime:
    """When clocks show `clock` on `day`, in UTC.

    Where they never do, for they go forward, the first valid minute after the gap; where they do so twice, for they go
    back, the first of the two. Raises OverflowError at the ends of the calendar.
    """
    wall = datetime.combine(day, clock.replace(fold=0), tzinfo=rules)
    moment = wall.astimezone(UTC)
    if moment.astimezone(rules).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    # In a gap, fold=0 reads the time by the offset before it, which lands as far after the gap as the wall time lies
    # in it: stepping back to the gap's end gives the first valid minute.
    before, after = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    assert before is not None
    assert after is not None
    return _gap_end(moment - (after - before), moment, rules)


def _gap_end(low: datetime, high: datetime, rules: ZoneInfo) -> datetime:
    """The first whole minute in (low, high] with the offset that holds at `high`."""
    offset = high.astimezone(rules).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        if middle.astimezone(rules).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high
