"""What an older or a newer release left in the ledger keeps nothing else from working, on both engines."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation, store_delivery
from workflows.catalogue import Repeat
from workflows.language.reader import read_definition
from workflows.ledger import configuration, schema
from workflows.ledger.tables import applied, definitions, deliveries, runs
from workflows.ledger.waiting import waiting_of_effect
from workflows.runtime.intake import Intake
from workflows.runtime.release import Releaser
from workflows.runtime.rules import Rules
from workflows.runtime.sweep import Sweep
from workflows.values import new_id

EDIT = operation()
CREATE = operation("symphony.create_campaign", repeat=Repeat.ASK, method="POST", path="/v1/campaign", subjects=())
OTHER = operation("cymbal.create_contact", repeat=Repeat.ASK, method="POST", path="/v1/contact", subjects=())
GONE = operation("symphony.edit_show", repeat=Repeat.ASK)

GOOD = """
workflow: good
description: Edits.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: edit
    call: symphony.edit_campaign
    with: {id: =event.data.id}
"""
FROM_THE_FUTURE = GOOD.replace("workflow: good", "workflow: future").replace(
    "    call: symphony.edit_campaign\n    with: {id: =event.data.id}\n", "    beam: {up: =event.data.id}\n"
)
NO_YAML = "workflow: [broken"


@pytest.fixture(autouse=True)
def logs() -> Iterator[list]:
    with capture_logs() as found:
        yield found


@pytest.fixture
def crew(database_url: str) -> Iterator[Crew]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    yield Crew(database, catalogue(EDIT, CREATE, OTHER, GONE))
    database.close()


def after_the_upgrade(crew: Crew) -> Crew:
    """The same ledger under a release without `symphony.edit_show`."""
    return Crew(crew.database, catalogue(EDIT, CREATE, OTHER))


def put_in_force(crew: Crew, **texts: str) -> None:
    """Have the ledger say that these are in force, whatever this release thinks of them."""
    now = crew.database.time
    good = read_definition(GOOD, "good.yml")
    with crew.database.write() as connection:
        configuration.apply(connection, [good], {}, by="a test", now=now)
        for name, text in texts.items():
            connection.execute(definitions.insert().values(hash=name, name=name, source=text, created_at=now))
        content = {"workflows": {**{name: name for name in texts}, "good": good.hash}, "brands": {}}
        connection.execute(applied.insert().values(applied_at=now, applied_by="a test", content=content))


def deliver(crew: Crew) -> None:
    draft = {"type": "symphony.campaign.created", "subject": "symphony:campaign:1", "brand": "", "data": {"id": "1"}}
    with crew.database.write() as connection:
        store_delivery(connection, new_id(), drafts=[draft])
    Intake(crew.database, crew.rules).take_batch()


def sweep(crew: Crew) -> None:
    Sweep(crew.database, crew.rules, crew.performer, crew.releaser, crew.looker).once()


def rows(crew: Crew, table: sa.Table):
    with crew.database.read() as connection:
        return connection.execute(sa.select(table)).all()


def test_a_definition_that_no_longer_reads_starts_failed_runs_and_the_others_start_theirs(crew: Crew):
    put_in_force(crew, future=FROM_THE_FUTURE, broken=NO_YAML)
    deliver(crew)
    assert {row.state for row in rows(crew, deliveries)} == {"taken"}
    found = {row.workflow: row for row in rows(crew, runs)}
    assert set(found) == {"good", "future"}
    assert found["good"].state == "running"
    assert found["future"].state == "failed"
    assert "beam" in found["future"].reason


def test_a_run_whose_definition_no_longer_reads_waits_and_the_others_go_on(crew: Crew, logs: list):
    put_in_force(crew)
    deliver(crew)
    deliver(crew)
    first, second = sorted(row.id for row in rows(crew, runs))
    with crew.database.write() as connection:
        connection.execute(
            definitions.insert().values(hash="future", name="f", source=FROM_THE_FUTURE, created_at=crew.database.time)
        )
        connection.execute(runs.update().where(runs.c.id == first).values(definition_hash="future"))
    crew.work()
    crew.database.pass_time(seconds=60)
    sweep(crew)
    states = {row.id: row.state for row in rows(crew, runs)}
    assert states == {first: "running", second: "done"}
    crew.database.pass_time(days=30)
    logs.clear()
    for _ in range(3):
        sweep(crew)
    tried = [entry["event"] for entry in logs].count("advance_failed")
    assert tried == 1, "it is put off, and not tried every second, though it has expired"


def test_a_call_whose_operation_is_gone_is_held_and_says_so_and_goes_when_it_is_back(crew: Crew):
    effect = crew.intend(GONE, id="1")
    upgraded = after_the_upgrade(crew)
    assert upgraded.work() == []
    row = crew.effect(effect)
    assert (row.state, row.gate) == ("held", "operation")
    with crew.database.read() as connection:
        (waiting,) = waiting_of_effect(connection, effect, crew.database.time)
    assert waiting.why == "there is no operation 'symphony.edit_show' in this release of Stagedoor"
    assert waiting.opens == "a release that has symphony.edit_show"
    crew.database.pass_time(minutes=5)
    crew.work()
    assert crew.effect(effect).state == "done"


def test_a_released_call_whose_operation_is_gone_is_held_by_whoever_gets_it(crew: Crew):
    effect = crew.intend(GONE, id="1")
    crew.releaser.release_due()
    assert after_the_upgrade(crew).performer.perform(effect) is None
    assert crew.effect(effect).gate == "operation"
    assert crew.vendor.received == []


def test_a_claim_on_an_operation_that_is_gone_lapses_and_holds_up_nothing(crew: Crew):
    lost = crew.intend(GONE, id="1")
    crew.releaser.release_due()
    assert crew.performer._claim(lost) is not None
    upgraded = after_the_upgrade(crew)
    waiting = crew.intend(EDIT, id="2")
    crew.database.pass_time(minutes=10)
    sweep(upgraded)
    upgraded.work()
    assert crew.effect(lost).state == "in_doubt"
    assert crew.effect(waiting).state == "done"


def test_an_effect_this_release_cannot_read_holds_up_no_other_vendor_and_no_lease(crew: Crew):
    unreadable, lapsed, other = crew.intend(EDIT, id="1"), crew.intend(CREATE, id="2"), crew.intend(OTHER, id="3")
    crew.releaser.release_vendor("symphony")
    assert crew.performer._claim(lapsed) is not None
    with crew.database.write() as connection:
        connection.execute(
            sa.text("UPDATE effects SET state = 'intended', lease_until = NULL, request = :request WHERE id = :id"),
            {"id": unreadable, "request": '{"of": "the future", "query": []}'},
        )
        connection.execute(
            sa.text("UPDATE effects SET requires = :requires WHERE id = :id"),
            {"id": lapsed, "requires": '["of the future"]'},
        )
    crew.database.pass_time(minutes=10)
    sweep(crew)
    crew.told = [item for item in crew.told if item.effect_id == other]
    crew.work()
    assert crew.effect(other).state == "done"


def test_an_effect_in_doubt_that_this_release_cannot_read_keeps_no_other_from_going(crew: Crew):
    unreadable, other = crew.intend(CREATE, id="1"), crew.intend(OTHER, id="2")
    with crew.database.write() as connection:
        connection.execute(
            sa.text("UPDATE effects SET state = 'in_doubt', repeat = 'verify', inputs = '{' WHERE id = :id"),
            {"id": unreadable},
        )
    sweep(crew)
    assert [item.effect_id for item in crew.told] == [other]


def test_a_vendor_that_is_gone_is_left_alone(crew: Crew):
    effect = crew.intend(OTHER, id="1")
    without = Rules(replace(crew.catalogue, vendors=crew.catalogue.vendors[1:]))
    assert Releaser(crew.database, without, crew._tell).release_due() == 0
    assert crew.effect(effect).state == "intended"
