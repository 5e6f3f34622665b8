"""The doorbell rings at once, seldom, and never in anybody's way."""

import threading
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.waiting import wait_until
from webhooks.doorbell import Doorbell


class Bell:
    """A bell that counts, and can be broken or stuck."""

    def __init__(self) -> None:
        self.rung: list[float] = []
        self.error: Exception | None = None
        self.is_free = threading.Event()
        self.is_free.set()

    def __call__(self) -> None:
        assert self.is_free.wait(10)
        self.rung.append(time.monotonic())
        if self.error:
            raise self.error


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def doorbell(bell: Bell) -> Iterator[Doorbell]:
    doorbell = Doorbell(bell, interval_seconds=0.2)
    yield doorbell
    bell.is_free.set()
    doorbell.close()


def test_the_first_ring_is_heard_at_once(doorbell: Doorbell, bell: Bell) -> None:
    doorbell.ring()
    wait_until(lambda: bell.rung, within_seconds=0.15)


def test_rings_within_an_interval_are_one_more_at_its_end(doorbell: Doorbell, bell: Bell) -> None:
    doorbell.ring()
    wait_until(lambda: len(bell.rung) == 1)
    for _ in range(100):
        doorbell.ring()
    wait_until(lambda: len(bell.rung) == 2)
    assert bell.rung[1] - bell.rung[0] >= 0.2
    doorbell.close()
    assert len(bell.rung) == 2


def test_a_bell_that_is_stuck_delays_nobody(doorbell: Doorbell, bell: Bell) -> None:
    bell.is_free.clear()
    begun = time.monotonic()
    for _ in range(1000):
        doorbell.ring()
    assert time.monotonic() - begun < 0.5


def test_a_broken_bell_is_tried_again_and_told_of_once(doorbell: Doorbell, bell: Bell) -> None:
    bell.error = ConnectionError("no broker")
    with capture_logs() as lines:
        for count in (1, 2, 3):
            doorbell.ring()
            wait_until(lambda count=count: len(bell.rung) == count)  # type: ignore[misc]
        bell.error = None
        doorbell.ring()
        wait_until(lambda: len(bell.rung) == 4)
        doorbell.close()
    expected = ["the broker cannot be reached; sweeps find what arrives", "the broker is back"]
    assert [line["event"] for line in lines] == expected


def test_a_bell_nobody_rang_closes(bell: Bell) -> None:
    Doorbell(bell).close()
    assert bell.rung == []
