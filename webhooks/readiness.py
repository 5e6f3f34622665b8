"""Readiness: whether deliveries can be stored now and are being taken in, as far as looking can tell.

A door that is not ready goes on taking in what comes: whoever sends it has nowhere else to go. It says so to those who
can send elsewhere, or wake somebody.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from workflows.errors import LedgerUnavailable
from workflows.ledger.backlog import oldest_pending
from workflows.ledger.database import Database
from workflows.problems import Problem
from workflows.settings import Settings

MEGABYTE = 1_000_000


class Readiness:
    """Looks at the ledger and at the disk that what is kept on this machine lies on."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._door = settings.door
        file = make_url(settings.database_url).database if database.is_sqlite else None
        self._folder = settings.data_dir if file is None else Path(file).parent

    def problems(self) -> list[Problem]:
        """Why the door is not ready; none when it is."""
        return [*self._of_ledger(), *self._of_disk()]

    def _of_ledger(self) -> Iterator[Problem]:
        try:
            with self._database.read() as connection:
                oldest = oldest_pending(connection)
                waited = None if oldest is None else self._database.now(connection) - oldest
        except (LedgerUnavailable, sa.exc.SQLAlchemyError):
            yield Problem("ledger", "the ledger cannot be read")
            return
        if waited is not None and waited > self._door.oldest_pending:
            most, found = self._door.oldest_pending.total_seconds(), waited.total_seconds()
            yield Problem(
                "backlog", f"a delivery has waited {found:.0f} s to be taken in, which is more than {most:g} s"
            )

    def _of_disk(self) -> Iterator[Problem]:
        try:
            free = shutil.disk_usage(self._folder).free // MEGABYTE
        except OSError:  # nothing is kept there yet
            return
        if free < self._door.free_disk:
            yield Problem(
                "disk", f"{free} MB are free where data is kept, which is less than {self._door.free_disk} MB"
            )
