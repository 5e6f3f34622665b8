"""What a step may know: what came before it for certain, what perhaps did, and nothing of other branches and loops."""

import pytest

from tests.builders.catalogue import make_catalogue
from workflows.language.checker import check_definition
from workflows.language.reader import read_definition
from workflows.language.scopes import weaker
from workflows.language.surroundings import Surroundings
from workflows.language.types import FieldType, MoneyType, Nullable, ObjectOf, Text

HEAD = "workflow: w\nwhen: {event: order.placed}\nsteps:\n"
FIGURES = "  - {id: stats, call: shop.get_figures, with: {id: =event.data.id}}\n"
CHOOSE = """\
  - id: which
    choose:
      - if: has(event.data.buyer.email)
        steps:
          - {id: mail, set: {to: =event.data.buyer.email}}
      - otherwise:
          - {id: nobody, set: {to: none}}
"""
LOOP = """\
  - id: lines
    for_each:
      in: =event.data.items
      result: =line.name
      steps:
        - {id: line, set: {name: =item.name}}
"""
PARALLEL = """\
  - id: both
    parallel:
      branches:
        one: [{id: first, call: shop.get_figures, with: {id: x}}]
        two: [{id: second, set: {x: 1}}]
"""
WAIT_FOR = """\
  - id: news
    wait_for: {{event: order.updated, match: it.data.id == event.data.id, expires: 1d, on_timeout: {}}}
"""
ANY = """\
  - id: news
    wait_for:
      any:
        a: {event: order.updated, match: it.data.id == event.data.id}
        b: {event: symphony.campaign.failed, match: it.subject == event.subject}
      expires: 1d
"""
APPROVE = "  - {id: ask, approve: {title: Go on?, from: ones, expires: 1d}}\n"


def codes(text: str) -> list[str]:
    definition = read_definition(HEAD + text, "w.yml")
    return [problem.code for problem in check_definition(definition, Surroundings(make_catalogue(), {})).problems]


def use(formula: str) -> str:
    return f'  - {{id: use, set: {{x: "={formula}"}}}}\n'


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (CHOOSE + use("mail.to"), ["E211"]),
        (CHOOSE + use("default(mail.to, 'x')"), []),
        (CHOOSE + use("if(has(mail.to), mail.to, 'x')"), []),
        (CHOOSE + use("which"), ["E306"]),
        (LOOP + use("line.name"), ["E314"]),
        (LOOP + use("item.name"), ["E210"]),
        (LOOP + use("lines.done + lines.stopped + lines.failed"), []),
        (LOOP + use("map(lines.items, each.state + each.reason)"), []),
        (LOOP + use("map(lines.items, lower(each.result))"), ["E211"]),
        (LOOP + use("map(lines.items, lower(default(each.result, '')))"), []),
        (LOOP.replace("      result: =line.name\n", "") + use("map(lines.items, each.result)"), ["E213"]),
        (PARALLEL + use("both.first + both.branches.two.state"), []),
        (PARALLEL + use("both.branches.three.state"), ["E213"]),
        (PARALLEL + use("first.budget"), ["E211"]),
        (PARALLEL + use("default(first.budget, 1 USD) * 2"), []),
        (WAIT_FOR.format("fail") + use("news.data.id + news.type"), []),
        (WAIT_FOR.format("stop") + use("news.data.id"), []),
        (WAIT_FOR.format("continue") + use("news.data.id"), ["E211"]),
        (WAIT_FOR.format("continue") + use("default(news.data.id, '')"), []),
        (ANY + use("news.first"), []),
        (ANY + use("news.a.data.id"), ["E211"]),
        (ANY + use("default(news.b.data.provider, '')"), []),
        (ANY.replace("any:", "all:") + use("news.a.data.id + news.b.data.id"), []),
        (ANY.replace("any:", "all:") + use("news.first"), ["E213"]),
        (APPROVE + use("if(ask.approved, count(ask.by), 0)"), []),
        (APPROVE + use("ask.at + 1h"), []),
        (FIGURES.replace("}}\n", "}, once: [x]}\n") + use("stats.budget"), ["E211"]),
        (FIGURES.replace("}}\n", "}, on_error: continue}\n") + use("stats.budget"), ["E211"]),
        (FIGURES.replace("}}\n", "}, on_error: stop}\n") + use("stats.budget"), []),
        ("  - {id: a, emit: {event: stagedoor.x, data: {}}}\n" + use("a"), ["E306"]),
        (use("run.key + run.id + run.workflow"), []),
        (use("failure.step"), ["E210"]),
        (use("it.data.id"), ["E210"]),
    ],
)
def test_what_a_step_may_read_of_those_before_it(steps: str, found: list[str]) -> None:
    assert codes(steps) == found


def test_what_is_passed_over_may_be_absent_where_the_jump_ends() -> None:
    steps = (
        "  - {id: stats, call: shop.get_figures, with: {id: x}, on_error: tell}\n"
        "  - {id: target, set: {sum: =stats.budget * 2}}\n"
        "  - {id: tell, set: {a: =stats.budget, b: =target.sum}}\n"
    )
    assert codes(steps) == ["E211", "E211"]


def test_what_a_condition_settled_is_open_again_where_a_jump_comes_in() -> None:
    steps = (
        "  - {id: a, call: shop.edit_show, with: {id: x}, on_error: c}\n"
        "  - {id: b, stop_unless: has(event.data.buyer.email)}\n"
        "  - {id: c, set: {x: =lower(event.data.buyer.email)}}\n"
    )
    assert codes(steps) == ["E211"]
    assert codes(steps.replace(", on_error: c", "")) == []


def test_a_condition_within_a_branch_settles_nothing_outside() -> None:
    branch = "  - id: a\n    choose:\n      - otherwise: [{id: b, stop_unless: has(event.data.buyer.email)}]\n"
    assert codes(branch + use("lower(event.data.buyer.email)")) == ["E211"]


def test_an_inner_item_hides_the_outer_one_and_only_there() -> None:
    steps = (
        "  - id: a\n    for_each:\n      in: =event.data.items\n      steps:\n"
        "        - id: b\n          for_each:\n            in: [1]\n            steps: [{id: c, set: {x: =item + 1}}]\n"
        "        - {id: d, set: {x: =lower(item.name)}}\n"
    )
    assert codes(steps) == []


def test_at_a_failure_everything_may_be_absent() -> None:
    failing = f"{FIGURES}on_failure:\n  - {{id: tell, set: {{why: =failure.reason, x: "
    assert codes(f"{failing}=stats.budget * 2}}}}\n") == ["E211"]
    assert codes(f'{failing}"=default(stats.budget, 1 USD)"}}}}\n') == []


def test_what_is_expected_has_to_be_there_and_to_be_read_again() -> None:
    edit = "  - {{id: edit, call: shop.edit_show, with: {{id: x}}, expects: [{}]}}\n"
    assert codes(FIGURES + edit.format("stats.budget")) == []
    assert codes(FIGURES + edit.format("stats.ctr")) == ["E211"]
    assert codes(FIGURES + edit.format("stats.bugdet")) == ["E213"]
    assert codes(FIGURES + edit.format("event.data")) == ["E319"]
    other = FIGURES.replace("stats", "other")
    ask = "  - {id: ask, approve: {title: Go on?, from: x, expires: 1d}, expects: [stats.budget, other.budget]}\n"
    assert codes(FIGURES + other + ask) == ["E319"]


def test_a_batch_is_seen_by_the_steps_and_a_single_event_by_its_key() -> None:
    head = (
        "workflow: w\nwhen: {{event: order.placed, where: has(event.data.buyer.email)}}\nrun: {{batch: {}}}\nsteps:\n"
    )
    by = "{count: 5, within: 1h, by: event.data.shop}"
    step = '  - {id: a, set: {n: =event.data.count, mails: "=map(event.data.events, lower(each.data.buyer.email))"}}\n'
    definition = read_definition(head.format(by) + step, "w.yml")
    assert check_definition(definition, Surroundings(make_catalogue(), {})).problems == ()
    definition = read_definition(head.format("{count: 5, within: 1h}") + use("event.data.shop"), "w.yml")
    (problem,) = check_definition(definition, Surroundings(make_catalogue(), {})).problems
    assert problem.code == "E213"


def test_where_two_ways_meet_only_what_both_know_is_known() -> None:
    one = ObjectOf(
        {"a": FieldType(Text()), "b": FieldType(MoneyType()), "c": FieldType(ObjectOf({"d": FieldType(Text())}))}
    )
    other = ObjectOf(
        {"a": FieldType(Nullable(Text())), "c": FieldType(ObjectOf({"d": FieldType(Text(), optional=True)}))}
    )
    assert weaker(one, other) == ObjectOf(
        {
            "a": FieldType(Nullable(Text())),
            "b": FieldType(MoneyType(), optional=True),
            "c": FieldType(ObjectOf({"d": FieldType(Text(), optional=True)})),
        }
    )
