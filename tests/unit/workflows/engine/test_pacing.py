"""Limits: calls spaced a little wider than asked, quotas counted in windows of UTC."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from workflows.catalogue import Limit
from workflows.engine.pacing import Pace, take_slot

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FOUR = Limit(4, 1)
DAILY = Limit(3, 86_400)


def taken(limits: tuple[Limit, ...], arrivals: list[float]) -> list[datetime]:
    """When calls leave that ask at these seconds after noon."""
    paces = {limit: Pace() for limit in limits}
    leaving = []
    for seconds in arrivals:
        slot, paces = take_slot(paces, NOON + timedelta(seconds=seconds), patience=timedelta(days=9))
        leaving.append(slot.leaves_at)
    return leaving


def test_the_first_call_leaves_at_once_and_the_others_evenly_after_it():
    leaving = taken((FOUR,), [0] * 5)
    assert leaving[0] == NOON
    assert {later - earlier for earlier, later in itertools.pairwise(leaving)} == {timedelta(seconds=0.275)}


def test_a_slot_too_far_off_is_not_taken():
    paces = {FOUR: Pace(next_at=NOON + timedelta(seconds=10))}
    slot, after = take_slot(paces, NOON)
    assert not slot.is_taken
    assert slot.leaves_at == NOON + timedelta(seconds=10)
    assert after == paces


def test_a_full_day_opens_again_at_midnight_utc():
    leaving = taken((DAILY,), [0, 1, 2, 3])
    assert leaving[2] == NOON + timedelta(seconds=2)
    assert leaving[3] == datetime(2026, 3, 2, tzinfo=UTC)


@given(st.lists(st.floats(0, 20), max_size=60), st.integers(1, 10))
def test_no_second_ever_holds_more_than_the_limit(arrivals: list[float], count: int):
    leaving = taken((Limit(count, 1),), sorted(arrivals))
    for first in leaving:
        assert sum(first <= other < first + timedelta(seconds=1) for other in leaving) <= count
