"""The engine under the simulator: some hundred schedules with the suite; `make nightly` plays a hundred thousand."""

from hypothesis import given, settings

from tests.simulator.stories import Story, stories
from tests.simulator.world import play


@settings(max_examples=200)
@given(stories())
def test_whatever_happens_nothing_is_done_twice_and_everything_ends(story: Story):
    play(story)
