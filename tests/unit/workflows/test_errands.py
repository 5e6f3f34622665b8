"""An errand is done at once, seldom, never in anybody's way, and to its end."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.waiting import wait_until
from workflows.errands import Errand

PAUSE_SECONDS = 0.2


class Work:
    """Work that counts, and can be held up."""

    def __init__(self) -> None:
        self.done_at: list[float] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.begun = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.may_go.wait(10)
        self.done_at.append(time.monotonic())


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def errand(work: Work) -> Iterator[Errand]:
    errand = Errand("test", work, PAUSE_SECONDS)
    yield errand
    work.may_go.set()
    errand.close()


def test_it_is_done_at_once(errand: Errand, work: Work) -> None:
    errand.ask()
    wait_until(lambda: work.done_at, within_seconds=0.15)


def test_all_who_ask_within_a_pause_are_served_once_at_its_end(errand: Errand, work: Work) -> None:
    errand.ask()
    wait_until(lambda: len(work.done_at) == 1)
    for _ in range(100):
        errand.ask()
    wait_until(lambda: len(work.done_at) == 2)
    assert work.done_at[1] - work.done_at[0] >= PAUSE_SECONDS
    errand.close()
    assert len(work.done_at) == 2


def test_all_who_ask_while_it_is_being_done_are_kept_waiting_by_nothing_and_served_once_more(
    errand: Errand, work: Work
) -> None:
    work.may_go.clear()
    errand.ask()
    assert work.begun.wait(10)
    begun = time.monotonic()
    for _ in range(1000):
        errand.ask()
    assert time.monotonic() - begun < 0.5
    work.may_go.set()
    errand.close()
    assert len(work.done_at) == 2


def test_what_was_asked_for_last_is_done_before_it_closes_without_a_pause(work: Work) -> None:
    errand = Errand("test", work, pause_seconds=60)
    errand.ask()
    wait_until(lambda: work.done_at)
    errand.ask()
    errand.close()
    assert len(work.done_at) == 2


def test_what_nobody_asked_for_closes(work: Work) -> None:
    Errand("test", work, PAUSE_SECONDS).close()
    assert work.done_at == []
