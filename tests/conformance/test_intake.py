"""Deliveries become events, milestones and runs, and runs go their way, on both engines."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tests.builders.ledger import COMPLETED, ClockedDatabase, Crew, catalogue, operation, store_delivery
from workflows.catalogue import Outcome, OutcomeKind
from workflows.language.reader import read_definition
from workflows.ledger import configuration, schema
from workflows.ledger.tables import deliveries, events, milestones, runs, steps, waits
from workflows.runtime.intake import Intake
from workflows.runtime.sweep import Sweep
from workflows.values import Money, new_id

EDIT = operation(requires=(COMPLETED,))
READ = operation("symphony.get_campaign", method="GET", body=None, subjects=())

RAISE = """
workflow: raise
description: Raise a budget once the campaign is set up.
owner: paid-social
vars: {floor: 40}
when:
  event: symphony.campaign.created
  where: event.data.provider == 'facebook'
run: {key: event.data.id, expires: 2d}
steps:
  - id: read
    call: symphony.get_campaign
    with: {id: =event.data.id}
  - id: pause
    wait: {for: 10m}
  - id: raise
    call: symphony.edit_campaign
    with: {id: =event.data.id, note: raised}
"""
NOTHING_TO_DO = """
workflow: nothing
description: Stops at once.
owner: paid-social
when: {event: symphony.campaign.created}
steps:
  - id: never
    stop_unless: event.data.provider == 'symphony'
"""


@pytest.fixture
def crew(database_url: str) -> Iterator[Crew]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    made = Crew(database, catalogue(EDIT, READ))
    put_in_force(made, RAISE, NOTHING_TO_DO)
    yield made
    database.close()


def put_in_force(crew: Crew, *texts: str) -> None:
    definitions = [read_definition(text, f"{text.split()[1]}.yml") for text in texts]
    with crew.database.write() as connection:
        brands = {"main": {"budget_cap": Money(500, "USD")}}
        configuration.apply(connection, definitions, brands, by="a test", now=crew.database.time)


def deliver(crew: Crew, *drafts: dict, shard: int = 0) -> str:
    delivery_id = new_id()
    with crew.database.write() as connection:
        store_delivery(connection, delivery_id, drafts=list(drafts), shard=shard)
    return delivery_id


def campaign(kind: str = "created", number: str = "5017", **data: object) -> dict:
    return {
        "type": f"symphony.campaign.{kind}",
        "subject": f"symphony:campaign:{number}",
        "occurred_at": None,
        "brand": "main",
        "data": {"id": number, "provider": "facebook", **data},
    }


def take_all(crew: Crew) -> None:
    intake = Intake(crew.database, crew.rules)
    while intake.take_batch():
        pass


def sweep(crew: Crew) -> None:
    Sweep(crew.database, crew.rules, crew.performer, crew.releaser, crew.looker).once()
    crew.work()


def rows(crew: Crew, table: sa.Table, *where: sa.ColumnElement[bool]):
    with crew.database.read() as connection:
        return connection.execute(sa.select(table).where(*where)).all()


def run_of(crew: Crew, workflow: str):
    (found,) = rows(crew, runs, runs.c.workflow == workflow)
    return found


def test_an_event_starts_each_workflow_that_listens_and_matches_once(crew: Crew):
    deliver(crew, campaign())
    deliver(crew, campaign(number="5018", provider="symphony"))
    take_all(crew)
    assert sorted((row.workflow, row.key) for row in rows(crew, runs)) == [
        ("nothing", "symphony:campaign:5017"),
        ("nothing", "symphony:campaign:5018"),
        ("raise", "5017"),
    ]
    assert {row.state for row in rows(crew, deliveries)} == {"taken"}
    assert len(rows(crew, events)) == len(rows(crew, milestones)) == 2


def test_the_whole_way_of_a_run(crew: Crew):
    deliver(crew, campaign())
    take_all(crew)
    crew.work()
    assert [request.operation for request in crew.vendor.received] == ["symphony.get_campaign"]
    (wait,) = rows(crew, waits)
    assert (wait.due_at - crew.database.time).total_seconds() == 600
    crew.database.pass_time(minutes=9)
    sweep(crew)
    assert len(crew.vendor.received) == 1
    crew.database.pass_time(minutes=1)
    sweep(crew)
    assert len(crew.vendor.received) == 1, "the edit is held until the campaign has completed"
    deliver(crew, campaign("completed"))
    deliver(crew, campaign("processing"))
    take_all(crew)
    crew.work()
    assert [request.operation for request in crew.vendor.received][1:] == ["symphony.edit_campaign"]
    assert run_of(crew, "raise").state == "done"
    assert {row.step: row.state for row in rows(crew, steps, steps.c.run_id == run_of(crew, "raise").id)} == {
        "read": "done",
        "pause": "done",
        "raise": "done",
    }


def test_a_run_that_stops_says_why(crew: Crew):
    deliver(crew, campaign())
    take_all(crew)
    run = run_of(crew, "nothing")
    assert (run.state, run.at_step) == ("stopped", "never")
    assert "facebook" in run.reason


def test_a_refused_call_fails_its_run(crew: Crew):
    crew.vendor.answers = [Outcome(OutcomeKind.REFUSED, "400: no such campaign", status=400)]
    deliver(crew, campaign())
    take_all(crew)
    crew.work()
    run = run_of(crew, "raise")
    assert (run.state, run.at_step, run.reason) == ("failed", "read", "400: no such campaign")


def test_a_run_expires_and_gives_up_what_it_has_not_sent(crew: Crew):
    deliver(crew, campaign())
    take_all(crew)
    crew.work()
    crew.database.pass_time(minutes=11)
    sweep(crew)
    crew.database.pass_time(days=3)
    sweep(crew)
    run = run_of(crew, "raise")
    assert (run.state, run.at_step) == ("failed", "raise")
    assert "expired" in run.reason
    deliver(crew, campaign("completed"))
    take_all(crew)
    crew.work()
    assert len(crew.vendor.received) == 1


def test_a_run_never_ends_while_its_call_may_have_reached_the_vendor(crew: Crew):
    crew.vendor.answers = [Outcome(OutcomeKind.IN_DOUBT, "dropped")]
    deliver(crew, campaign())
    take_all(crew)
    crew.work()
    crew.database.pass_time(days=30)
    sweep(crew)
    assert run_of(crew, "raise").state == "running"


def test_a_delivery_with_many_events_starts_a_run_for_each(crew: Crew):
    deliver(crew, *(campaign(number=str(number)) for number in range(5)))
    take_all(crew)
    assert len(rows(crew, runs, runs.c.workflow == "raise")) == 5


def test_a_trigger_that_cannot_be_worked_out_is_seen_and_refuses_nothing(crew: Crew):
    broken = campaign(number="5019")
    del broken["data"]["provider"]
    deliver(crew, broken)
    deliver(crew, campaign())
    take_all(crew)
    failed = [row for row in rows(crew, runs, runs.c.workflow == "raise") if row.state == "failed"]
    assert len(failed) == 1
    assert "the trigger could not be worked out" in failed[0].reason
    assert len(rows(crew, runs, runs.c.workflow == "raise")) == 2


def test_a_delivery_that_cannot_be_taken_in_is_set_aside_and_the_others_pass(crew: Crew):
    bad = deliver(crew, {"type": "symphony.campaign.created"})
    deliver(crew, campaign())
    take_all(crew)
    (row,) = rows(crew, deliveries, deliveries.c.id == bad)
    assert row.state == "rejected"
    assert row.problems[0]["code"] == "intake_failed"
    assert run_of(crew, "raise").state == "running"


def test_drainers_beside_each_other_take_each_delivery_once(crew: Crew):
    for number in range(60):
        deliver(crew, campaign(number=str(number)), shard=number % 16)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: take_all(crew), range(4)))
    assert len(rows(crew, runs, runs.c.workflow == "raise")) == 60
    assert len(rows(crew, events)) == 60


def test_a_run_finishes_on_the_definition_it_began_with(crew: Crew):
    deliver(crew, campaign())
    take_all(crew)
    put_in_force(crew, RAISE.replace("note: raised", "note: changed").replace("for: 10m", "for: 1m"))
    crew.work()
    crew.database.pass_time(minutes=2)
    sweep(crew)
    assert len(crew.vendor.received) == 1, "the run still waits its ten minutes"
    crew.database.pass_time(minutes=9)
    deliver(crew, campaign("completed"))
    take_all(crew)
    sweep(crew)
    assert crew.vendor.received[-1].body == '{"note":"raised"}'


def test_inputs_that_make_no_request_fail_the_step_with_every_problem(crew: Crew):
    put_in_force(crew, RAISE.replace("with: {id: =event.data.id}", "with: {id: true, nonsense: 1}"))
    deliver(crew, campaign())
    take_all(crew)
    run = run_of(crew, "raise")
    assert (run.state, run.at_step) == ("failed", "read")
    assert "$.id" in run.reason
    assert "$.nonsense" in run.reason
    assert crew.vendor.received == []
