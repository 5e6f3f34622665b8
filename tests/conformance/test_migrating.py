"""Runs that are moved to another definition in the middle of what they do, on both engines."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation, store_delivery
from workflows.engine.states import RunState
from workflows.language.reader import read_definition
from workflows.ledger import runs as run_rows
from workflows.ledger import schema
from workflows.ledger.database import Database
from workflows.ledger.tables import effects, runs, steps
from workflows.runtime.apply import Application, PlanOutdated, apply_proposal
from workflows.runtime.intake import Intake
from workflows.runtime.planning import Plan, plan_configuration
from workflows.runtime.proposals import Proposal
from workflows.runtime.sweep import Sweep
from workflows.values import new_id

EDIT = operation()
CALLS = """
workflow: calls
description: Calls.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: raise
    call: symphony.edit_campaign
    with: {id: =event.data.id}
result: {by: old}
"""
RENAMED = CALLS.replace("id: raise", "id: lift\n    was: raise").replace("by: old", "by: new")
CROWD = """
workflow: crowd
description: One at a time.
owner: tests
when:
  event: symphony.campaign.created
  stale_after: 24h
run: {concurrency: {limit: 1, by: brand.zone}}
steps:
  - id: which
    choose:
      - if: event.data.id == '1'
        steps:
          - id: rest
            wait: {for: 10m}
"""
OUTER = """
workflow: outer
description: Runs another.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: begin
    run: inner
result: {by: old}
"""
INNER = """
workflow: inner
description: Is run.
owner: tests
when: {manual: {}}
steps:
  - id: rest
    wait: {for: 10m}
"""


@pytest.fixture
def crew(database_url: str) -> Iterator[Crew]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    yield Crew(database, catalogue(EDIT))
    database.close()


def proposal(*texts: str) -> Proposal:
    definitions = tuple(read_definition(text, f"{text.split()[1]}.yml") for text in texts)
    return Proposal(definitions, {"main": {"zone": "Europe/London"}})


def apply(crew: Crew, *texts: str, migrates: bool = False, digest: str | None = None) -> Application:
    return apply_proposal(
        crew.database, crew.catalogue, proposal(*texts), by="a test", migrates=migrates, digest=digest
    )


def plan(crew: Crew, *texts: str, migrates: bool = False) -> Plan:
    return plan_configuration(crew.database, crew.catalogue, proposal(*texts), migrates=migrates)


def deliver(crew: Crew, number: str = "1", **more: object) -> None:
    draft = {
        "type": "symphony.campaign.created",
        "subject": f"symphony:campaign:{number}",
        "brand": "main",
        "data": {"id": number},
        **more,
    }
    with crew.database.write() as connection:
        store_delivery(connection, new_id(), drafts=[draft])
    while Intake(crew.database, crew.rules).take_batch():
        pass


def sweep(crew: Crew, **duration: float) -> None:
    crew.database.pass_time(**duration)
    for _ in range(3):
        Sweep(crew.database, crew.rules, crew.performer, crew.releaser, crew.looker).once()
        crew.work()


def rows(crew: Crew, table: sa.Table) -> list[sa.Row]:
    with crew.database.read() as connection:
        return list(connection.execute(sa.select(table)))


def test_a_call_under_way_is_the_same_call_under_its_steps_new_name(crew: Crew):
    apply(crew, CALLS)
    deliver(crew)
    crew.releaser.release_due()
    claim = crew.performer._claim(crew.told.pop().effect_id)
    (group,) = plan(crew, RENAMED).runs
    assert (group.doing, group.at, group.movable) == ("calls", ("raise",), 1)
    apply(crew, RENAMED, migrates=True)
    crew.performer.make(claim)
    sweep(crew)
    (effect,) = rows(crew, effects)
    assert effect.step == "lift"
    assert effect.key.endswith("/calls/lift")
    (run,) = rows(crew, runs)
    assert (run.state, run.result) == ("done", {"by": "new"})
    assert [(step.step, step.state) for step in rows(crew, steps)] == [("lift", "done")]
    assert len(crew.vendor.received) == 1


def test_queued_and_parked_runs_and_those_within_a_choice_are_told(crew: Crew):
    apply(crew, CROWD)
    deliver(crew, "1")
    deliver(crew, "2")
    deliver(crew, "3", occurred_at=crew.database.time.replace(month=1))
    edited = CROWD.replace("10m", "20m")
    told = {(group.doing, group.at, group.runs, group.movable) for group in plan(crew, edited).runs}
    assert told == {("waits", ("rest",), 1, 1), ("queued", (), 1, 1), ("parked", (), 1, 1)}
    assert apply(crew, edited, migrates=True).moved == {"crowd": 3}
    assert plan(crew, edited).runs == ()


def test_a_run_that_another_began_is_found_under_the_new_name_of_its_step(crew: Crew):
    apply(crew, OUTER, INNER)
    deliver(crew)
    sweep(crew)
    renamed = OUTER.replace("id: begin", "id: start\n    was: begin").replace("by: old", "by: new")
    (group,) = plan(crew, renamed, INNER).runs
    assert (group.workflow, group.doing, group.at) == ("outer", "runs", ("begin",))
    apply(crew, renamed, INNER, migrates=True)
    sweep(crew, minutes=11)
    assert {(run.workflow, run.state, (run.result or {}).get("by")) for run in rows(crew, runs)} == {
        ("outer", "done", "new"),
        ("inner", "done", None),
    }


def test_what_is_being_cancelled_stays(crew: Crew):
    apply(crew, CROWD)
    deliver(crew)
    with crew.database.write() as connection:
        (run,) = connection.execute(sa.select(runs.c.id)).all()
        locked = run_rows.lock(connection, run.id)
        run_rows.request_cancel(
            connection, locked, run_rows.Cancelling("a test", cleans_up=True), by="a test", now=crew.database.time
        )
    (group,) = plan(crew, CROWD.replace("10m", "20m")).runs
    assert (group.doing, dict(group.refused)) == ("cancels", {"it is being cancelled": 1})


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # on SQLite writers come one after the other
def test_a_run_that_somebody_is_at_stays_and_is_counted(crew: Crew):
    apply(crew, CROWD)
    deliver(crew)
    other = Database(crew.database.engine.url.render_as_string(hide_password=False))
    with other.write() as connection:
        assert run_rows.lock(connection, rows(crew, runs)[0].id) is not None
        done = apply(crew, CROWD.replace("10m", "20m"), migrates=True)
    other.close()
    assert (done.moved, done.busy) == ({}, 1)
    assert apply(crew, CROWD.replace("10m", "20m"), migrates=True).moved == {"crowd": 1}


def test_a_run_that_moved_on_since_the_plan_is_judged_as_it_is_now(crew: Crew):
    apply(crew, CROWD)
    deliver(crew)
    edited = CROWD.replace("10m", "20m")
    made = plan(crew, edited, migrates=True)
    assert made.runs[0].movable == 1
    sweep(crew, minutes=11)
    assert apply(crew, edited, migrates=True, digest=made.digest).moved == {}
    assert rows(crew, runs)[0].state == RunState.DONE


def test_a_plan_does_not_outlast_what_it_was_made_of(crew: Crew):
    apply(crew, CROWD)
    made = plan(crew, CROWD.replace("10m", "20m"))
    apply(crew, CROWD.replace("10m", "30m"))
    with pytest.raises(PlanOutdated):
        apply(crew, CROWD.replace("10m", "20m"), digest=made.digest)
