"""Deliveries and texts that a database cannot hold or we cannot read: the others pass, on both engines."""

import random
import string
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation, store_delivery
from workflows.catalogue import Outcome, OutcomeKind
from workflows.language.reader import read_definition
from workflows.ledger import configuration, schema
from workflows.ledger.tables import deliveries, milestones, runs
from workflows.runtime.intake import Intake
from workflows.runtime.rules import InForce, Rules
from workflows.values import new_id

EDIT = operation()
EDIT_BY_NOTE = operation("symphony.edit_by_note", subjects=("symphony:note:{note}",))
TEXT = """
workflow: edit
description: Edits campaigns at Facebook.
owner: tests
when: {event: symphony.campaign.created}
run: {key: event.data.name}
steps:
  - id: only
    stop_unless: event.data.provider == 'facebook'
  - id: edit
    call: symphony.edit_by_note
    with: {id: =event.data.id, note: =event.data.name}
"""
TOO_LONG = "".join(random.Random(1).choices(string.ascii_letters, k=20_000))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture
def crew(database_url: str) -> Iterator[Crew]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    with database.write() as connection:
        configuration.apply(connection, [read_definition(TEXT, "edit.yml")], {}, by="a test", now=database.time)
    yield Crew(database, catalogue(EDIT, EDIT_BY_NOTE))
    database.close()


def campaign(subject: str = "symphony:campaign:1", **data: object) -> dict:
    whole = {"id": "1", "name": "a name", "provider": "facebook", **data}
    return {"type": "symphony.campaign.created", "subject": subject, "brand": "", "data": whole}


def deliver(crew: Crew, draft: Mapping, shard: int = 0) -> str:
    delivery_id = new_id()
    with crew.database.write() as connection:
        store_delivery(connection, delivery_id, drafts=[dict(draft)], shard=shard)
    return delivery_id


def take_all(crew: Crew, rules: Rules | None = None) -> None:
    intake = Intake(crew.database, rules or crew.rules)
    while intake.take_batch():
        pass


def rows(crew: Crew, table: sa.Table):
    with crew.database.read() as connection:
        return connection.execute(sa.select(table)).all()


def state_of(crew: Crew, delivery_id: str) -> str:
    with crew.database.read() as connection:
        return connection.execute(sa.select(deliveries.c.state).where(deliveries.c.id == delivery_id)).scalar_one()


@pytest.mark.parametrize("written", ['[{"data": {"$from": "the future"}}]', "[" * 600 + "]" * 600, "{", "null"])
def test_drafts_that_cannot_be_read_are_set_aside_and_the_others_pass(crew: Crew, written: str):
    poison, good = deliver(crew, campaign()), deliver(crew, campaign())
    with crew.database.write() as connection:
        statement = sa.text("UPDATE deliveries SET drafts = :written WHERE id = :id")
        connection.execute(statement, {"written": written, "id": poison})
    take_all(crew)
    assert (state_of(crew, poison), state_of(crew, good)) == ("rejected", "taken")


@pytest.mark.parametrize("subject", [f"symphony:campaign:{TOO_LONG}", "symphony:campaign:\x00"])
def test_a_subject_the_database_cannot_hold_keeps_no_shard_waiting(crew: Crew, subject: str):
    poison = deliver(crew, campaign(subject), shard=0)
    good = [deliver(crew, campaign(), shard=shard) for shard in (0, 7)]
    take_all(crew)
    assert state_of(crew, poison) == ("taken" if crew.database.is_sqlite else "rejected")
    assert {state_of(crew, delivery_id) for delivery_id in good} == {"taken"}


def test_a_call_whose_subject_the_database_cannot_hold_keeps_no_delivery_waiting(crew: Crew):
    both = [deliver(crew, campaign(name=TOO_LONG)), deliver(crew, campaign())]
    take_all(crew)
    assert {state_of(crew, delivery_id) for delivery_id in both} == {"taken"}
    crew.work()
    states = {row.key[:6]: row.state for row in rows(crew, runs)}
    assert states == {TOO_LONG[:6]: "done" if crew.database.is_sqlite else "failed", "a name": "done"}
    assert max(len(row.key) for row in rows(crew, runs)) < 200, "a key is shown in lists"


def test_a_nul_in_a_name_is_shown_as_a_sign_and_stops_nothing(crew: Crew):
    deliver(crew, campaign(name="a\x00b"))
    deliver(crew, campaign(name="c", provider="face\x00book"))
    crew.vendor.answers = [Outcome(OutcomeKind.REFUSED, "no\x00 such campaign", status=400)]
    take_all(crew)
    crew.work()
    # What no key can be is told by a digest behind it.
    found = {row.key.partition("…#")[0]: row for row in rows(crew, runs)}
    assert {key: row.state for key, row in found.items()} == {"a\ufffdb": "failed", "c": "stopped"}
    assert ("no\ufffd such campaign" if crew.database.is_sqlite else "no place for") in found["a\ufffdb"].reason


class Exploding:
    """A formula that finds a mistake of ours."""

    def evaluate(self, scope: object) -> object:
        raise ZeroDivisionError


def test_a_trigger_that_ends_in_an_error_of_ours_keeps_the_event_from_nothing_else(crew: Crew):
    good = read_definition(TEXT, "edit.yml")

    class Broken(Rules):
        def in_force(self, connection):
            return InForce(1, (replace(good, name="broken", key=Exploding()), good), {})

    delivery_id = deliver(crew, campaign())
    take_all(crew, Broken(crew.catalogue))
    assert state_of(crew, delivery_id) == "taken"
    assert len(rows(crew, milestones)) == 1
    found = {row.workflow: row for row in rows(crew, runs)}
    assert (found["edit"].state, found["broken"].state) == ("running", "failed")
    assert "the trigger could not be worked out" in found["broken"].reason


def test_the_shard_that_has_waited_longest_comes_first(crew: Crew):
    intake = Intake(crew.database, crew.rules)
    oldest = deliver(crew, campaign(), shard=15)
    for _ in range(3):
        deliver(crew, campaign(), shard=0)
    intake.take_batch()
    assert state_of(crew, oldest) == "taken"
