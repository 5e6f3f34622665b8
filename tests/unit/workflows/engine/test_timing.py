"""Times of day by the rules of a zone."""

from datetime import UTC, datetime

import pytest

from workflows.engine.timing import next_scheduled, next_time_of_day
from workflows.errors import FormulaError
from workflows.language.definition import Schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "clock", "zone", "expected"),
    [
        ("2026-03-01T08:00", "09:00", "Europe/London", "2026-03-01T09:00"),
        ("2026-03-01T09:00", "09:00", "Europe/London", "2026-03-01T09:00"),
        ("2026-03-01T09:01", "09:00", "Europe/London", "2026-03-02T09:00"),
        ("2026-07-01T08:30", "09:00", "Europe/London", "2026-07-02T08:00"),
        ("2026-03-01T23:00", "09:00", "Asia/Tokyo", "2026-03-02T00:00"),
        # Clocks go forward on 29 March 2026 at 01:00 UTC: 01:30 does not exist, 02:00 BST is the first valid minute.
        ("2026-03-28T12:00", "01:30", "Europe/London", "2026-03-29T01:00"),
        ("2026-03-28T12:00", "01:00", "Europe/London", "2026-03-29T01:00"),
        ("2026-03-28T12:00", "02:00", "Europe/London", "2026-03-29T01:00"),
        # Clocks go back on 25 October 2026 at 01:00 UTC: 01:30 comes twice, first as BST.
        ("2026-10-24T12:00", "01:30", "Europe/London", "2026-10-25T00:30"),
        # Between the two of them the first has passed, so the next is tomorrow's.
        ("2026-10-25T00:45", "01:30", "Europe/London", "2026-10-26T01:30"),
        # Half an hour of daylight saving, on Lord Howe Island: 02:00 becomes 02:30 on 4 October 2026.
        ("2026-10-03T00:00", "02:15", "Australia/Lord_Howe", "2026-10-03T15:30"),
    ],
)
def test_the_next_time_a_clock_shows_a_time(now: str, clock: str, zone: str, expected: str):
    assert next_time_of_day(at(now), clock, zone) == at(expected)


@pytest.mark.parametrize(
    ("clock", "zone"),
    [("9:00", "UTC"), ("24:00", "UTC"), ("noon", "UTC"), ("09:00", "Mars/Olympus"), ("09:00", "../../etc/passwd")],
)
def test_what_is_no_time_or_no_zone_is_said(clock: str, zone: str):
    with pytest.raises(FormulaError, match="is not a time"):
        next_time_of_day(at("2026-03-01T08:00"), clock, zone)


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("0 9 * * mon", "2026-03-23T10:00", "2026-03-30T08:00"),
        # 01:30 does not exist on 29 March: right after the gap, and not once more.
        ("30 1 * * *", "2026-03-28T12:00", "2026-03-29T01:00"),
        ("30 1 * * *", "2026-03-29T01:00", "2026-03-30T00:30"),
        # It comes twice on 25 October: the first time, and not once more.
        ("30 1 * * *", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("30 1 * * *", "2026-10-25T00:30", "2026-10-26T01:30"),
        # What is due every hour is so in each of the two.
        ("0 * * * *", "2026-10-25T00:00", "2026-10-25T01:00"),
    ],
)
def test_a_schedule_is_due_once_where_clocks_are_changed(cron: str, after: str, expected: str):
    assert next_scheduled(Schedule(cron, "Europe/London"), at(after)) == at(expected)
