"""What the door keeps about what it took in, and the audit of what people did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REFERRING = (
    ("dedup_keys", "delivery_id"),
    ("milestones", "event_id"),
    ("once_keys", "effect_id"),
    ("gathered", "event_id"),
)
REFERRING_PERHAPS = (("awaited", "event_id"), ("gathered", "began"))

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
    _create_replays()
    _create_expectations()
    _create_drift()
    _create_what_removal_needs()


def downgrade() -> None:
    for table, column in (*REFERRING, *REFERRING_PERHAPS):
        op.drop_index(f"ix_{table}_{column}", table_name=table)
    for table in ("drifts", "shapes", "chores"):
        op.drop_table(table)
    op.drop_table("expectations")
    op.drop_index("ix_events_replay_of", table_name="events")
    op.drop_column("events", "replay_of")
    op.drop_table("replays")
    for state in ("rejected", "quarantined"):
        op.drop_index(f"ix_deliveries_{state}", table_name="deliveries")
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


def _create_replays() -> None:
    for state in ("rejected", "quarantined"):
        _create_partial_index(f"ix_deliveries_{state}", "deliveries", ["id"], f"state = '{state}'")
    op.create_table(
        "replays",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False, comment="which deliveries, and which steps again"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "cursor", sa.Text(), nullable=False, comment="the last delivery that was looked at; '' before the first"
        ),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('running', 'stopped', 'done')", name=op.f("ck_replays_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replays")),
    )
    comment = "the event this one is a replay of, never itself a replay"
    op.add_column("events", sa.Column("replay_of", sa.Text(), nullable=True, comment=comment))
    _create_partial_index("ix_events_replay_of", "events", ["replay_of"], "replay_of IS NOT NULL")


def _create_expectations() -> None:
    op.create_table(
        "expectations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("comes", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False, comment="the event that opened it"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.Text(), nullable=True, comment="the type of follow-up that asking the vendor found"),
        sa.Column("met_by", sa.Text(), nullable=True, comment="the event that met it"),
        sa.Column("poll_at", sa.BigInteger(), nullable=True, comment="ask the vendor at this time"),
        sa.Column("polls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=True, comment="the call that asks, while it is out"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'missing', 'found', 'met')", name=op.f("ck_expectations_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expectations")),
    )
    op.create_index("ix_expectations_subject", "expectations", ["subject", "after"])
    _create_partial_index("ix_expectations_due", "expectations", ["due_at"], "state = 'open'")
    _create_partial_index("ix_expectations_poll", "expectations", ["poll_at"], "poll_at IS NOT NULL")
    _create_partial_index("ix_expectations_asked", "expectations", ["effect_id"], "effect_id IS NOT NULL")


def _create_drift() -> None:
    op.create_table(
        "chores",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), server_default="", nullable=False, comment="how far it has come"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
        comment="work that some process does now and then, whichever comes first",
    )
    op.create_table(
        "shapes",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False, comment="the body as it came, or the event's data"),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False, comment="{path: [kinds, seen, missed, is optional]}"),
        sa.CheckConstraint("part IN ('body', 'data')", name=op.f("ck_shapes_part_known")),
        sa.PrimaryKeyConstraint("source", "type", "part", name=op.f("pk_shapes")),
    )
    op.create_table(
        "drifts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("now", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False, comment="where it was seen first"),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("what IN ('new', 'gone', 'type')", name=op.f("ck_drifts_what_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drifts")),
    )
    _create_partial_index("ix_drifts_open", "drifts", ["id"], "accepted_at IS NULL")


def _create_what_removal_needs() -> None:
    """Before a row is deleted the database looks for whoever refers to it: without these, through the whole table."""
    for table, column in REFERRING:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    for table, column in REFERRING_PERHAPS:
        _create_partial_index(f"ix_{table}_{column}", table, [column], f"{column} IS NOT NULL")


def _create_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=False, sqlite_where=condition, postgresql_where=condition)
