"""When to try again."""

from __future__ import annotations

from random import Random

BASE_SECONDS = 2.0
CAP_SECONDS = 600.0
LEAST_SECONDS = 0.1
JITTER_ON_HINT = 0.2
"""A vendor's Retry-After is obeyed, plus up to this share, so that waiting workers do not return as one."""


def next_delay(attempt: int, *, hint_seconds: float | None, random: Random) -> float:
    """Pick how long to wait before trying again, in seconds.

    `attempt` counts from 1. Without a hint the result is uniform in [LEAST_SECONDS, whole] with
    whole = min(CAP_SECONDS, BASE_SECONDS * 2 ** (attempt - 1)): spread over all of it ("full jitter"), calls that
    failed together come back one by one. With a hint it is never less than the hint.

    Raises ValueError if attempt < 1: asking before the first try is a bug in the caller.
    """
    if attempt < 1:
        raise ValueError("attempts count from 1")
    if hint_seconds is not None:
        return hint_seconds * (1 + JITTER_ON_HINT * random.random())
    return random.uniform(LEAST_SECONDS, longest_delay(attempt, hint_seconds=None))


def longest_delay(attempt: int, *, hint_seconds: float | None) -> float:
    """The whole of which `next_delay` picks a part, in seconds; with a hint, the hint itself."""
    return hint_seconds if hint_seconds is not None else min(CAP_SECONDS, BASE_SECONDS * 2.0 ** min(attempt - 1, 30))
