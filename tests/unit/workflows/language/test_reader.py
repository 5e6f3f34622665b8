"""A workflow file becomes a definition, or all its mistakes of shape are reported at once."""

from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import pytest

from workflows.errors import DefinitionError
from workflows.language.definition import Call, Definition, Set, StopUnless, Wait
from workflows.language.reader import read_definition
from workflows.language.trees import FormulaLeaf, Literal
from workflows.problems import Place
from workflows.values import Money, Percent

WHOLE = """\
workflow: raise-budget
description: Give it more.
owner: paid-social
vars:
  ctr_floor: 1.2%
  total: 60 USD
  patience: 24h
  markets: [US, NO]
  code: "5 USD"
  share: 0.25
when:
  event: [symphony.campaign.created, symphony.campaign.completed]
  where: event.data.provider == 'facebook'
run:
  key: event.data.id
  expires: 72h
steps:
  - id: morning
    wait: {until: "09:00", zone: =brand.zone}
  - id: soon
    wait: {for: 30m, from: =event.occurred_at}
  - id: target
    set:
      amount: =min(vars.total, brand.budget_cap)
      note: "for {{ event.data.id }}"
  - id: worth_it
    stop_unless: target.amount > vars.total
  - id: raise
    if: target.amount > 10 USD
    call: symphony.edit_campaign
    with:
      id: =event.data.id
      budget: =target.amount
    retry: {attempts: 3, within: 1h}
    on_error: continue
"""
HEAD = "workflow: w\nwhen: {event: order.placed}\n"


def problems_of(text: str, file: str = "w.yml") -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        read_definition(text, file)
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def whole() -> Definition:
    return read_definition(WHOLE, "config/workflows/raise-budget.yml")


def test_what_is_said_of_the_workflow_is_kept(whole: Definition) -> None:
    assert (whole.name, whole.description, whole.owner) == ("raise-budget", "Give it more.", "paid-social")
    assert (whole.source, whole.hash) == (WHOLE, sha256(WHOLE.encode()).hexdigest())
    assert whole.expires == timedelta(hours=72)
    assert whole.key is not None
    assert whole.key.text == "event.data.id"


def test_the_written_form_of_a_variable_decides_its_type(whole: Definition) -> None:
    assert whole.variables == {
        "ctr_floor": Percent(Decimal("0.012")),
        "total": Money(Decimal(60), "USD"),
        "patience": timedelta(hours=24),
        "markets": ["US", "NO"],
        "code": "5 USD",
        "share": Decimal("0.25"),
    }


def test_the_trigger_names_its_events_with_their_places(whole: Definition) -> None:
    assert whole.trigger.events == ("symphony.campaign.created", "symphony.campaign.completed")
    assert [place.column for place in whole.trigger.event_places] == [11, 38]
    assert whole.trigger.where is not None
    assert whole.trigger.where.place == Place("config/workflows/raise-budget.yml", 13, 10)


def test_each_step_has_its_verb(whole: Definition) -> None:
    assert [(step.id, type(step.verb)) for step in whole.steps] == [
        ("morning", Wait),
        ("soon", Wait),
        ("target", Set),
        ("worth_it", StopUnless),
        ("raise", Call),
    ]
    morning, soon = whole.steps[0].verb, whole.steps[1].verb
    assert isinstance(morning, Wait)
    assert isinstance(morning.until, Literal)
    assert isinstance(morning.zone, FormulaLeaf)
    assert isinstance(soon, Wait)
    assert isinstance(soon.for_, Literal)
    assert soon.for_.value == timedelta(minutes=30)


def test_a_call_has_its_inputs_retries_and_what_an_error_does(whole: Definition) -> None:
    step = whole.steps[-1]
    assert isinstance(step.verb, Call)
    assert (step.verb.operation, step.verb.attempts, step.verb.within) == (
        "symphony.edit_campaign",
        3,
        timedelta(hours=1),
    )
    assert step.on_error == "continue"
    assert step.condition is not None


def test_what_is_left_out_has_its_usual_value() -> None:
    definition = read_definition(HEAD + "steps: [{id: a, call: x.y}]\n", "w.yml")
    step = definition.steps[0]
    assert isinstance(step.verb, Call)
    assert (step.verb.attempts, step.verb.within, step.on_error) == (6, timedelta(hours=6), "fail")
    assert (definition.expires, definition.key, definition.variables) == (timedelta(days=14), None, {})


def test_keys_are_checked_with_the_nearest_right_one() -> None:
    text = """\
workflow: w
discription: x
approve: {}
when: {evnt: order.placed}
run: {expire: 3d}
steps:
  - {id: a, cal: x.y}
  - {id: b, call: x.y, retry: {attempt: 3}}
  - {id: c, wait: {til: "09:00"}}
"""
    assert problems_of(text) == [
        "w.yml:2:1: E120 'discription' is not a key of a workflow (did you mean 'description'?)",
        "w.yml:3:1: E120 'approve' is not a key of a workflow "
        "(known are workflow, description, owner, vars, when, run, steps, result, on_failure, tests)",
        "w.yml:4:8: E120 'evnt' is not a key of 'when' (did you mean 'event'?)",
        "w.yml:5:7: E120 'expire' is not a key of 'run' (did you mean 'expires'?)",
        "w.yml:7:13: E120 'cal' is not a key of a step (did you mean 'call'?)",
        "w.yml:8:32: E120 'attempt' is not a key of 'retry' (did you mean 'attempts'?)",
        "w.yml:9:20: E120 'til' is not a key of 'wait' (did you mean 'until'?)",
    ]


def test_an_empty_file_says_what_it_needs() -> None:
    assert problems_of("") == ["w.yml:1:1: E122 a workflow must be a map of keys, not nothing"]
    assert problems_of("owner: me") == [
        "w.yml:1:1: E121 a workflow needs the key 'workflow'",
        "w.yml:1:1: E121 a workflow needs the key 'when'",
        "w.yml:1:1: E121 a workflow needs the key 'steps'",
    ]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("other", "E128 the workflow is named 'other' but its file 'w.yml' (name it 'w')"),
        ("W w", "E124 'W w' cannot name a workflow (use small letters, digits and -)"),
        ("12", "E122 the name of a workflow must be text, not a number"),
    ],
)
def test_a_workflow_is_named_as_its_file(name: str, problem: str) -> None:
    text = f"workflow: {name}\nwhen: {{event: order.placed}}\nsteps: [{{id: a, call: x.y}}]\n"
    assert problems_of(text) == [f"w.yml:1:11: {problem}"]


@pytest.mark.parametrize(
    ("step_id", "code"),
    [
        *((taken, "E125") for taken in ("event", "brand", "vars", "run", "item", "each", "not", "if")),
        *((odd, "E124") for odd in ("a-b", "2nd", "a b")),
        *((nothing, "E122") for nothing in ("", "true")),
    ],
)
def test_a_step_cannot_have_every_id(step_id: str, code: str) -> None:
    (problem,) = problems_of(HEAD + f"steps:\n  - id: {step_id}\n    call: x.y\n")
    assert problem.startswith(f"w.yml:4:{9 if step_id else 8}: {code} ")


def test_two_steps_cannot_have_one_id() -> None:
    text = HEAD + "steps:\n  - {id: a, call: x.y}\n  - {id: a, call: x.y}\n"
    assert problems_of(text) == ["w.yml:5:10: E125 the step 'a' is there already, at 4:10"]


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ("{id: a, call: x.y, ^set: {b: 1}}", "E129 a step has one verb: here is 'call' already (make "),
        ("{id: a, set: {b: 1}, ^with: {c: 1}}", "E129 'with' goes with 'call' or 'run' only"),
        ("{id: a, stop_unless: x, ^retry: {}}", "E129 'retry' goes with 'call' only"),
        ("{id: a, wait: {for: 1m, ^until: x}}", "E129 'wait' has one of for, until: here is 'for' already"),
        ("{id: a, wait: {for: 1m, ^zone: x}}", "E129 'zone' goes with 'until' only"),
        ("{id: a, wait: {until: x, ^from: =y}}", "E129 'from' goes with 'for' only"),
        ("^{id: a}", "E129 a step needs a verb (one of call, set, wait, wait_for, approve, "),
        ("{id: a, wait: ^{}}", "E129 'wait' needs 'for' or 'until'"),
        ("{id: a, wait: ^30m}", "E122 'wait' must be a map of keys, not text"),
        ("{id: a, set: ^{}}", "E122 'set' must not be empty"),
        ("{id: a, set: {^b-c: 1}}", "E124 'b-c' cannot be the name of a value"),
        ("{id: a, call: x.y, with: ^[1]}", "E122 'with' must be a map of keys, not a list"),
        ("{id: a, call: x.y, on_error: ^retry}", "E123 'retry' cannot be 'on_error' (one of stop, fail, continue)"),
        ("{id: a, call: x.y, on_error: ^contineu}", "E123 'contineu' cannot be 'on_error' (did you mean 'continue'?)"),
        ("{id: a, call: x.y, retry: {attempts: ^0}}", "E123 'attempts' must be from 1 to 100, not 0"),
        ("{id: a, call: x.y, retry: {attempts: ^many}}", "E122 'attempts' must be a whole number, not text"),
        ("{id: a, call: x.y, retry: {within: ^6}}", "E122 'within' must be text, not a number"),
        ("{id: a, call: x.y, retry: {within: ^6 hours}}", "E126 'within' cannot be '6 hours': a duration is written "),
        ("{id: a, wait: {for: ^0s}}", "E126 'for' must be longer than nothing and at most 366d"),
        ("{id: a, wait: {for: ^9999w}}", "E126 'for' must be longer than nothing and at most 366d"),
        ("{id: a, stop_unless: ^=x}", "E127 'stop_unless' is a formula by itself (leave out the '=' before it)"),
        ("{id: a, stop_unless: a >^}", "E201 "),
        ("{id: a, if: ^true, call: x.y}", "E122 'if' must be text, not true"),
        ("{id: a, set: {b: =1 +^}}", "E201 "),
        ("^a", "E122 a step must be a map of keys, not text"),
    ],
)
def test_a_step_that_is_put_together_wrongly_is_reported_where_it_is_wrong(step: str, problem: str) -> None:
    line = f"  - {step}"
    (found, *more) = problems_of(HEAD + "steps:\n" + line.replace("^", "") + "\n")
    assert found.startswith(f"w.yml:4:{line.index('^') + 1}: {problem}")
    assert not more


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("=1 + 1", "E127 vars.a is a value, not a formula (compute it in a 'set' step)"),
        ("{b: 1}", "E122 vars.a must be a value or a list of values"),
        ("5 ZZZ", "E126 vars.a: 'ZZZ' is not an ISO 4217 currency code (text stands in quotes)"),
    ],
)
def test_a_variable_is_a_value(value: str, problem: str) -> None:
    text = f"vars:\n  a: {value}\n{HEAD}steps: [{{id: a, call: x.y}}]\n"
    assert problems_of(text) == [f"w.yml:2:6: {problem}"]


def test_an_event_type_named_twice_is_reported() -> None:
    text = "workflow: w\nwhen: {event: [order.placed, order.placed]}\nsteps: [{id: a, call: x.y}]\n"
    assert problems_of(text) == ["w.yml:2:30: E125 the event type 'order.placed' stands here twice"]


def test_a_workflow_without_steps_is_reported() -> None:
    assert problems_of(HEAD + "steps: []\n") == ["w.yml:3:8: E122 'steps' must not be empty"]


def test_a_formula_that_yaml_cuts_at_a_comma_comes_with_the_remedy() -> None:
    (problem, *_) = problems_of(HEAD + "steps: [{id: a, set: {x: =min(1, 2)}}]\n")
    assert problem.endswith(
        "the formula ends before it is complete (within { } or [ ] put a formula with commas in quotes)"
    )


def test_every_formula_that_cannot_be_read_is_reported() -> None:
    text = """\
workflow: w
when: {event: order.placed, where: (}
run: {key: event.}
steps:
  - {id: a, if: 1 +, call: x.y, with: {b: =), c: "{{ [ }}"}}
"""
    assert [problem.split()[0] for problem in problems_of(text)] == [
        "w.yml:2:37:",
        "w.yml:3:18:",
        "w.yml:5:20:",
        "w.yml:5:44:",
        "w.yml:5:55:",
    ]
