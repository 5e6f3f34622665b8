"""What all servers of the tests have in common: one process, its data folder, a port that stays the same."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasks.supervisor.guard import Guard
from tasks.supervisor.readiness import free_port

POLL_SECONDS = 0.05


class Server(ABC):
    """One real server. It starts empty; `restart` and `kill9` keep its data and its port."""

    name: str
    start_seconds = 60.0
    stop_seconds = 20.0
    stop_signal = signal.SIGTERM

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"stagedoor-{self.name.lower()}-"))
        self._log = self.folder / "output.log"

    @property
    @abstractmethod
    def url(self) -> str:
        """The address as DATABASE_URL or BROKER_URL take it."""

    @property
    def pid(self) -> int:
        """The process id; only while it runs."""
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    @abstractmethod
    def start(self) -> None:
        """Start it and return once it serves."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it serves now."""

    def stop(self) -> None:
        """Stop it in order; killed if that takes too long. Its data stays."""
        if self._process is None:
            return
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill9(self) -> None:
        """Kill it without warning. Its data stays."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop it if it runs, and start it on the same data and port."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop it for good and delete its data."""
        self.kill9()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self, command: list[str], environment: Mapping[str, str], user: str | None = None) -> None:
        # In the guard's group: killed even if the tests themselves are killed.
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=self._guard.group,
                **as_user(user),
            )
        self._await(self.is_ready)

    def _await(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not condition():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                ended = self._process.poll()
                self.kill9()
                raise RuntimeError(f"{self.name} did not start (exit {ended}):\n{self._last_lines()}")
            time.sleep(POLL_SECONDS)

    def _last_lines(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])


def as_user(name: str | None) -> dict[str, Any]:
    """Give Popen's arguments for running as another user; None is ourselves."""
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def unprivileged_user() -> str | None:
    """Name a user for servers that refuse root; None if we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
