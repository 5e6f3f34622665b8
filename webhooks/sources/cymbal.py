"""A box office of one's own, posting orders and shows in the shapes Cymbal documents for receiving them.

Cymbal Partners API, "Create orders": `{"orders": [Order, …]}`, prices as line totals in major units; "Create events":
`{"events": [Event, …]}`, prices per ticket. The key stands in a header the operator names.

There is no delivery id. The orders have ids of the shop's, though, so the same bytes are the same orders however late
they come again, and are known for ever. The same order id in other bytes is told as a new `order.placed` with the same
subject, `order:<shop>:<id>`: it may be a correction, and which it is cannot be decided here. Likewise a show, which is
sent anew whenever something about it changes: what is live is told as `show.published`, what is cancelled as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from webhooks.errors import PayloadError
from webhooks.signatures import HeaderToken, keys_of
from webhooks.sources.loading import Loader
from webhooks.sources.orders import others
from webhooks.sources.payload import IN_RANGE, Identifier, money, without_nulls
from webhooks.sources.source import Content, EventDraft, Preset
from workflows.fields import Flag, Instant, Number, PartialSchema, Text
from workflows.problems import Problem
from workflows.values import Money

DEFAULT_CURRENCY = "USD"
"""What an item without `currency_code` is in (Cymbal Partners API, "Create orders")."""


LIVE, CANCELLED = "live", "canceled"


class _Customer(PartialSchema):
    email = Text(allow_none=True)
    phone = Text(allow_none=True)
    first_name = Text(allow_none=True)
    last_name = Text(allow_none=True)

    @validates_schema
    def _can_be_reached(self, customer: Mapping[str, Any], **kwargs: Any) -> None:
        if not customer.get("email") and not customer.get("phone"):
            raise ValidationError("needs an email or a phone")


class _OptIns(PartialSchema):
    """null, which the document has for contacts only, is taken for "not asked"; so is a channel left out."""

    email = Flag(allow_none=True, load_default=None)
    sms = Flag(allow_none=True, load_default=None)


class _Item(PartialSchema):
    ticket_type_name = Text(required=True)
    quantity = fields.Integer(required=True, strict=True, validate=IN_RANGE)
    prefee_price = Number(validate=IN_RANGE)
    total_price = Number(validate=IN_RANGE)
    currency_code = Text(load_default=DEFAULT_CURRENCY, validate=validate.Length(equal=3))


class _Order(PartialSchema):
    id = Identifier(required=True)
    event_id = Identifier(required=True)
    customer = fields.Nested(_Customer, required=True)
    marketing_opt_ins = fields.Nested(_OptIns, required=True)
    items = fields.List(fields.Nested(_Item), required=True, validate=validate.Length(min=1))
    created_at = Instant()


class _Location(PartialSchema):
    """Which of the two must be there is not documented."""

    name = Text(allow_none=True)
    address = Text(allow_none=True)

    @validates_schema
    def _can_be_found(self, location: Mapping[str, Any], **kwargs: Any) -> None:
        if not location.get("name") and not location.get("address"):
            raise ValidationError("needs a name or an address")


class _TicketType(PartialSchema):
    total_price = Number(validate=IN_RANGE)
    currency_code = Text(validate=validate.Length(equal=3))


class _Event(PartialSchema):
    id = Identifier(required=True)
    url = Text(required=True)
    name = Text(required=True)
    image_url = Text(required=True)
    start_datetime = Instant(required=True)
    location = fields.Nested(_Location, required=True)
    description = Text(allow_none=True)
    status = Text(load_default=LIVE, validate=validate.OneOf((LIVE, CANCELLED), error="must be live or canceled"))
    end_datetime = Instant(allow_none=True)
    doors_open_datetime = Instant(allow_none=True)
    performers = fields.List(Text(), load_default=list)
    ticket_types = fields.List(fields.Nested(_TicketType), load_default=list)


class _Orders(PartialSchema):
    orders = fields.List(fields.Nested(_Order), required=True, validate=validate.Length(min=1))


class _Events(PartialSchema):
    events = fields.List(fields.Nested(_Event), required=True, validate=validate.Length(min=1))


_ORDERS = Loader(_Orders)
_EVENTS = Loader(_Events)


def _scheme(options: Mapping[str, Any]) -> HeaderToken | None:
    keys = keys_of(options["keys"])
    return HeaderToken(options["header"], keys) if keys else None


def _read(content: Content) -> list[EventDraft]:
    """One event for each order or show."""
    problems: list[Problem] = []
    has_events = isinstance(content.payload, dict) and "events" in content.payload
    drafts = _shows(content, problems) if has_events else _orders(content, problems)
    if problems:
        raise PayloadError(problems)
    return drafts


def _orders(content: Content, problems: list[Problem]) -> list[EventDraft]:
    return [
        EventDraft(
            "order.placed",
            f"order:{content.source}:{order['id']}",
            order.get("created_at"),
            _order(order, content, index, problems),
        )
        for index, order in enumerate(_ORDERS.load(content.payload, "$")["orders"])
    ]


def _shows(content: Content, problems: list[Problem]) -> list[EventDraft]:
    """When a show was changed is not told."""
    return [
        EventDraft(
            "show.cancelled" if show["status"] == CANCELLED else "show.published",
            f"show:{content.source}:{show['id']}",
            None,
            _show(show, content, index, problems),
        )
        for index, show in enumerate(_EVENTS.load(content.payload, "$")["events"])
    ]


def _order(order: Mapping[str, Any], content: Content, index: int, problems: list[Problem]) -> dict[str, Any]:
    customer, opt_ins = order["customer"], order["marketing_opt_ins"]
    path = f"$.orders[{index}]"
    canonical = {
        "id": order["id"],
        "shop": content.source,
        "show_id": order["event_id"],
        "buyer": without_nulls(customer, customer),
        "consent": {"email": opt_ins["email"], "sms": opt_ins["sms"]},
        "items": [_line(item, f"{path}.items[{index}]", problems) for index, item in enumerate(order["items"])],
        "placed_at": order.get("created_at"),
        "other": others(content.payload["orders"][index], _Order),
    }
    return without_nulls(canonical, ("placed_at", "other"))


def _line(item: Mapping[str, Any], path: str, problems: list[Problem]) -> dict[str, Any]:
    currency = item["currency_code"].upper()
    amounts = {
        name: money(item[theirs], currency, f"{path}.{theirs}", problems)
        for name, theirs in (("subtotal", "prefee_price"), ("total", "total_price"))
        if theirs in item
    }
    return {"name": item["ticket_type_name"], "quantity": item["quantity"], **amounts}


def _show(show: Mapping[str, Any], content: Content, index: int, problems: list[Problem]) -> dict[str, Any]:
    location, address = show["location"], show["location"].get("address")
    canonical = {
        "id": show["id"],
        "shop": content.source,
        "title": show["name"],
        "starts_at": show["start_datetime"],
        "doors_at": show.get("doors_open_datetime"),
        "ends_at": show.get("end_datetime"),
        "venue": without_nulls({"name": location.get("name") or address, "address": address}, ("address",)),
        "description": show.get("description"),
        "artists": show["performers"],
        "url": show["url"],
        "image_url": show["image_url"],
        "price_from": _cheapest(show["ticket_types"], f"$.events[{index}].ticket_types", problems),
        "other": others(content.payload["events"][index], _Event),
    }
    return without_nulls(canonical, ("doors_at", "ends_at", "description", "url", "image_url", "price_from", "other"))


def _cheapest(ticket_types: Sequence[Mapping[str, Any]], path: str, problems: list[Problem]) -> Money | None:
    """The lowest price; None unless every ticket says its price in one currency: no default is documented here."""
    currencies = {ticket.get("currency_code", "").upper() for ticket in ticket_types}
    if len(currencies) != 1 or "" in currencies or not all("total_price" in ticket for ticket in ticket_types):
        return None
    prices = [
        money(ticket["total_price"], ticket["currency_code"].upper(), f"{path}[{at}].total_price", problems)
        for at, ticket in enumerate(ticket_types)
    ]
    return min(prices, key=lambda price: price.amount)


CYMBAL = Preset(name="cymbal", scheme=_scheme, read=_read, window=None, carries_many=True)
