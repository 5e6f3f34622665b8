"""Shopify's order webhooks, for ticket apps that sell through a shop.

Shopify, "Verify webhook deliveries": `X-Shopify-Hmac-Sha256` is the base64 of the HMAC-SHA256 of the raw body under the
app's client secret; `X-Shopify-Webhook-Id` names the delivery. "Delivery structure": `X-Shopify-Topic` is
`orders/create` (of the other order topics the pages read give no list), and the body is the order resource: prices are
text, for one piece; ids are numbers of 64 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import ValidationError, fields, validate

from webhooks.errors import PayloadError
from webhooks.signatures import Hmac, Plain, keys_of
from webhooks.sources.loading import Loader
from webhooks.sources.orders import canonical, others
from webhooks.sources.payload import IN_RANGE, Identifier, money, require_object, without_nulls
from webhooks.sources.places import text_at
from webhooks.sources.source import Content, EventDraft, Preset
from workflows.fields import Flag, Instant, PartialSchema, Text
from workflows.problems import Problem

SIGNATURE_HEADER = "X-Shopify-Hmac-Sha256"
TOPIC_HEADER = "X-Shopify-Topic"
DELIVERY_HEADER = "X-Shopify-Webhook-Id"
ORDERS = "orders/"


class _Amount(fields.Field[Decimal]):
    """An amount as Shopify writes it: `"10.00"`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        try:
            amount = Decimal(value) if isinstance(value, str) and len(value) <= 40 else None
        except InvalidOperation:
            amount = None
        if amount is None or not amount.is_finite():
            raise ValidationError('must be an amount in text, such as "10.00"')
        return amount


class _Line(PartialSchema):
    title = Text(required=True)
    quantity = fields.Integer(required=True, strict=True, validate=IN_RANGE)
    price = _Amount(required=True, validate=IN_RANGE)


class _Order(PartialSchema):
    id = Identifier(required=True)
    email = Text(allow_none=True)
    phone = Text(allow_none=True)
    created_at = Instant(allow_none=True)
    currency = Text(required=True, validate=validate.Length(equal=3))
    total_price = _Amount(allow_none=True, validate=IN_RANGE)
    financial_status = Text(allow_none=True)
    cancelled_at = Instant(allow_none=True)
    buyer_accepts_marketing = Flag(allow_none=True)
    test = Flag(allow_none=True)
    line_items = fields.List(fields.Nested(_Line), required=True)


_ORDER = Loader(_Order)


def _scheme(options: Mapping[str, Any]) -> Hmac | None:
    """Of the digest's bytes, not of its hex text."""
    keys = keys_of(options["secrets"])
    return Hmac(Plain(SIGNATURE_HEADER), keys, encoding="base64") if keys else None


def _delivery_id(content: Content) -> str | None:
    return content.headers.get(DELIVERY_HEADER.lower()) or None


def _apart(content: Content) -> str | None:
    return content.headers.get(TOPIC_HEADER.lower())


def _read(content: Content) -> list[EventDraft]:
    """One event; a topic that brings no order with its lines is kept under its own type and starts nothing."""
    body = require_object(content.payload)
    topic = content.headers.get(TOPIC_HEADER.lower(), "")
    if not topic.startswith(ORDERS) or "line_items" not in body:
        return [_other(content, topic, body)]
    order = _ORDER.load(body, "$")
    subject = f"order:{content.source}:{order['id']}"
    # Which time an update happened at is not told; a cancellation's is.
    occurred_at = order.get("cancelled_at") or (order.get("created_at") if topic == "orders/create" else None)
    return [EventDraft(_type(topic, order), subject, occurred_at, _canonical(content, body, order))]


def _other(content: Content, topic: str, body: dict[str, Any]) -> EventDraft:
    name = topic.replace("/", ".")
    if not name or len(name) > 100 or not name.isprintable():
        raise PayloadError(
            [Problem("missing", f"the header {TOPIC_HEADER} must name the topic", path=f"header:{TOPIC_HEADER}")]
        )
    return EventDraft(f"shopify.{name}", f"shopify:{text_at(content, 'id') or name}", None, body)


def _type(topic: str, order: Mapping[str, Any]) -> str:
    """What happened: a cancellation counts before a refund, which usually goes with it."""
    if order.get("cancelled_at") is not None:
        return "order.cancelled"
    if topic == "orders/create":
        return "order.placed"
    return "order.refunded" if "refunded" in (order.get("financial_status") or "") else "order.updated"


def _canonical(content: Content, body: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, Any]:
    problems: list[Problem] = []
    currency = order["currency"].upper()
    items = [
        {
            "name": line["title"],
            "quantity": line["quantity"],
            "subtotal": money(line["price"] * line["quantity"], currency, f"$.line_items[{index}].price", problems),
        }
        for index, line in enumerate(order["line_items"])
    ]
    total, status = order.get("total_price"), order.get("financial_status")
    return canonical(
        {
            "id": order["id"],
            "shop": content.source,
            "show_id": text_at(content, content.options["show_id"]),
            "buyer": without_nulls({name: order.get(name) for name in ("email", "phone")}, ("email", "phone")),
            # One box to tick, about e-mail.
            "consent": {"email": order.get("buyer_accepts_marketing"), "sms": None},
            "items": items,
            "placed_at": order.get("created_at"),
            "total": None if total is None else money(total, currency, "$.total_price", problems),
            "is_paid": None if status is None else status == "paid",
            "is_test": order.get("test"),
            "other": others(body, _Order),
        },
        problems,
    )


SHOPIFY = Preset(name="shopify", scheme=_scheme, read=_read, delivery_id=_delivery_id, apart=_apart)
