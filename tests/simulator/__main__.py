"""The nightly command: `python -m tests.simulator [--schedules N] [--seed N] [--processes N]`. Exit 1 with the seed of
the story that does not hold, and how to play it again."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor

from tests.simulator.stories import story_of
from tests.simulator.world import play

AT_A_TIME = 20
"""Stories that a process is given at once."""
SECONDS = 10.0
"""Between two lines that tell how far it has come."""


def main() -> int:
    """Play so many schedules, one seed after another, on all cores or on as many as is said."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first one; by default the time")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    seeds = range(chosen.seed, chosen.seed + chosen.schedules)
    print(f"{len(seeds)} schedules, from seed {chosen.seed}, in {chosen.processes} processes", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or the processes would be left behind
    pool = ProcessPoolExecutor(chosen.processes)
    try:
        return _play_all(pool, seeds)
    finally:
        pool.shutdown(cancel_futures=True)


def _play_all(pool: ProcessPoolExecutor, seeds: range) -> int:
    """Play these until one does not hold; the exit status."""
    began = told_at = time.monotonic()
    for held, why_not in enumerate(pool.map(_why_not, seeds, chunksize=AT_A_TIME), 1):
        if why_not:
            seed = seeds[held - 1]
            print(f"{why_not}\nthe story of seed {seed} does not hold; it is played again by")
            print(f"    python -m tests.simulator --schedules 1 --seed {seed} --processes 1", flush=True)
            return 1
        now = time.monotonic()
        if now - told_at >= SECONDS or held == len(seeds):
            told_at = now
            print(f"{held} of {len(seeds)} schedules hold, {held / (now - began):.1f} a second", flush=True)
    return 0


def _why_not(seed: int) -> str:
    """Why the story of this seed does not hold; "" when it does."""
    try:
        play(story_of(seed))
    except Exception:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    sys.exit(main())
