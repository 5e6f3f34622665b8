"""The timekeeper: a thread in every worker that keeps time and sweeps. No beat, and no worker is special."""

from __future__ import annotations

import threading
from typing import Any

import structlog
from celery import bootsteps

from tasks.context import Context
from workflows.errors import LedgerUnavailable

SWEEP_SECONDS = 1.0
SHORTEST_SECONDS = 0.02
"""Between two sweeps: waits that end within it are woken together."""

log = structlog.get_logger(__name__)


class Timekeeper:
    """Sweeps once a second, earlier where a wait is due before, or at once while much is due.

    An error is logged; the next sweep comes all the same.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timekeeper", daemon=True)

    def start(self) -> None:
        """Begin to sweep."""
        self._thread.start()

    def stop(self) -> None:
        """End the sweep under way and return."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        pause = SWEEP_SECONDS
        while not self._stop.wait(pause):
            pause = SWEEP_SECONDS
            try:
                pause = self._sweep()
            except LedgerUnavailable as error:
                log.warning("ledger_unavailable", error=str(error))
            except Exception:
                log.exception("sweep_failed")

    def _sweep(self) -> float:
        """Sweep once; in how many seconds the next sweep is due."""
        swept = self.context.sweep.once()
        if swept.pending:
            self.context.ring_intake()  # perhaps their ring was lost; one too many only finds nothing to do
        if swept.is_busy:
            return 0
        if swept.next_due_seconds is None:
            return SWEEP_SECONDS
        return min(max(swept.next_due_seconds, SHORTEST_SECONDS), SWEEP_SECONDS)


def bootstep(context: Context) -> type[bootsteps.StartStopStep]:
    """The step by which Celery starts and stops a timekeeper with its worker."""

    class TimekeeperStep(bootsteps.StartStopStep):  # type: ignore[misc]
        """Runs from when the worker can reach its broker until it stops."""

        requires = {"celery.worker.components:Pool"}  # noqa: RUF012 - Celery's own form

        def __init__(self, worker: Any, **options: Any) -> None:
            super().__init__(worker, **options)
            self.keeper = Timekeeper(context)

        def start(self, worker: Any) -> None:
            self.keeper.start()

        def stop(self, worker: Any) -> None:
            self.keeper.stop()
            context.releasing.close()

    return TimekeeperStep
