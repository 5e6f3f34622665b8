"""The upkeep thread of every worker: slow work for which no timer may wait."""

from __future__ import annotations

import threading
from typing import Any

import structlog
from celery import bootsteps

from workflows.errors import LedgerUnavailable
from workflows.runtime.upkeep import Upkeep

UPKEEP_SECONDS = 10.0
PAUSE_SECONDS = 0.2
"""Between two pieces of a larger work: others have their turn at the ledger."""

log = structlog.get_logger(__name__)


class Keeper:
    """Looks after the chores every few seconds. An error is logged; the next look comes all the same."""

    def __init__(self, upkeep: Upkeep, first_seconds: float = UPKEEP_SECONDS) -> None:
        self._upkeep = upkeep
        self._first_seconds = first_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End what is under way and return."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        pause = self._first_seconds
        while not self._stop.wait(pause):
            has_more = False
            try:
                has_more = self._upkeep.once()
            except LedgerUnavailable as error:
                log.warning("ledger_unavailable", error=str(error))
            except Exception:
                log.exception("upkeep_failed")
            pause = PAUSE_SECONDS if has_more else UPKEEP_SECONDS


def bootstep(upkeep: Upkeep) -> type[bootsteps.StartStopStep]:
    """The step by which Celery starts and stops the thread with its worker."""

    class UpkeepStep(bootsteps.StartStopStep):  # type: ignore[misc]
        """Runs beside the timekeeper."""

        requires = {"celery.worker.components:Pool"}  # noqa: RUF012 - Celery's own form

        def __init__(self, worker: Any, **options: Any) -> None:
            super().__init__(worker, **options)
            self.keeper = Keeper(upkeep)

        def start(self, worker: Any) -> None:
            self.keeper.start()

        def stop(self, worker: Any) -> None:
            self.keeper.stop()

    return UpkeepStep
