"""Edits of what a table's schema says, where its rows stay as they are.

SQLite has no `ALTER TABLE` for these; but the text of a table's schema may be edited where that changes nothing in how
its rows are stored (SQLite, "ALTER TABLE", section 7), and no row has to be copied for it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def replace_check(table: str, name: str, before: str, after: str) -> None:
    """Change what the check constraint `name` says."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(name), table, type_="check")
        op.create_check_constraint(op.f(name), table, after)
        return
    _edit(table, before, after)


def allow_null(table: str, column: str) -> None:
    """Let a column of text be NULL."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(table, column, existing_type=sa.Text(), nullable=True)
        return
    _edit(table, f"{column} TEXT NOT NULL", f"{column} TEXT")


def _edit(table: str, before: str, after: str) -> None:
    written = op.get_bind().scalar(sa.text("SELECT sql FROM sqlite_schema WHERE name = :table").bindparams(table=table))
    assert before in str(written), f"the schema of {table} does not say {before!r}"
    version = op.get_bind().scalar(sa.text("PRAGMA schema_version"))
    op.execute("PRAGMA writable_schema = ON")
    edit = "UPDATE sqlite_schema SET sql = replace(sql, :before, :after) WHERE type = 'table' AND name = :table"
    op.execute(sa.text(edit).bindparams(before=before, after=after, table=table))
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")
