"""Eventbrite's webhooks: unsigned pointers, and the orders they point at.

Eventbrite, "Webhooks": `{api_url, config: {action, user_id, webhook_id, endpoint_url}}`. Nothing is signed, so the
address is the secret, and the pointer is never followed as it stands: of it only the number of an order is taken, and
only where it is exactly `https://<host>/v3/orders/<digits>/`. A test call has the action `test` and no pointer.

The order is fetched by that number from the configured address, and comes in as a delivery of this source: Eventbrite
API v3, "Order": amounts in minor units; how many tickets of which class is told by the attendees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from marshmallow import fields, validate

from webhooks.errors import PayloadError
from webhooks.headers import FETCHED
from webhooks.signatures import PathToken, keys_of
from webhooks.sources.loading import Loader
from webhooks.sources.named import kept_event
from webhooks.sources.orders import canonical, in_minor_units, others
from webhooks.sources.payload import IN_RANGE, IS_EVENT_NAME, Identifier, require_object, without_nulls
from webhooks.sources.places import moment, text_at, value_at
from webhooks.sources.source import Content, EventDraft, Fetch, Greeting, Preset
from workflows.events import EVENT_TYPES
from workflows.fields import PartialSchema, Text
from workflows.problems import Problem
from workflows.values import Money

DELIVERY_HEADER = "X-Eventbrite-Delivery"
"""Known from integrations only; where it is not sent, pointers are told apart by their bytes alone."""
ORDERS = "order."
TEST = "test"


class _Config(PartialSchema):
    action = Text(required=True, validate=IS_EVENT_NAME)
    user_id = Text(allow_none=True)
    webhook_id = Text(allow_none=True)


class _Pointer(PartialSchema):
    api_url = Text(required=True)
    config = fields.Nested(_Config, required=True)


_POINTER = Loader(_Pointer)


class _Amount(PartialSchema):
    currency = Text(required=True, validate=validate.Length(equal=3))
    value = fields.Integer(required=True, strict=True, validate=IN_RANGE)


class _Costs(PartialSchema):
    base_price = fields.Nested(_Amount, allow_none=True)
    gross = fields.Nested(_Amount, allow_none=True)


class _Attendee(PartialSchema):
    ticket_class_name = Text(required=True)
    costs = fields.Nested(_Costs, allow_none=True)


class _Order(PartialSchema):
    id = Identifier(required=True)
    event_id = Identifier(allow_none=True)
    created = fields.Raw(allow_none=True)
    changed = fields.Raw(allow_none=True)
    first_name = Text(allow_none=True)
    last_name = Text(allow_none=True)
    email = Text(allow_none=True)
    costs = fields.Nested(_Costs, allow_none=True)
    attendees = fields.List(fields.Nested(_Attendee), load_default=list)


_ORDER = Loader(_Order)
_BUYER = ("email", "first_name", "last_name")


def _scheme(options: Mapping[str, Any]) -> PathToken | None:
    keys = keys_of(options["token"])
    return PathToken(keys) if keys else None


def _greet(content: Content) -> Greeting | None:
    return Greeting({"answer": "here"}) if value_at(content, "config.action") == TEST else None


def _delivery_id(content: Content) -> str | None:
    """The state of an order that was fetched; a pointer has none."""
    if FETCHED not in content.headers:
        return None
    return f"{content.headers[FETCHED]} {text_at(content, 'id')} {text_at(content, 'changed')}"


def _apart(content: Content) -> str | None:
    """Two pointers at an order that was updated twice are the same bytes, and the second is news as well."""
    return content.headers.get(DELIVERY_HEADER.lower())


def _read(content: Content) -> list[EventDraft]:
    """One event: of a pointer, which has its order fetched, or of an order that was."""
    if FETCHED in content.headers:
        return [_fetched(content, content.headers[FETCHED])]
    pointer = _POINTER.load(content.payload, "$")
    action = pointer["config"]["action"]
    data = {name: value for name, value in pointer["config"].items() if name != "action" and value is not None}
    kind = f"eventbrite.{action}"
    if not action.startswith(ORDERS):
        return [kept_event(kind, f"eventbrite:{action}", None, {**data, "api_url": pointer["api_url"]})]
    order_id = _order_id(pointer["api_url"], content.options["host"])
    event = kept_event(kind, f"order:{content.source}:{order_id}", None, {**data, "order_id": order_id})
    return [replace(event, fetch=Fetch("eventbrite.get_order", {"id": order_id}))]


def _order_id(api_url: str, host: str) -> str:
    """The number in a pointer that is written exactly as it should be: no other host, user, port, path or query."""
    found = re.fullmatch(rf"https://{re.escape(host)}/v3/orders/([0-9]{{1,20}})/?", api_url, re.ASCII)
    if found is None:
        message = f"must be https://{host}/v3/orders/<digits>/ and nothing else"
        raise PayloadError([Problem("invalid", message, path="$.api_url")])
    return found.group(1)


def _fetched(content: Content, pointing: str) -> EventDraft:
    """The order, as news of the kind that pointed at it; an action we do not know is an update."""
    payload = require_object(content.payload)
    order = _ORDER.load(payload, "$")
    kind = pointing.removeprefix("eventbrite.")
    kind = kind if kind in EVENT_TYPES else "order.updated"
    placed_at = moment(order.get("created"))
    occurred_at = placed_at if kind == "order.placed" else moment(order.get("changed"))
    canonical_order = _canonical(content.source, payload, order, placed_at)
    return EventDraft(kind, f"order:{content.source}:{order['id']}", occurred_at, canonical_order)


def _canonical(
    source: str, payload: Mapping[str, Any], order: Mapping[str, Any], placed_at: datetime | None
) -> dict[str, Any]:
    problems: list[Problem] = []
    return canonical(
        {
            "id": order["id"],
            "shop": source,
            "show_id": order.get("event_id"),
            "buyer": without_nulls({name: order.get(name) for name in _BUYER}, _BUYER),
            # Eventbrite says nothing of consent.
            "consent": {"email": None, "sms": None},
            "items": _items(order["attendees"], problems),
            "placed_at": placed_at,
            "total": _sum([order.get("costs")], "gross", "$.costs.gross", problems),
            "other": others(payload, _Order),
        },
        problems,
    )


def _items(attendees: Sequence[Mapping[str, Any]], problems: list[Problem]) -> list[dict[str, Any]]:
    """A line for each ticket class, in the order of their first attendees."""
    classes: dict[str, list[Mapping[str, Any]]] = {}
    for attendee in attendees:
        classes.setdefault(attendee["ticket_class_name"], []).append(attendee.get("costs") or {})
    return [
        without_nulls(
            {
                "name": name,
                "quantity": len(costs),
                "subtotal": _sum(costs, "base_price", "$.attendees", problems),
                "total": _sum(costs, "gross", "$.attendees", problems),
            },
            ("subtotal", "total"),
        )
        for name, costs in classes.items()
    ]


def _sum(costs: Sequence[Mapping[str, Any] | None], name: str, path: str, problems: list[Problem]) -> Money | None:
    """The sum of an amount; None unless all have it, in one currency."""
    amounts = [(cost or {}).get(name) for cost in costs]
    known = [amount for amount in amounts if amount is not None]
    currencies = {amount["currency"].upper() for amount in known}
    if len(known) < len(amounts) or len(currencies) != 1:
        return None
    return in_minor_units(sum(amount["value"] for amount in known), currencies.pop(), path, problems)


EVENTBRITE = Preset(name="eventbrite", scheme=_scheme, read=_read, delivery_id=_delivery_id, apart=_apart, greet=_greet)
