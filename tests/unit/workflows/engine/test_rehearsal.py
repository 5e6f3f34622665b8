"""A rehearsal plays a workflow as the runtime would, on a clock that need not wait."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.builders.stage import make_stage
from workflows.catalogue import Outcome, OutcomeKind
from workflows.engine.rehearsal import Ending, Rehearsal
from workflows.engine.snapshot import At
from workflows.engine.states import StepState
from workflows.events import Event
from workflows.language.reader import read_definition
from workflows.values import Money

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
HEAD = "workflow: w\nwhen: {event: order.placed, where: event.data.shop == 's'}\nrun: {key: event.data.id}\nsteps:\n"


def play(steps: str, *, shop: str = "s", answers: Mapping[str, Outcome] | None = None, **data: Any) -> Rehearsal:
    """Rehearse these steps; `answers` by step, done where it has none."""
    event = Event("e", "order.placed", "order:s:7", NOW, {"id": "7", "shop": shop, **data}, "s", "d")
    definition = read_definition(HEAD + steps, "w.yml")
    stage = make_stage(definition, now=NOW, brand={"zone": "Europe/London"}, answers=answers or {})
    stage.bring(event, NOW)
    played = stage.play()
    (run,) = (*played.runs, *played.declined)
    return run


def test_every_call_is_shown_with_the_request_it_would_send() -> None:
    played = play("  - {id: edit, call: shop.edit_show, with: {id: =event.data.id, note: late show}}\n")
    assert (played.status, played.at, played.reason, played.key) == (Ending.DONE, None, "", "7")
    (call,) = played.calls
    assert (call.step, call.operation, call.at) == ("edit", "shop.edit_show", NOW)
    assert call.inputs == {"id": "7", "note": "late show"}
    assert (call.request.method, call.request.body) == ("PUT", '{"id":"7","note":"late show"}')


def test_an_event_that_does_not_match_starts_nothing_and_says_why() -> None:
    played = play("  - {id: edit, call: shop.edit_show, with: {id: x}}\n", shop="other")
    assert (played.status, played.reason) == (Ending.NOT_STARTED, "'other' == 's' is false")
    assert not played.calls


def test_a_trigger_that_cannot_be_worked_out_is_a_failure() -> None:
    played = play("  - {id: edit, call: shop.edit_show, with: {id: x}}\n", shop=None)  # type: ignore[arg-type]
    assert played.status is Ending.FAILED
    assert played.reason.startswith("the trigger could not be worked out")


def test_waits_move_the_clock_and_are_told() -> None:
    played = play(
        "  - {id: soon, wait: {for: 30m}}\n"
        '  - {id: morning, wait: {until: "09:00", zone: =brand.zone}}\n'
        "  - {id: edit, call: shop.edit_show, with: {id: x}}\n"
    )
    assert played.elapsed == timedelta(hours=18)
    assert [(wait.step, wait.until - wait.since) for wait in played.waits] == [
        ("soon", timedelta(minutes=30)),
        ("morning", timedelta(hours=17, minutes=30)),
    ]
    assert played.calls[0].at == NOW + timedelta(hours=18)


def test_a_run_that_expires_before_its_wait_is_over_fails() -> None:
    played = play("  - {id: long, wait: {for: =event.data.length}}\n", length=timedelta(days=30))
    assert (played.status, played.at, played.elapsed) == (Ending.FAILED, "long", timedelta(days=14))


def test_steps_see_the_answers_of_earlier_ones() -> None:
    answers = {"figures": Outcome(OutcomeKind.DONE, "", output={"budget": Money.from_minor(4000, "USD")})}
    played = play(
        "  - {id: figures, call: shop.get_figures, with: {id: x}}\n"
        "  - {id: target, set: {total: =figures.budget * 110%}}\n"
        "  - {id: edit, call: shop.edit_show, with: {id: x, budget: =target.total}}\n",
        answers=answers,
    )
    assert played.calls[1].inputs["budget"] == Money.from_minor(4400, "USD")
    assert played.steps[At("target")].output == {"total": Money.from_minor(4400, "USD")}


def test_inputs_that_make_no_request_fail_the_step_and_nothing_is_called() -> None:
    played = play("  - {id: edit, call: shop.edit_show, with: {id: x, budget: five}}\n")
    assert (played.status, played.at, played.calls) == (Ending.FAILED, "edit", ())
    assert played.reason.startswith("nothing was sent: $.budget")


def test_what_a_vendor_refuses_goes_the_way_on_error_says() -> None:
    answers = {"edit": Outcome(OutcomeKind.REFUSED, "no such show")}
    step = "  - {id: edit, call: shop.edit_show, with: {id: x}, on_error: %s}\n  - {id: after, set: {a: 1}}\n"
    played = play(step % "stop", answers=answers)
    assert (played.status, played.at, played.reason) == (Ending.STOPPED, "edit", "no such show")
    played = play(step % "continue", answers=answers)
    assert (played.status, played.steps[At("edit")].state) == (Ending.DONE, StepState.FAILED)


def test_a_call_in_doubt_is_waited_for_without_end() -> None:
    answers = {"edit": Outcome(OutcomeKind.IN_DOUBT, "it timed out")}
    played = play(
        "  - {id: edit, call: shop.edit_show, with: {id: x}}\n  - {id: after, set: {a: 1}}\n", answers=answers
    )
    assert (played.status, played.at, played.reason) == (Ending.WAITING, "edit", "it timed out")
    assert At("after") not in played.steps


def test_now_is_the_clock_of_the_rehearsal() -> None:
    played = play("  - {id: soon, wait: {for: 30m}}\n  - {id: then, set: {at: =now()}}\n")
    assert played.steps[At("then")].output == {"at": NOW + timedelta(minutes=30)}
