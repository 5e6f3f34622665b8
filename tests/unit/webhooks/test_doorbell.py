"""The doorbell rings at once, and says once that it is broken."""

from structlog.testing import capture_logs

from tests.waiting import wait_until
from webhooks.doorbell import Doorbell


class Bell:
    """A bell that counts, and can be broken."""

    def __init__(self) -> None:
        self.rung = 0
        self.error: Exception | None = None

    def __call__(self) -> None:
        self.rung += 1
        if self.error:
            raise self.error


def test_a_broken_bell_is_tried_again_and_told_of_once() -> None:
    bell = Bell()
    doorbell = Doorbell(bell)
    bell.error = ConnectionError("no broker")
    with capture_logs() as lines:
        for count in (1, 2, 3):
            doorbell.ring()
            wait_until(lambda count=count: bell.rung == count)  # type: ignore[misc]
        bell.error = None
        doorbell.ring()
        wait_until(lambda: bell.rung == 4)
        doorbell.close()
    expected = ["the broker cannot be reached; sweeps find what arrives", "the broker is back"]
    assert [line["event"] for line in lines] == expected
