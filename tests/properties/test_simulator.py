"""The engine under the simulator: these stories with the suite; `make nightly` plays a hundred thousand others.

A fault that only another story shows gets a test of its own, named for the behaviour: a seed tells another story as
soon as the language of stories grows.
"""

import pytest

from tests.simulator.stories import story_of
from tests.simulator.world import play

STORIES = 3000
AT_A_TIME = 100


@pytest.mark.parametrize("first", range(0, STORIES, AT_A_TIME))
def test_whatever_happens_nothing_is_done_twice_and_everything_ends(first: int):
    for seed in range(first, first + AT_A_TIME):
        try:
            play(story_of(seed))
        except BaseException as error:
            error.add_note(f"in the story of seed {seed}")
            raise
