"""Which runs may go on with another version of their workflow, and why the others may not."""

import pytest

from workflows.engine.migration import renamed_steps, why_not_movable
from workflows.engine.snapshot import At
from workflows.engine.states import StepState
from workflows.language.definition import Definition
from workflows.language.reader import read_definition

DONE, WAITING, CALLING, RUNNING, FAILED = (
    StepState.DONE,
    StepState.WAITING,
    StepState.CALLING,
    StepState.RUNNING,
    StepState.FAILED,
)

HEAD = """
workflow: raise
description: Raises.
owner: tests
"""
STARTS = """
when: {event: symphony.campaign.completed}
"""
STATS = "{id: stats, call: symphony.get_campaign, with: {id: =event.data.id}}"
MORNING = "{id: morning, wait: {for: 10h}}"
RAISE = "{id: raise, call: symphony.edit_campaign, with: {id: =event.data.id}}"
ASK = "{id: sign_off, approve: {title: 'Do it?', from: boss, expires: 1d}}"
TARGET = "{id: target, set: {amount: 3}}"


def workflow(*steps: str, starts: str = STARTS) -> Definition:
    return read_definition(HEAD + starts + "steps: [" + ",\n  ".join(steps) + "]\n", "raise.yml")


def judge(old: Definition, new: Definition, **reached: StepState) -> str:
    return why_not_movable(old, new, {At(step): state for step, state in reached.items()})


OLD = workflow(STATS, MORNING, RAISE)
AT_MORNING = {"stats": DONE, "morning": WAITING}


def test_what_lies_ahead_may_change_altogether() -> None:
    new = workflow(STATS, MORNING, ASK, TARGET, RAISE.replace("edit_campaign", "pause_campaign"))
    assert judge(OLD, new, **AT_MORNING) == ""
    assert judge(OLD, workflow(STATS, MORNING), **AT_MORNING) == ""


def test_an_approval_behind_the_run_would_be_skipped() -> None:
    assert judge(OLD, workflow(STATS, ASK, MORNING, RAISE), **AT_MORNING) == "it would skip the approval sign_off"
    within = f"{{id: which, choose: [{{if: event.data.id == 1, steps: [{ASK}]}}]}}"
    assert judge(OLD, workflow(STATS, within, MORNING), **AT_MORNING) == "it would skip the approval sign_off"


def test_a_step_behind_the_run_would_be_passed_over() -> None:
    assert judge(OLD, workflow(TARGET, STATS, MORNING), **AT_MORNING) == "it would pass over the step target"
    moved_up = workflow(STATS, RAISE, MORNING)
    assert judge(OLD, moved_up, **AT_MORNING) == "it would pass over the step raise"


def test_a_run_that_has_reached_nothing_may_always_move() -> None:
    assert judge(OLD, workflow(ASK, RAISE)) == ""


def test_what_is_over_may_be_gone_and_what_is_under_way_may_not() -> None:
    assert judge(OLD, workflow(MORNING, RAISE), **AT_MORNING) == ""
    assert judge(OLD, workflow(STATS, RAISE), **AT_MORNING) == "it is at the step morning, which is gone"


def test_steps_keep_their_order() -> None:
    old = workflow(STATS, TARGET, MORNING)
    new = workflow(TARGET, STATS, MORNING)
    assert judge(old, new, stats=DONE, target=DONE, morning=WAITING) == "the step stats comes in another order now"


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("{id: morning, call: symphony.edit_campaign, with: {id: 1}}", "the step morning does something else now"),
        ("{id: morning, wait: {for: 1h}}", ""),
        ("{id: night, was: morning, wait: {for: 1h}}", ""),
    ],
)
def test_a_step_that_is_under_way_is_of_the_same_kind(new: str, why: str) -> None:
    assert judge(OLD, workflow(STATS, new, RAISE), **AT_MORNING) == why


def test_a_call_calls_the_same_operation() -> None:
    other = STATS.replace("get_campaign", "pause_campaign")
    assert judge(OLD, workflow(other, MORNING), stats=CALLING) == "the step stats calls something else now"


def test_what_is_set_gives_all_that_is_read_of_it() -> None:
    old, more = workflow(TARGET, MORNING), "{id: target, set: {amount: 4, by: 2}}"
    reached = {"target": DONE, "morning": WAITING}
    assert judge(old, workflow(more, MORNING), **reached) == "the step target has not given by, which it gives now"
    assert judge(workflow(more, MORNING), old, **reached) == ""


def test_what_a_failure_brings_stays_so() -> None:
    old = workflow(STATS.replace("}}", "}, on_error: continue}"), MORNING)
    assert judge(old, workflow(STATS, MORNING), stats=FAILED, morning=WAITING) == (
        "the step stats has failed, and what that brings has changed"
    )
    assert judge(old, workflow(STATS, MORNING), **AT_MORNING) == ""


def test_a_question_that_is_asked_stays_the_same() -> None:
    old, others = workflow(ASK, RAISE), ASK.replace("boss", "owner")
    assert judge(old, workflow(others, RAISE), sign_off=WAITING) == (
        "the step sign_off asks other people or other things now"
    )
    assert judge(old, workflow(others, RAISE), sign_off=DONE, raise_=DONE) == ""
    assert judge(old, workflow(ASK.replace("Do it?", "Really?"), RAISE), sign_off=WAITING) == ""


def test_what_is_waited_for_stays_the_same() -> None:
    wait = (
        "{id: paid, wait_for: {event: order.placed, match: it.data.id == event.data.id, expires: 1d, on_timeout: stop}}"
    )
    old = workflow(wait)
    assert judge(old, workflow(wait.replace("1d", "2d")), paid=WAITING) == ""
    other = wait.replace("order.placed", "order.refunded")
    assert judge(old, workflow(other), paid=WAITING) == "the step paid waits for something else now"


CHOICE = "{{id: which, choose: [{{if: event.data.id == 1, steps: [{0}]}}, {{otherwise: [{1}]}}]}}"


def test_steps_stay_in_their_container_and_branch() -> None:
    old = workflow(CHOICE.format(MORNING, RAISE))
    reached = {"which": RUNNING, "morning": WAITING}
    assert judge(old, workflow(CHOICE.format(RAISE, MORNING)), **reached) == "the step morning has another place now"
    assert judge(old, workflow(MORNING), **reached) == "it is at the step which, which is gone"
    assert judge(old, workflow(CHOICE.format(f"{MORNING}, {TARGET}", RAISE)), **reached) == ""
    assert judge(old, workflow(CHOICE.format(f"{ASK}, {MORNING}", RAISE)), **reached) == (
        "it would skip the approval sign_off"
    )
    renamed = CHOICE.format(MORNING, RAISE).replace("id: which", "id: way, was: which")
    assert judge(old, workflow(renamed), **reached) == ""


def test_a_choice_that_was_made_is_not_made_again() -> None:
    pause = "{id: pause, wait: {for: 1h}}"
    old = workflow(CHOICE.format(TARGET, RAISE), pause)
    reached = {"which": DONE, "target": DONE, "pause": WAITING}
    assert judge(old, workflow(CHOICE.format(TARGET, f"{RAISE}, {ASK}"), pause), **reached) == ""
    assert judge(old, workflow(CHOICE.format(f"{TARGET}, {ASK}", RAISE), pause), **reached) == (
        "it would skip the approval sign_off"
    )


LOOP = "{{id: every, for_each: {{in: =event.data.items, steps: [{0}]}}}}"


def test_each_item_of_a_loop_is_looked_at() -> None:
    old = workflow(LOOP.format(f"{TARGET}, {MORNING}"))
    reached = {
        At("every"): RUNNING,
        At("every", "0"): RUNNING,
        At("target", "0"): DONE,
        At("morning", "0"): WAITING,
    }
    later = workflow(LOOP.format(f"{TARGET}, {MORNING}, {RAISE}"))
    assert why_not_movable(old, later, reached) == ""
    earlier = workflow(LOOP.format(f"{TARGET}, {RAISE}, {MORNING}"))
    assert why_not_movable(old, earlier, reached) == "it would pass over the step raise"
    over = {**reached, At("every", "1"): DONE, At("target", "1"): DONE, At("morning", "1"): DONE}
    assert why_not_movable(old, later, over) == "it would pass over the step raise"


BOTH = "{{id: both, parallel: {{branches: {{print: [{0}], online: [{1}]}}}}}}"


def test_branches_beside_each_other_stay_while_they_are_under_way() -> None:
    old = workflow(BOTH.format(MORNING, RAISE))
    reached = {
        At("both"): RUNNING,
        At("both", "print"): RUNNING,
        At("morning"): WAITING,
        At("both", "online"): DONE,
        At("raise"): DONE,
    }
    assert why_not_movable(old, workflow(BOTH.format(MORNING, RAISE)), reached) == ""
    gone = "{id: both, parallel: {branches: {paper: [" + MORNING + "], online: [" + RAISE + "]}}}"
    assert why_not_movable(old, workflow(gone), reached) == "the step morning has another place now"
    longer = workflow(BOTH.format(MORNING, f"{RAISE}, {ASK}"))
    assert why_not_movable(old, longer, reached) == "it would skip the approval sign_off"
    assert why_not_movable(old, workflow(BOTH.format(f"{MORNING}, {ASK}", RAISE)), reached) == ""


@pytest.mark.parametrize(
    ("starts", "why"),
    [
        (
            "when: {event: symphony.campaign.created}\n",
            "symphony.campaign.completed does not start it any more",
        ),
        ("when: {event: [symphony.campaign.created, symphony.campaign.completed]}\n", ""),
        ("when: {manual: {}}\n", "symphony.campaign.completed does not start it any more"),
        (
            f"{STARTS}run: {{cancel_on: {{event: symphony.campaign.failed, match: it.data.id == event.data.id}}}}\n",
            "what cancels it has changed",
        ),
        (f"{STARTS}run: {{batch: {{count: 3, within: 1h}}}}\n", "its runs begin with one event or with many"),
    ],
)
def test_how_a_run_began_must_still_begin_one(starts: str, why: str) -> None:
    said = judge(OLD, workflow(STATS, MORNING, RAISE, starts=starts), **AT_MORNING)
    assert said.startswith(why)
    assert bool(said) == bool(why)


def test_inputs_a_run_was_not_given_keep_it_where_it_is() -> None:
    old = workflow(MORNING, starts="when: {manual: {inputs: {id: text}}}\n")
    new = workflow(MORNING, starts="when: {manual: {inputs: {id: text, note: {type: text, default: none}}}}\n")
    assert judge(old, new, morning=WAITING) == "it was begun without the input note as it is now"
    assert judge(new, old, morning=WAITING) == ""


def test_an_id_that_meant_another_step_before() -> None:
    old = workflow(MORNING)
    new = workflow(MORNING, RAISE)
    reached = {At("raise"): DONE, At("morning"): WAITING}
    assert why_not_movable(old, new, reached) == "it has been at a step raise before that was another one"


def test_renamed_steps_are_told() -> None:
    new = workflow(STATS, "{id: night, was: [evening, morning], wait: {for: 1h}}", RAISE)
    assert renamed_steps(OLD, new) == {"morning": "night"}
