"""Each verb, trigger and policy becomes the value that stands for it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from workflows.errors import DefinitionError
from workflows.language.definition import (
    Approve,
    Call,
    Choose,
    Definition,
    Emit,
    ForEach,
    Input,
    Parallel,
    Schedule,
    Step,
    SubRun,
    WaitFor,
    all_steps,
    inner_steps,
)
from workflows.language.keys import MAX_STEPS
from workflows.language.reader import read_definition
from workflows.language.trees import FormulaLeaf, Literal
from workflows.language.types import Boolean, Duration, InstantType, ListOf, MoneyType, Number, PercentType, Text
from workflows.values import Money, Percent

HEAD = "workflow: w\nwhen: {event: order.placed}\n"


def read(rest: str, head: str = HEAD) -> Definition:
    return read_definition(head + rest, "w.yml")


def step(text: str) -> Step:
    return read(f"steps:\n{text}").steps[0]


def codes_of(text: str) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        read_definition(text, "w.yml")
    return [problem.code for problem in caught.value.problems]


def test_a_schedule_has_its_zone_and_perhaps_a_brand() -> None:
    head = "workflow: w\nwhen: {schedule: '0 9 * * mon', zone: Europe/London, brand: main}\n"
    trigger = read("steps: [{id: a, set: {x: 1}}]\n", head).trigger
    assert (trigger.schedule, trigger.brand, trigger.events) == (Schedule("0 9 * * mon", "Europe/London"), "main", ())


def test_inputs_have_types_and_what_they_are_without_being_given() -> None:
    head = """\
workflow: w
when:
  manual:
    inputs:
      a: text
      b: {type: money, default: 5 USD, description: how much}
      c: {type: percent, default: 5%}
      d: {type: duration, default: 1h}
      e: {type: instant, default: "2026-03-01T15:00:00Z"}
      f: {type: list of number, default: [1, 2]}
      g: {type: boolean, default: false}
      h: {type: text, default: 17}
"""
    inputs = read("steps: [{id: a_step, set: {x: 1}}]\n", head).trigger.manual
    assert inputs is not None
    assert inputs["a"] == Input(Text())
    assert inputs["b"] == Input(MoneyType(), Money(Decimal(5), "USD"), "how much")
    assert inputs["c"] == Input(PercentType(), Percent(Decimal("0.05")))
    assert inputs["d"] == Input(Duration(), timedelta(hours=1))
    assert inputs["e"].type == InstantType()
    assert inputs["f"] == Input(ListOf(Number()), [1, 2])
    assert inputs["g"] == Input(Boolean(), False)
    assert inputs["h"] == Input(Text(), "17")


def test_what_holds_for_each_run_is_kept() -> None:
    definition = read(
        """\
run:
  key: event.data.id
  expires: 2d
  concurrency: {limit: 3, on_conflict: replace, by: event.data.shop}
  cancel_on: {event: [order.cancelled, order.refunded], match: it.data.id == event.data.id}
  debounce: {for: 5m, at_most: 1h, by: event.subject}
steps: [{id: a, set: {x: 1}}]
result: {x: =a.x}
on_failure: [{id: b, set: {why: =failure.reason}}]
"""
    )
    assert definition.concurrency is not None
    assert (definition.concurrency.limit, definition.concurrency.on_conflict) == (3, "replace")
    assert definition.cancel_on is not None
    assert definition.cancel_on.events == ("order.cancelled", "order.refunded")
    assert definition.cancel_on.match.path == ("data", "id")
    assert definition.debounce is not None
    assert (definition.debounce.quiet, definition.debounce.at_most) == (timedelta(minutes=5), timedelta(hours=1))
    assert definition.result is not None
    assert [one.id for one in definition.on_failure] == ["b"]


def test_a_batch_has_its_number_its_time_and_what_it_goes_by() -> None:
    batch = read("run: {batch: {count: 50, within: 10m}}\nsteps: [{id: a, set: {x: 1}}]\n").batch
    assert batch is not None
    assert (batch.count, batch.within, batch.by) == (50, timedelta(minutes=10), None)


def test_a_call_says_what_it_is_made_once_for_and_what_it_expects() -> None:
    found = step(
        "  - id: a\n    call: x.y\n    once: [=event.data.id, 5]\n    expects: [stats.budget]\n"
        "    timeout: 1h\n    was: [before, earlier]\n    on_error: b\n  - {id: b, set: {x: 1}}\n"
    )
    assert isinstance(found.verb, Call)
    assert found.verb.once is not None
    formula, five = found.verb.once.values
    assert isinstance(formula, FormulaLeaf)
    assert isinstance(five, Literal)
    (expected,) = found.verb.expects
    assert (expected.step, expected.path) == ("stats", ("budget",))
    assert (found.timeout, found.was, found.on_error) == (timedelta(hours=1), ("before", "earlier"), "b")


@pytest.mark.parametrize("match", ["it.data.id == event.data.id", "event.data.id == it.data.id"])
def test_a_match_is_told_apart_into_what_comes_and_what_is_known(match: str) -> None:
    found = step(f"  - {{id: a, wait_for: {{event: order.updated, match: {match}, expires: 1d}}}}\n").verb
    assert isinstance(found, WaitFor)
    (awaited,) = found.awaited
    assert (awaited.name, awaited.match.path, awaited.lookback) == ("", ("data", "id"), timedelta(0))
    assert awaited.match.value.evaluate({"event": {"data": {"id": "17"}}}) == "17"
    assert (found.mode, found.expires, found.on_timeout) == ("one", timedelta(days=1), "fail")


@pytest.mark.parametrize(
    "match",
    [
        "it.data.id",
        "it.data.id != event.data.id",
        "it == event.data.id",
        "it.data.id == it.subject",
        "event.data.id == event.subject",
        "it.data.id + 'x' == event.data.id",
        "it.data.id == lower(it.subject)",
    ],
)
def test_whatever_else_is_no_match(match: str) -> None:
    text = f'steps:\n  - id: a\n    wait_for: {{event: order.updated, match: "{match}", expires: 1d}}\n'
    assert codes_of(HEAD + text) == ["E315"]


def test_several_events_are_awaited_by_name() -> None:
    found = step(
        """\
  - id: a
    wait_for:
      any:
        one: {event: order.updated, match: it.data.id == event.data.id, lookback: 1h}
        two: {event: order.cancelled, match: it.data.id == event.data.id}
      expires: 1d
      on_timeout: continue
"""
    ).verb
    assert isinstance(found, WaitFor)
    assert [(one.name, one.lookback) for one in found.awaited] == [("one", timedelta(hours=1)), ("two", timedelta(0))]
    assert (found.mode, found.on_timeout) == ("any", "continue")


def test_the_first_of_several_events_is_no_name_of_one() -> None:
    text = (
        "steps:\n  - id: a\n    wait_for:\n      expires: 1d\n"
        "      any: {first: {event: order.updated, match: it.subject == event.subject}}\n"
    )
    assert codes_of(HEAD + text) == ["E125"]


def test_an_approval_has_its_people_and_figures() -> None:
    found = step(
        """\
  - id: a
    approve:
      title: "Go on with {{ event.data.id }}?"
      from: [ones, others]
      count: 2
      exclude: []
      show: {x: 1}
      tolerance: 2.5%
      expires: 1d
      on_deny: fail
    expects: [stats.budget]
"""
    ).verb
    assert isinstance(found, Approve)
    assert (found.roles, found.count, found.exclude) == (("ones", "others"), 2, frozenset())
    assert (found.tolerance, found.on_timeout, found.on_deny) == (Percent(Decimal("0.025")), "stop", "fail")
    assert list(found.show) == ["x"]
    assert len(found.expects) == 1


def test_who_is_not_left_out_of_an_approval_is_whoever_asked() -> None:
    found = step("  - {id: a, approve: {title: Go on?, from: ones, expires: 1d}}\n").verb
    assert isinstance(found, Approve)
    assert (found.count, found.exclude) == (1, frozenset({"requester"}))


def test_steps_stand_within_steps() -> None:
    definition = read(
        """\
steps:
  - id: a
    choose:
      - if: event.data.shop == 'web'
        steps: [{id: b, set: {x: 1}}]
      - otherwise: [{id: c, set: {x: 1}}]
  - id: d
    for_each:
      in: =event.data.items
      at_most: 7
      concurrency: 3
      on_item_error: fail
      result: =e.x
      steps: [{id: e, set: {x: 1}}]
  - id: f
    parallel:
      until: any
      branches: {one: [{id: g, run: other, with: {x: 1}}], two: [{id: h, emit: {event: stagedoor.x, data: {}}}]}
"""
    )
    choose, loop, parallel = (one.verb for one in definition.steps)
    assert isinstance(choose, Choose)
    assert [branch.condition is None for branch in choose.branches] == [False, True]
    assert isinstance(loop, ForEach)
    assert (loop.at_most, loop.concurrency, loop.on_item_error, loop.result is None) == (7, 3, "fail", False)
    assert isinstance(parallel, Parallel)
    assert (parallel.until, list(parallel.branches)) == ("any", ["one", "two"])
    assert [one.id for one in all_steps(definition.steps)] == list("abcdefgh")
    run, emit = (steps[0].verb for steps in inner_steps(parallel))
    assert isinstance(run, SubRun)
    assert isinstance(emit, Emit)
    assert (run.workflow, emit.event, emit.subject) == ("other", "stagedoor.x", None)


def test_there_is_an_end_to_how_many_steps_there_are() -> None:
    steps = "".join(f"  - {{id: s{number}, set: {{x: 1}}}}\n" for number in range(MAX_STEPS))
    assert len(read(f"steps:\n{steps}").steps) == MAX_STEPS
    assert codes_of(f"{HEAD}steps:\n{steps}  - {{id: more, set: {{x: 1}}}}\n") == ["E130"]


def test_a_step_that_could_not_be_read_says_so_once_for_all_within_it() -> None:
    text = HEAD + (
        "steps:\n"
        "  - id: a\n    for_eech:\n      in: =event.data.items\n      steps: [{id: b, set: {x: 1}}]\n"
        "  - {id: c, set: {x: =b.x}}\n"
    )
    assert codes_of(text) == ["E120"]


def test_a_jump_leads_ahead_and_stays_at_its_level() -> None:
    steps = """\
steps:
  - {id: a, call: x.y, on_error: d}
  - id: b
    choose:
      - otherwise:
          - {id: c, call: x.y, on_error: d}
  - {id: d, set: {x: 1}}
"""
    assert codes_of(HEAD + steps) == ["E313"]
