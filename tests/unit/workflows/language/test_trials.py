"""The block `tests` of a workflow: read as values, and every mistake in it told with its place."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.builders.catalogue import make_catalogue
from tests.builders.settings import make_settings
from workflows.engine.rehearsal import Ending
from workflows.errors import DefinitionError
from workflows.events import Event
from workflows.language.check import check_paths
from workflows.language.reader import read_definition
from workflows.language.trials.events import DEFAULT_NOW, beginning_of
from workflows.language.trials.values import STATUSES, Trial
from workflows.values import Money

HEAD = """\
workflow: w
when: {event: order.placed}
steps:
  - {id: figures, call: shop.get_figures, with: {id: =event.data.id}}
  - {id: edit, call: shop.edit_show, with: {id: =event.data.id, budget: =figures.budget}}
tests:
"""
DATA = "data: {id: 7, shop: s, buyer: {}, consent: {email: null, sms: null}, items: []}"
EVENT = f"event: {{type: order.placed, {DATA}}}"

Problems = Callable[[str], list[str]]


def trial_of(text: str, file: str = "w.yml") -> Trial:
    (trial,) = read_definition(HEAD + text, file).tests
    return trial


def event_of(trial: Trial) -> tuple[Event, datetime]:
    event, now = beginning_of(trial, read_definition(HEAD.removesuffix("tests:\n"), "w.yml"))
    assert event is not None
    return event, now


@pytest.fixture
def problems(tmp_path: Path) -> Problems:
    """What `stagedoor check` says of a workflow with these tests, each line counted from the first test on."""

    def check(text: str) -> list[str]:
        (tmp_path / "w.yml").write_text(HEAD + text)
        found = check_paths([tmp_path / "w.yml"], make_settings(tmp_path), make_catalogue())
        lines = HEAD.count("\n")
        return [
            f"{item.place.line - lines}:{item.place.column} {item.code} {item.message}"
            + (f" ({item.hint})" if item.hint else "")
            for item in found
            if item.place
        ]

    return check


def test_the_words_of_a_test_are_kept_as_values() -> None:
    trial = trial_of(
        f"  - name: all of it\n    given: {{{EVENT}, brand: {{main: {{budget_cap: 400 USD}}}}, now: "
        "2026-03-01T15:00:00+01:00}\n"
        "    mock: {shop.get_figures: [{ctr: 2%}, {refused: too late}], shop.edit_show: {in_doubt: gone}}\n"
        "    expect: {status: done, at: edit, reason: late, calls: [shop.get_figures, shop.edit_show: {id: 7}]}\n"
    )
    assert trial.name == "all of it"
    assert trial.now == datetime(2026, 3, 1, 14, tzinfo=UTC)
    assert trial.brand is not None
    assert (trial.brand.name, trial.brand.fields) == ("main", {"budget_cap": Money(Decimal(400), "USD")})
    assert [(mock.operation, mock.in_turn, [one.kind for one in mock.answers]) for mock in trial.mocks] == [
        ("shop.get_figures", True, ["done", "refused"]),
        ("shop.edit_show", False, ["in_doubt"]),
    ]
    assert (trial.expected.status, trial.expected.at, trial.expected.reason) == ("done", "edit", "late")
    assert [call.operation for call in trial.expected.calls or ()] == ["shop.get_figures", "shop.edit_show"]


def test_a_test_that_says_nothing_of_the_time_always_takes_place_at_the_same() -> None:
    event, now = event_of(trial_of(f"  - {{name: a, given: {{{EVENT}}}, expect: {{status: done}}}}\n"))
    assert now == event.occurred_at == DEFAULT_NOW
    assert (event.data["id"], event.data["buyer"]) == ("7", {})


def test_an_event_may_stand_in_a_file_beside_the_workflow(tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text(
        '{"type": "order.placed", "subject": "order:s:7", "occurred_at": "2026-01-02T03:04:05Z", "data": '
        '{"id": "7", "shop": "s", "buyer": {}, "consent": {"email": true, "sms": null}, "items": '
        '[{"name": "n", "quantity": 1, "total": "12.50 USD"}]}}'
    )
    event, now = event_of(
        trial_of("  - {name: a, given: {event: order.json}, expect: {status: done}}\n", str(tmp_path / "w.yml"))
    )
    assert (event.subject, event.occurred_at) == ("order:s:7", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert now == event.occurred_at
    assert event.data["items"][0]["total"] == Money(Decimal("12.50"), "USD")


def test_the_statuses_a_test_may_expect_are_those_a_rehearsal_ends_with() -> None:
    assert tuple(Ending) == STATUSES


def test_a_test_without_a_mistake_has_no_problem(problems: Problems) -> None:
    assert not problems(
        f"  - name: a\n    given: {{{EVENT}, brand: main}}\n    mock: {{shop.get_figures: {{ctr: 2%}}}}\n"
        "    expect: {calls: []}\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  - {nam: a, given: {}, expect: {}}\n", ["1:6 E120 'nam' is not a key of a test (did you mean 'name'?)"]),
        (f"  - {{name: a, given: {{{EVENT}}}}}\n", ["1:5 E121 a test needs the key 'expect'"]),
        (
            f"  - {{name: a, given: {{{EVENT}}}, expect: {{status: finished}}}}\n",
            ["123 'finished' cannot be 'status' (one of done, stopped, failed, cancelled, parked, waiting"],
        ),
        (f"  - {{name: a, given: {{{EVENT}}}, expect: {{}}}}\n", ["E122 'expect' must not be empty"]),
        (
            f"  - {{name: a, given: {{{EVENT}, now: 15:00}}, expect: {{status: done}}}}\n",
            ["E126 'now' cannot be '15:00'"],
        ),
        (
            "  - {name: a, given: {now: 2026-03-01T15:00:00Z}, expect: {at: edit}}\n",
            ["1:5 E327 the test needs an event"],
        ),
        (
            "  - {name: a, given: {inputs: {a: 1}}, expect: {at: edit}}\n",
            ["1:5 E327 the test needs an event to begin with"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}, events: [{{{EVENT}}}]}}, expect: {{at: edit}}}}\n",
            ["E129 an event that comes needs 'after' or 'before'"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}, events: [{{after: 1h, {EVENT.replace('placed', 'updated')}}}]}}, "
            "expect: {at: edit}}\n",
            ["E321 nothing in the workflow listens to 'order.updated' (it does to order.placed)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}, approvals: {{edit: approve}}}}, expect: {{at: edit}}}}\n",
            ["E325 the step 'edit' asks nobody (none does)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}, approvals: {{edit: yes}}}}, expect: {{at: edit}}}}\n",
            ["E123 'yes' cannot be what is said to edit (one of approve, deny, nobody)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, expect: {{waits: [edit]}}}}\n",
            ["E325 the step 'edit' waits for nothing"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, expect: {{emitted: [stagedoor.x]}}}}\n",
            ["E326 no step emits 'stagedoor.x' (they emit nothing)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, expect: {{result: 5}}}}\n",
            ["E329 the workflow has no result to compare with"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, mock: {{run:other: {{}}}}, expect: {{at: edit}}}}\n",
            ["E322 no step calls 'run:other'"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, expect: {{at: edt}}}}\n",
            ["E323 there is no step 'edt' (did you mean 'edit'?)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, expect: {{calls: [shop.edit_shows]}}}}\n",
            ["E322 no step calls 'shop.edit_shows' (did you mean 'shop.edit_show'?)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, expect: {{calls: [shop.edit_show: {{budgt: 5 USD}}]}}}}\n",
            ["E213 'budgt' is not a field of shop.edit_show (did you mean 'budget'?)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, expect: {{calls: [shop.edit_show: {{budget: 5%}}]}}}}\n",
            ["E219 this is text, where money is needed (money is written like 500 USD)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, mock: {{shop.gone: {{}}}}, expect: {{status: done}}}}\n",
            ["E322 no step calls 'shop.gone' (the steps call shop.edit_show, shop.get_figures)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, mock: {{shop.get_figures: {{ctrs: 5%}}}}, expect: {{at: edit}}}}\n",
            ["E213 'ctrs' is not a field of shop.get_figures (did you mean 'ctr'?)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}}}, mock: {{shop.get_figures: {{ctr: =a.x}}}}, expect: {{at: edit}}}}\n",
            ["E127 an answer of shop.get_figures is made of values, not of formulas"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}, brand: {{budget_kap: 5 USD}}}}, expect: {{at: edit}}}}\n",
            ["E213 'budget_kap' is not a field of brand (did you mean 'budget_cap'?)"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}, brand: {{budget_cap: 5%}}}}, expect: {{at: edit}}}}\n",
            ["E219 this is percentage, where money is needed"],
        ),
        (
            f"  - {{name: a, given: {{{EVENT}, brand: mian}}, expect: {{at: edit}}}}\n",
            ["E324 there is no brand 'mian' (did you mean 'main'?)"],
        ),
        (
            "  - {name: a, given: {event: gone.json}, expect: {at: edit}}\n",
            ["1:30 E320", "gone.json: No such file or directory"],
        ),
        (
            "  - {name: a, given: {event: {type: order.placd, data: {}}}, expect: {at: edit}}\n",
            ["E301 'order.placd' is not a type of event (did you mean 'order.placed'?)"],
        ),
        (
            f"  - {{name: a, given: {{event: {{type: order.updated, {DATA}}}}}, expect: {{at: edit}}}}\n",
            ["E321 the workflow does not listen to 'order.updated' (it does to order.placed)"],
        ),
        (
            "  - {name: a, given: {event: {type: order.placed, data: {id: 7, shp: s}}}, expect: {at: edit}}\n",
            ["1:65 E213 'shp' is not a field of order.placed (did you mean 'shop'?)"],
        ),
    ],
)
def test_a_mistake_in_a_test_is_told_with_its_place(problems: Problems, text: str, expected: list[str]) -> None:
    found = problems(text)
    for part in expected:
        assert any(part in problem for problem in found), found


def test_two_tests_of_one_name_are_told_apart_by_nobody(problems: Problems) -> None:
    one = f"  - {{name: a, given: {{{EVENT}}}, expect: {{calls: []}}}}\n"
    assert problems(one + one) == ["2:12 E125 the test 'a' is there already, at 7:12"]


def test_a_file_that_holds_no_event_is_told_with_the_path_of_what_is_wrong(problems: Problems, tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text('{"type": "order.placed", "data": {"id": true}, "more": 1}')
    found = problems("  - {name: a, given: {event: order.json}, expect: {calls: []}}\n")
    assert "1:30 E320 order.json $.data.id must be text" in found
    assert "1:30 E320 order.json $.data.shop is required" in found
    assert any(problem.startswith("1:30 E320 order.json $.more is not a field here") for problem in found)
    (tmp_path / "order.json").write_text("[1")
    assert "is not JSON" in problems("  - {name: a, given: {event: order.json}, expect: {calls: []}}\n")[0]


def test_reading_alone_needs_no_file() -> None:
    """What is in force is read from the ledger, where no fixture is."""
    trial = trial_of("  - {name: a, given: {event: gone.json}, expect: {calls: []}}\n")
    assert trial.event is not None
    assert trial.event.file == "gone.json"
    with pytest.raises(DefinitionError, match=r"gone\.json"):
        event_of(trial)
