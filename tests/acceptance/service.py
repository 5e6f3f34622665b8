"""One process of a stack, with everything it starts: begun as its command says, stopped, or killed without warning."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tasks.supervisor.guard import Guard
from tests.waiting import wait_until

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
SHOWN_LINES = 30
SHOWN_LETTERS = 400


class Service:
    """A process in a group of its own, led by a guard that ends it even where the tests themselves are killed.

    `ready` says whether it serves, or is the text of the line it writes once it does. What it writes goes to `log`,
    over all its starts.
    """

    def __init__(
        self, name: str, command: str, environment: Mapping[str, str], folder: Path, ready: Callable[[], bool] | str
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = command
        self._environment = dict(environment)
        self._folder = folder
        self._ready = ready
        self._written_before = 0
        self._guard: Guard | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; `await_ready` says when it serves."""
        assert self._process is None, f"{self.name} runs"
        self._guard = Guard()
        self._written_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                # Through a shell, as a Procfile's commands are run; `exec env` leaves the command alone in its place.
                ["/bin/sh", "-c", f"exec env {self._command}"],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=self._guard.group,
            )

    def await_ready(self) -> None:
        """Return once it serves."""
        wait_until(self._serves, within_seconds=READY_SECONDS)

    def kill9(self) -> None:
        """Kill it and whatever it started, all at once."""
        assert self._guard is not None
        assert self._process is not None
        self._guard.end()
        self._process.wait()
        self._guard = self._process = None

    def stop(self) -> None:
        """Stop it in order; returns when it is gone. Killed if that takes too long."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        finally:
            self.kill9()

    def restart(self) -> None:
        """Start it again after its end, and return once it serves."""
        self.start()
        self.await_ready()

    def end(self) -> None:
        """Kill it if it runs."""
        if self._process is not None:
            self.kill9()

    @property
    def pid(self) -> int:
        """The process itself; it may have children."""
        assert self._process is not None
        return self._process.pid

    def written(self) -> str:
        """What it has written since it was started last."""
        with self.log.open("rb") as log:
            log.seek(self._written_before)
            return log.read().decode(errors="replace")

    def last_lines(self) -> str:
        """The end of its log, for whoever looks why a test failed."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(line[:SHOWN_LETTERS] for line in text.splitlines()[-SHOWN_LINES:])

    def _serves(self) -> bool:
        assert self._process is not None
        ended = self._process.poll()
        assert ended is None, f"{self.name} ended with {ended} before it served:\n{self.last_lines()}"
        return self._ready in self.written() if isinstance(self._ready, str) else self._ready()


def base_environment(bin_folder: Path) -> dict[str, str]:
    """This process's environment without any setting of Stagedoor, and with the programs beside its Python."""
    ours = ("STAGEDOOR_", "SENTRY_", "DATABASE_URL", "BROKER_URL", "FLOWER_", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
