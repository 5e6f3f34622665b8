"""How a vendor bears our calls: rests of lanes, and rates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "lanes",
        sa.Column(
            "failures",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="calls in a row that were not answered",
        ),
    )
    op.add_column(
        "lanes", sa.Column("rests_until", sa.BigInteger(), nullable=True, comment="the vendor is left alone until then")
    )
    op.create_table(
        "rates",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("limit", sa.Text(), nullable=False, comment="count/seconds"),
        sa.Column(
            "next_at",
            sa.BigInteger(),
            nullable=True,
            comment="the next instant handed out, for a limit kept by spacing",
        ),
        sa.Column(
            "window_at", sa.BigInteger(), nullable=True, comment="when the window began, for a limit kept by counting"
        ),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("vendor", "limit", name=op.f("pk_rates")),
    )


def downgrade() -> None:
    op.drop_table("rates")
    op.drop_column("lanes", "rests_until")
    op.drop_column("lanes", "failures")
