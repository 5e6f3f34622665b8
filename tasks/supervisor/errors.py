"""What can go wrong when services are run together; each message is for the operator.

SupervisorError
├── AlreadyRunning    another supervisor works on this data folder
├── BrokerError       the embedded broker cannot be set up here
├── StartFailed       a service did not come up
└── ServiceEnded      a service that is not started again has ended
"""

from collections.abc import Sequence
from pathlib import Path


class SupervisorError(Exception):
    """Services cannot be run together."""


class AlreadyRunning(SupervisorError):
    """Another supervisor works on this data folder."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        self.data_dir = data_dir
        self.pid = pid
        by = f" as process {pid}" if pid is not None else ""
        super().__init__(f"Stagedoor already runs on {data_dir}{by}: stop that one, or choose another data folder")


class BrokerError(SupervisorError):
    """The embedded broker cannot be set up here; the message says what to do."""


class StartFailed(SupervisorError):
    """A service did not come up; carries the last lines it wrote."""

    def __init__(self, service: str, reason: str, last_lines: Sequence[str] = ()) -> None:
        self.service = service
        self.reason = reason
        self.last_lines = tuple(last_lines)
        super().__init__("\n".join((f"{service} did not start: {reason}", *self.last_lines)))


class ServiceEnded(SupervisorError):
    """A service that is not started again has ended."""

    def __init__(self, service: str, status: int) -> None:
        self.service = service
        self.status = status
        super().__init__(f"{service} ended ({describe_status(status)})")


def describe_status(status: int) -> str:
    """Say in words what Popen's return code means."""
    return f"exit status {status}" if status >= 0 else f"signal {-status}"
