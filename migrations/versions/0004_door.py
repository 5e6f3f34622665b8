"""What the door promises: repeats counted, what is filtered or superseded kept, sequences and rates shared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.edits import replace_check

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CONSTRAINT = "ck_deliveries_state_known"
BEFORE = "state IN ('pending', 'taken', 'rejected', 'quarantined')"
AFTER = "state IN ('pending', 'taken', 'rejected', 'quarantined', 'filtered', 'superseded')"


def upgrade() -> None:
    why = "why it was filtered or superseded, or some of its events were filtered"
    op.add_column("deliveries", sa.Column("reason", sa.Text(), nullable=True, comment=why))
    replace_check("deliveries", CONSTRAINT, BEFORE, AFTER)
    op.create_table(
        "repeats",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_repeats_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_repeats")),
        comment="how often a delivery came again; none without a row",
    )
    op.create_table(
        "sequences",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="the highest that came"),
        sa.Column(
            "previous",
            sa.BigInteger(),
            nullable=True,
            comment="the highest before the batch that wrote this row last",
        ),
        sa.PrimaryKeyConstraint("source", "subject", name=op.f("pk_sequences")),
    )
    op.create_table(
        "buckets",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("spent_until", sa.BigInteger(), nullable=False, comment="up to when what its rate allows is spent"),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_buckets")),
    )


def downgrade() -> None:
    op.drop_table("buckets")
    op.drop_table("sequences")
    op.drop_table("repeats")
    op.execute("UPDATE deliveries SET state = 'rejected' WHERE state IN ('filtered', 'superseded')")
    replace_check("deliveries", CONSTRAINT, AFTER, BEFORE)
    op.drop_column("deliveries", "reason")
