"""What a workflow can cause in a day follows from its own limits, and where there is none, that is said."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.builders.catalogue import Contact, make_catalogue
from workflows.catalogue import Catalogue, Limit
from workflows.language.definition import Definition
from workflows.language.exposure import Exposure, exposures, runs_a_day
from workflows.language.reader import read_definition
from workflows.language.reports import exposures_as_text
from workflows.values import Money

BRANDS: dict[str, dict[str, Any]] = {
    "one": {"cap": Money(Decimal(500), "USD")},
    "two": {"cap": Money(Decimal(50), "USD")},
}
EVENT = "when: {event: order.placed}\n"
DAILY = 'when: {schedule: "0 9,18 * * *", zone: Europe/London}\n'
SELL = "  - {{id: sell, call: shop.sell_show, with: {{id: x, budget: {}}}}}\n"


def catalogue(*limits: Limit) -> Catalogue:
    (shop,) = make_catalogue().vendors
    contact = replace(
        make_catalogue().operation("shop.add_contact"),
        name="shop.write_to",
        inputs=Contact,
        contacts="those in tags",
        contacts_at="tags",
    )
    unsaid = replace(make_catalogue().operation("shop.edit_show"), name="shop.list_show", spends="what the shop asks")
    return Catalogue((replace(shop, operations=(*shop.operations, contact, unsaid), limits=limits),))


def definition(text: str, name: str = "w") -> Definition:
    return read_definition(f"workflow: {name}\n{text}", f"{name}.yml")


def exposure(text: str, *limits: Limit, others: tuple[Definition, ...] = ()) -> Exposure:
    return exposures([definition(text), *others], catalogue(*limits), BRANDS)[0]


@pytest.mark.parametrize(
    ("budget", "most"),
    [
        ("60 USD", "60 USD"),
        ("{value: 60, currency: USD}", "60 USD"),
        ("=vars.much", "100 USD"),
        ("=brand.cap", "500 USD"),
        ('"=min(brand.cap, 80 USD)"', "80 USD"),
        ('"=min(figures.budget * 110%, vars.much)"', "100 USD"),
        ('"=max(vars.much, 120 USD)"', "120 USD"),
        ("\"=if(event.data.shop == 'web', 10 USD, 20 USD)\"", "20 USD"),
        ("=vars.much * 110% + 5 USD", "115.00 USD"),
        ("=vars.much / 3", "33.33 USD"),
        ("=target.sum", "100 USD"),
        ("=figures.budget", None),
        ('"=max(figures.budget, 1 USD)"', None),
        ("=vars.much - 5 USD", None),
        ("=vars.much + 5 EUR", None),
    ],
)
def test_a_call_is_bounded_by_what_is_written_by_vars_and_by_brands(budget: str, most: str | None) -> None:
    text = (
        f"vars: {{much: 100 USD}}\n{EVENT}steps:\n"
        "  - {id: figures, call: shop.get_figures, with: {id: x}}\n"
        '  - {id: target, set: {sum: "=min(figures.budget, vars.much)"}}\n' + SELL.format(budget)
    )
    (call,) = exposure(text).calls
    assert (None if call.money is None else str(call.money)) == most
    assert bool(call.as_much_as) is (most is None)


def test_nothing_bounds_how_often_events_come() -> None:
    found = exposure(f"{EVENT}steps:\n{SELL.format('60 USD')}")
    assert (found.runs_a_day, found.money_a_day) == (None, None)
    assert exposures_as_text([found]) == (
        "w in a day at most: money: no bound\n  sell: shop.sell_show, any number of calls, each at most 60 USD"
    )


def test_a_schedule_bounds_it() -> None:
    found = exposure(f"{DAILY}steps:\n{SELL.format('60 USD')}")
    assert (found.runs_a_day, found.money_a_day) == (2, {"USD": Decimal(120)})
    assert exposures_as_text([found]).splitlines()[0] == "w in a day at most: money: 120 USD"


def test_a_loop_multiplies_it_by_the_most_it_takes() -> None:
    loop = "steps:\n  - id: l\n    for_each:\n      in: =[1]\n      at_most: 10\n      steps:\n"
    found = exposure(DAILY + loop + "      " + SELL.format("5 USD"))
    assert found.money_a_day == {"USD": Decimal(100)}


def test_what_is_made_once_for_ever_is_made_once() -> None:
    sell = SELL.format("60 USD").replace("}}\n", "}, once: [=vars.name, 5]}\n")
    assert exposure(f"vars: {{name: x}}\n{EVENT}steps:\n{sell}").money_a_day == {"USD": Decimal(60)}
    each = SELL.format("60 USD").replace("}}\n", "}, once: [=event.data.id]}\n")
    assert exposure(f"{EVENT}steps:\n{each}").money_a_day is None


def test_a_vendor_that_takes_so_many_calls_a_day_bounds_it() -> None:
    text = f"{EVENT}steps:\n{SELL.format('1 USD')}"
    assert exposure(text, Limit(1000, 86400), Limit(10, 1)).money_a_day == {"USD": Decimal(1000)}


@pytest.mark.parametrize(
    ("run", "steps", "runs"),
    [
        ("concurrency: {limit: 2, by: vars.all}", "  - {id: a, wait: {for: 6h}}\n", 10),
        ("concurrency: {limit: 2, by: event.data.id}", "  - {id: a, wait: {for: 6h}}\n", None),
        ("concurrency: {limit: 2}", "  - {id: a, wait: {for: 6h}}\n", None),
        ("concurrency: {limit: 2, by: vars.all}", "", None),
        ("debounce: {for: 1h, at_most: 2h, by: vars.all}", "", 25),
        ("debounce: {for: 1h, at_most: 2h}", "", None),
    ],
)
def test_one_key_for_all_bounds_how_often_it_runs(run: str, steps: str, runs: int | None) -> None:
    text = f"vars: {{all: x}}\n{EVENT}run:\n  {run}\nsteps:\n{steps}{SELL.format('1 USD')}"
    assert runs_a_day(definition(text)) == runs


def test_every_hour_of_a_day_is_one_more_when_the_clocks_go_back() -> None:
    text = 'when: {schedule: "0 * * * *", zone: Europe/London}\nsteps:\n' + SELL.format("1 USD")
    assert runs_a_day(definition(text)) == 25


def test_people_are_counted_as_money_is() -> None:
    write = "  - {{id: write, call: shop.write_to, with: {{opt_ins: {{}}, tags: {}}}}}\n"
    assert exposure(f"{DAILY}steps:\n{write.format('[a, b, c]')}").people_a_day == 6
    batch = f"{EVENT}run: {{batch: {{count: 50, within: 1h}}}}\nsteps:\n"
    (call,) = exposure(batch + write.format('"=map(event.data.events, each.id)"')).calls
    assert (call.people, call.a_day) == (50, None)
    (call,) = exposure(f"{EVENT}steps:\n{write.format('=names.all')}").calls
    assert (call.people, call.as_much_as) == (None, "names.all")


def test_what_costs_something_nobody_says_is_told_in_the_vendors_words() -> None:
    (call,) = exposure(f"{DAILY}steps:\n  - {{id: list, call: shop.list_show, with: {{id: x}}}}\n").calls
    assert (call.money, call.as_much_as, call.a_day) == (None, "what the shop asks", 2)


def test_a_budget_that_is_not_given_costs_nothing() -> None:
    found = exposure(f"{DAILY}steps:\n  - {{id: sell, call: shop.sell_show, with: {{id: x}}}}\n")
    assert (found.calls, found.money_a_day, found.people_a_day) == ((), {}, 0)


def test_what_a_workflow_runs_is_part_of_what_it_causes() -> None:
    inner = definition(f"when: {{manual: {{}}}}\nsteps:\n{SELL.format('60 USD')}", "inner")
    found = exposure(f"{DAILY}steps:\n  - {{id: go, run: inner}}\n", others=(inner,))
    assert found.money_a_day == {"USD": Decimal(120)}
