"""Reading a list page by page."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.vendors.documented import catalogue, settings_for
from tests.unit.vendors.documented_constant_contact import ACCOUNT
from tests.unit.vendors.raw_vendor import RawVendor, answers
from vendors.client import Client
from workflows.catalogue import Operation, Outcome, OutcomeKind

ACCOUNTS = catalogue().operation("constant_contact.list_accounts")
CONTACTS = catalogue().operation("constant_contact.list_contacts")


def link(target: str | None) -> dict[str, Any]:
    return {"_links": {"next": {"href": target}}}


class Pages:
    """A vendor that gives these bodies one after the other."""

    def __init__(self, *bodies: Any) -> None:
        self._bodies = list(bodies)

    def __call__(self, connection: socket.socket) -> None:
        body = self._bodies.pop(0)
        status = body if isinstance(body, int) else 200
        answers(status, json.dumps(body).encode())(connection)


def read(
    operation: Operation, inputs: dict[str, Any], *bodies: Any, may_go: Callable[[str], bool] = lambda vendor: True
) -> tuple[list[Outcome], list[Any]]:
    """The outcomes, and the requests made for them."""
    with RawVendor(Pages(*bodies)) as vendor, closing(Client(settings_for(vendor.url), may_go)) as client:
        outcomes = list(client.pages(operation, inputs))
        return outcomes, [vendor.received.get(timeout=5) for _ in range(vendor.received.qsize())]


def accounts(*ids: str, following: str | None = None) -> dict[str, Any]:
    return {"site_owner_list": [{"encoded_account_id": one} for one in ids], **link(following)}


def test_pages_are_read_to_the_last_as_their_links_say() -> None:
    following = "/v3/partner/accounts?offset=MTA*&limit=10"
    outcomes, requests = read(ACCOUNTS, {"limit": 10}, accounts("a", "b", following=following), accounts("c"))

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.DONE] * 2
    assert [one["encoded_account_id"] for page in outcomes for one in page.output["site_owner_list"]] == ["a", "b", "c"]
    assert [request.target for request in requests] == [
        "/partner/accounts?limit=10",
        "/partner/accounts?limit=10&offset=MTA%2A",
    ]


@pytest.mark.parametrize("links", [{}, {"_links": None}, {"_links": {}}, {"_links": {"next": None}}, link(None)])
def test_without_a_next_link_a_page_is_the_last(links: dict[str, Any]) -> None:
    outcomes, _ = read(ACCOUNTS, {}, {"site_owner_list": [], **links})

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.DONE]


def test_a_carried_link_is_not_followed_but_its_query_is_carried() -> None:
    first = {"contacts": [], **link("/v3/contacts?cursor=bGltaXQ9MQ**&include_count=true&limit=2&unknown=1")}
    inputs = {"encoded_account_id": ACCOUNT, "status": "all", "include_count": True}
    outcomes, requests = read(CONTACTS, inputs, first, {"contacts": []})

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.DONE] * 2
    assert {request.target for request in requests} == {f"/partner/accounts/{ACCOUNT}/account_operations/sync"}
    second = json.loads(requests[1].body)
    assert second["account_operation_url"] == "/contacts"
    assert second["account_operation_query_parameters"] == [
        {"query_param_key": "include_count", "query_param_value": "true"},
        {"query_param_key": "limit", "query_param_value": "2"},
        {"query_param_key": "cursor", "query_param_value": "bGltaXQ9MQ**"},
    ]


def test_each_page_takes_a_slot_and_without_one_reading_stops() -> None:
    slots = ["constant_contact"] * 2
    endless = accounts("a", following="/v3/partner/accounts?offset=x")

    def may_go(vendor: str) -> bool:
        return bool(slots) and slots.pop() == vendor

    outcomes, requests = read(ACCOUNTS, {}, endless, endless, may_go=may_go)  # a page and the login took both

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.DONE, OutcomeKind.NOT_SENT]
    assert len(requests) == 1


def test_a_list_that_does_not_end_is_told_and_not_cut_in_silence() -> None:
    assert ACCOUNTS.pages is not None
    short = replace(ACCOUNTS, pages=replace(ACCOUNTS.pages, most=3))
    endless = accounts("a", following="/v3/partner/accounts?offset=x")
    outcomes, requests = read(short, {}, *[endless] * 3)

    assert [outcome.kind for outcome in outcomes] == [*[OutcomeKind.DONE] * 3, OutcomeKind.REFUSED]
    assert outcomes[-1].reason == "stopped after 3 pages, but there are more"
    assert len(requests) == 3


def test_reading_stops_where_a_page_cannot_be_read() -> None:
    outcomes, _ = read(ACCOUNTS, {}, accounts("a", following="/v3/partner/accounts?offset=x"), 500)

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.DONE, OutcomeKind.RETRY]


def test_what_has_no_pages_is_read_once() -> None:
    plan = catalogue().operation("constant_contact.get_plan")
    outcomes, _ = read(plan, {"encoded_account_id": ACCOUNT}, {"plan_type": "TRIAL"})

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.DONE]
