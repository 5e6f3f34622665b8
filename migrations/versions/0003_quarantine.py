"""Deliveries may be quarantined: well as far as can be seen, and not believed until their source is configured."""

from __future__ import annotations

from alembic import op

from migrations.edits import replace_check

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CONSTRAINT = "ck_deliveries_state_known"
BEFORE = "state IN ('pending', 'taken', 'rejected')"
AFTER = "state IN ('pending', 'taken', 'rejected', 'quarantined')"


def upgrade() -> None:
    replace_check("deliveries", CONSTRAINT, BEFORE, AFTER)


def downgrade() -> None:
    op.execute("UPDATE deliveries SET state = 'rejected' WHERE state = 'quarantined'")
    replace_check("deliveries", CONSTRAINT, AFTER, BEFORE)
