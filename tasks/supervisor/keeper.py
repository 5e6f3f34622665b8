"""A keeper: the thread that keeps one service running."""

import threading
import time
from collections.abc import Callable, Iterable

from tasks.supervisor.child import Child
from tasks.supervisor.errors import ServiceEnded, StartFailed, describe_status
from tasks.supervisor.output import OWN_NAME, OnLine
from tasks.supervisor.service import Service

BACKOFF_BASE_SECONDS = 0.5
BACKOFF_CAP_SECONDS = 15.0
# A service that ran this long was well: its next crash is a new story.
STEADY_SECONDS = 60.0
PROBE_INTERVAL_SECONDS = 0.05


def restart_delay(crashes: int) -> float:
    """How long to wait before starting again, in seconds; `crashes` in a row, counted from 1."""
    # The exponent is bounded because a service may crash for days.
    return min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2.0 ** min(crashes - 1, 10))


class Keeper:
    """Starts a service, tells when it is ready, and starts it again when it crashes.

    The first start must succeed: a service that never came up has a fault that trying again does not mend. It is told
    by `on_failure`, once, and so is the end of a service that is not to be restarted.
    """

    def __init__(
        self,
        service: Service,
        on_line: OnLine,
        *,
        on_ready: Callable[[str], None],
        on_failure: Callable[[Exception], None],
        holding: Iterable[int],
    ) -> None:
        self.service = service
        self._on_line = on_line
        self._on_ready = on_ready
        self._on_failure = on_failure
        self._holding = tuple(holding)
        self._child: Child | None = None
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._stop_by = 0.0
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"{service.name}-keeper", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id of the service, or None while it does not run."""
        child = self._child
        return child.pid if child is not None else None

    def start(self) -> None:
        """Start the service; returns at once."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Send SIGTERM if it runs, and start it no more."""
        with self._changing:
            self._stopping.set()
            self._stop_by = time.monotonic() + self.service.stop_seconds
            if self._child is not None:
                self._child.terminate()

    def finish(self) -> None:
        """After `ask_to_stop`: wait for its end; kill it when its time is over."""
        if not self._wait(max(0.0, self._stop_by - time.monotonic())):
            self._say(f"killed: it did not stop within {self.service.stop_seconds:g} s")
            self.kill()

    def kill(self) -> None:
        """Kill it if it runs, and return when it is gone."""
        with self._changing:
            self._stopping.set()
            if self._child is not None:
                self._child.kill()
        self._wait(None)

    def _wait(self, seconds: float | None) -> bool:
        # Not Thread.join: interrupted by a signal it marks a running thread as ended (CPython issue 90882).
        # A thread that has not begun by now will find that it must stop.
        return self._thread.ident is None or self._finished.wait(seconds)

    def _keep(self) -> None:
        try:
            if self._run_first():
                self._run_again()
        except Exception as error:
            # Nobody joins this thread while all is well: a bug in here, or in a probe, would end it unseen.
            self._on_failure(error)
            if self._child is not None:
                self._child.kill()
                self._await_end(self._child)
        finally:
            self._finished.set()

    def _run_first(self) -> bool:
        """Run it from its first start to its first end; returns whether to start it again."""
        try:
            child = self._launch()
        except OSError as error:
            self._on_failure(StartFailed(self.service.name, str(error)))
            return False
        if child is None:
            return False
        if not self._await_ready(child):
            self._give_up(child)
            return False
        self._say("ready")
        self._on_ready(self.service.name)
        status = self._await_end(child)
        if self._stopping.is_set():
            return False
        if not self.service.restarts:
            self._on_failure(ServiceEnded(self.service.name, status))
        return self.service.restarts

    def _run_again(self) -> None:
        crashes = 1
        while not self._stopping.wait(restart_delay(crashes)):
            started = time.monotonic()
            self._run_once_more()
            crashes = 1 if time.monotonic() - started > STEADY_SECONDS else crashes + 1

    def _run_once_more(self) -> None:
        try:
            child = self._launch()
        except OSError as error:
            # The machine is short of processes or memory; that passes.
            self._say(f"could not be started: {error}")
            return
        if child is None:
            return
        if self._await_ready(child):
            self._say("ready again")
        elif not self._stopping.is_set():
            child.kill()
        self._await_end(child)

    def _launch(self) -> Child | None:
        with self._changing:
            if self._stopping.is_set():
                return None
            self._child = Child(self.service, self._on_line, holding=self._holding)
            self._say(f"started as process {self._child.pid}")
            return self._child

    def _await_ready(self, child: Child) -> bool:
        deadline = time.monotonic() + self.service.ready_seconds
        while not child.is_ready():
            if child.poll() is not None or time.monotonic() > deadline:
                return False
            if self._stopping.wait(PROBE_INTERVAL_SECONDS):
                return False
        return True

    def _give_up(self, child: Child) -> None:
        ended = child.poll()
        if ended is None and not self._stopping.is_set():
            child.kill()
        self._await_end(child)
        if self._stopping.is_set():
            return
        slow = f"not ready within {self.service.ready_seconds:g} s"
        reason = slow if ended is None else describe_status(ended)
        self._on_failure(StartFailed(self.service.name, reason, child.last_lines))

    def _await_end(self, child: Child) -> int:
        status = child.wait()
        with self._changing:
            self._child = None
        self._say(f"ended ({describe_status(status)})")
        return status

    def _say(self, text: str) -> None:
        self._on_line(OWN_NAME, f"{self.service.name}: {text}")
