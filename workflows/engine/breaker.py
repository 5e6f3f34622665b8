"""The breaker: a vendor that does not answer is left alone for a while, then asked with a single call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.catalogue import Outcome

TRIPS_AFTER = 5
"""Calls in a row that the vendor did not answer properly."""
FIRST_REST = timedelta(seconds=10)
LONGEST_REST = timedelta(minutes=2)
LONGEST_ASKED = timedelta(days=1)
"""A vendor that asks for more is asked again after that; quotas are of a day."""
THROTTLED_REST = timedelta(seconds=1)
"""After a 429 that does not say for how long."""


@dataclass(frozen=True)
class Lane:
    """A vendor as its callers know it: calls in a row that failed, and until when it is left alone."""

    failures: int = 0
    rests_until: datetime | None = None

    def is_resting(self, now: datetime) -> bool:
        return self.rests_until is not None and now < self.rests_until

    @property
    def is_on_trial(self) -> bool:
        """It has failed so often that one call at a time shows whether it is back."""
        return self.failures >= TRIPS_AFTER


def after(lane: Lane, outcome: Outcome, now: datetime) -> Lane:
    """The lane after an attempt ended so: silence and 5xx are failures, any other answer shows the vendor is there."""
    if outcome.status == 429:
        hint = outcome.retry_after_seconds
        rest = THROTTLED_REST if hint is None else min(timedelta(seconds=min(hint, 1e9)), LONGEST_ASKED)
        return Lane(0, max(now + rest, lane.rests_until or now))
    if outcome.is_ours:
        return lane
    if outcome.status is not None and outcome.status < 500:
        return Lane()
    failures = lane.failures + 1
    return Lane(failures, now + _rest(failures) if failures >= TRIPS_AFTER else lane.rests_until)


def _rest(failures: int) -> timedelta:
    doublings = min(failures - TRIPS_AFTER, 10)
    return min(FIRST_REST * (1 << doublings), LONGEST_REST)
