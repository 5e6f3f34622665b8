"""When the upkeep of a worker looks next."""

from types import SimpleNamespace

import pytest

from tasks.upkeep import PAUSE_SECONDS, UPKEEP_SECONDS, keep_up


@pytest.mark.parametrize(("has_more", "seconds"), [(True, PAUSE_SECONDS), (False, UPKEEP_SECONDS)])
def test_while_there_is_more_it_goes_on_after_a_pause(has_more, seconds):
    assert keep_up(SimpleNamespace(once=lambda: has_more)) == seconds
