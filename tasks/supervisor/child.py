"""A running service: its process, its group, and the thread that reads what it writes."""

import os
import subprocess
import threading
from collections import deque
from collections.abc import Iterable

from tasks.supervisor.guard import Guard
from tasks.supervisor.output import OnLine
from tasks.supervisor.readiness import LineSeen
from tasks.supervisor.service import Service

KEPT_LINES = 20
MAX_LINE_BYTES = 65_536
LAST_LINES_SECONDS = 1.0


class Child:
    """One start of a service; a restart is a new child."""

    def __init__(self, service: Service, on_line: OnLine, *, holding: Iterable[int]) -> None:
        """Start the process. Raises OSError if its program cannot be run."""
        self._service = service
        self._on_line = on_line
        self._line_seen = threading.Event()
        self._guard = Guard(holding=holding)
        self.last_lines: deque[str] = deque(maxlen=KEPT_LINES)
        try:
            self._process = self._popen()
        except OSError:
            self._guard.end()
            raise
        self._reader = threading.Thread(target=self._read, name=f"{service.name}-output", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit status as Popen has it, or None while it runs."""
        return self._process.poll()

    def is_ready(self) -> bool:
        """Ask whether it serves."""
        ready = self._service.ready
        return self._line_seen.is_set() if isinstance(ready, LineSeen) else ready()

    def terminate(self) -> None:
        """Ask it to stop. Only the process itself: it knows how to stop its own children."""
        self._process.terminate()

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()

    def wait(self) -> int:
        """Wait for its end, kill what it left running, and return its exit status."""
        status = self._process.wait()
        self._guard.end()
        # With the group gone nobody holds the pipe any more and the reader ends with the last line; unless a
        # process left the group.
        self._reader.join(LAST_LINES_SECONDS)
        return status

    def _popen(self) -> subprocess.Popen[bytes]:
        # Unbuffered, or a Python service's lines come in blocks, and those of a killed one not at all.
        environment = os.environ | {"PYTHONUNBUFFERED": "1"} | dict(self._service.environment)
        return subprocess.Popen(
            self._service.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=self._guard.group,
        )

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while raw := output.readline(MAX_LINE_BYTES):
                self._take(raw.decode(errors="replace").rstrip("\r\n"))

    def _take(self, line: str) -> None:
        ready = self._service.ready
        if isinstance(ready, LineSeen) and ready.text in line:
            self._line_seen.set()
        self.last_lines.append(line)
        self._on_line(self._service.name, line)
