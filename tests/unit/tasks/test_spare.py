"""A process spares its threads for calls but for the last."""

from types import SimpleNamespace

import pytest

from tasks.spare import Spare


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_all_threads_but_one_can_be_spared(threads: int):
    spare = Spare()
    assert not spare.take(), "there is no worker yet"
    spare.start(SimpleNamespace(concurrency=threads))
    assert [spare.take() for _ in range(threads)] == [True] * (threads - 1) + [False]
    if threads > 1:
        spare.give_back()
        assert [spare.take(), spare.take()] == [True, False]
