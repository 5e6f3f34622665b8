"""Releasing: a thread that offers due effects to the workers whenever somebody has made some due.

Asked again while it is at it, it looks once more when it is done: under load one look serves many. What it is not asked
for, because its process was killed first, the sweep finds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from workflows.errors import LedgerUnavailable

PAUSE_SECONDS = 0.03
"""Between two looks, so that one serves all who ask while much is going on."""
STOP_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Releasing:
    """Calls `release` soon after it is asked to; its thread starts when it is first needed."""

    def __init__(self, release: Callable[[], object]) -> None:
        self._release = release
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._paused = threading.Event()

    def soon(self) -> None:
        """Have it look. Returns at once."""
        self._asked.set()
        if self._thread is None:
            self._start()

    def close(self) -> None:
        """End the thread, after the look that was asked for last."""
        self._is_closed = True
        self._paused.set()
        self._asked.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="releasing", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            try:
                self._release()
            except LedgerUnavailable as error:
                log.warning("ledger_unavailable", error=str(error))
            except Exception:
                log.exception("release_failed")
            if self._is_closed and not self._asked.is_set():
                return
            self._paused.wait(PAUSE_SECONDS)
