"""What is not wrong and hardly meant is told, and nothing that may well be meant."""

import pytest

from tests.builders.catalogue import make_catalogue
from workflows.language.advice import advise
from workflows.language.reader import read_definition
from workflows.language.surroundings import Surroundings

ROLES = {"ones": ("alice",), "twos": ("alice", "bob")}
EVENT = "when: {event: order.placed}\n"
FAILED = "when: {event: symphony.campaign.failed}\n"
MANUAL = "when: {manual: {}}\n"
EDIT = "  - {id: edit, call: shop.edit_show, with: {id: =event.data.id}}\n"
LATER = "  - {id: later, wait: {for: 1h}}\n"
LOOP = "  - id: l\n    for_each:\n      in: [1]\n      steps: [{id: a, wait: {for: 1h}}]\n"
SELL = "  - {{id: sell, call: shop.sell_show, with: {{id: {}}}, once: [x]}}\n"


def told(text: str) -> list[str]:
    definition = read_definition(f"workflow: w\n{text}", "w.yml")
    surroundings = Surroundings(make_catalogue(), {}, ("main",), ROLES)
    return [
        f"{problem.code}:{problem.place and problem.place.line}" for problem in advise([definition], surroundings)["w"]
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{EVENT}steps:\n{LATER}{EDIT}", []),
        (f"{EVENT}steps:\n{EDIT}{LATER}", ["W501:5"]),
        (f"{EVENT}steps:\n{EDIT}{LATER}  - {{id: note, set: {{x: 1}}}}\n", ["W501:5"]),
        (f"{EVENT}steps:\n{EDIT}{LATER}  - {{id: note, stop_unless: now() > event.occurred_at}}\n", []),
        (f"{MANUAL}steps:\n{LATER}", []),
        (f"{EVENT}run: {{concurrency: {{limit: 1}}}}\nsteps:\n{EDIT}{LATER}", []),
        (
            f"{EVENT}steps:\n{LOOP}{EDIT}",
            [],
        ),
        (
            f"{EVENT}steps:\n{LOOP}",
            ["W501:7"],
        ),
        (
            f"{EVENT}steps:\n  - id: p\n    parallel:\n      until: any\n      branches:\n"
            "        a: [{id: a, wait: {for: 1h}}]\n        b: [{id: b, emit: {event: stagedoor.x, data: {}}}]\n",
            [],
        ),
        (f"{EVENT}steps:\n  - {{id: a, wait: {{until: =event.occurred_at}}}}\n{EDIT}", ["W501:4"]),
        (
            f"{EVENT}steps:\n  - {{id: a, wait: {{for: 2h, from: =event.occurred_at}}}}\n"
            f"  - {{id: b, wait: {{for: 1h, from: =event.occurred_at}}}}\n{EDIT}",
            ["W501:5"],
        ),
        (
            f"{EVENT}steps:\n  - {{id: a, wait: {{for: 1h, from: =event.occurred_at}}}}\n"
            f"  - {{id: b, wait: {{for: 2h, from: =event.occurred_at}}}}\n{EDIT}",
            [],
        ),
        (
            f'{EVENT}steps:\n  - {{id: a, wait: {{until: "09:00", zone: UTC}}}}\n'
            f'{EDIT}  - {{id: b, wait: {{until: "09:00", zone: UTC}}}}\n{EDIT.replace("id: edit", "id: again")}',
            [],
        ),
    ],
)
def test_waits_that_change_nothing(text: str, expected: list[str]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FAILED}steps:\n{SELL.format('=event.data.id')}", ["W502:4"]),
        (f"{FAILED}steps:\n{SELL.format('17')}", []),
        (f"{FAILED}steps:\n{SELL.format('=event.data.provider')}", []),
        (
            "when: {event: [symphony.campaign.failed, symphony.campaign.completed]}\nsteps:\n"
            + SELL.format("=event.data.id"),
            [],
        ),
        (
            f"{FAILED}steps:\n  - id: done\n    wait_for:\n      event: symphony.campaign.completed\n"
            f"      match: it.data.id == event.data.id\n      expires: 1d\n{SELL.format('=event.data.id')}",
            [],
        ),
        (
            "when: {event: symphony.campaign.created}\nsteps:\n  - id: news\n    wait_for:\n"
            "      event: symphony.campaign.failed\n      match: it.data.id == event.data.id\n      expires: 1d\n"
            + SELL.format("=news.data.id"),
            ["W502:9"],
        ),
    ],
)
def test_calls_that_never_leave(text: str, expected: list[str]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("when", "ask", "expected"),
    [
        (EVENT, "from: ones", []),
        (EVENT, "from: ones, count: 2", ["W504:4"]),
        (EVENT, "from: twos, count: 2", []),
        (EVENT, "from: [ones, twos], count: 3", ["W504:4"]),
        (EVENT, "from: twos, count: 2, exclude: [author]", ["W504:4"]),
        (EVENT, "from: twos, exclude: [author]", []),
        (MANUAL, "from: ones", ["W504:4"]),
        (MANUAL, "from: ones, exclude: []", []),
        (MANUAL, "from: twos", []),
    ],
)
def test_approvals_nobody_can_give(when: str, ask: str, expected: list[str]) -> None:
    step = f"  - {{id: ask, approve: {{title: Go on?, {ask}, expires: 1d}}}}\n"
    assert told(f"{when}steps:\n{step}  - {{id: tell, emit: {{event: stagedoor.x, data: {{}}}}}}\n") == expected


STOP = '  - {{id: stop, stop_unless: "{}"}}\n'


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("1 == 2", ["W505:6"]),
        ("vars.on", ["W505:6"]),
        ("not vars.on", []),
        ("vars.on and has(event.data.show_id)", ["W505:6"]),
        ("vars.on or has(event.data.show_id)", []),
        ("vars.most > 5", ["W505:6"]),
        ("event.type == 'order.placed'", []),
        ("event.type == 'order.updated'", ["W505:6"]),
        ("event.type != 'order.placed'", ["W505:6"]),
        ("event.type in ['order.updated', 'order.cancelled']", ["W505:6"]),
        ("event.data.shop == 'web'", []),
        ("now() < event.occurred_at", []),
    ],
)
def test_steps_no_way_leads_to(condition: str, expected: list[str]) -> None:
    assert told(f"vars: {{on: false, most: 3}}\n{EVENT}steps:\n{STOP.format(condition)}{EDIT}") == expected


def test_a_jump_may_lead_past_what_ends_it() -> None:
    jump = "  - {id: first, call: shop.edit_show, with: {id: x}, on_error: edit}\n"
    assert told(f"{EVENT}steps:\n{jump}{STOP.format('1 == 2')}{EDIT}") == []


def test_conditions_that_never_hold_are_told_where_they_stand() -> None:
    assert told("when: {event: order.placed, where: 1 == 2}\nsteps:\n" + EDIT) == ["W505:2"]
    assert told(f"{EVENT}steps:\n  - {{id: a, if: 1 == 2, set: {{x: 1}}}}\n{EDIT}") == ["W505:4"]
    branches = (
        "      - {if: 1 == 2, steps: [{id: a, set: {x: 1}}]}\n      - {if: 1 == 1, steps: [{id: b, set: {x: 1}}]}\n"
    )
    more = "      - {otherwise: [{id: c, set: {x: 1}}]}\n"
    assert told(f"{EVENT}steps:\n  - id: which\n    choose:\n{branches}{more}{EDIT}") == ["W505:6", "W505:8"]


def test_what_cannot_be_repeated_says_what_it_is_made_once_for() -> None:
    assert told(f"{EVENT}steps:\n{SELL.format('x')}") == []
    assert told(f"{EVENT}steps:\n{SELL.format('x').replace(', once: [x]', '')}") == ["W503:4"]
    assert told(f"{EVENT}steps:\n{EDIT}") == []


def test_a_circle_may_lead_through_others() -> None:
    texts = {
        "one": "when: {event: stagedoor.b}\nsteps:\n  - {id: a, emit: {event: stagedoor.a, data: {}}}\n",
        "two": "when: {event: stagedoor.a}\nsteps:\n  - {id: b, emit: {event: stagedoor.b, data: {}}}\n",
        "three": "when: {event: stagedoor.a}\nsteps:\n  - {id: c, emit: {event: stagedoor.c, data: {}}}\n",
    }
    definitions = [read_definition(f"workflow: {name}\n{text}", f"{name}.yml") for name, text in texts.items()]
    found = advise(definitions, Surroundings(make_catalogue()))
    assert {name: [problem.code for problem in problems] for name, problems in found.items()} == {
        "one": ["W506"],
        "two": ["W506"],
        "three": [],
    }
    assert found["one"][0].message == "this event starts two → one again, round and round"


def test_a_circle_may_lead_through_what_a_workflow_runs() -> None:
    texts = {
        "caller": "when: {event: stagedoor.a}\nsteps:\n  - {id: r, run: helper}\n",
        "helper": "when: {manual: {}}\nsteps:\n  - {id: a, emit: {event: stagedoor.a, data: {}}}\n",
    }
    definitions = [read_definition(f"workflow: {name}\n{text}", f"{name}.yml") for name, text in texts.items()]
    found = advise(definitions, Surroundings(make_catalogue()))
    assert [(problem.code, problem.message) for problem in found["helper"]] == [
        ("W506", "this event starts caller → helper again, round and round")
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("60 USD", ["W507:4"]),
        ("'60 USD'", ["W507:4"]),
        ("5%", ["W507:4"]),
        ("24h", ["W507:4"]),
        ("[1, {most: 60 USD}]", ["W507:4"]),
        ("=60 USD", []),
        ("='60 USD'", []),
        ("60", []),
        ("60 ZZZ", []),
        ("60 USD a week", []),
        ("'{{ event.data.id }}%'", []),
    ],
)
def test_text_that_is_written_as_another_value(value: str, expected: list[str]) -> None:
    step = f"  - {{id: a, set: {{x: {value}}}}}\n"
    assert told(f"{EVENT}steps:\n{step}") == expected
    assert told(f"{EVENT}steps:\n{EDIT}on_failure:\n{step}") == [item.replace("4", "6") for item in expected]
