"""Webhooks as their vendors document them, with defaults for whatever a test is not about."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.builders.settings import make_settings
from webhooks.sources import Source, build_sources

SYMPHONY_TOKEN = "a-token-nobody-guesses"
TICKETTAILOR_SECRET = "ABCD123"
BOX_OFFICE_KEY = "box-office-key"

EVERY_SOURCE: Mapping[str, Mapping[str, Any]] = {
    "symphony": {"preset": "symphony", "token": SYMPHONY_TOKEN, "brand": "main"},
    "symphony-site": {"preset": "symphony-website", "token": "site-token", "brand": "main"},
    "constant-contact": {
        "preset": "constant-contact",
        "secrets": ["cc-secret"],
        "api_key": "example-key",
        "brand": "main",
    },
    "tickettailor": {"preset": "tickettailor", "secrets": [TICKETTAILOR_SECRET, "the old one"], "brand": "main"},
    "eventbrite": {"preset": "eventbrite", "token": "eventbrite-token", "brand": "main"},
    "universe": {"preset": "universe", "secrets": ["uni-secret"], "digest": "sha1", "brand": "main"},
    "shopify": {"preset": "shopify", "secrets": ["shop-secret"], "brand": "main"},
    "stripe": {"preset": "stripe", "secrets": ["stripe-secret"], "show_id": "metadata.show_id", "brand": "main"},
    "box-office": {"preset": "cymbal", "header": "X-Api-Key", "keys": [BOX_OFFICE_KEY], "brand": "second"},
    "standard": {
        "preset": "standard-webhooks",
        "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "subject": "data.id",
        "brand": "main",
    },
    "github": {"preset": "github", "secrets": ["github-secret"], "brand": "main"},
    "partner": {
        "preset": "generic",
        "verify": {
            "hmac": {
                "header": "X-Partner-Signature",
                "secrets": ["partner-secret"],
                "element": "v1",
                "signed": "{timestamp}.{body}",
            }
        },
        "type": "event.kind",
        "subject": "event.about",
        "occurred_at": "event.at",
        "delivery_id": "header:X-Delivery",
        "challenge": "challenge",
        "brand": "main",
    },
}
"""A source of every preset."""
CONFIGURED = make_settings(
    Path(),
    sources=EVERY_SOURCE,
    brands={"main": {"zone": "Europe/London"}, "second": {"zone": "Europe/London"}},
).sources
SOURCES: Mapping[str, Source] = build_sources(CONFIGURED)


def campaign_event(event: str = "campaign.completed", **fields: Any) -> dict[str, Any]:
    """Symphony, "Webhooks", Payload."""
    return {
        "event": event,
        "id": 5017,
        "provider": "facebook",
        "type": "link_clicks",
        "status": "ACTIVE",
        **fields,
    }


def ticket_order(**fields: Any) -> dict[str, Any]:
    """The order object in Ticket Tailor's webhooks."""
    return {
        "object": "order",
        "id": "or_737352",
        "status": "completed",
        "buyer_details": {
            "name": "Ana Example",
            "first_name": "Ana",
            "last_name": "Example",
            "email": "ana@example.com",
            "phone": None,
            "address": {"address_1": "1 Main Street", "postal_code": "N1 1AA"},
        },
        "created_at": 1735689600,
        "event_summary": {"event_id": "ev_1001", "name": "The Head & The Heart"},
        "line_items": [ticket_line()],
        "marketing_opt_in": True,
        "currency": {"base_multiplier": 100, "code": "gbp"},
        "total": 3100,
        "refund_amount": 0,
        **fields,
    }


def ticket_line(**fields: Any) -> dict[str, Any]:
    return {
        "id": "li_1",
        "type": "ticket",
        "description": "General Admission",
        "quantity": 2,
        "value": 1500,
        "booking_fee": 100,
        "total": 3100,
        **fields,
    }


def ticket_event(event: str = "ORDER.CREATED", payload: Any = None, **fields: Any) -> dict[str, Any]:
    """Ticket Tailor's envelope."""
    return {
        "id": "wh_15",
        "created_at": "2025-01-01 10:00:00",
        "event": event,
        "resource_url": "https://api.tickettailor.com/v1/orders/or_737352",
        "payload": ticket_order() if payload is None else payload,
        **fields,
    }


def box_office_order(**fields: Any) -> dict[str, Any]:
    """An order in Cymbal's documented shape."""
    return {
        "id": "12345",
        "event_id": "678",
        "customer": {"email": "john.smith@cymbal.co", "phone": "12345678900", "first_name": "John"},
        "marketing_opt_ins": {"email": True, "sms": False},
        "items": [box_office_item()],
        "created_at": "2024-03-02T15:30:00Z",
        **fields,
    }


def box_office_item(**fields: Any) -> dict[str, Any]:
    return {
        "ticket_type_name": "Standard Admission",
        "quantity": 2,
        "prefee_price": 60.0,
        "total_price": 80.0,
        "currency_code": "USD",
        **fields,
    }


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()
