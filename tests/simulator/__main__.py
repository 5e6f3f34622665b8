"""The nightly command: `python -m tests.simulator --schedules 100000 [--seed N]`. Exit 1 with the story that failed."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulator.stories import story_of
from tests.simulator.world import play

ROUND = 500
"""Schedules between two lines that tell how far it has come."""


def main() -> int:
    """Play so many schedules, one seed after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    began = time.monotonic()
    for played in range(chosen.schedules):
        try:
            play(story_of(chosen.seed + played))
        except BaseException:
            print(f"the story of seed {chosen.seed + played} does not hold", flush=True)
            raise
        if (played + 1) % ROUND == 0:
            rate = (played + 1) / (time.monotonic() - began)
            print(f"{played + 1} of {chosen.schedules} schedules hold, {rate:.1f} a second", flush=True)
    print(f"{chosen.schedules} schedules hold, from seed {chosen.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
