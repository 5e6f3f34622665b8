"""Cymbal's operations: the Partners API's base is `/cymbal/v1/partners` here.

The page documents 201 and 403 only. Refused bodies get 400, and errors a non-zero `code`: the sandbox's reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sandbox.calls import Answer, Call, Operation, Problem, Refusal
from sandbox.checks import Checker
from sandbox.credentials import is_same
from sandbox.cymbal.people import People
from sandbox.cymbal.rules import check_contact, check_events, check_orders
from sandbox.settings import Settings
from sandbox.store import Store, json_shelf

PARTNERS = "/v1/partners"
KEY_HEADER = "Cymbal-Partner-API-Key"
DONE: Final = {"code": 0, "message": "success"}
CAMPAIGNS = 12  # more than one page of the default ten
PAGE_SIZE = 10


class Cymbal:
    """The stand-in for one organization."""

    name = "cymbal"
    prefix = "/cymbal"
    title = "Cymbal"

    def __init__(self, settings: Settings, store: Store) -> None:
        self.credentials: Mapping[str, str] = {KEY_HEADER: settings.cymbal_key}
        self._events = json_shelf(store, "cymbal.events")
        self._orders = json_shelf(store, "cymbal.orders")
        self._people = People(store)

    def operations(self) -> Sequence[Operation]:
        return [
            Operation("cymbal.create_events", "POST", f"{PARTNERS}/events", self.create_events),
            Operation("cymbal.create_orders", "POST", f"{PARTNERS}/orders", self.create_orders),
            Operation("cymbal.create_contact", "POST", f"{PARTNERS}/contact", self.create_contact),
            Operation("cymbal.get_campaign_analytics", "GET", f"{PARTNERS}/campaigns/analytics", self.get_analytics),
        ]

    def admit(self, call: Call) -> None:
        if not is_same(call.headers.get(KEY_HEADER.lower(), ""), self.credentials[KEY_HEADER]):
            raise Refusal(403, "the API key is missing, wrong or revoked")

    def refuse(self, refusal: Refusal) -> Answer:
        problems = [{"path": problem.path, "message": problem.message} for problem in refusal.problems]
        return Answer(refusal.status, {"code": 1, "message": refusal.message, "problems": problems})

    def state(self) -> dict[str, Any]:
        return {
            "contacts": self._people.listing(),
            "orders": self._orders.values(),
            "events": self._events.values(),
        }

    def create_events(self, call: Call) -> Answer:
        for event in _checked(call, check_events)["events"]:
            self._events.put(event["id"], event)
        return Answer(201, DONE)

    def create_orders(self, call: Call) -> Answer:
        """Queue orders. What an order's opt-ins do to a contact's consent is not documented, so: nothing."""
        for order in _checked(call, check_orders)["orders"]:
            self._orders.put(order["id"], order)
        return Answer(201, DONE)

    def create_contact(self, call: Call) -> Answer:
        self._people.write(_checked(call, check_contact))
        return Answer(201, DONE)

    def get_analytics(self, call: Call) -> Answer:
        page, size = _page(call, "page", 1), _page(call, "per_page", PAGE_SIZE)
        kind = call.query_value("type") or ""
        if kind not in ("", "email", "sms"):
            raise Refusal(400, "the query is not as documented", [Problem("type", "must be email or sms")])
        every = [_campaign(number) for number in range(1, CAMPAIGNS + 1)]
        chosen = [campaign for campaign in every if kind in ("", campaign["campaign_type"])]
        return Answer(200, {**DONE, "response": chosen[(page - 1) * size : page * size]})


def _checked(call: Call, rules: Callable[[Checker], None]) -> dict[str, Any]:
    check = Checker(call.json())
    rules(check)
    check.refuse_problems()
    return check.value


def _page(call: Call, name: str, default: int) -> int:
    text = call.query_value(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0):
        raise Refusal(400, "the query is not as documented", [Problem(name, "must be a whole number above 0")])
    return int(text)


def _campaign(number: int) -> dict[str, Any]:
    """Make up a campaign's figures; the first has those of the page's example. Revenue is in cents."""
    kind = "email" if number % 2 else "sms"
    return {
        "campaign_id": number,
        "campaign_name": "My campaign" if number == 1 else f"My campaign {number}",
        "campaign_subject_line": "Subject Line" if kind == "email" else None,
        "campaign_type": kind,
        "delivered_at": "2026-01-02T19:44:19.738783Z",
        "num_recipients": 100,
        "num_opens": 50,
        "num_links_clicked": 40,
        "num_unsubscribes": 1,
        "num_undelivered": 0,
        "attributed_tickets_sold": 4,
        "attributed_revenue": 1000,
    }
