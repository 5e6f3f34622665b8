"""Ticket Tailor's webhooks.

Ticket Tailor, "Webhook configuration" and "Security": an envelope `{id, created_at, event, resource_url, payload}`,
signed; the envelope's id stays the same when it is sent again. An order is updated in one event, ORDER.UPDATED, whether
it was edited, refunded or cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from webhooks.signatures import Elements, Hmac, SignedText, keys_of
from webhooks.sources.loading import Loader
from webhooks.sources.orders import canonical, others
from webhooks.sources.payload import IN_RANGE, Identifier, event_name, money, require_object, without_nulls
from webhooks.sources.source import Content, EventDraft, Preset
from workflows.fields import Flag, PartialSchema, Text
from workflows.problems import Problem

SIGNATURE_HEADER = "Tickettailor-Webhook-Signature"
CANCELLED = ("cancelled", "canceled")
"""The spelling differs between what is known of the interface."""


class _Buyer(PartialSchema):
    email = Text(allow_none=True)
    phone = Text(allow_none=True)
    first_name = Text(allow_none=True)
    last_name = Text(allow_none=True)


class _Show(PartialSchema):
    event_id = Identifier(allow_none=True)


class _Currency(PartialSchema):
    base_multiplier = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10_000))
    code = Text(required=True, validate=validate.Length(equal=3))


class _Line(PartialSchema):
    type = Text(load_default="ticket")
    description = Text(required=True)
    quantity = fields.Integer(required=True, strict=True, validate=IN_RANGE)
    value = fields.Integer(required=True, strict=True, validate=IN_RANGE)
    total = fields.Integer(required=True, strict=True, validate=IN_RANGE)


class _Order(PartialSchema):
    id = Identifier(required=True)
    status = Text(allow_none=True)
    buyer_details = fields.Nested(_Buyer, required=True)
    created_at = fields.Integer(strict=True, validate=validate.Range(0, 253_402_300_799))
    event_summary = fields.Nested(_Show, allow_none=True)
    line_items = fields.List(fields.Nested(_Line), required=True)
    marketing_opt_in = Flag(allow_none=True)
    currency = fields.Nested(_Currency, required=True)
    total = fields.Integer(strict=True, allow_none=True, validate=IN_RANGE)
    refund_amount = fields.Integer(strict=True, allow_none=True, validate=IN_RANGE)


_ORDER = Loader(_Order)


def _scheme(options: Mapping[str, Any]) -> Hmac | None:
    """The time and the body with nothing in between. The vendor's own sample reads the elements by position."""
    keys = keys_of(options["secrets"])
    return Hmac(Elements(SIGNATURE_HEADER), keys, SignedText("{timestamp}{body}")) if keys else None


def _delivery_id(content: Content) -> str | None:
    identity = content.payload.get("id") if isinstance(content.payload, dict) else None
    return identity if isinstance(identity, str) and identity else None


def _read(content: Content) -> list[EventDraft]:
    """One event; what is not about an order is kept under its own type and starts nothing."""
    envelope = require_object(content.payload)
    name = event_name(envelope)
    payload = require_object(envelope.get("payload"), "$.payload")
    occurred_at = _moment(envelope.get("created_at"))
    if name not in ("ORDER.CREATED", "ORDER.UPDATED"):
        subject = f"tickettailor:{_delivery_id(content) or name.lower()}"
        return [EventDraft(f"tickettailor.{name.lower()}", subject, occurred_at, payload)]
    order = _ORDER.load(payload, "$.payload")
    subject = f"order:{content.source}:{order['id']}"
    return [EventDraft(_order_type(name, order), subject, occurred_at, _canonical(content.source, payload, order))]


def _order_type(name: str, order: Mapping[str, Any]) -> str:
    """What happened: a cancellation counts before a refund, which usually goes with it."""
    if (order.get("status") or "").lower() in CANCELLED:
        return "order.cancelled"
    if name == "ORDER.CREATED":
        return "order.placed"
    return "order.refunded" if (order.get("refund_amount") or 0) > 0 else "order.updated"


def _canonical(source: str, payload: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical order. Raises PayloadError where an amount is no money of its currency."""
    problems: list[Problem] = []
    multiplier, currency = order["currency"]["base_multiplier"], order["currency"]["code"].upper()
    items = []
    for index, line in enumerate(order["line_items"]):
        if line["type"] != "ticket":
            continue
        path = f"$.payload.line_items[{index}]"
        subtotal = Decimal(line["value"] * line["quantity"]) / multiplier
        items.append(
            {
                "name": line["description"],
                "quantity": line["quantity"],
                "subtotal": money(subtotal, currency, f"{path}.value", problems),
                "total": money(Decimal(line["total"]) / multiplier, currency, f"{path}.total", problems),
            }
        )
    total = order.get("total")
    return canonical(
        {
            "id": order["id"],
            "shop": source,
            "show_id": (order.get("event_summary") or {}).get("event_id"),
            "buyer": without_nulls(order["buyer_details"], order["buyer_details"]),
            # Ticket Tailor asks one question, about e-mail; null means it was not asked.
            "consent": {"email": order.get("marketing_opt_in"), "sms": None},
            "items": items,
            "placed_at": datetime.fromtimestamp(order["created_at"], UTC) if "created_at" in order else None,
            "total": None
            if total is None
            else money(Decimal(total) / multiplier, currency, "$.payload.total", problems),
            "other": others(payload, _Order),
        },
        problems,
    )


def _moment(text: Any) -> datetime | None:
    """The envelope's time: `2025-01-01 10:00:00`, which names no zone and is UTC. None where it cannot be read."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


TICKETTAILOR = Preset(name="tickettailor", scheme=_scheme, read=_read, delivery_id=_delivery_id)
