"""The upkeep thread of a worker."""

import queue

from structlog.testing import capture_logs

from tasks.upkeep import Keeper
from workflows.errors import LedgerUnavailable


class Script:
    """Chores that end as the test says: whether there is more, or an error."""

    def __init__(self, *ends: bool | Exception) -> None:
        self.ends = list(ends)
        self.begun: queue.SimpleQueue[None] = queue.SimpleQueue()

    def once(self) -> bool:
        self.begun.put(None)
        end = self.ends.pop(0) if self.ends else False
        if isinstance(end, Exception):
            raise end
        return end


def begun(upkeep: Script, count: int) -> None:
    keeper = Keeper(upkeep, first_seconds=0)  # type: ignore[arg-type]
    keeper.start()
    try:
        for _ in range(count):
            upkeep.begun.get(timeout=10)
    finally:
        keeper.stop()


def test_while_there_is_more_it_goes_on() -> None:
    script = Script(True, True, False)
    begun(script, 3)
    assert script.ends == []


def test_an_error_is_logged_and_stops_nothing() -> None:
    for error, event in ((LedgerUnavailable("gone"), "ledger_unavailable"), (ZeroDivisionError(), "upkeep_failed")):
        with capture_logs() as logs:
            begun(Script(error), 1)
        assert [entry["event"] for entry in logs] == [event]
