"""The engine under the simulator: these stories with the suite; `make nightly` plays a hundred thousand others.

A fault that only another story shows gets a test of its own, named for the behaviour: a seed tells another story as
soon as the language of stories grows.
"""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.stories import story_by, story_of
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


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), seed=st.integers(0, 1))
def test_nor_in_stories_that_hypothesis_tells_and_makes_shorter_where_one_does_not_hold(random: Random, seed: int):
    play(story_by(random, seed))
