"""A program for test_supervisor.py: supervises a few shell scripts until it is told to stop.

    python tests/acceptance/crew.py DATA_DIR

Prints "all ready" once they are. Its services are a stubborn one that ignores SIGTERM and has a stubborn child, a
polite one that stops when asked, and the embedded broker.
"""

import sys
from pathlib import Path

from tasks.supervisor.broker import broker_service
from tasks.supervisor.errors import SupervisorError
from tasks.supervisor.output import line_printer
from tasks.supervisor.readiness import LineSeen
from tasks.supervisor.service import Service
from tasks.supervisor.supervisor import Supervisor, interrupted_by_signals

STUBBORN = "trap '' TERM INT HUP; while :; do sleep 1; done"
SERVICES = (
    Service(
        name="stubborn",
        command=("sh", "-c", f'sh -c "{STUBBORN}" & echo serving; {STUBBORN}'),
        ready=LineSeen("serving"),
        after=("broker",),
        stop_seconds=1.0,
    ),
    Service(
        name="polite",
        command=("sh", "-c", "trap 'echo good bye; exit 0' TERM; echo serving; while :; do sleep 0.1; done"),
        ready=LineSeen("serving"),
        after=("stubborn",),
    ),
)


def main() -> None:
    data_dir = Path(sys.argv[1])
    services = (broker_service(data_dir), *SERVICES)
    on_line = line_printer(sys.stdout, [service.name for service in services])
    try:
        with interrupted_by_signals(), Supervisor(services, data_dir=data_dir, on_line=on_line) as supervisor:
            supervisor.start()
            print("all ready", flush=True)
            supervisor.wait()
    except KeyboardInterrupt:
        print("stopped", flush=True)
    except SupervisorError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
