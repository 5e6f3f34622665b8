"""People answer what runs ask, on both engines."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation
from tests.builders.playhouse import Stage
from workflows.catalogue import Outcome, OutcomeKind, Repeat
from workflows.engine.approvals import Person
from workflows.errors import NotFound
from workflows.ledger import audit, schema, tables
from workflows.runtime.approvals import AlreadyDecided, CannotDecide, Decided, asked, decide_by_hand
from workflows.values import Money

READ = operation("symphony.get_campaign", method="GET", subjects=(), body=None)
EDIT = operation(repeat=Repeat.ASK)
ASKS = """
workflow: asks
description: Asks first.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: stats
    call: symphony.get_campaign
    with: {id: =event.data.id}
  - id: sign_off
    approve:
      title: "Raise campaign {{ event.data.id }}?"
      from: approvers
      count: 2
      exclude: [requester, author]
      show: {budget: =stats.budget}
      expires: 24h
    expects: [stats.budget]
  - id: raise
    call: symphony.edit_campaign
    with: {id: =event.data.id}
"""
ONE = ASKS.replace("count: 2", "count: 1")
ANN, BOB, CAT = (Person(name, frozenset({"approvers"})) for name in ("ann", "bob", "cat"))


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    yield Stage(Crew(database, catalogue(READ, EDIT)))
    database.close()


def budget(amount: int) -> Outcome:
    return Outcome(OutcomeKind.DONE, "ok", status=200, output={"budget": Money(Decimal(amount), "USD")})


def ask(stage: Stage, text: str = ASKS, by: str = "tests") -> str:
    """A run that waits for an answer; the question's id."""
    stage.apply(text, by=by)
    stage.happen()
    stage.play(budget(100))
    return str(stage.question().id)


def decide(stage: Stage, question: str, person: Person, *, approves: bool = True, reason: str = "fine") -> Decided:
    return decide_by_hand(
        stage.database, stage.crew.rules, question, person, approves=approves, reason=reason, via="a test"
    )


def test_as_many_different_people_as_asked_for_must_agree(stage: Stage):
    question = ask(stage)
    assert decide(stage, question, ANN) == Decided(None, 1)
    stage.play()
    assert stage.sent() == ["symphony.get_campaign"]
    assert decide(stage, question, BOB, reason="go").missing == 0
    stage.play(budget(100))
    assert stage.sent() == ["symphony.get_campaign", "symphony.get_campaign", "symphony.edit_campaign"]
    assert stage.run().state == "done"
    (step,) = stage.rows(tables.steps, step="sign_off")
    assert step.output == {
        "approved": True,
        "by": ["ann", "bob"],
        "at": stage.database.time,
        "reason": "ann: fine; bob: go",
    }


def test_one_person_speaks_once(stage: Stage):
    question = ask(stage)
    decide(stage, question, ANN)
    with pytest.raises(AlreadyDecided, match="ann has approved it already, at 2026-03-01 15:00 UTC"):
        decide(stage, question, ANN, approves=False)


def test_one_denial_ends_it_with_the_reason(stage: Stage):
    question = ask(stage)
    decide(stage, question, ANN)
    decide(stage, question, BOB, approves=False, reason="too dear")
    run = stage.run()
    assert (run.state, run.at_step, run.reason) == ("stopped", "sign_off", "bob denied it: too dear")
    with pytest.raises(CannotDecide, match="it was denied by bob already"):
        decide(stage, question, CAT)


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (Person("dan", frozenset({"painters"})), "dan does not have the role approvers, and has painters"),
        (Person("eve", frozenset()), "and has none"),
    ],
)
def test_only_those_with_the_role_are_asked(stage: Stage, person: Person, why: str):
    question = ask(stage)
    with pytest.raises(CannotDecide, match=why):
        decide(stage, question, person)


def test_who_put_the_workflow_into_force_is_left_out(stage: Stage):
    stage.apply(ONE, by="ann")
    question = ask(stage, ASKS, by="bob")
    decide(stage, question, ANN)
    with pytest.raises(CannotDecide, match="bob put this workflow into force"):
        decide(stage, question, BOB)


def test_where_no_people_are_configured_whoever_is_there_may(stage: Stage):
    question = ask(stage, ONE)
    assert decide(stage, question, Person("somebody")).output is not None


def test_a_reason_is_needed(stage: Stage):
    with pytest.raises(CannotDecide, match="a reason is needed"):
        decide(stage, ask(stage), ANN, reason=" ")


def test_what_is_no_question_cannot_be_answered(stage: Stage):
    with pytest.raises(NotFound):
        decide(stage, "nothing", ANN)


def test_after_its_time_nobody_can(stage: Stage):
    question = ask(stage)
    stage.database.pass_time(hours=24)
    with pytest.raises(CannotDecide, match="it has expired"):
        decide(stage, question, ANN)
    stage.play()
    assert stage.run().state == "stopped"


def test_numbers_that_moved_are_asked_about_again_with_both_pictures(stage: Stage):
    first = ask(stage, ONE)
    decide(stage, first, ANN)
    stage.play(budget(150))
    second = stage.question()
    assert (second.round, second.state) == (1, "open")
    with stage.database.read() as connection:
        found = asked(connection, second.id, stage.database.time)
    assert found.question.show["budget"] == Money(Decimal(150), "USD")
    assert [item.show["budget"] for item in found.earlier] == [Money(Decimal(100), "USD")]
    assert [item.output["by"] for item in found.earlier] == [["ann"]]
    decide(stage, second.id, ANN)
    stage.play(budget(150))
    assert stage.run().state == "done"


def test_the_picture_is_kept_as_it_was_when_it_was_asked(stage: Stage):
    question = ask(stage)
    with stage.database.read() as connection:
        found = asked(connection, question, stage.database.time)
    assert found.question.title == "Raise campaign 5017?"
    assert found.question.show == {"budget": Money(Decimal(100), "USD")}


def test_two_who_speak_at_the_same_time_are_both_heard(stage: Stage):
    question = ask(stage)
    with ThreadPoolExecutor(2) as pool:
        decided = list(pool.map(lambda person: decide(stage, question, person), (ANN, BOB)))
    assert sorted(item.missing for item in decided) == [0, 1]
    stage.play(budget(100))
    assert stage.run().state == "done"


def test_what_people_said_stands_in_the_audit(stage: Stage):
    question = ask(stage, ONE)
    decide(stage, question, ANN)
    with stage.database.read() as connection:
        (entry,) = audit.entries(connection, about=question)
    assert (entry.by, entry.action, entry.reason) == ("ann", "approval.approve", "fine")
    assert entry.details["shown"] == {"budget": "100 USD"}
