"""Releasing: soon after it is asked, once for many, and whatever went wrong the time before."""

import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tasks.releasing import Releasing
from tests.waiting import wait_until
from workflows.errors import LedgerUnavailable


class Release:
    def __init__(self) -> None:
        self.count = 0
        self.errors: list[Exception] = []
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self) -> None:
        self.count += 1
        assert self.may_go.wait(10)
        if self.errors:
            raise self.errors.pop()


@pytest.fixture
def release() -> Release:
    return Release()


@pytest.fixture
def releasing(release: Release) -> Iterator[Releasing]:
    made = Releasing(release)
    yield made
    release.may_go.set()
    made.close()


def test_all_who_ask_while_it_is_at_it_are_served_by_one_more_look(releasing: Releasing, release: Release) -> None:
    release.may_go.clear()
    releasing.soon()
    wait_until(lambda: release.count == 1)
    for _ in range(50):
        releasing.soon()
    release.may_go.set()
    wait_until(lambda: release.count == 2)
    releasing.close()
    assert release.count == 3  # the look that closing asks for


@pytest.mark.parametrize("error", [LedgerUnavailable("away"), ZeroDivisionError()])
def test_it_goes_on_after_an_error(releasing: Releasing, release: Release, error: Exception) -> None:
    release.errors = [error]
    with capture_logs() as logs:
        releasing.soon()
        wait_until(lambda: release.count == 1 and logs)
        releasing.soon()
        wait_until(lambda: release.count == 2)
    assert len(logs) == 1
