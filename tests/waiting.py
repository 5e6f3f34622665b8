"""Wait for something to become true; the only way a test waits."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.02


def wait_until(
    condition: Callable[[], object], *, within_seconds: float = 10.0, every_seconds: float = POLL_SECONDS
) -> None:
    """Return once `condition` holds; fail if it does not in time. A condition that costs much is asked more rarely."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {within_seconds:g} s"
        time.sleep(every_seconds)
