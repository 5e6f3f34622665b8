"""The thread that keeps time in a worker."""

import queue
import time
from types import SimpleNamespace

from structlog.testing import capture_logs

from tasks.timekeeper import SWEEP_SECONDS, Timekeeper
from workflows.errors import LedgerUnavailable
from workflows.runtime.sweep import BATCH, Swept


class Script:
    """A sweep that finds, or raises, what the test says."""

    def __init__(self, *found: Swept | Exception) -> None:
        self.found = list(found)
        self.times: queue.SimpleQueue[float] = queue.SimpleQueue()

    def once(self) -> Swept:
        self.times.put(time.monotonic())
        now = self.found.pop(0) if self.found else Swept()
        if isinstance(now, Exception):
            raise now
        return now


def times_of(sweep: Script, count: int) -> list[float]:
    keeper = Timekeeper(SimpleNamespace(sweep=sweep, ring_intake=lambda: None))
    keeper.start()
    try:
        return [sweep.times.get(timeout=10) for _ in range(count)]
    finally:
        keeper.stop()


def test_while_much_is_due_the_next_sweep_comes_at_once_and_else_after_a_second():
    first, second, third, fourth = times_of(Script(Swept(runs=BATCH), Swept(timers=BATCH), Swept(runs=3)), 4)
    assert third - first < SWEEP_SECONDS
    assert fourth - third >= SWEEP_SECONDS
    assert second >= first


def test_where_a_wait_is_due_earlier_the_next_sweep_comes_then():
    first, second, third = times_of(Script(Swept(next_due_seconds=0.2), Swept(next_due_seconds=900.0)), 3)
    assert 0.2 <= second - first < SWEEP_SECONDS
    assert third - second >= SWEEP_SECONDS


def test_an_error_ends_one_sweep_and_not_the_next():
    with capture_logs() as logs:
        times_of(Script(LedgerUnavailable("gone"), ZeroDivisionError()), 3)
    assert [entry["event"] for entry in logs] == ["ledger_unavailable", "sweep_failed"]
