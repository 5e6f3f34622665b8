"""A box office of one's own, posting orders in the shape Cymbal documents for receiving them.

Cymbal Partners API, "Create orders": `{"orders": [Order, …]}`, prices as line totals in major units. The key stands in
a header the operator names.

There is no delivery id. The orders have ids of the shop's, though, so the same bytes are the same orders however late
they come again, and are known for ever. The same order id in other bytes is told as a new `order.placed` with the same
subject, `order:<shop>:<id>`: it may be a correction, and which it is cannot be decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from webhooks.errors import PayloadError
from webhooks.signatures import HeaderToken, keys_of
from webhooks.sources.loading import Loader
from webhooks.sources.payload import IN_RANGE, Identifier, money, without_nulls
from webhooks.sources.source import Content, EventDraft, Preset
from workflows.fields import Flag, Instant, Number, Text
from workflows.problems import Problem

DEFAULT_CURRENCY = "USD"
"""What an item without `currency_code` is in (Cymbal Partners API, "Create orders")."""


class _Documented(Schema):
    class Meta:
        unknown = EXCLUDE


class _Customer(_Documented):
    email = Text(allow_none=True)
    phone = Text(allow_none=True)
    first_name = Text(allow_none=True)
    last_name = Text(allow_none=True)

    @validates_schema
    def _can_be_reached(self, customer: Mapping[str, Any], **kwargs: Any) -> None:
        if not customer.get("email") and not customer.get("phone"):
            raise ValidationError("needs an email or a phone")


class _OptIns(_Documented):
    """null, which the document has for contacts only, is taken for "not asked"; so is a channel left out."""

    email = Flag(allow_none=True, load_default=None)
    sms = Flag(allow_none=True, load_default=None)


class _Item(_Documented):
    ticket_type_name = Text(required=True)
    quantity = fields.Integer(required=True, strict=True, validate=IN_RANGE)
    prefee_price = Number(validate=IN_RANGE)
    total_price = Number(validate=IN_RANGE)
    currency_code = Text(load_default=DEFAULT_CURRENCY, validate=validate.Length(equal=3))


class _Order(_Documented):
    id = Identifier(required=True)
    event_id = Identifier(required=True)
    customer = fields.Nested(_Customer, required=True)
    marketing_opt_ins = fields.Nested(_OptIns, required=True)
    items = fields.List(fields.Nested(_Item), required=True, validate=validate.Length(min=1))
    created_at = Instant()


class _Orders(_Documented):
    orders = fields.List(fields.Nested(_Order), required=True, validate=validate.Length(min=1))


_ORDERS = Loader(_Orders)


def _scheme(options: Mapping[str, Any]) -> HeaderToken | None:
    keys = keys_of(options["keys"])
    return HeaderToken(options["header"], keys) if keys else None


def _read(content: Content) -> list[EventDraft]:
    """One `order.placed` for each order."""
    problems: list[Problem] = []
    drafts = [
        EventDraft(
            "order.placed",
            f"order:{content.source}:{order['id']}",
            order.get("created_at"),
            _canonical(order, content.source, f"$.orders[{index}]", problems),
        )
        for index, order in enumerate(_ORDERS.load(content.payload, "$")["orders"])
    ]
    if problems:
        raise PayloadError(problems)
    return drafts


def _canonical(order: Mapping[str, Any], source: str, path: str, problems: list[Problem]) -> dict[str, Any]:
    customer, opt_ins = order["customer"], order["marketing_opt_ins"]
    canonical = {
        "id": order["id"],
        "shop": source,
        "show_id": order["event_id"],
        "buyer": without_nulls(customer, customer),
        "consent": {"email": opt_ins["email"], "sms": opt_ins["sms"]},
        "items": [_line(item, f"{path}.items[{index}]", problems) for index, item in enumerate(order["items"])],
        "placed_at": order.get("created_at"),
    }
    return without_nulls(canonical, ("placed_at",))


def _line(item: Mapping[str, Any], path: str, problems: list[Problem]) -> dict[str, Any]:
    currency = item["currency_code"].upper()
    amounts = {
        name: money(item[theirs], currency, f"{path}.{theirs}", problems)
        for name, theirs in (("subtotal", "prefee_price"), ("total", "total_price"))
        if theirs in item
    }
    return {"name": item["ticket_type_name"], "quantity": item["quantity"], **amounts}


CYMBAL_ORDERS = Preset(name="cymbal-orders", scheme=_scheme, read=_read, window=None, carries_many=True)
