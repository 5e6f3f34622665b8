"""Stripe's webhooks: a checkout that was completed is an order.

Stripe, "Verify webhook signatures": `Stripe-Signature: t=<unix>,v1=<hex>[,v1=<hex>]`, HMAC-SHA256 of the time, a dot
and the raw body; two `v1` while a secret is being replaced, other schemes are ignored. "The Event object": `{id, type,
created, data: {object}}`. "The Checkout Session object": amounts in minor units, the currency in small letters. Events
come in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import fields, validate

from webhooks.errors import PayloadError
from webhooks.signatures import Elements, Hmac, SignedText, keys_of
from webhooks.sources.loading import Loader
from webhooks.sources.orders import canonical, in_minor_units, others
from webhooks.sources.payload import EVENT_NAME, IN_RANGE, Identifier, require_object, without_nulls
from webhooks.sources.places import moment, text_at, value_at
from webhooks.sources.source import Content, EventDraft, Preset
from workflows.fields import Flag, PartialSchema, Text
from workflows.problems import Problem

SIGNATURE_HEADER = "Stripe-Signature"
COMPLETED = "checkout.session.completed"
SESSION = "data.object"


class _Customer(PartialSchema):
    email = Text(allow_none=True)
    phone = Text(allow_none=True)


class _Session(PartialSchema):
    id = Identifier(required=True)
    amount_total = fields.Integer(strict=True, allow_none=True, validate=IN_RANGE)
    currency = Text(required=True, validate=validate.Length(equal=3))
    customer_details = fields.Nested(_Customer, allow_none=True)
    customer_email = Text(allow_none=True)
    payment_status = Text(allow_none=True)
    livemode = Flag(allow_none=True)


_SESSION = Loader(_Session)


def _scheme(options: Mapping[str, Any]) -> Hmac | None:
    keys = keys_of(options["secrets"])
    return Hmac(Elements(SIGNATURE_HEADER, "v1"), keys, SignedText("{timestamp}.{body}")) if keys else None


def _delivery_id(content: Content) -> str | None:
    return text_at(content, "id")


def _read(content: Content) -> list[EventDraft]:
    """One event; what is not a completed checkout is kept under its own type and starts nothing."""
    body = require_object(content.payload)
    name = body.get("type")
    if not isinstance(name, str) or not EVENT_NAME.fullmatch(name):
        raise PayloadError([Problem("missing", "is required: the type of the event", path="$.type")])
    occurred_at = moment(body.get("created"))
    if name != COMPLETED:
        subject = f"stripe:{text_at(content, f'{SESSION}.id') or name}"
        return [EventDraft(f"stripe.{name}", subject, occurred_at, body)]
    payload = require_object(value_at(content, SESSION), f"$.{SESSION}")
    session = _SESSION.load(payload, f"$.{SESSION}")
    order = _canonical(content, payload, session, occurred_at)
    return [EventDraft("order.placed", f"order:{content.source}:{session['id']}", occurred_at, order)]


def _canonical(
    content: Content, payload: Mapping[str, Any], session: Mapping[str, Any], placed_at: datetime | None
) -> dict[str, Any]:
    """Its lines are not part of what Stripe sends, so there are none; the total is."""
    problems: list[Problem] = []
    customer = session.get("customer_details") or {}
    email = customer.get("email") or session.get("customer_email")
    total, status, is_live = session.get("amount_total"), session.get("payment_status"), session.get("livemode")
    currency = session["currency"].upper()
    place = content.options["show_id"]
    return canonical(
        {
            "id": session["id"],
            "shop": content.source,
            "show_id": text_at(content, f"{SESSION}.{place}") if place else None,
            "buyer": without_nulls({"email": email, "phone": customer.get("phone")}, ("email", "phone")),
            # What stands in `consent` is not documented where we could read it; it is kept in `other`.
            "consent": {"email": None, "sms": None},
            "items": [],
            "placed_at": placed_at,
            "total": None if total is None else in_minor_units(total, currency, f"$.{SESSION}.amount_total", problems),
            "is_paid": None if status is None else status == "paid",
            "is_test": None if is_live is None else not is_live,
            "other": others(payload, _Session),
        },
        problems,
    )


STRIPE = Preset(name="stripe", scheme=_scheme, read=_read, delivery_id=_delivery_id)
