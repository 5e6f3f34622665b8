"""evvnt's operations against its stand-in: each once, over a socket, and what in doubt is found again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
import requests

import sandbox
from tests.unit.vendors.documented import CONFIGURED, catalogue, example, settings_for
from tests.unit.vendors.evvnt_documents import EVENT
from vendors.client import Client
from workflows.catalogue import Outcome, OutcomeKind
from workflows.settings import Secret
from workflows.values import Money

CATALOGUE = catalogue()
OURS = {name for name in CATALOGUE.operations if name.startswith("evvnt.")}
Inputs = Mapping[str, Any]


class StandIn:
    """The stand-in evvnt, and one who calls it."""

    def __init__(self, url: str) -> None:
        self.url = url
        credentials = {"api_key": Secret("sandbox-evvnt-key"), "api_secret": Secret("sandbox-evvnt-secret")}
        self.client = Client(settings_for("", evvnt={"base_url": f"{url}/evvnt", **credentials}))
        self.done: set[str] = set()

    def send(self, name: str, /, **inputs: Any) -> Outcome:
        operation = CATALOGUE.operation(f"evvnt.{name}")
        return self.client.send(operation, operation.prepare(inputs))

    def get(self, name: str, /, **inputs: Any) -> Any:
        """The answer to a call that must be done."""
        outcome = self.send(name, **inputs)
        assert outcome.kind is OutcomeKind.DONE, f"{name}: {outcome.reason}"
        self.done.add(f"evvnt.{name}")
        return outcome.output

    def look(self, name: str, inputs: Inputs, answer: Any = None) -> Outcome | None:
        """What the operation's own look makes of what the vendor lists now."""
        wanted = CATALOGUE.operation(f"evvnt.{name}").verify
        assert wanted is not None
        found = self.get(wanted.operation.partition(".")[2], **wanted.inputs(inputs, answer))
        return wanted.judge(inputs, found)

    def will(self, name: str, **fault: Any) -> None:
        """Have the next call of that name end in a fault."""
        body = {"operation": f"evvnt.{name}", **fault}
        requests.post(f"{self.url}/_faults", json=body, timeout=5).raise_for_status()

    def received(self, name: str) -> list[Any]:
        rows = requests.get(f"{self.url}/_journal", params={"operation": f"evvnt.{name}"}, timeout=5).json()
        return list(rows)


@pytest.fixture
def evvnt() -> Iterator[StandIn]:
    with sandbox.start() as running:
        found = StandIn(running.url)
        yield found
        found.client.close()


def purchase(**also: Any) -> dict[str, Any]:
    return {"id": 50, "event_quantity": 2, "purchase_order_id": "PO-1", "notes": "", **also}


def show(**also: Any) -> dict[str, Any]:
    return {**json.loads(EVENT, parse_float=Decimal), **also}


def test_the_stand_in_takes_every_operation(evvnt: StandIn) -> None:
    (option,) = evvnt.get("get_contract")["package_options"]
    assert option["cost_per_event"] == Money(Decimal("500.0"), "GBP")
    package = evvnt.get("buy_package", **purchase(id=option["id"]))["id"]
    assert evvnt.get("get_package", package_id=package)["event_quantity"] == 2
    assert package in [item["uuid"] for item in evvnt.get("list_packages")["packages"]]

    event = evvnt.get("create_event", **show(package_id=package))["id"]
    evvnt.get("update_event", event_id=event, title="Another title")
    mine = {item["id"]: item["title"] for item in evvnt.get("list_my_events", max_results=100)["events"]}
    assert mine[event] == "Another title"
    assert evvnt.get("get_event", event_id=event)["venue"]["town"] == "London"
    evvnt.get("get_event_report", event_id=event)

    user = evvnt.get("create_user", name="Ana", email="ana@example.com")["id"]
    evvnt.get("update_user", user_id=user, name="Ana Field")
    assert evvnt.get("get_user", user_id=user)["name"] == "Ana Field"
    assert user in [item.get("uuid") for item in evvnt.get("list_users")["users"]]
    theirs = evvnt.get("buy_package_for_user", **purchase(user_id=user))["id"]
    assert [item["uuid"] for item in evvnt.get("list_user_packages", user_id=user)["packages"]] == [theirs]
    listed = evvnt.get("create_event_for_user", **show(user_id=user, package_id=theirs))["id"]
    evvnt.get("update_event_for_user", user_id=user, event_id=listed, title="Their title")
    assert [item["title"] for item in evvnt.get("list_our_events", user_id=user)["events"]] == ["Their title"]
    assert evvnt.get("get_our_event", event_id=listed)["user_id"] == user

    evvnt.get("list_events", country="GB", newer_than="2013-01-01T00:00:00+01:00")
    evvnt.get("list_categories")
    (publisher,) = evvnt.get("list_publishers")["publishers"]
    site = {"publisher_id": publisher["id"]}
    evvnt.get("list_publisher_categories", **site, filter="direct")
    evvnt.get("list_published_events", **site)
    evvnt.get("get_published_event", **site, event_id=1385)
    evvnt.get("set_published_event_url", **site, event_id=1385, slug="foo/bar")

    assert evvnt.done == OURS


def test_a_list_is_read_to_its_end(evvnt: StandIn) -> None:
    user = evvnt.get("create_user", name="Ana", email="ana@example.com")["id"]
    package = evvnt.get("buy_package_for_user", **purchase(user_id=user, event_quantity=21))["id"]
    for number in range(21):
        evvnt.get("create_event_for_user", **show(user_id=user, package_id=package, title=f"Show {number}"))

    read = list(evvnt.client.pages(CATALOGUE.operation("evvnt.list_our_events"), {"user_id": user}))

    assert [page.kind for page in read] == [OutcomeKind.DONE] * 2
    assert len({item["id"] for page in read for item in page.output["events"]}) == 21


def with_package(evvnt: StandIn) -> dict[str, Any]:
    package = evvnt.get("buy_package", **purchase(purchase_order_id="PO-2"))["id"]
    return show(package_id=package)


def with_users_package(evvnt: StandIn) -> dict[str, Any]:
    user = evvnt.get("create_user", name="Ana", email="ana@example.com")["id"]
    package = evvnt.get("buy_package_for_user", **purchase(user_id=user))["id"]
    return show(package_id=package, user_id=user)


def with_user(evvnt: StandIn) -> dict[str, Any]:
    return purchase(user_id=evvnt.get("create_user", name="Ana", email="ana@example.com")["id"])


CREATING: dict[str, Callable[[StandIn], dict[str, Any]]] = {
    "buy_package": lambda evvnt: purchase(),
    "buy_package_for_user": with_user,
    "create_event": with_package,
    "create_event_for_user": with_users_package,
    "create_user": lambda evvnt: {"name": "Ben", "email": "ben@example.com"},
}


def test_every_operation_that_creates_is_found_again() -> None:
    verified = {name for name in OURS if CATALOGUE.operation(name).verify is not None}

    assert verified == {f"evvnt.{name}" for name in CREATING}


@pytest.mark.parametrize("name", CREATING)
def test_what_was_done_before_the_connection_dropped_is_found(evvnt: StandIn, name: str) -> None:
    inputs = CREATING[name](evvnt)
    evvnt.will(name, fault="drop_after")

    assert evvnt.send(name, **inputs).kind is OutcomeKind.IN_DOUBT
    settled = evvnt.look(name, inputs)

    assert settled is not None
    assert settled.kind is OutcomeKind.DONE
    assert set(settled.output) == {"id"}
    if name.startswith("buy_package"):
        assert evvnt.get("get_package", package_id=settled.output["id"])["purchase_order_id"] == "PO-1"


@pytest.mark.parametrize("name", CREATING)
def test_what_never_arrived_is_not_taken_for_done(evvnt: StandIn, name: str) -> None:
    inputs = CREATING[name](evvnt)
    evvnt.will(name, fault="drop_before")

    assert evvnt.send(name, **inputs).kind is OutcomeKind.IN_DOUBT

    assert evvnt.look(name, inputs) is None


@pytest.mark.parametrize("name", ["buy_package_for_user", "create_event_for_user", "update_event_for_user"])
def test_somebody_elses_user_is_refused_in_words(evvnt: StandIn, name: str) -> None:
    stranger = {**example(f"evvnt.{name}").inputs, "user_id": "00000000-0000-4000-8000-000000000000"}

    outcome = evvnt.send(name, **stranger)

    assert outcome.kind is OutcomeKind.REFUSED
    assert "user id" in outcome.reason
    assert "evvnt.list_users" in outcome.reason
    assert "credentials" not in outcome.reason


def test_what_the_stand_in_refuses_is_told_in_its_words(evvnt: StandIn) -> None:
    unknown = evvnt.send("get_event", event_id="404")
    no_option = evvnt.send("buy_package", **purchase(id=51))

    assert (unknown.kind, unknown.status) == (OutcomeKind.REFUSED, 404)
    assert no_option.kind is OutcomeKind.REFUSED
    assert "not an option of your contract" in no_option.reason


def test_a_wrong_secret_is_a_refusal_of_our_credentials(evvnt: StandIn) -> None:
    stranger = Client(settings_for("", evvnt={**CONFIGURED["evvnt"], "base_url": f"{evvnt.url}/evvnt"}))
    operation = CATALOGUE.operation("evvnt.list_users")

    outcome = stranger.send(operation, operation.prepare({}))
    stranger.close()

    assert outcome.kind is OutcomeKind.REFUSED
    assert "credentials were refused" in outcome.reason
    assert "evvnt-secret" not in outcome.reason
