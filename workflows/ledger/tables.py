"""The tables of the ledger, each a noun.

Instants are microseconds since 1970 UTC in a BIGINT, so that both engines compare them alike; JSON is text in the form
of `workflows.typed_json`. What SQL can state (unique, check, foreign key, partial index) is stated here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from workflows import typed_json
from workflows.engine.states import EffectState, RunState, StepState, WaitKind, WaitState
from workflows.values import EPOCH

SHARDS = 16
"""Intake locks one shard at a time; events of one subject always fall into the same one."""


def micros(moment: datetime) -> int:
    """An aware instant as microseconds since 1970 UTC, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def instant(value: int) -> datetime:
    """The aware UTC instant `value` microseconds after 1970."""
    return EPOCH + timedelta(microseconds=value)


class Instant(TypeDecorator[datetime]):
    """An aware datetime in code, microseconds in the row."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant(value)


class Json(TypeDecorator[Any]):
    """A value in code, typed JSON text in the row. Python None is SQL NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else typed_json.dump(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else typed_json.load(value)


class Words(TypeDecorator[str]):
    """Text for people that may quote what others sent. A NUL, which PostgreSQL has no place for, shows as a sign."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.replace("\x00", "\ufffd")


def _one_of(column: str, values: Iterable[StrEnum | str]) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")


def _partial_index(name: str, *columns: Column[Any], where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("shard", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("headers", Json, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("drafts", Json, comment="the events it carries, until intake has taken it in"),
    Column("problems", Json, comment="why it was rejected"),
    Column("taken_at", Instant),
    Column("reason", Words, comment="why it was filtered or superseded, or some of its events were filtered"),
    _one_of("state", ("pending", "taken", "rejected", "quarantined", "filtered", "superseded")),
)
_partial_index("ix_deliveries_pending", deliveries.c.shard, deliveries.c.id, where="state = 'pending'")
_partial_index("ix_deliveries_rejected", deliveries.c.id, where="state = 'rejected'")
_partial_index("ix_deliveries_quarantined", deliveries.c.id, where="state = 'quarantined'")

replays = Table(
    "replays",
    metadata,
    Column("id", Text, primary_key=True),
    Column("by", Text, nullable=False),
    Column("reason", Words, nullable=False),
    Column("asked", Json, nullable=False, comment="which deliveries, and which steps again"),
    Column("state", Text, nullable=False),
    Column("cursor", Text, nullable=False, comment="the last delivery that was looked at; '' before the first"),
    Column("counts", Json, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("moved_at", Instant, nullable=False),
    _one_of("state", ("running", "stopped", "done")),
)

dedup_keys = Table(
    "dedup_keys",
    metadata,
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("delivery_id", Text, ForeignKey("deliveries.id"), nullable=False),
    Column("until", Instant, nullable=False),
    PrimaryKeyConstraint("source", "key"),
    Index(None, "delivery_id"),
)

repeats = Table(
    "repeats",
    metadata,
    Column("delivery_id", Text, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("last_at", Instant, nullable=False),
    comment="how often a delivery came again; none without a row",
)

sequences = Table(
    "sequences",
    metadata,
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("number", BigInteger, nullable=False, comment="the highest that came"),
    Column("previous", BigInteger, comment="the highest before the batch that wrote this row last"),
    PrimaryKeyConstraint("source", "subject"),
)

buckets = Table(
    "buckets",
    metadata,
    Column("source", Text, primary_key=True),
    Column("spent_until", Instant, nullable=False, comment="up to when what its rate allows is spent"),
)

refusals = Table(
    "refusals",
    metadata,
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("sample", Json, comment="one request of the kind, cut short; never trusted"),
    PrimaryKeyConstraint("source", "reason"),
)

shards = Table("shards", metadata, Column("id", SmallInteger, primary_key=True, autoincrement=False))

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("delivery_id", Text, ForeignKey("deliveries.id"), comment="NULL: an event of our own"),
    Column("source", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("data", Json, nullable=False),
    Column("cause", Text, comment="the run that wrote an event of our own"),
    Column("depth", Integer, nullable=False, server_default="0", comment="how many runs lie between it and a delivery"),
    Column("replay_of", Text, comment="the event this one is a replay of, never itself a replay"),
    Index(None, "subject", "type"),
    Index(None, "delivery_id"),
    Index(None, "type", "id"),
)
_partial_index("ix_events_replay_of", events.c.replay_of, where="replay_of IS NOT NULL")

milestones = Table(
    "milestones",
    metadata,
    Column("subject", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("event_id", Text, ForeignKey("events.id"), nullable=False),
    Column("reached_at", Instant, nullable=False),
    PrimaryKeyConstraint("subject", "type"),
    Index(None, "event_id"),
)

expectations = Table(
    "expectations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("after", Text, nullable=False),
    Column("comes", Json, nullable=False),
    Column("subject", Text, nullable=False),
    Column("event_id", Text, nullable=False, comment="the event that opened it"),
    Column("state", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("found", Text, comment="the type of follow-up that asking the vendor found"),
    Column("met_by", Text, comment="the event that met it"),
    Column("poll_at", Instant, comment="ask the vendor at this time"),
    Column("polls", Integer, nullable=False, server_default="0"),
    Column("effect_id", Text, comment="the call that asks, while it is out"),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    _one_of("state", ("open", "missing", "found", "met")),
)
Index("ix_expectations_subject", expectations.c.subject, expectations.c.after)
_partial_index("ix_expectations_due", expectations.c.due_at, where="state = 'open'")
_partial_index("ix_expectations_poll", expectations.c.poll_at, where="poll_at IS NOT NULL")
_partial_index("ix_expectations_asked", expectations.c.effect_id, where="effect_id IS NOT NULL")

chores = Table(
    "chores",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_at", Instant, nullable=False),
    Column("cursor", Text, nullable=False, server_default="", comment="how far it has come"),
    comment="work that some process does now and then, whichever comes first",
)

shapes = Table(
    "shapes",
    metadata,
    Column("source", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("part", Text, nullable=False, comment="the body as it came, or the event's data"),
    Column("samples", BigInteger, nullable=False),
    Column("fields", Json, nullable=False, comment="{path: [kinds, seen, missed, is optional]}"),
    PrimaryKeyConstraint("source", "type", "part"),
    _one_of("part", ("body", "data")),
)

drifts = Table(
    "drifts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("path", Words, nullable=False),
    Column("before", Json, nullable=False),
    Column("now", Json, nullable=False),
    Column("delivery_id", Text, nullable=False, comment="where it was seen first"),
    Column("seen_at", Instant, nullable=False),
    Column("accepted_at", Instant),
    _one_of("what", ("new", "gone", "type")),
)
_partial_index("ix_drifts_open", drifts.c.id, where="accepted_at IS NULL")

definitions = Table(
    "definitions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

applied = Table(
    "applied",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("applied_at", Instant, nullable=False),
    Column("applied_by", Text, nullable=False),
    Column("content", Json, nullable=False, comment='{"workflows": {name: hash}, "brands": {name: {field: value}}}'),
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="from 1, without a gap"),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", Json, nullable=False),
    Column("hash", Text, nullable=False, comment="of this entry and of the hash before it"),
    comment="append-only: the database refuses to change or delete a row",
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
    comment="the last entry of the audit; locked by whoever writes the next",
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event_id", Text, ForeignKey("events.id"), nullable=False),
    Column("workflow", Text, nullable=False),
    Column("definition_hash", Text, ForeignKey("definitions.hash"), nullable=False),
    Column("key", Words, nullable=False),
    Column("brand", Json, nullable=False, comment="the brand's fields as they were when the run began"),
    Column("state", Text, nullable=False),
    Column("at_step", Text, comment="where it ended, when it ended early"),
    Column("reason", Words),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("wake_at", Instant, comment="decide again at this time; NULL: something else will wake it"),
    Column("expires_at", Instant, nullable=False),
    Column("parent_id", Text, ForeignKey("runs.id"), comment="the run one of whose steps it is"),
    Column("parent_step", Text),
    Column("parent_iteration", Text),
    Column("crowd", Text, comment="runs of one workflow with the same crowd are limited together; NULL: no limit"),
    Column("slot", Integer, comment="its place among those of its crowd that may run"),
    Column("cancel", Json, comment='{"reason": …, "by": …, "cleans_up": bool}: it is to be cancelled'),
    Column("ending", Json, comment='{"state": …, "at": …, "reason": …}: it ends so once on_failure is done'),
    Column("result", Json),
    Column("started_by", Text, comment="the person who started it by hand"),
    UniqueConstraint("event_id", "workflow"),
    _one_of("state", RunState),
    CheckConstraint("slot IS NULL OR state = 'running'", name="slot_while_running"),
)
_partial_index("ix_runs_wake_at", runs.c.wake_at, where="state = 'running' AND wake_at IS NOT NULL")
_partial_index("ix_runs_turns", runs.c.workflow, runs.c.wake_at, where="state = 'running' AND wake_at IS NOT NULL")
_partial_index("ix_runs_expires_at", runs.c.expires_at, where="state IN ('running', 'queued')")
_partial_index("ix_runs_parent_id", runs.c.parent_id, where="parent_id IS NOT NULL")
_partial_index("ix_runs_queued", runs.c.workflow, runs.c.crowd, runs.c.id, where="state = 'queued'")
_partial_index("ix_runs_parked", runs.c.id, where="state = 'parked'")
_partial_index("uq_runs_slot", runs.c.workflow, runs.c.crowd, runs.c.slot, where="slot IS NOT NULL", unique=True)

crowds = Table(
    "crowds",
    metadata,
    Column("workflow", Text, nullable=False),
    Column("crowd", Text, nullable=False),
    PrimaryKeyConstraint("workflow", "crowd"),
    comment="locked while it is decided which runs of a crowd may run",
)

steps = Table(
    "steps",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("iteration", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    Column("output", Json),
    Column("reason", Words),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    PrimaryKeyConstraint("run_id", "step", "iteration"),
    _one_of("state", StepState),
)

waits = Table(
    "waits",
    metadata,
    Column("id", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("iteration", Text, nullable=False, server_default=""),
    Column("round", Integer, nullable=False, server_default="0", comment="how often it was asked before"),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", Instant, nullable=False, comment="when it is over, or expires"),
    Column("details", Json, comment="what people are asked, or which events are awaited"),
    Column("output", Json, comment="what it was released with"),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("run_id", "step", "iteration", "round"),
    _one_of("kind", WaitKind),
    _one_of("state", WaitState),
)
_partial_index("ix_waits_due", waits.c.due_at, where="state = 'open'")
_partial_index("ix_waits_asked", waits.c.id, where="state = 'open' AND kind = 'approval'")

awaited = Table(
    "awaited",
    metadata,
    Column("id", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.id"), nullable=False),
    Column("wait_id", Text, ForeignKey("waits.id"), comment="NULL: the event cancels the run"),
    Column("name", Text, nullable=False, server_default=""),
    Column("key", Text, nullable=False, comment="event type, path and value: see workflows.engine.correlation"),
    Column("event_id", Text, ForeignKey("events.id"), comment="what came"),
    Column("since", Instant, nullable=False, comment="an event that came earlier is none of those"),
    Column("is_open", SmallInteger, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False),
    Column("look_at", Instant, comment="look again for what came in the very moment the waiting began"),
    Index(None, "run_id"),
)
_partial_index("ix_awaited_event_id", awaited.c.event_id, where="event_id IS NOT NULL")
_partial_index("ix_awaited_key", awaited.c.key, where="is_open = 1")
_partial_index("ix_awaited_look_at", awaited.c.look_at, where="look_at IS NOT NULL")
_partial_index("ix_awaited_wait_id", awaited.c.wait_id, where="wait_id IS NOT NULL")

listened = Table(
    "listened",
    metadata,
    Column("type", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("lookback", BigInteger, nullable=False, comment="microseconds: the longest anybody looks back"),
    PrimaryKeyConstraint("type", "path"),
    comment="which parts of which events are awaited by anybody, or were",
)

event_keys = Table(
    "event_keys",
    metadata,
    Column("key", Text, nullable=False),
    Column("event_id", Text, ForeignKey("events.id"), nullable=False),
    Column("came_at", Instant, nullable=False, comment="by the clock that all processes share"),
    PrimaryKeyConstraint("key", "event_id"),
    Index(None, "event_id"),
    comment="what is listened for, in the events that came",
)

votes = Table(
    "votes",
    metadata,
    Column("wait_id", Text, ForeignKey("waits.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Words, nullable=False),
    Column("via", Text, nullable=False, comment="console, command line or link"),
    Column("voted_at", Instant, nullable=False),
    PrimaryKeyConstraint("wait_id", "person"),
    _one_of("verdict", ("approved", "denied")),
)

nudges = Table(
    "nudges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.id"), nullable=False),
    Column("cancel", Json, comment="as in runs: the run is to be cancelled; NULL: there is news for it"),
    Column("created_at", Instant, nullable=False),
    Index(None, "run_id"),
    comment="news for runs that others have found; a run is only changed by who has locked it",
)

gathered = Table(
    "gathered",
    metadata,
    Column("workflow", Text, nullable=False),
    Column("event_id", Text, ForeignKey("events.id"), nullable=False),
    Column("crowd", Text, nullable=False, comment="the value of by"),
    Column("definition_hash", Text, ForeignKey("definitions.hash"), nullable=False),
    Column("came_at", Instant, nullable=False),
    Column("look_at", Instant, comment="when to see whether a run begins with it; NULL: one did"),
    Column("began", Text, ForeignKey("events.id"), comment="the event of the run it became part of"),
    PrimaryKeyConstraint("workflow", "event_id"),
    Index(None, "event_id"),
    comment="events that are debounced or batched",
)
_partial_index("ix_gathered_began", gathered.c.began, where="began IS NOT NULL")
_partial_index("ix_gathered_look_at", gathered.c.look_at, where="look_at IS NOT NULL")
_partial_index(
    "ix_gathered_open", gathered.c.workflow, gathered.c.crowd, gathered.c.event_id, where="look_at IS NOT NULL"
)

schedules = Table(
    "schedules",
    metadata,
    Column("workflow", Text, primary_key=True),
    Column("definition_hash", Text, ForeignKey("definitions.hash"), nullable=False),
    Column("due_at", Instant, nullable=False),
    Index(None, "due_at"),
    comment="when scheduled workflows are started next",
)

effects = Table(
    "effects",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True, comment="event + workflow + step + iteration: one call for ever"),
    Column("run_id", Text, ForeignKey("runs.id"), comment="NULL: called by hand"),
    Column("step", Text),
    Column("iteration", Text, nullable=False, server_default=""),
    Column("round", Integer, nullable=False, server_default="0", comment="calls of this step before it, by hand"),
    Column("tenant", Text, nullable=False, server_default="", comment="brand and workflow: they take turns"),
    Column("once_key", Text, comment="only one effect with this key is ever made"),
    Column("expects", Json, comment="what must still be so: see workflows.engine.expectations"),
    Column("seen", Json, comment="what it read of that just now"),
    Column("seen_at", Instant),
    Column("operation", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("inputs", Json, nullable=False),
    Column("request", Json, nullable=False, comment="as it will be sent, but for credentials"),
    Column("requires", Json, nullable=False, comment="[[event type, subject, never_after, why], ...]"),
    Column("repeat", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("gate", Text, comment="which kind of gate holds it"),
    Column("gate_key", Text, comment="what opens the gate: a subject"),
    Column("reason", Words, comment="why it is where it is, for people"),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("max_attempts", Integer, nullable=False),
    Column("give_up_at", Instant, nullable=False),
    Column("token", BigInteger, nullable=False, server_default="0", comment="counts claims: the fence"),
    Column("holder", Text, comment="who claimed it last; NULL once that call is known to be over"),
    Column("lease_until", Instant),
    Column("looks", Integer, nullable=False, server_default="0", comment="at the vendor, while in doubt or accepted"),
    Column("status", Integer, comment="the last HTTP status"),
    Column("output", Json),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    _one_of("state", EffectState),
    CheckConstraint("(state IN ('released', 'claimed')) = (lease_until IS NOT NULL)", name="leased_while_out"),
    CheckConstraint("(state = 'held') = (gate IS NOT NULL)", name="gate_while_held"),
    Index(None, "run_id"),
)
_partial_index(
    "ix_effects_due", effects.c.vendor, effects.c.due_at, effects.c.id, where="state IN ('intended', 'held')"
)
_partial_index(
    "ix_effects_turns",
    effects.c.vendor,
    effects.c.tenant,
    effects.c.due_at,
    effects.c.id,
    where="state IN ('intended', 'held')",
)
_partial_index("ix_effects_lease", effects.c.lease_until, where="state IN ('released', 'claimed')")
_partial_index("ix_effects_out", effects.c.vendor, where="state IN ('released', 'claimed')")
_partial_index("ix_effects_held", effects.c.vendor, effects.c.due_at, where="state = 'held'")
_partial_index("ix_effects_gate_key", effects.c.gate_key, where="state = 'held'")
_partial_index("ix_effects_in_doubt", effects.c.id, where="state = 'in_doubt'")
_partial_index("ix_effects_accepted", effects.c.id, where="state = 'accepted'")
_partial_index("ix_effects_look", effects.c.due_at, where="state IN ('accepted', 'in_doubt')")

once_keys = Table(
    "once_keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("effect_id", Text, ForeignKey("effects.id"), nullable=False),
    Index(None, "effect_id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("effect_id", Text, ForeignKey("effects.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("holder", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Text),
    Column("status", Integer),
    Column("reason", Words),
    PrimaryKeyConstraint("effect_id", "number"),
)

effect_subjects = Table(
    "effect_subjects",
    metadata,
    Column("effect_id", Text, ForeignKey("effects.id"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("occupied", SmallInteger, nullable=False, server_default="0", comment="1 while claimed or in doubt"),
    PrimaryKeyConstraint("effect_id", "subject"),
    Index(None, "subject"),
)
_partial_index("uq_effect_subjects_occupied", effect_subjects.c.subject, where="occupied = 1", unique=True)

lanes = Table(
    "lanes",
    metadata,
    Column("vendor", Text, primary_key=True),
    Column("failures", Integer, nullable=False, server_default="0", comment="calls in a row that were not answered"),
    Column("rests_until", Instant, comment="the vendor is left alone until then"),
    comment="locked while effects are released",
)

rates = Table(
    "rates",
    metadata,
    Column("vendor", Text, nullable=False),
    Column("limit", Text, nullable=False, comment="count/seconds"),
    Column("next_at", Instant, comment="the next instant handed out, for a limit kept by spacing"),
    Column("window_at", Instant, comment="when the window began, for a limit kept by counting"),
    Column("used", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("vendor", "limit"),
)
