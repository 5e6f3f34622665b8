"""What a person does to a run: start, cancel, retry, on both engines."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation
from tests.builders.playhouse import Stage
from workflows.catalogue import Outcome, OutcomeKind, Repeat
from workflows.engine.repetition import CannotRetry
from workflows.errors import InputError, NotFound
from workflows.ledger import audit, schema, tables
from workflows.runtime.cancelling import CannotCancel, cancel_by_hand
from workflows.runtime.manual import start_by_hand
from workflows.runtime.retrying import Retried, retry_by_hand
from workflows.runtime.starting import CannotStart

READ = operation("symphony.get_campaign", method="GET", subjects=(), body=None)
EDIT = operation(repeat=Repeat.ASK)
TELL = operation("desk.tell", repeat=Repeat.ASK, subjects=())

TWO_CALLS = """
workflow: two
description: Two calls.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: first
    call: symphony.edit_campaign
    with: {id: =event.data.id, note: first}
  - id: rest
    wait: {for: 1m}
  - id: second
    call: symphony.edit_campaign
    with: {id: =event.data.id, note: second}
on_failure:
  - id: tell
    call: desk.tell
    with: {id: "1"}
"""
LOOP = """
workflow: loop
description: A call for each.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: rounds
    for_each:
      in: =event.data.parts
      on_item_error: fail
      steps:
        - id: edit
          call: symphony.edit_campaign
          with: {id: =item}
"""
MANUAL = """
workflow: by-hand
description: Started by a person.
owner: tests
when:
  manual:
    inputs: {campaign: text, budget: money}
steps:
  - id: edit
    call: symphony.edit_campaign
    with: {id: =event.data.campaign}
"""
STALE = """
workflow: stale
description: Not for old news.
owner: tests
when: {event: symphony.campaign.created, stale_after: 24h}
run:
  concurrency: {limit: 1}
steps:
  - id: rest
    wait: {for: 1h}
"""
NO = Outcome(OutcomeKind.REFUSED, "no such campaign", status=404)
YES = Outcome(OutcomeKind.DONE, "ok", status=200, output={})
LOST = Outcome(OutcomeKind.IN_DOUBT, "the connection was lost")


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    yield Stage(Crew(database, catalogue(READ, EDIT, TELL)))
    database.close()


def retry(stage: Stage, start: str | None = None) -> Retried:
    return retry_by_hand(stage.database, stage.crew.rules, stage.run().id, by="ann", reason="mended", start=start)


def cancel(stage: Stage, *, cleans_up: bool = True):
    return cancel_by_hand(
        stage.database, stage.crew.rules, stage.run().id, by="ann", reason="not now", cleans_up=cleans_up
    )


def entries(stage: Stage) -> list[tuple[str, str]]:
    with stage.database.read() as connection:
        return [(entry.by, entry.action) for entry in audit.entries(connection, about=stage.run().id)]


def failed(stage: Stage) -> None:
    """A run whose second call was refused."""
    stage.apply(TWO_CALLS)
    stage.happen()
    stage.play(YES)
    stage.database.pass_time(minutes=1)
    stage.play(NO)
    assert (stage.run().state, stage.run().at_step) == ("failed", "second")


# --- retry


def test_a_run_goes_on_at_the_step_it_failed_at(stage: Stage):
    failed(stage)
    stage.database.pass_time(days=30)
    assert retry(stage).first == "second"
    run = stage.run()
    assert (run.state, run.at_step, run.reason, run.ending, run.ended_at) == ("running", None, None, None, None)
    assert run.expires_at > stage.database.time + timedelta(hours=1)
    stage.play(YES)
    assert stage.run().state == "done"
    assert stage.sent() == ["symphony.edit_campaign"] * 2 + ["desk.tell", "symphony.edit_campaign"]
    assert [row.round for row in stage.rows(tables.effects, step="second")] == [0, 1]
    assert entries(stage) == [("ann", "run.retry")]


def test_what_is_done_is_not_made_again_even_from_an_earlier_step(stage: Stage):
    failed(stage)
    assert retry(stage, "first").kept == ("first", "tell")
    stage.play()
    (wait, *_) = [row for row in stage.rows(tables.waits) if row.state == "open"]
    assert wait.step == "rest"
    stage.database.pass_time(minutes=1)
    stage.play(YES)
    assert stage.run().state == "done"
    assert stage.sent().count("symphony.edit_campaign") == 3
    assert len(stage.rows(tables.waits)) == 2


def test_on_failure_is_carried_out_again_when_it_fails_again_but_its_calls_are_not(stage: Stage):
    failed(stage)
    retry(stage)
    stage.play(NO)
    assert stage.run().state == "failed"
    assert stage.sent().count("desk.tell") == 1


def test_a_loop_goes_on_with_the_items_that_failed(stage: Stage):
    stage.apply(LOOP)
    stage.happen(parts=["a", "b", "c"])
    stage.play(YES, NO)
    assert stage.run().state == "failed"
    assert retry(stage).first == "rounds"
    stage.play(YES, YES)
    assert stage.run().state == "done"
    assert [request.path[-1] for request in stage.crew.vendor.received] == ["a", "b", "b", "c"]


def test_a_call_in_doubt_refuses_the_retry(stage: Stage):
    failed(stage)
    with stage.database.write() as connection:
        effect = stage.rows(tables.effects, step="first")[0]
        connection.execute(tables.effects.update().where(tables.effects.c.id == effect.id).values(state="in_doubt"))
    with pytest.raises(CannotRetry, match=f"effect {effect.id} .* is in doubt: settle it first"):
        retry(stage)


@pytest.mark.parametrize(
    ("start", "why"),
    [
        ("secnd", "there is no step 'secnd' in what the run began with; its steps are first, rest, second"),
        ("tell", "there is no step 'tell'"),
    ],
)
def test_only_at_a_step_there_is(stage: Stage, start: str, why: str):
    failed(stage)
    with pytest.raises(CannotRetry, match=why):
        retry(stage, start)


def test_a_run_that_has_not_failed_is_not_retried(stage: Stage):
    stage.apply(TWO_CALLS)
    stage.happen()
    with pytest.raises(CannotRetry, match="it is under way"):
        retry(stage)


def test_a_parked_run_is_begun_and_waits_for_its_turn_like_any_other(stage: Stage):
    stage.apply(STALE)
    stage.happen(id="1", subject="s")
    stage.happen(id="2", subject="s", occurred_at=stage.database.time - timedelta(days=2))
    parked = stage.run()
    assert parked.state == "parked"
    assert retry(stage).state == "queued"
    assert entries(stage) == [("ann", "run.release")]
    stage.database.pass_time(hours=1)
    stage.play()
    stage.play()
    assert [run.state for run in stage.runs()] == ["done", "running"]


# --- cancel


def test_a_run_is_cancelled_after_its_on_failure_steps(stage: Stage):
    stage.apply(TWO_CALLS)
    stage.happen()
    stage.play(YES)
    found = cancel(stage)
    assert (found.state, found.waits_for) == ("running", "its on_failure steps, which are under way")
    stage.play(YES)
    run = stage.run()
    assert (run.state, run.reason) == ("cancelled", "cancelled by ann: not now")
    assert stage.sent() == ["symphony.edit_campaign", "desk.tell"]
    assert entries(stage) == [("ann", "run.cancel")]


def test_or_at_once_without_them(stage: Stage):
    stage.apply(TWO_CALLS)
    stage.happen()
    stage.play(YES)
    assert cancel(stage, cleans_up=False).state == "cancelled"
    assert stage.sent() == ["symphony.edit_campaign"]
    with pytest.raises(CannotCancel, match="the run is cancelled already"):
        cancel(stage)


def test_while_a_vendor_may_be_acting_it_says_what_it_waits_for(stage: Stage):
    stage.apply(TWO_CALLS)
    stage.happen()
    stage.play(LOST)
    (effect,) = stage.rows(tables.effects)
    found = cancel(stage, cleans_up=False)
    assert found.state == "running"
    assert found.waits_for == f"effect {effect.id} (symphony.edit_campaign), which is in doubt: settle it"


def test_what_has_not_left_never_does(stage: Stage):
    stage.apply(TWO_CALLS)
    stage.happen()
    cancel(stage, cleans_up=False)
    stage.play()
    assert stage.sent() == []


def test_nor_does_it_where_its_time_was_up_as_well(stage: Stage):
    stage.apply(TWO_CALLS.replace("note: first}", "note: first}\n    timeout: 1h"))
    stage.happen()
    stage.database.pass_time(hours=2)
    cancel(stage)
    assert [(call.step, call.state) for call in stage.rows(tables.effects)] == [
        ("first", "cancelled"),
        ("tell", "intended"),
    ]


def test_a_parked_run_is_ended(stage: Stage):
    stage.apply(STALE)
    stage.happen(occurred_at=stage.database.time - timedelta(days=2))
    assert cancel(stage).state == "cancelled"


def test_what_is_no_run_is_neither_cancelled_nor_retried(stage: Stage):
    with pytest.raises(NotFound):
        cancel_by_hand(stage.database, stage.crew.rules, "nothing", by="ann")
    with pytest.raises(NotFound):
        retry_by_hand(stage.database, stage.crew.rules, "nothing", by="ann")


# --- start


def test_a_workflow_is_started_by_a_person_with_typed_inputs(stage: Stage):
    stage.apply(MANUAL)
    started = start_by_hand(
        stage.database, stage.crew.rules, "by-hand", {"campaign": "7", "budget": "50 USD"}, by="ann"
    )
    run = stage.run()
    assert (run.id, run.started_by, run.state) == (started.run_id, "ann", "running")
    stage.play(YES)
    assert stage.run().state == "done"
    assert entries(stage) == [("ann", "run.start")]


def test_inputs_that_do_not_fit_start_nothing(stage: Stage):
    stage.apply(MANUAL)
    with pytest.raises(InputError) as raised:
        start_by_hand(stage.database, stage.crew.rules, "by-hand", {"budget": 50, "campagn": "7"}, by="ann")
    assert [problem.path for problem in raised.value.problems] == ["campagn", "campaign", "budget"]
    assert stage.runs() == []


@pytest.mark.parametrize(
    ("name", "brand", "why"),
    [("by-hnd", "", "no workflow 'by-hnd' is in force"), ("by-hand", "other", "known are main")],
)
def test_only_what_is_in_force_is_started(stage: Stage, name: str, brand: str, why: str):
    stage.apply(MANUAL)
    with pytest.raises(CannotStart, match=why):
        start_by_hand(stage.database, stage.crew.rules, name, {"campaign": "7", "budget": "5 USD"}, by="a", brand=brand)
