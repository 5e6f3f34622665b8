"""The schema's version: bring a database up to it, or say how far behind it is."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from workflows.ledger.database import Database
from workflows.ledger.tables import SHARDS, shards

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(database: Database) -> str:
    """Apply what is missing, in one transaction, and return the revision the database is at.

    Meant for one process at a time (the Procfile's `release`); of two at once on PostgreSQL one fails and changes
    nothing.
    """
    with database.rebuild() as connection:
        command.upgrade(_config(connection), "head")
        present = set(connection.scalars(sa.select(shards.c.id)))
        missing = [{"id": number} for number in range(SHARDS) if number not in present]
        if missing:
            connection.execute(shards.insert(), missing)
    return head()


def current(connection: Connection) -> str | None:
    """The revision the database is at, None when it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The revision this code needs."""
    revision = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert revision is not None
    return revision


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
