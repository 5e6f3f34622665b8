"""What is asked every second, or for every call, is found by an index however much has happened before."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from tests.builders.ledger import START
from tests.builders.statements import statements
from workflows.ledger import (
    correlations,
    crowds,
    deliveries,
    effects,
    expectations,
    gathered,
    listing,
    nudges,
    replays,
    runs,
    schedules,
    schema,
    waits,
)
from workflows.ledger.chronicle import chronicle
from workflows.ledger.database import Database
from workflows.ledger.waiting import waiting

QUESTIONS: dict[str, Callable[[Connection], object]] = {
    "effects that are due": lambda connection: effects.due(connection, "symphony", START, 16),
    "effects that are due, tenant by tenant": lambda connection: list(effects._tenants(connection, "symphony", "t")),
    "whether an effect is due": lambda connection: effects.with_due(connection, ["symphony", "cymbal"], START),
    "effects with the workers": lambda connection: effects.count_out(connection, "symphony"),
    "leases that ran out": lambda connection: effects.lapsed(connection, START, 200),
    "effects that news wakes": lambda connection: effects.wake_held(connection, {"symphony:campaign:1"}, START),
    "whether there is an effect to look for": lambda connection: effects.looks_due(connection, START),
    "effects to look for": lambda connection: effects.take_looks(connection, START, 200),
    "timers that ran out": lambda connection: waits.wake_due(connection, START, 200),
    "whether a timer ran out": lambda connection: waits.timers_due(connection, START),
    "runs to take on": lambda connection: runs.awake(connection, START, 200),
    "whether deliveries wait": deliveries.any_pending,
    "shards that wait": lambda connection: deliveries.lock_shards(connection, 8),
    "everything that waits": lambda connection: waiting(connection, START),
    "when the next wait is due": waits.next_due,
    "runs that there is news for": lambda connection: nudges.waiting(connection, 200),
    "whether a run is to be cancelled": lambda connection: nudges.is_cancelled(connection, "r1"),
    "runs that look again": lambda connection: correlations.look_again(connection, START, 200),
    "whether a run looks again": lambda connection: correlations.looks_due(connection, START),
    "what came for a run": lambda connection: correlations.take(connection, "r1", "e1"),
    "events gathered": lambda connection: gathered.due(connection, START, 100),
    "events of one gathering": lambda connection: gathered.open_events(connection, "w", "k", 100),
    "the last event of one gathering": lambda connection: gathered.last_open(connection, "w", "k"),
    "a crowd that waits": lambda connection: crowds.next_waiting(connection, ("", "")),
    "the places of a crowd": lambda connection: crowds.slots_taken(connection, "w", "k"),
    "runs of a crowd that wait": lambda connection: crowds.queued(connection, "w", "k", 50),
    "whether a schedule is due": lambda connection: schedules.any_due(connection, START),
    "follow-ups that are overdue": lambda connection: expectations.overdue(connection, START, 200),
    "follow-ups to ask about": lambda connection: expectations.to_poll(connection, START, 200),
    "follow-ups that were asked about": lambda connection: expectations.answered(connection, 200),
    "what is expected about a subject": lambda connection: expectations.concerned(connection, {"x1"}),
    "deliveries that were rejected": lambda connection: listing.deliveries(connection, state="rejected"),
    "how many deliveries wait": lambda connection: replays.backlog(connection, 100),
    "earlier runs for an event": lambda connection: replays.earlier_runs(connection, "e1"),
    "all about a subject": lambda connection: chronicle(connection, "x11", START),
    "deliveries of a shard": lambda connection: deliveries.pending(connection, 3, 100),
}


@pytest.fixture
def full(database: Database) -> Database:
    """A ledger in which much has ended and little is under way."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
    with database.write() as connection:
        for statement in (
            "INSERT INTO definitions (hash, name, source, created_at) VALUES ('h', 'w', '', 0)",
            f"INSERT INTO deliveries (id, source, received_at, shard, state, headers, body) {numbers}"
            " SELECT 'd' || i, 's', 0, i - i / 16 * 16, 'taken', '{}', '' FROM n",
            f"INSERT INTO events (id, delivery_id, source, brand, type, subject, occurred_at, data) {numbers}"
            " SELECT 'e' || i, 'd' || i, 's', '', 't', 'x' || i, 0, '{}' FROM n",
            "INSERT INTO runs (id, event_id, workflow, definition_hash, key, brand, state, created_at, expires_at)"
            f" {numbers} SELECT 'r' || i, 'e' || i, 'w', 'h', 'k', '{{}}', 'done', 0, 0 FROM n",
            f"INSERT INTO waits (id, run_id, step, kind, state, due_at, created_at) {numbers}"
            " SELECT 'w' || i, 'r' || i, 's', 'timer', 'done', 0, 0 FROM n",
            "INSERT INTO effects (id, key, run_id, step, operation, vendor, inputs, request, requires, repeat, state,"
            f" due_at, max_attempts, give_up_at, created_at) {numbers} SELECT 'f' || i, 'k' || i, 'r' || i, 's',"
            " 'symphony.edit_campaign', 'symphony', '{}', '{}', '[]', 'safe', 'done', 0, 6, 0, 0 FROM n",
            f"INSERT INTO effect_subjects (effect_id, subject) {numbers} SELECT 'f' || i, 'x' || i FROM n",
            f"INSERT INTO awaited (id, run_id, wait_id, key, since, is_open, created_at) {numbers}"
            " SELECT 'a' || i, 'r' || i, 'w' || i, 'k' || i, 0, 0, 0 FROM n",
            f"INSERT INTO event_keys (key, event_id, came_at) {numbers} SELECT 'k' || i, 'e' || i, 0 FROM n",
            "INSERT INTO gathered (workflow, event_id, crowd, definition_hash, came_at)"
            f" {numbers} SELECT 'w', 'e' || i, 'k', 'h', 0 FROM n",
            "INSERT INTO expectations (id, after, comes, subject, event_id, state, due_at, created_at)"
            f" {numbers} SELECT 'x' || i, 't', '[]', 'x' || i, 'e' || i, 'met', 0, 0 FROM n",
            f"INSERT INTO repeats (delivery_id, count, last_at) {numbers} SELECT 'd' || i, 1, 0 FROM n",
            f"INSERT INTO attempts (effect_id, number, holder, started_at) {numbers} SELECT 'f' || i, 1, 'w', 0 FROM n",
        ):
            connection.execute(sa.text(statement))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    return database


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_asked_all_the_time_goes_through_no_whole_table(full: Database, question: str):
    # What PostgreSQL asks of a "hashed SubPlan" it asks of every row.
    signs = ("Seq Scan", "(hashed SubPlan")
    plan = plan_of(full, QUESTIONS[question])
    whole = [line for line in plan if line.startswith("SCAN") or any(sign in line for sign in signs)]
    few = (
        " ix_",
        "shards",
        "lanes",
        "nudges",
        "schedules",
        "CONSTANT ROW",
        "json_each",
    )  # through an index of what is under way, or tables that stay small
    assert [line for line in whole if not any(word in line for word in few)] == []


def test_of_thousands_of_calls_that_are_due_the_first_are_found_without_sorting(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    schema.upgrade(database)
    assert [line for line in plan_of(database, QUESTIONS["effects that are due"]) if "TEMP B-TREE" in line] == []
    database.close()


def plan_of(database: Database, question: Callable[[Connection], object]) -> list[str]:
    """The plans of all that is asked of the database, line by line."""
    with database.write() as connection, statements(database) as asked:
        question(connection)
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    with database.read() as connection:
        rows = [connection.exec_driver_sql(explain + statement, parameters).all() for statement, parameters in asked]
    return [row[-1] for found in rows for row in found]
