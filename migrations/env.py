"""Alembic's way in: migrate the database of the connection that `workflows.ledger.schema` hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from workflows.ledger.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
