"""Refusals on their way to the ledger: counted here, written from a thread of their own.

A flood of forged requests costs a dictionary look-up each, and one write every few seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import structlog

from workflows.errors import LedgerUnavailable
from workflows.ledger import refusals as ledger
from workflows.ledger.database import Database
from workflows.ledger.refusals import Refusals, Sample
from workflows.redaction import redact
from workflows.values import utc_now

INTERVAL_SECONDS = 2.0
STOP_SECONDS = 5.0

log = structlog.stdlib.get_logger(__name__)


class RefusalCounter:
    """Counts refusals by source and reason; both come from short lists of ours, so the counts are bounded."""

    def __init__(self, database: Database, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._database = database
        self._interval_seconds = interval_seconds
        self._lock = threading.Lock()
        self._counted: dict[tuple[str, str], Refusals] = {}
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def count(self, source: str, reason: str, sample: Mapping[str, object]) -> None:
        """Count one. `sample` tells what it looked like; nobody has vouched for it."""
        now = utc_now()
        with self._lock:
            before = self._counted.get((source, reason))
            self._counted[source, reason] = (
                replace(before, count=before.count + 1, last_at=now, sample=sample)
                if before
                else Refusals(source, reason, 1, now, now, sample)
            )
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="refusals", daemon=True)
                self._thread.start()

    def write(self) -> None:
        """Write what was counted. What cannot be written now stays counted."""
        with self._lock:
            counted, self._counted = self._counted, {}
        if not counted:
            return
        # What a sender calls itself may be anything, somebody's address as well.
        shown = [replace(item, sample=cast(Sample, redact(item.sample))) for item in counted.values()]
        try:
            with self._database.write() as connection:
                ledger.add(connection, shown)
        except LedgerUnavailable:
            self._put_back(counted)

    def close(self) -> None:
        """Write what was counted and end the thread."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _put_back(self, counted: Mapping[tuple[str, str], Refusals]) -> None:
        with self._lock:
            for key, old in counted.items():
                new = self._counted.get(key)
                self._counted[key] = replace(new, count=new.count + old.count, first_at=old.first_at) if new else old

    def _run(self) -> None:
        while not self._closed.wait(self._interval_seconds):
            self._write_or_log()
        self._write_or_log()

    def _write_or_log(self) -> None:
        try:
            self.write()
        except Exception:
            # A bug of ours; counting goes on, for refusing must not stop.
            log.exception("writing refusals failed")
