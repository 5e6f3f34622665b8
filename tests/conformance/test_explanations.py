"""Runs, events and subjects are explained as they stand, on both engines."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation
from tests.builders.playhouse import Stage
from workflows.catalogue import Outcome, OutcomeKind, Repeat
from workflows.errors import NotFound
from workflows.ledger import schema, tables
from workflows.ledger.chronicle import Chronicle, chronicle
from workflows.ledger.explanation import Explanation, explain_run
from workflows.ledger.waiting import Waiting, waiting
from workflows.runtime.explaining import EventExplanation, explain_event
from workflows.runtime.manual import start_by_hand

EDIT = operation(repeat=Repeat.ASK)
HEAD = "description: For a test.\nowner: tests\n"
CREATED = "when: {event: symphony.campaign.created}\n"
EDITS = (
    f"workflow: edits\n{HEAD}{CREATED}"
    + """
steps:
  - id: edit
    call: symphony.edit_campaign
    with: {id: =event.data.id}
"""
)
FUSSY = (
    f"workflow: fussy\n{HEAD}"
    + """
when:
  event: symphony.campaign.created
  where: event.subject == 'symphony:campaign:1' and event.type == 'x'
steps:
  - id: edit
    call: symphony.edit_campaign
    with: {id: =event.data.id}
"""
)
AWAITS = (
    f"workflow: awaits\n{HEAD}{CREATED}"
    + """
steps:
  - id: wait_both
    wait_for:
      all:
        done: {event: symphony.campaign.completed, match: it.subject == event.subject}
        paid: {event: order.placed, match: it.subject == event.subject}
      expires: 2d
"""
)
ASKS = (
    f"workflow: asks\n{HEAD}{CREATED}"
    + """
steps:
  - id: sign_off
    approve: {title: "Go on?", from: approvers, count: 2, expires: 24h}
"""
)
QUEUES = (
    f"workflow: queues\n{HEAD}{CREATED}"
    + """
run:
  key: "'all'"
  concurrency: {limit: 1}
steps:
  - id: rest
    wait: {for: 1h}
"""
)
BATCHES = (
    f"workflow: batches\n{HEAD}{CREATED}"
    + """
run:
  batch: {count: 10, within: 1h}
steps:
  - id: rest
    wait: {for: 1h}
"""
)
PARENT = (
    f"workflow: parent\n{HEAD}{CREATED}"
    + """
steps:
  - id: inner
    run: child
    with: {number: =event.data.id}
"""
)
CHILD = (
    f"workflow: child\n{HEAD}"
    + """
when: {manual: {inputs: {number: text}}}
steps:
  - id: rest
    wait: {for: 1h}
"""
)
LOOP = (
    f"workflow: loop\n{HEAD}{CREATED}"
    + """
steps:
  - id: parts
    for_each:
      in: =event.data.parts
      steps:
        - id: edit
          call: symphony.edit_campaign
          with: {id: =item}
on_failure:
  - id: note
    set: {x: 1}
"""
)
STALE = EDITS.replace("{event: symphony.campaign.created}", "{event: symphony.campaign.created, stale_after: 1h}")
LOST = Outcome(OutcomeKind.IN_DOUBT, "the connection was lost")


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    yield Stage(Crew(database, catalogue(EDIT)))
    database.close()


def run_told(stage: Stage, workflow: str) -> Explanation:
    with stage.database.read() as connection:
        return explain_run(connection, stage.run(workflow).id, stage.database.time)


def event_told(stage: Stage) -> EventExplanation:
    event = stage.rows(tables.events)[-1]
    with stage.database.read() as connection:
        return explain_event(connection, stage.crew.rules, event.id, stage.database.time)


def subject_told(stage: Stage, asked: str) -> Chronicle:
    with stage.database.read() as connection:
        return chronicle(connection, asked, stage.database.time)


def listed(stage: Stage, kind: str) -> Waiting:
    """The only thing of this kind in the list of all that waits, which is what its run says as well."""
    with stage.database.read() as connection:
        (found,) = [item for item in waiting(connection, stage.database.time) if item.kind == kind]
    return found


# --- what waits


def test_a_run_that_waits_for_events_says_which_and_what_has_come(stage: Stage):
    stage.apply(AWAITS)
    stage.happen()
    stage.happen("order.placed", "symphony:campaign:5017")
    stage.play()
    found = listed(stage, "event")
    assert found.why == (
        "waits for done: symphony.campaign.completed with subject symphony:campaign:5017; came so far: paid"
    )
    assert found.opens.endswith("it is given up at 15:00 on Tue 3 Mar, Europe/London")
    assert run_told(stage, "awaits").waiting == (found,)


def test_a_question_says_how_many_must_agree_and_how(stage: Stage):
    stage.apply(ASKS)
    stage.happen()
    found = listed(stage, "approval")
    assert found.why == "Go on? 2 of approvers must agree"
    assert f"stagedoor approve {stage.question().id}" in found.opens


def test_a_queued_run_says_behind_which(stage: Stage):
    stage.apply(QUEUES)
    for number in range(3):
        stage.happen(id=str(number))
    first, second, third = stage.runs()
    found = listed(stage, "queue")
    assert (found.run_id, found.held_by_run) == (second.id, first.id)
    assert found.why == f"queued behind run {first.id}, of the same all; 1 more behind it"
    (last,) = run_told(stage, "queues").waiting
    assert last.why == f"queued behind run {first.id}, of the same all; 1 more before it"
    assert (last.run_id, last.opens) == (third.id, f"the end of run {first.id}")


def test_gathered_events_are_told_together(stage: Stage):
    stage.apply(BATCHES)
    stage.happen(id="1")
    stage.happen(id="2")
    stage.play()
    assert listed(stage, "gathering").why.startswith("2 events are gathered by main: one run begins with them at 16:00")


def test_a_run_that_waits_for_one_it_began_names_it(stage: Stage):
    stage.apply(PARENT, CHILD)
    stage.happen()
    stage.play()
    child = stage.run("child")
    found = listed(stage, "run")
    assert (found.why, found.held_by_run) == (f"waits for the run {child.id} of child, which is running", child.id)
    lines = run_told(stage, "parent").lines
    assert f"    run {child.id} of child: running" in lines
    assert f"for the step inner of run {stage.run('parent').id})" in run_told(stage, "child").lines[1]


def test_a_parked_run_says_how_it_is_begun_or_ended(stage: Stage):
    stage.apply(STALE)
    stage.happen(occurred_at=stage.database.time - timedelta(hours=3))
    run = stage.run()
    assert listed(stage, "parked").opens == (
        f"a person who begins it (stagedoor retry {run.id}) or ends it (stagedoor cancel {run.id})"
    )


def test_a_call_about_a_subject_that_another_has_says_which(stage: Stage):
    stage.apply(EDITS)
    stage.happen()
    stage.play(LOST)
    stage.happen()
    stage.play()
    first, second = stage.runs()
    (doubtful, held) = stage.rows(tables.effects)
    found = listed(stage, "gate")
    assert (found.effect_id, found.held_by_effect, found.held_by_run) == (held.id, doubtful.id, first.id)
    assert found.opens == f"the end of effect {doubtful.id} of run {first.id}"
    assert found.run_id == second.id


# --- a run


def test_steps_within_steps_are_told_below_them(stage: Stage):
    stage.apply(LOOP)
    stage.happen(parts=[f"p{number}" for number in range(20)])
    stage.play(*[Outcome(OutcomeKind.REFUSED, "no", status=404)] * 2, sweeps=1)
    told = run_told(stage, "loop")
    assert (told.steps[0].step, told.steps[0].progress) == ("parts", "20 of 20")
    names = [(story.depth, story.step, story.state) for story in told.steps]
    assert (1, "item 1", "failed") in names
    assert (2, "edit", "failed") in names
    assert len([name for _, name, _ in names if name.startswith("item")]) == 12
    assert any(line.startswith("      edit: symphony.edit_campaign failed, no") for line in told.lines)


# --- an event


def test_an_event_names_what_it_started_and_the_first_part_that_was_false(stage: Stage):
    stage.apply(EDITS, FUSSY)
    stage.happen()
    told = event_told(stage)
    by_name = {item.workflow: item for item in told.listeners}
    assert by_name["edits"].verdict == "started"
    assert by_name["edits"].run.id == stage.run().id
    assert by_name["fussy"].because == "'symphony:campaign:5017' == 'symphony:campaign:1' is false"
    assert f"  edits: started run {stage.run().id}, which is running" in told.lines


def test_an_event_that_came_before_the_workflow_says_so(stage: Stage):
    stage.happen()
    stage.database.pass_time(hours=1)
    stage.apply(EDITS)
    (listener,) = event_told(stage).listeners
    assert listener.because == ("it would start a run, but is in force only since 16:00 UTC, after the event happened")


def test_an_event_nobody_listens_to_has_the_nearest_type(stage: Stage):
    stage.apply(EDITS)
    stage.happen("symphony.campaign.create")
    assert event_told(stage).lines[-1] == (
        "no workflow in force listens to symphony.campaign.create (did you mean 'symphony.campaign.created'?)"
    )


def test_gathered_parked_and_awaited_events_say_what_became_of_them(stage: Stage):
    stage.apply(BATCHES, AWAITS, STALE)
    stage.happen(occurred_at=stage.database.time - timedelta(hours=3))
    verdicts = {item.workflow: item.verdict for item in event_told(stage).listeners}
    assert verdicts == {"batches": "gathered", "awaits": "started", "edits": "parked"}
    stage.happen("symphony.campaign.completed")
    stage.play()
    assert event_told(stage).released == ((stage.run("awaits").id, "came for its step wait_both"),)


# --- a subject


@pytest.mark.parametrize("asked", ["symphony:campaign:5017", "campaign 5017", "5017"])
def test_everything_about_a_subject_is_told_in_order(stage: Stage, asked: str):
    stage.apply(EDITS)
    stage.happen()
    stage.happen(id="6000")
    stage.database.pass_time(seconds=5)
    stage.play(Outcome(OutcomeKind.DONE, "ok", status=200, output={}))
    told = subject_told(stage, asked)
    assert told.subjects == ("symphony:campaign:5017",)
    assert [(entry.kind, entry.text) for entry in told.entries] == [
        ("delivery", "symphony delivered it"),
        ("event", "symphony.campaign.created about symphony:campaign:5017"),
        ("run", "edits symphony:campaign:5017 began, by symphony.campaign.created"),
        ("run", "edits symphony:campaign:5017 done"),
        ("effect", "symphony.edit_campaign for edits, step edit done: ok"),
    ]


def test_a_whole_name_means_that_subject_alone_and_an_end_all_that_end_so(stage: Stage):
    stage.apply(EDITS)
    for subject in ("order:5017", "order:shop:5017", "order:order:5017"):
        stage.happen("order.placed", subject)
    assert subject_told(stage, "order:5017").subjects == ("order:5017",)
    assert subject_told(stage, "5017").subjects == ("order:5017", "order:order:5017", "order:shop:5017")
    assert subject_told(stage, "shop:5017").subjects == ("order:shop:5017",)


def test_a_person_is_found_in_what_came_and_never_shown(stage: Stage):
    stage.apply(EDITS)
    stage.happen(buyer={"email": "Jane.Doe@example.com"})
    told = subject_told(stage, "jane.doe@EXAMPLE.com")
    assert {entry.kind for entry in told.entries} == {"delivery", "event", "run", "effect"}
    assert "example.com" not in "\n".join(told.lines).lower()


@pytest.mark.parametrize("asked", ["campaign 9", "%", "nobody@example.com", "x' OR 1=1 --"])
def test_what_is_not_there_is_said(stage: Stage, asked: str):
    stage.apply(EDITS)
    stage.happen()
    with pytest.raises(NotFound):
        subject_told(stage, asked)


def test_a_run_started_by_hand_says_by_whom(stage: Stage):
    stage.apply(CHILD)
    start_by_hand(stage.database, stage.crew.rules, "child", {"number": "1"}, by="ann")
    assert run_told(stage, "child").lines[1].endswith(", by ann)")
