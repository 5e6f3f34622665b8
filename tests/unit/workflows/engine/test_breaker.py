"""A vendor that does not answer is left alone, then asked with one call."""

from datetime import UTC, datetime, timedelta

import pytest

from workflows.catalogue import Outcome, OutcomeKind
from workflows.engine.breaker import LONGEST_REST, TRIPS_AFTER, Lane, after

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SILENCE = Outcome(OutcomeKind.RETRY, "no answer")
BROKEN = Outcome(OutcomeKind.IN_DOUBT, "answered 503", status=503)
FINE = Outcome(OutcomeKind.DONE, "ok", status=200)
REFUSED = Outcome(OutcomeKind.REFUSED, "answered 400", status=400)


def after_all(*outcomes: Outcome) -> Lane:
    lane = Lane()
    for outcome in outcomes:
        lane = after(lane, outcome, NOON)
    return lane


def test_a_few_failures_change_nothing_for_others():
    lane = after_all(*[SILENCE] * (TRIPS_AFTER - 1))
    assert not lane.is_resting(NOON)
    assert not lane.is_on_trial


def test_many_failures_in_a_row_let_the_vendor_rest_ever_longer():
    rests = [after_all(*[BROKEN] * count).rests_until for count in range(TRIPS_AFTER, TRIPS_AFTER + 12)]
    lengths = [rest - NOON for rest in rests if rest is not None]
    assert lengths[0] == timedelta(seconds=10)
    assert lengths == sorted(lengths)
    assert lengths[-1] == LONGEST_REST


@pytest.mark.parametrize("answer", [FINE, REFUSED])
def test_any_answer_ends_the_trial(answer: Outcome):
    assert after_all(*[SILENCE] * 7, answer) == Lane()


def test_a_throttled_vendor_rests_as_long_as_it_asked():
    lane = after_all(Outcome(OutcomeKind.RETRY, "429", status=429, retry_after_seconds=90))
    assert lane.rests_until == NOON + timedelta(seconds=90)
    assert not lane.is_on_trial
