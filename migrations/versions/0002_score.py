"""The whole language: waits for events and people, loops, runs in crowds and of runs, and calls made once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.edits import allow_null, replace_check

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RUN_STATES = "state IN ({}'running', 'done', 'stopped', 'failed', 'cancelled')"
STEP_STATES = "state IN ('waiting', 'calling', {}'done', 'skipped', 'stopped', 'failed'{})"
EFFECT_STATES = (
    "state IN ('intended', 'held', 'released', 'claimed', 'accepted', 'done', 'refused', 'in_doubt', 'cancelled'{})"
)


def upgrade() -> None:
    replace_check("runs", "ck_runs_state_known", RUN_STATES.format(""), RUN_STATES.format("'queued', 'parked', "))
    replace_check(
        "steps", "ck_steps_state_known", STEP_STATES.format("", ""), STEP_STATES.format("'running', ", ", 'cancelled'")
    )
    replace_check("effects", "ck_effects_state_known", EFFECT_STATES.format(""), EFFECT_STATES.format(", 'skipped'"))
    _widen_effects()
    _widen_events()
    _widen_runs()
    _make_waits()
    _make_tables()


def downgrade() -> None:
    raise NotImplementedError("what the whole language wrote has no place in the tables before it")


def _widen_effects() -> None:
    comment = "calls of this step before it, by hand"
    op.add_column("effects", sa.Column("round", sa.Integer(), server_default="0", nullable=False, comment=comment))
    comment = "brand and workflow: they take turns"
    op.add_column("effects", sa.Column("tenant", sa.Text(), server_default="", nullable=False, comment=comment))
    columns = ["vendor", "tenant", "due_at", "id"]
    _partial_index("ix_effects_turns", "effects", columns, "state IN ('intended', 'held')")
    op.add_column("effects", sa.Column("once_key", sa.Text(), comment="only one effect with this key is ever made"))
    comment = "what must still be so: see workflows.engine.expectations"
    op.add_column("effects", sa.Column("expects", sa.Text(), comment=comment))
    op.add_column("effects", sa.Column("seen", sa.Text(), comment="what it read of that just now"))
    op.add_column("effects", sa.Column("seen_at", sa.BigInteger()))


def _widen_events() -> None:
    allow_null("events", "delivery_id")
    _comment("events", "delivery_id", "NULL: an event of our own")
    op.add_column("events", sa.Column("cause", sa.Text(), comment="the run that wrote an event of our own"))
    comment = "how many runs lie between it and a delivery"
    op.add_column("events", sa.Column("depth", sa.Integer(), server_default="0", nullable=False, comment=comment))
    op.create_index(op.f("ix_events_type_id"), "events", ["type", "id"])


def _widen_runs() -> None:
    # As text: on SQLite a constraint goes with its column, or not at all.
    op.execute("ALTER TABLE runs ADD COLUMN parent_id TEXT CONSTRAINT fk_runs_parent_id REFERENCES runs (id)")
    _comment("runs", "parent_id", "the run one of whose steps it is")
    op.add_column("runs", sa.Column("parent_step", sa.Text()))
    op.add_column("runs", sa.Column("parent_iteration", sa.Text()))
    comment = "runs of one workflow with the same crowd are limited together; NULL: no limit"
    op.add_column("runs", sa.Column("crowd", sa.Text(), comment=comment))
    check = "CONSTRAINT ck_runs_slot_while_running CHECK (slot IS NULL OR state = 'running')"
    op.execute(f"ALTER TABLE runs ADD COLUMN slot INTEGER {check}")
    _comment("runs", "slot", "its place among those of its crowd that may run")
    comment = '{"reason": …, "by": …, "cleans_up": bool}: it is to be cancelled'
    op.add_column("runs", sa.Column("cancel", sa.Text(), comment=comment))
    comment = '{"state": …, "at": …, "reason": …}: it ends so once on_failure is done'
    op.add_column("runs", sa.Column("ending", sa.Text(), comment=comment))
    op.add_column("runs", sa.Column("result", sa.Text()))
    op.add_column("runs", sa.Column("started_by", sa.Text(), comment="the person who started it by hand"))
    op.drop_index("ix_runs_expires_at", "runs")
    _partial_index("ix_runs_expires_at", "runs", ["expires_at"], "state IN ('running', 'queued')")
    _partial_index("ix_runs_turns", "runs", ["workflow", "wake_at"], "state = 'running' AND wake_at IS NOT NULL")
    _partial_index("ix_runs_parent_id", "runs", ["parent_id"], "parent_id IS NOT NULL")
    _partial_index("ix_runs_queued", "runs", ["workflow", "crowd", "id"], "state = 'queued'")
    _partial_index("ix_runs_parked", "runs", ["id"], "state = 'parked'")
    _partial_index("uq_runs_slot", "runs", ["workflow", "crowd", "slot"], "slot IS NOT NULL", unique=True)


def _make_waits() -> None:
    """Of waits the key changes, for which SQLite needs the table made anew."""
    op.execute("CREATE TABLE waits_kept AS SELECT * FROM waits")
    op.drop_table("waits")
    op.create_table(
        "waits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("iteration", sa.Text(), server_default="", nullable=False),
        sa.Column("round", sa.Integer(), server_default="0", nullable=False, comment="how often it was asked before"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False, comment="when it is over, or expires"),
        sa.Column("details", sa.Text(), nullable=True, comment="what people are asked, or which events are awaited"),
        sa.Column("output", sa.Text(), nullable=True, comment="what it was released with"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('timer', 'event', 'approval')", name=op.f("ck_waits_kind_known")),
        sa.CheckConstraint("state IN ('open', 'done', 'expired', 'cancelled')", name=op.f("ck_waits_state_known")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_waits_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waits")),
        sa.UniqueConstraint("run_id", "step", "iteration", "round", name=op.f("uq_waits_run_id_step_iteration_round")),
    )
    op.execute(
        "INSERT INTO waits (id, run_id, step, iteration, kind, state, due_at, created_at, ended_at)"
        " SELECT id, run_id, step, iteration, kind, state, due_at, created_at, ended_at FROM waits_kept"
    )
    op.drop_table("waits_kept")
    _partial_index("ix_waits_due", "waits", ["due_at"], "state = 'open'")
    _partial_index("ix_waits_asked", "waits", ["id"], "state = 'open' AND kind = 'approval'")


def _make_tables() -> None:
    op.create_table(
        "crowds",
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("crowd", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workflow", "crowd", name=op.f("pk_crowds")),
        comment="locked while it is decided which runs of a crowd may run",
    )
    op.create_table(
        "listened",
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("lookback", sa.BigInteger(), nullable=False, comment="microseconds: the longest anybody looks back"),
        sa.PrimaryKeyConstraint("type", "path", name=op.f("pk_listened")),
        comment="which parts of which events are awaited by anybody, or were",
    )
    op.create_table(
        "schedules",
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("definition_hash", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["definition_hash"], ["definitions.hash"], name=op.f("fk_schedules_definition_hash")),
        sa.PrimaryKeyConstraint("workflow", name=op.f("pk_schedules")),
        comment="when scheduled workflows are started next",
    )
    op.create_index(op.f("ix_schedules_due_at"), "schedules", ["due_at"], unique=False)
    op.create_table(
        "event_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("came_at", sa.BigInteger(), nullable=False, comment="by the clock that all processes share"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_event_keys_event_id")),
        sa.PrimaryKeyConstraint("key", "event_id", name=op.f("pk_event_keys")),
        comment="what is listened for, in the events that came",
    )
    op.create_index(op.f("ix_event_keys_event_id"), "event_keys", ["event_id"], unique=False)
    op.create_table(
        "gathered",
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("crowd", sa.Text(), nullable=False, comment="the value of by"),
        sa.Column("definition_hash", sa.Text(), nullable=False),
        sa.Column("came_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "look_at", sa.BigInteger(), nullable=True, comment="when to see whether a run begins with it; NULL: one did"
        ),
        sa.Column("began", sa.Text(), nullable=True, comment="the event of the run it became part of"),
        sa.ForeignKeyConstraint(["began"], ["events.id"], name=op.f("fk_gathered_began")),
        sa.ForeignKeyConstraint(["definition_hash"], ["definitions.hash"], name=op.f("fk_gathered_definition_hash")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_gathered_event_id")),
        sa.PrimaryKeyConstraint("workflow", "event_id", name=op.f("pk_gathered")),
        comment="events that are debounced or batched",
    )
    _partial_index("ix_gathered_look_at", "gathered", ["look_at"], "look_at IS NOT NULL")
    _partial_index("ix_gathered_open", "gathered", ["workflow", "crowd", "event_id"], "look_at IS NOT NULL")
    op.create_table(
        "nudges",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column(
            "cancel",
            sa.Text(),
            nullable=True,
            comment="as in runs: the run is to be cancelled; NULL: there is news for it",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_nudges_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nudges")),
        comment="news for runs that others have found; a run is only changed by who has locked it",
    )
    op.create_index(op.f("ix_nudges_run_id"), "nudges", ["run_id"], unique=False)
    op.create_table(
        "awaited",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("wait_id", sa.Text(), nullable=True, comment="NULL: the event cancels the run"),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "key", sa.Text(), nullable=False, comment="event type, path and value: see workflows.engine.correlation"
        ),
        sa.Column("event_id", sa.Text(), nullable=True, comment="what came"),
        sa.Column("since", sa.BigInteger(), nullable=False, comment="an event that came earlier is none of those"),
        sa.Column("is_open", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "look_at",
            sa.BigInteger(),
            nullable=True,
            comment="look again for what came in the very moment the waiting began",
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_awaited_event_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_awaited_run_id")),
        sa.ForeignKeyConstraint(["wait_id"], ["waits.id"], name=op.f("fk_awaited_wait_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awaited")),
    )
    _partial_index("ix_awaited_key", "awaited", ["key"], "is_open = 1")
    _partial_index("ix_awaited_look_at", "awaited", ["look_at"], "look_at IS NOT NULL")
    op.create_index(op.f("ix_awaited_run_id"), "awaited", ["run_id"], unique=False)
    _partial_index("ix_awaited_wait_id", "awaited", ["wait_id"], "wait_id IS NOT NULL")
    op.create_table(
        "once_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["effect_id"], ["effects.id"], name=op.f("fk_once_keys_effect_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_once_keys")),
    )
    op.create_table(
        "votes",
        sa.Column("wait_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False, comment="console, command line or link"),
        sa.Column("voted_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("verdict IN ('approved', 'denied')", name=op.f("ck_votes_verdict_known")),
        sa.ForeignKeyConstraint(["wait_id"], ["waits.id"], name=op.f("fk_votes_wait_id")),
        sa.PrimaryKeyConstraint("wait_id", "person", name=op.f("pk_votes")),
    )


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _comment(table: str, column: str, comment: str) -> None:
    """Say what a column is for, where the database keeps that."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(table, column, comment=comment)
