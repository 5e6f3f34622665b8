"""The engine under the simulator: some hundred stories with the suite; `make nightly` plays a hundred thousand.

A story that did not hold becomes a test by the number of its seed.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.stories import story_of
from tests.simulator.world import play


@settings(max_examples=100)
@given(st.integers(0, 2**40))
def test_whatever_happens_nothing_is_done_twice_and_everything_ends(seed: int):
    play(story_of(seed))
