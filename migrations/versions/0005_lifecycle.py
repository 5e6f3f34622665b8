"""What the door keeps about what it took in, and the audit of what people did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# An audit that could be rewritten by whoever can write would prove nothing. (Its hashes show what was done to it by
# somebody who may also drop these triggers.)
SQLITE_APPEND_ONLY = """
CREATE TRIGGER audit_{verb} BEFORE {verb} ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
"""
POSTGRESQL_REFUSE = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$
"""
POSTGRESQL_APPEND_ONLY = """
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
"""


def upgrade() -> None:
    _create_audit()


def downgrade() -> None:
    op.drop_table("audit_head")
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_append_only()")


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False, comment="from 1, without a gap"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False, comment="of this entry and of the hash before it"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
        comment="append-only: the database refuses to change or delete a row",
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
        comment="the last entry of the audit; locked by whoever writes the next",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL_REFUSE)
        op.execute(POSTGRESQL_APPEND_ONLY)
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_APPEND_ONLY.format(verb=verb))
