"""Eventbrite's API v3 as far as webhooks point at it: `GET /v3/orders/<id>/` with a private token as a bearer's.

Any number is an order here; all orders are alike but for their number. `attendees` and `event` are told in full only
where they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.calls import Answer, Call, Operation, Refusal
from sandbox.credentials import is_same
from sandbox.settings import Settings

EVENT: Final[dict[str, Any]] = {"id": "77001", "name": {"text": "Spring show"}}


class EventbriteApi:
    """The stand-in for one organization."""

    name = "eventbrite"
    prefix = "/eventbrite"
    title = "Eventbrite"

    def __init__(self, settings: Settings) -> None:
        self.credentials: Mapping[str, str] = {"TOKEN": settings.eventbrite_token}

    def operations(self) -> Sequence[Operation]:
        return [Operation("eventbrite.get_order", "GET", "/v3/orders/<id>/", self.get_order)]

    def admit(self, call: Call) -> None:
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not is_same(token, self.credentials["TOKEN"]):
            raise Refusal(401, "The OAuth token you provided was invalid.", code="INVALID_AUTH")

    def refuse(self, refusal: Refusal) -> Answer:
        body = {"status_code": refusal.status, "error_description": refusal.message, "error": refusal.code or "ERROR"}
        return Answer(refusal.status, body)

    def state(self) -> dict[str, Any]:
        return {}

    def get_order(self, call: Call) -> Answer:
        number = call.arguments["id"]
        if not (number.isascii() and number.isdigit()):
            raise Refusal(404, "The order you requested does not exist.", code="NOT_FOUND")
        expanded = (call.query_value("expand") or "").split(",")
        order = _order(number)
        if "attendees" in expanded:
            order["attendees"] = [_attendee(f"{number}{place}") for place in (1, 2)]
        if "event" in expanded:
            order["event"] = EVENT
        return Answer(200, order)


def _order(number: str) -> dict[str, Any]:
    return {
        "id": number,
        "event_id": EVENT["id"],
        "status": "placed",
        "created": "2026-03-01T15:00:00Z",
        "changed": "2026-03-01T15:00:05Z",
        "name": "Ana Example",
        "first_name": "Ana",
        "last_name": "Example",
        "email": f"ana+{number}@example.com",
        "costs": {"base_price": _money(8000), "eventbrite_fee": _money(600), "gross": _money(8600)},
    }


def _attendee(number: str) -> dict[str, Any]:
    return {
        "id": number,
        "ticket_class_name": "Standing",
        "costs": {"base_price": _money(4000), "gross": _money(4300)},
    }


def _money(value: int) -> dict[str, Any]:
    major = f"{value / 100:.2f}"
    return {"currency": "USD", "value": value, "major_value": major, "display": f"${major}"}
