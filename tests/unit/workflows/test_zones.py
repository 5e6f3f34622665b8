"""Time zones by name, and when their clocks show a time."""

from datetime import UTC, date, datetime, time

import pytest

from workflows.zones import is_zone, nearest_zone, on_day, zone


@pytest.mark.parametrize("name", ["Europe/London", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_names_of_the_database_are_zones(name):
    assert is_zone(name)
    assert zone(name).key == name


@pytest.mark.parametrize(
    "name",
    ["", "Mars", "Europe", "localtime", "posixrules", "right/UTC", "../../etc/passwd", "/etc/localtime", "a" * 5_000,
     "Europe/London\0", "Europe/../Europe/London", "tzdata.zi", "\ud800"],
)  # fmt: skip
def test_whatever_else_is_no_zone(name):
    assert not is_zone(name)


def test_the_nearest_name_is_found():
    assert nearest_zone("Europe/Londn") == "did you mean 'Europe/London'?"
    assert nearest_zone("x" * 5_000) == ""


@pytest.mark.parametrize(
    ("day", "clock", "name", "expected"),
    [
        (date(2026, 3, 1), time(9), "Europe/London", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        (date(2026, 3, 29), time(1, 30), "Europe/London", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (date(2026, 10, 25), time(1, 30), "Europe/London", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        # Samoa left 30 December 2011 out: the first minute after the gap is the next day's first.
        (date(2011, 12, 30), time(12), "Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ],
)
def test_when_clocks_show_a_time_on_a_day(day, clock, name, expected):
    assert on_day(day, clock, zone(name)) == expected
