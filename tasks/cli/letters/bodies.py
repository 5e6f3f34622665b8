"""Bodies as the vendors' documents show them, each of a number that makes it its own."""

from __future__ import annotations

from datetime import UTC, datetime

from tasks.cli.letters.sender import Body, Template
from workflows.settings import SourceSettings


def campaign(event: str) -> Template:
    """Symphony, "Webhooks", Payload: the campaign's own fields at the root."""
    status = "ACTIVE" if event in ("updated", "completed") else "FAILED" if event == "failed" else "IN_REVIEW"

    def body(number: int) -> Body:
        return {
            "event": f"campaign.{event}",
            "id": number,
            "provider": "facebook",
            "type": "link_clicks",
            "status": status,
        }

    return body


def website(event: str) -> Template:
    """Symphony, "Webhooks" of its websites: event, timestamp, data, signature."""
    moment = "publishedAt" if event == "published" else "archivedAt"

    def body(number: int) -> Body:
        data: Body = {"websiteId": number, "brandId": 123, "slug": "artist-new-album", moment: _now()}
        if event == "published":
            data |= {"url": "https://symphony.is/brandSlug/artist-new-album", "scheduledPublish": False}
        return {"event": f"website.{event}", "timestamp": _now(), "data": data}

    return body


def lead(number: int) -> Body:
    """What a lead holds is not documented."""
    data = {"id": number, "email": f"ana+{number}@example.com"}
    return {"event": "lead.captured", "timestamp": _now(), "data": data}


def account(event: str) -> Template:
    """Constant Contact, "Partner Webhooks Overview"."""

    def body(number: int) -> Body:
        url = f"https://api.cc.email/v3/partner/accounts/a07e1{number}/plan"
        return {"url": url, "api_key": "example-key", "event_type": event}

    return body


def tickettailor(event: str) -> Template:
    """Ticket Tailor, "Webhook configuration"."""

    def body(number: int) -> Body:
        return {
            "id": f"wh_{number}",
            "created_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
            "event": event,
            "resource_url": f"https://api.tickettailor.com/v1/orders/or_{number}",
            "payload": _tickettailor_order(number),
        }

    return body


def _tickettailor_order(number: int) -> Body:
    return {
        "object": "order",
        "id": f"or_{number}",
        "status": "completed",
        "created_at": int(datetime.now(UTC).timestamp()),
        "buyer_details": {
            "first_name": "Ana",
            "last_name": "Example",
            "email": f"ana+{number}@example.com",
            "phone": None,
        },
        "currency": {"base_multiplier": 100, "code": "gbp"},
        "event_summary": {"event_id": "ev_12345", "name": "Spring show"},
        "line_items": [
            {"id": "li_1", "type": "ticket", "description": "Standing", "quantity": 2, "value": 2000, "total": 4300}
        ],
        "marketing_opt_in": None,
        "refund_amount": 0,
        "total": 4300,
    }


def eventbrite(source: SourceSettings, action: str) -> Template:
    """Eventbrite, "Webhooks": a pointer."""

    def body(number: int) -> Body:
        kind = "orders" if action.startswith("order.") else "events"
        return {
            "config": {
                "action": action,
                "user_id": "123456789012",
                "webhook_id": "1234567",
                "endpoint_url": f"https://receiver.example.com/webhooks/{source.name}/…",
            },
            "api_url": "{api-endpoint-to-fetch-object-details}"
            if action == "test"
            else f"https://{source.options['host']}/v3/{kind}/{number}/",
        }

    return body


def universe(number: int) -> Body:
    """Universe documents `cost_items` with their `event_id` and no more."""
    return {"cost_items": [{"event_id": str(number)}]}


def shopify(number: int) -> Body:
    """Shopify, the order resource."""
    return {
        "id": number,
        "name": f"#{number}",
        "email": f"ana+{number}@example.com",
        "phone": None,
        "created_at": _now(),
        "currency": "USD",
        "total_price": "86.00",
        "subtotal_price": "80.00",
        "total_tax": "6.00",
        "financial_status": "paid",
        "cancelled_at": None,
        "buyer_accepts_marketing": True,
        "test": False,
        "line_items": [{"title": "Standing", "quantity": 2, "price": "40.00"}],
    }


def stripe(number: int) -> Body:
    """Stripe, "The Event object" with a Checkout Session."""
    return {
        "id": f"evt_{number}",
        "type": "checkout.session.completed",
        "created": int(datetime.now(UTC).timestamp()),
        "data": {
            "object": {
                "id": f"cs_{number}",
                "object": "checkout.session",
                "amount_subtotal": 8000,
                "amount_total": 8600,
                "currency": "usd",
                "customer_details": {"email": f"ana+{number}@example.com", "phone": None},
                "payment_status": "paid",
                "livemode": True,
                "metadata": {"show_id": "12345"},
            }
        },
    }


def cymbal_order(number: int) -> Body:
    """Cymbal Partners API, "Create orders"."""
    return {
        "orders": [
            {
                "id": f"BO-{number}",
                "event_id": "12345",
                "customer": {"email": f"john+{number}@example.com", "first_name": "John", "last_name": "Example"},
                "marketing_opt_ins": {"email": True, "sms": False},
                "items": [
                    {
                        "ticket_type_name": "Standard Admission",
                        "quantity": 2,
                        "prefee_price": 60.00,
                        "total_price": 80.00,
                        "currency_code": "USD",
                    }
                ],
                "created_at": _now(),
            }
        ]
    }


def cymbal_show(status: str) -> Template:
    """Cymbal Partners API, "Create events"."""

    def body(number: int) -> Body:
        return {
            "events": [
                {
                    "id": f"{number}",
                    "url": "https://bellyupaspen.com/head-and-the-heart/tickets",
                    "name": "The Head & The Heart",
                    "image_url": "https://bellyupaspen.com/head-and-the-heart.jpg",
                    "status": status,
                    "start_datetime": "2027-03-02T15:30:00Z",
                    "location": {"name": "Belly Up Aspen", "address": "450 S Galena St, Aspen, CO 81611"},
                    "performers": ["The Head & The Heart"],
                    "ticket_types": [
                        {
                            "name": "Standard Admission",
                            "prefee_price": 30.00,
                            "total_price": 40.00,
                            "currency_code": "USD",
                            "quantity": 150,
                        }
                    ],
                }
            ]
        }

    return body


def standard(source: SourceSettings, event: str) -> Template:
    """Standard Webhooks, "Specification", Payload structure."""

    def body(number: int) -> Body:
        return {"type": event, "timestamp": _now(), "data": {"id": str(number)}}

    return body


def github(source: SourceSettings, event: str) -> Template:
    """GitHub, "Webhook events and payloads": the event is named in a header; others name theirs in the body."""

    def body(number: int) -> Body:
        made: Body = {"id": number, "repository": {"full_name": f"example/{number}"}}
        return _put(made, source.options["type"], event)

    return body


def generic(source: SourceSettings, event: str) -> Template:
    """A body that has, where the configuration says, what it says."""

    def body(number: int) -> Body:
        made: Body = {}
        for option, value in (("subject", number), ("delivery_id", f"{number}"), ("occurred_at", _now())):
            _put(made, source.options[option], value)
        return _put(made, source.options["type"], event)

    return body


def _put(body: Body, place: str | None, value: object) -> Body:
    """Write a value where a place of the configuration is; one in a header is the proof's to write."""
    if place is None or place.startswith("header:"):
        return body
    *steps, last = place.split(".")
    here = body
    for step in steps:
        here = here.setdefault(step, {})
    here[last] = value
    return body


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
