"""A workflow's own tests: what differs from what was expected is told in words."""

from decimal import Decimal

import pytest

from tests.builders.catalogue import make_catalogue
from workflows.engine.trials import Props, Report, hold_trials
from workflows.language.reader import read_definition
from workflows.values import Money

WORKFLOW = """\
workflow: w
when: {event: order.placed, where: event.data.shop == 's'}
steps:
  - {id: figures, call: shop.get_figures, with: {id: =event.data.id}}
  - {id: low, stop_unless: figures.budget < brand.budget_cap}
  - {id: rest, if: has(figures.ctr) and figures.ctr > 1%, wait: {for: 1h}}
  - {id: edit, call: shop.edit_show, with: {id: =event.data.id, budget: =brand.budget_cap}}
  - {id: again, call: shop.get_figures, with: {id: =event.data.id}}
"""
BRANDS = {
    "main": {"budget_cap": Money(Decimal(500), "USD")},
    "other": {"budget_cap": Money(Decimal(100), "USD")},
}
EVENT = "event: {type: order.placed, data: {id: 7, shop: s, buyer: {}, consent: {email: null, sms: null}, items: []}}"
LOW = "shop.get_figures: {budget: {value: 40, currency: USD}}"


def held(*trials: str) -> Report:
    tests = "".join(f"  - {{{trial}}}\n" for trial in trials)
    definition = read_definition(WORKFLOW + (f"tests:\n{tests}" if tests else ""), "w.yml")
    return hold_trials(definition, Props(make_catalogue(), BRANDS))


def differences(given: str, mock: str, expect: str) -> tuple[str, ...]:
    (one,) = held(f"name: a, given: {{{given}}}, mock: {{{mock}}}, expect: {{{expect}}}").held
    assert one.is_ok is (not one.differences)
    return one.differences


def test_a_test_that_says_what_happens_has_no_difference() -> None:
    inputs = "[shop.get_figures: {id: 7}, shop.edit_show: {id: 7, budget: 500 USD}, shop.get_figures]"
    assert not differences(EVENT, LOW, f"status: done, calls: {inputs}")


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ("status: stopped", "it was to be stopped: it is done"),
        ("at: low", "it was to end at low: it is done"),
        ("reason: cap", "its reason was to have 'cap' in it: it is done"),
        (
            "calls: [shop.edit_show]",
            "these were to be called: shop.edit_show; these are: shop.get_figures, shop.edit_show, shop.get_figures",
        ),
        (
            "calls: [shop.get_figures, shop.edit_show: {budget: 40 USD}, shop.get_figures]",
            "call 2, shop.edit_show: budget was to be 40 USD, and is 500 USD",
        ),
        (
            "calls: [shop.get_figures, shop.edit_show: {note: new}, shop.get_figures]",
            "call 2, shop.edit_show: note was to be 'new', and is not given",
        ),
    ],
)
def test_each_difference_is_told_in_words(expect: str, words: str) -> None:
    assert differences(EVENT, LOW, expect) == (words,)


def test_the_reason_a_run_ended_for_is_told_beside_what_was_expected() -> None:
    told = differences(f"{EVENT}, brand: {{budget_cap: 10 USD}}", LOW, "status: done")
    assert told == ("it was to be done: it is stopped at low, because 40 USD < 10 USD is false",)


def test_an_answer_that_is_read_and_not_given_is_asked_for_with_its_fields() -> None:
    told = differences(EVENT, "", "status: done")
    assert told == (
        "shop.get_figures is called, and steps after figures read its answer: "
        "say under 'mock' what it is, shop.get_figures: {budget: …, ctr: …}",
    )


def test_answers_may_be_given_one_after_the_other() -> None:
    budget = "{budget: 40 USD}"
    mock = f"shop.get_figures: [{budget}, {{refused: gone}}]"
    assert not differences(EVENT, mock, "status: failed, at: again, reason: gone")
    told = differences(EVENT, f"shop.get_figures: [{budget}]", "status: done")
    assert told == ("shop.get_figures is called 2 times, and one answer is given",)


def test_a_call_may_be_left_in_doubt() -> None:
    mock = f"{LOW}, shop.edit_show: {{in_doubt: no answer came}}"
    assert not differences(
        EVENT, mock, "status: waiting, at: edit, reason: no answer, calls: [shop.get_figures, shop.edit_show]"
    )


def test_a_test_may_speak_for_another_brand_or_other_fields_of_one() -> None:
    calls = "calls: [shop.get_figures, shop.edit_show: {budget: %s}, shop.get_figures]"
    assert not differences(f"{EVENT}, brand: other", LOW, calls % "100 USD")
    assert not differences(f"{EVENT}, brand: {{other: {{}}}}", LOW, calls % "100 USD")
    assert not differences(f"{EVENT}, brand: {{budget_cap: 90 USD}}", LOW, calls % "90 USD")


def test_steps_that_no_test_carried_out_are_told() -> None:
    stopped = f"name: a, given: {{{EVENT}, brand: {{budget_cap: 10 USD}}}}, mock: {{{LOW}}}, expect: {{at: low}}"
    done = f"name: b, given: {{{EVENT}}}, mock: {{{LOW}}}, expect: {{status: done}}"
    assert held().coverage.missed_steps == ("figures", "low", "rest", "edit", "again")
    assert held(stopped).coverage.missed_steps == ("rest", "edit", "again")
    assert held(stopped, done).coverage.missed_steps == ("rest",)
