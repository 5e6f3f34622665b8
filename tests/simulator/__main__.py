"""The nightly command: `python -m tests.simulator --schedules 100000 [--seed N]`. Exit 1 with the story that failed."""

from __future__ import annotations

import argparse
import sys
import time

from hypothesis import HealthCheck, given, seed, settings

from tests.simulator.stories import Story, stories
from tests.simulator.world import play

ROUND = 500
"""Schedules between two lines that tell how far it has come."""


def main() -> int:
    """Play so many schedules, a round at a time."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    began, played = time.monotonic(), 0
    while played < chosen.schedules:
        count = min(ROUND, chosen.schedules - played)
        _round(count, chosen.seed + played)
        played += count
        rate = played / (time.monotonic() - began)
        print(f"{played} of {chosen.schedules} schedules hold, {rate:.1f} a second (seed {chosen.seed})", flush=True)
    return 0


def _round(count: int, number: int) -> None:
    @seed(number)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(stories())
    def each(story: Story) -> None:
        play(story)

    each()


if __name__ == "__main__":
    sys.exit(main())
