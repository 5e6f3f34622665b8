"""The keepers of every worker: threads that look after something, and of which each look says when the next is due."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from celery import bootsteps

from tasks.context import Context
from tasks.timekeeper import SWEEP_SECONDS, sweep
from tasks.upkeep import UPKEEP_SECONDS, keep_up
from workflows.errors import LedgerUnavailable

PRIORITY = 10
"""Of a worker, as `nice` counts: where it shares processors with the door, who waits for an answer there goes first."""

log = structlog.get_logger(__name__)


class Keeper:
    """Looks for the first time after `usual_seconds`, then after as many as each look says.

    An error is logged; the next look comes all the same.
    """

    def __init__(self, name: str, look: Callable[[], float], usual_seconds: float) -> None:
        self._look = look
        self._usual_seconds = usual_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End the look under way and return."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        pause = self._usual_seconds
        while not self._stop.wait(pause):
            pause = self._usual_seconds
            try:
                pause = self._look()
            except LedgerUnavailable as error:
                log.warning("ledger_unavailable", error=str(error))
            except Exception:
                log.exception("keeper_failed", keeper=self._thread.name)


def bootstep(context: Context) -> type[bootsteps.StartStopStep]:
    """The step by which Celery starts and stops the keepers with its worker, which gives way to the door."""

    class KeepersStep(bootsteps.StartStopStep):  # type: ignore[misc]
        """Run from when the worker can reach its broker until it stops."""

        requires = {"celery.worker.components:Pool"}  # noqa: RUF012 - Celery's own form

        def __init__(self, worker: Any, **options: Any) -> None:
            super().__init__(worker, **options)
            os.setpriority(os.PRIO_PROCESS, 0, max(PRIORITY, os.getpriority(os.PRIO_PROCESS, 0)))
            self.keepers = (
                Keeper("timekeeper", partial(sweep, context), SWEEP_SECONDS),
                Keeper("upkeep", partial(keep_up, context.upkeep), UPKEEP_SECONDS),
            )

        def start(self, worker: Any) -> None:
            context.follow_ons.start(worker)
            context.spare.start(worker)
            for keeper in self.keepers:
                keeper.start()

        def stop(self, worker: Any) -> None:
            for keeper in self.keepers:
                keeper.stop()
            context.releasing.close()

    return KeepersStep
