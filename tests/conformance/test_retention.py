"""Retention: what is past its time goes, in small steps, and what still matters stays, on both engines."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.builders.ledger import ClockedDatabase
from tests.builders.rows import NOW, Rows, ago
from workflows.ledger import details, schema, tables
from workflows.ledger.arrivals import KEPT
from workflows.ledger.tables import instant
from workflows.runtime import retention as walking
from workflows.runtime.upkeep import Upkeep
from workflows.settings.retention import Retention

DAYS = Retention(deliveries=timedelta(days=30), events=timedelta(days=60), runs=timedelta(days=60))


@pytest.fixture
def rows(database_url: str) -> Iterator[Rows]:
    database = ClockedDatabase(database_url)
    database.time = NOW
    schema.upgrade(database)
    yield Rows(database)
    database.close()


def keep_up(rows: Rows, kept: Retention = DAYS) -> int:
    """Do the chores until nothing is left to do; how many steps that took."""
    upkeep = Upkeep(rows.database, kept)
    steps = 1
    while upkeep.once():
        steps += 1
    return steps


def ids(rows: Rows, table: sa.Table) -> set[str]:
    with rows.database.read() as connection:
        return set(connection.scalars(sa.select(table.c.id)))


def add(rows: Rows, table: sa.Table, **values: Any) -> None:
    with rows.database.write() as connection:
        connection.execute(table.insert().values(**values))


def an_old_story(rows: Rows, days: int = 100, **changes: Any) -> dict[str, str]:
    """A delivery, its event, a run that ended and the call it made."""
    at = ago(days=days)
    delivery = rows.delivery(at)
    event = rows.event(at, delivery_id=delivery)
    run = rows.run(at, event_id=event, **{"state": "done", "ended_at": at, **changes})
    effect = rows.effect(run, "done", at, ended_at=at, output={"email": "ana@example.com"})
    rows.attempt(effect, 1, at)
    rows.step(run, at=at)
    rows.wait(run, at, at, state="done")
    add(rows, tables.effect_subjects, effect_id=effect, subject="symphony:campaign:5017")
    return {"deliveries": delivery, "events": event, "runs": run, "effects": effect}


TABLES = ("deliveries", "events", "runs", "effects", "waits")


def left(rows: Rows) -> dict[str, int]:
    return {name: len(ids(rows, tables.metadata.tables[name])) for name in TABLES}


def test_nothing_goes_unless_it_is_said(rows: Rows):
    an_old_story(rows)
    keep_up(rows, Retention())
    assert set(left(rows).values()) == {1}


def test_what_is_past_its_time_goes_with_all_that_is_its(rows: Rows):
    an_old_story(rows)
    young = an_old_story(rows, days=10)
    keep_up(rows)
    assert left(rows) == dict.fromkeys(TABLES, 1)
    assert all(ids(rows, tables.metadata.tables[name]) == {id_} for name, id_ in young.items())


def test_a_body_goes_before_its_row(rows: Rows):
    story = an_old_story(rows, days=40)
    keep_up(rows)
    with rows.database.read() as connection:
        found = details.delivery(connection, story["deliveries"])
    assert (found.body, found.headers, found.line.size) == (b"", {}, 0)
    assert left(rows) == dict.fromkeys(TABLES, 1)


@pytest.mark.parametrize(
    "changes",
    [{"state": "running", "ended_at": None}, {"ended_at": ago(days=10)}],
    ids=["not ended", "ended lately"],
)
def test_a_run_stays_until_it_is_long_over(rows: Rows, changes: dict):
    an_old_story(rows, **changes)
    keep_up(rows)
    assert left(rows) == dict.fromkeys(TABLES, 1)


def test_a_run_stays_while_a_call_of_it_is_in_doubt(rows: Rows):
    story = an_old_story(rows)
    with rows.database.write() as connection:
        connection.execute(tables.effects.update().values(state="in_doubt", ended_at=None))
    keep_up(rows)
    assert story["runs"] in ids(rows, tables.runs)


def test_a_parent_goes_after_its_children(rows: Rows):
    parent = an_old_story(rows)["runs"]
    child = an_old_story(rows, parent_id=parent, parent_step="sub", parent_iteration="")["runs"]
    keep_up(rows)
    assert ids(rows, tables.runs) == {parent}
    assert child not in ids(rows, tables.runs)
    rows.database.pass_time(days=2)
    keep_up(rows)
    assert ids(rows, tables.runs) == set()


def test_a_milestone_still_counts_and_its_event_is_empty(rows: Rows):
    story = an_old_story(rows)
    milestone = {"subject": "symphony:campaign:5017", "type": "symphony.campaign.created", "reached_at": NOW}
    add(rows, tables.milestones, event_id=story["events"], **milestone)
    keep_up(rows)
    with rows.database.read() as connection:
        (event,) = connection.execute(sa.select(tables.events)).all()
    assert (event.id, event.data) == (story["events"], {})
    assert left(rows) == {**dict.fromkeys(TABLES, 0), "events": 1, "deliveries": 1}


def test_a_once_key_still_counts_and_its_effect_is_empty(rows: Rows):
    story = an_old_story(rows)
    add(rows, tables.once_keys, key="raise/5017", effect_id=story["effects"])
    keep_up(rows)
    keep_up(rows)
    with rows.database.read() as connection:
        found = details.effect(connection, story["effects"])
        assert connection.scalar(sa.select(tables.once_keys.c.effect_id)) == story["effects"]
    assert (found.line.state, found.output, found.request["body"]) == ("done", None, None)
    assert left(rows)["runs"] == 0


def test_a_repeat_is_told_for_as_long_as_was_said(rows: Rows):
    old, older, oldest = (rows.delivery(ago(days=days), state="rejected") for days in (100, 101, 102))
    keys = {old: NOW + timedelta(days=1), older: NOW - timedelta(days=1), oldest: instant(KEPT)}
    for delivery, until in keys.items():
        add(rows, tables.dedup_keys, source="symphony", key=delivery, delivery_id=delivery, until=until)
    keep_up(rows)
    assert ids(rows, tables.deliveries) == {old}
    rows.database.pass_time(days=2)
    keep_up(rows)
    assert ids(rows, tables.deliveries) == set()


def test_what_waits_to_be_taken_in_stays(rows: Rows):
    rows.delivery(ago(days=100), state="pending", taken_at=None, drafts=[])
    keep_up(rows)
    with rows.database.read() as connection:
        assert connection.scalar(sa.select(tables.deliveries.c.body)) != b""


def test_calls_by_hand_go_with_the_runs_time(rows: Rows):
    rows.effect(None, "done", ago(days=100), ended_at=ago(days=100))
    young = rows.effect(None, "done", ago(days=10), ended_at=ago(days=10))
    keep_up(rows)
    assert ids(rows, tables.effects) == {young}


def test_steps_are_small_and_a_day_apart(rows: Rows, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(walking, "PAGE", 2)
    for _ in range(5):
        rows.delivery(ago(days=100), state="rejected")
    assert keep_up(rows) == 3
    assert ids(rows, tables.deliveries) == set()
    late = rows.delivery(ago(days=100), state="rejected")
    assert keep_up(rows) == 1
    assert ids(rows, tables.deliveries) == {late}, "today's walk is over"
    rows.database.pass_time(days=1)
    keep_up(rows)
    assert ids(rows, tables.deliveries) == set()
