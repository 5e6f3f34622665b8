"""When to try again."""

from random import Random

import pytest

from workflows.engine.retries import CAP_SECONDS, LEAST_SECONDS, next_delay


def test_delays_are_spread_over_all_of_a_span_that_grows_to_the_cap_and_are_never_none():
    for attempt in (1, 2, 3, 8, 12, 200):
        whole = min(CAP_SECONDS, 2.0**attempt)
        delays = [next_delay(attempt, hint_seconds=None, random=Random(seed)) for seed in range(200)]
        assert all(LEAST_SECONDS <= delay <= whole for delay in delays)
        assert min(delays) < whole / 10 + LEAST_SECONDS
        assert max(delays) > whole * 0.9


def test_a_hint_is_obeyed_and_spread():
    delays = {next_delay(1, hint_seconds=100, random=Random(seed)) for seed in range(20)}
    assert len(delays) > 1
    assert all(100 <= delay <= 120 for delay in delays)


def test_asking_before_the_first_try_is_a_bug():
    with pytest.raises(ValueError, match="attempts count from 1"):
        next_delay(0, hint_seconds=None, random=Random(1))
