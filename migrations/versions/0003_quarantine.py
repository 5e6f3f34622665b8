"""Deliveries may be quarantined: well as far as can be seen, and not believed until their source is configured."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

CONSTRAINT = "ck_deliveries_state_known"
BEFORE = "state IN ('pending', 'taken', 'rejected')"
AFTER = "state IN ('pending', 'taken', 'rejected', 'quarantined')"


def upgrade() -> None:
    _replace(BEFORE, AFTER)


def downgrade() -> None:
    op.execute("UPDATE deliveries SET state = 'rejected' WHERE state = 'quarantined'")
    _replace(AFTER, BEFORE)


def _replace(before: str, after: str) -> None:
    """Change what the constraint says.

    SQLite cannot; but the text of a table's schema may be edited where that changes nothing in how its rows are stored
    (SQLite, "ALTER TABLE", section 7), and no row has to be copied for it.
    """
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(CONSTRAINT), "deliveries", type_="check")
        op.create_check_constraint(op.f(CONSTRAINT), "deliveries", after)
        return
    version = op.get_bind().scalar(sa.text("PRAGMA schema_version"))
    op.execute("PRAGMA writable_schema = ON")
    edit = "UPDATE sqlite_schema SET sql = replace(sql, :before, :after) WHERE type = 'table' AND name = 'deliveries'"
    op.execute(sa.text(edit).bindparams(before=before, after=after))
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")
