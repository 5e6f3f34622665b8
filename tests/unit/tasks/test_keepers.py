"""The threads of a worker that look after something."""

import queue
import time

from structlog.testing import capture_logs

from tasks.keepers import Keeper
from workflows.errors import LedgerUnavailable

USUAL_SECONDS = 0.3


class Script:
    """Looks that end as the test says: in how many seconds the next is due, or an error."""

    def __init__(self, *ends: float | Exception) -> None:
        self.ends = list(ends)
        self.times: queue.SimpleQueue[float] = queue.SimpleQueue()

    def look(self) -> float:
        self.times.put(time.monotonic())
        end = self.ends.pop(0) if self.ends else 60
        if isinstance(end, Exception):
            raise end
        return end


def times_of(script: Script, count: int) -> list[float]:
    keeper = Keeper("a keeper", script.look, USUAL_SECONDS)
    began_at = time.monotonic()
    keeper.start()
    try:
        return [began_at, *(script.times.get(timeout=10) for _ in range(count))]
    finally:
        keeper.stop()


def test_a_keeper_looks_after_its_usual_time_and_then_when_the_look_said() -> None:
    began, first, second, third = times_of(Script(0, 0.5), 3)
    assert first - began >= USUAL_SECONDS
    assert second - first < USUAL_SECONDS
    assert third - second >= 0.5


def test_an_error_is_logged_and_the_next_look_comes_after_the_usual_time() -> None:
    with capture_logs() as logs:
        _, first, second, third = times_of(Script(LedgerUnavailable("gone"), ZeroDivisionError()), 3)
    assert [entry["event"] for entry in logs] == ["ledger_unavailable", "keeper_failed"]
    assert logs[1]["keeper"] == "a keeper"
    assert min(second - first, third - second) >= USUAL_SECONDS


def test_a_keeper_that_is_stopped_does_not_wait_for_its_next_look() -> None:
    began = time.monotonic()
    times_of(Script(60), 1)
    assert time.monotonic() - began < 10
