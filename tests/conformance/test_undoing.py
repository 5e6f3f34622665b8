"""What a run did is taken back as far as it can be, on both engines."""

from collections.abc import Iterator

import pytest

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation
from tests.builders.playhouse import Stage
from workflows.catalogue import Outcome, OutcomeKind, Repeat, Undo
from workflows.errors import NotFound
from workflows.ledger import audit, schema
from workflows.runtime.by_hand import call_by_hand
from workflows.runtime.undoing import CannotUndo, Undoing, undo_by_hand, undo_plan

READ = operation("symphony.get_campaign", method="GET", subjects=(), body=None)
UNDO = Undo(
    "symphony.edit_campaign",
    lambda inputs, reads: {**inputs, "note": reads[0].output["note"]} if reads else None,
    needs="a read before it",
    leaves="What people saw, they saw.",
)
EDIT = operation(repeat=Repeat.ASK, undo=UNDO)
TELL = operation("desk.tell", repeat=Repeat.ASK, subjects=(), contacts="the team")
MAKE = operation("desk.make", repeat=Repeat.ASK, subjects=())
RUN = """
workflow: busy
description: Does much.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: before
    call: symphony.get_campaign
    with: {id: =event.data.id}
  - id: edit
    call: symphony.edit_campaign
    with: {id: =event.data.id, note: new}
  - id: tell
    call: desk.tell
    with: {id: "1"}
  - id: make
    call: desk.make
    with: {id: "1"}
"""
FORMER = Outcome(OutcomeKind.DONE, "ok", status=200, output={"note": "old"})
NO = Outcome(OutcomeKind.REFUSED, "not now", status=409)


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    yield Stage(Crew(database, catalogue(READ, EDIT, TELL, MAKE)))
    database.close()


def play(stage: Stage, text: str = RUN) -> None:
    stage.apply(text)
    stage.happen()
    stage.play(FORMER, sweeps=5)
    assert stage.run().state == "done"


def plan(stage: Stage) -> list[Undoing]:
    with stage.database.read() as connection:
        return undo_plan(connection, stage.crew.catalogue, stage.run().id)


def undo(stage: Stage) -> list[str]:
    done = undo_by_hand(stage.crew.performer, plan(stage), stage.run().id, by="ann", reason="a mistake")
    return [str(item.called.state) for item in done]


def test_a_plan_says_of_each_call_how_it_is_taken_back_or_why_not(stage: Stage):
    play(stage)
    make, tell, edit = plan(stage)
    assert make.why_not == "no document says how it is taken back (see a test)"
    assert tell.why_not == "what was sent or may be sent to people cannot be called back (the team)"
    assert (edit.by, edit.inputs, edit.why_not) == ("symphony.edit_campaign", {"id": "5017", "note": "old"}, "")
    assert edit.request.body == '{"note":"old"}'
    assert edit.leaves == "What people saw, they saw."


def test_carried_out_it_makes_the_calls_that_can_be_made_and_says_so(stage: Stage):
    play(stage)
    before = len(stage.crew.vendor.received)
    assert undo(stage) == ["done"]
    assert [request.body for request in stage.crew.vendor.received[before:]] == ['{"note":"old"}']
    with stage.database.read() as connection:
        (entry,) = audit.entries(connection, about=stage.run().id)
    assert (entry.by, entry.action, entry.details["state"]) == ("ann", "run.undo", "done")


def test_what_was_taken_back_is_not_taken_back_again(stage: Stage):
    play(stage)
    undo(stage)
    assert "has taken it back already" in plan(stage)[-1].why_not
    assert undo(stage) == []


def test_what_the_vendor_refused_can_be_tried_again(stage: Stage):
    play(stage)
    stage.crew.vendor.answers.append(NO)
    assert undo(stage) == ["refused"]
    assert undo(stage) == ["done"]


def test_what_is_in_doubt_is_not(stage: Stage):
    play(stage)
    stage.crew.vendor.answers.append(Outcome(OutcomeKind.IN_DOUBT, "the connection was lost"))
    assert undo(stage) == ["in_doubt"]
    assert "which is to take it back, is in doubt" in plan(stage)[-1].why_not


def test_what_somebody_else_has_changed_since_is_left_to_a_person(stage: Stage):
    play(stage)
    stage.database.pass_time(minutes=1)
    called = call_by_hand(stage.crew.performer, EDIT, {"id": "5017", "note": "another"})
    assert plan(stage)[-1].why_not == (
        f"effect {called.effect_id} (symphony.edit_campaign) has changed symphony:campaign:5017 since: "
        "look, and change it by hand"
    )


def test_what_was_not_read_before_is_not_known(stage: Stage):
    play(stage, RUN.replace("id: before\n    call: symphony.get_campaign", "id: before\n    call: desk.make"))
    assert plan(stage)[-2].why_not == "what it was before is not known; that needs a read before it"


def test_a_run_that_may_do_more_is_cancelled_first(stage: Stage):
    stage.apply(RUN.replace("  - id: tell", "  - id: rest\n    wait: {for: 1h}\n  - id: tell"))
    stage.happen()
    stage.play(FORMER)
    assert stage.run().state == "running"
    with pytest.raises(CannotUndo, match="cancel it first"):
        undo(stage)


def test_what_is_no_run_has_no_plan(stage: Stage):
    with pytest.raises(NotFound), stage.database.read() as connection:
        undo_plan(connection, stage.crew.catalogue, "nothing")
