"""The nightly command: `python -m tests.simulator [--schedules N] [--seed N] [--processes N]`. Exit 1 with the seed of
the story that does not hold, and how to play it again."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import traceback
from multiprocessing.queues import SimpleQueue

from tests.simulator.stories import story_of
from tests.simulator.world import play

ROUND = 100
"""Stories of one process between two lines that tell how far it has come."""
SECONDS = 10.0
"""Between two such lines."""

Told = int | tuple[int, str]
"""How many more stories hold; or the seed of one that does not, and why."""


def main() -> int:
    """Play so many schedules, one seed after another, those of each process its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the first of them; by default the time")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    seeds = range(chosen.seed, chosen.seed + chosen.schedules)
    print(f"{len(seeds)} schedules, from seed {chosen.seed}, in {chosen.processes} processes", flush=True)
    told: SimpleQueue[Told] = multiprocessing.SimpleQueue()
    players = [
        multiprocessing.Process(target=_play, args=(seeds[number :: chosen.processes], told), daemon=True)
        for number in range(chosen.processes)
    ]
    for player in players:
        player.start()
    return _listen(told, len(seeds))


def _play(seeds: range, told: SimpleQueue[Told]) -> None:
    """Play these, and tell how it goes; nothing more after one that does not hold."""
    held = 0
    for seed in seeds:
        try:
            play(story_of(seed))
        except BaseException:
            told.put((seed, traceback.format_exc()))
            return
        held += 1
        if held == ROUND or seed == seeds[-1]:
            told.put(held)
            held = 0


def _listen(told: SimpleQueue[Told], schedules: int) -> int:
    """Print how far they have come, until all are played or one does not hold; the exit status."""
    began = last = time.monotonic()
    held = 0
    while held < schedules:
        found = told.get()
        if not isinstance(found, int):
            seed, why = found
            print(f"{why}\nthe story of seed {seed} does not hold; it is played again by", flush=True)
            print(f"    python -m tests.simulator --schedules 1 --seed {seed} --processes 1", flush=True)
            return 1
        held += found
        if time.monotonic() - last > SECONDS or held == schedules:
            last = time.monotonic()
            print(f"{held} of {schedules} schedules hold, {held / (last - began):.1f} a second", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
