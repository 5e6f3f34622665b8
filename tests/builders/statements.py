"""What is asked of a database: by SQLAlchemy, and by statements that are prepared."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from workflows.ledger.database import Database
from workflows.ledger.prepared import _Made


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Every statement run within and its values; one that is run for many rows counts once, with the first of them."""
    found: list[tuple[str, Any]] = []
    parameters = _Made.parameters

    def note(connection, cursor, statement, values, context, many):
        found.append((statement, values))

    def noted(made, given):
        values = parameters(made, given)
        if not found or found[-1][0] != made.sql:
            found.append((made.sql, values))
        return values

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        with patch.object(_Made, "parameters", noted):
            yield found
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)
