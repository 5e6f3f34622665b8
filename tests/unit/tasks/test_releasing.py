"""Releasing goes on, whatever went wrong the time before."""

import pytest
from structlog.testing import capture_logs

from tasks.releasing import releasing_by
from tests.waiting import wait_until
from workflows.errors import LedgerUnavailable


@pytest.mark.parametrize(
    ("error", "event"), [(LedgerUnavailable("away"), "ledger_unavailable"), (ZeroDivisionError(), "release_failed")]
)
def test_it_goes_on_after_an_error(error: Exception, event: str) -> None:
    errors = [error]
    released = []

    def release() -> None:
        if errors:
            raise errors.pop()
        released.append(True)

    releasing = releasing_by(release)
    with capture_logs() as logs:
        releasing.ask()
        wait_until(lambda: logs)
        releasing.ask()
        wait_until(lambda: released)
        releasing.close()
    assert [line["event"] for line in logs] == [event]
