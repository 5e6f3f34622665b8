"""Webhooks as vendors send them: for each preset its events, a body to begin with, and the proof of origin.

Bodies and signatures follow the vendors' documents (Symphony, Webhooks; Ticket Tailor, Webhooks; Cymbal Partners API,
Create orders), not our own reading of them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workflows.errors import ConfigurationError
from workflows.problems import Problem
from workflows.settings import SourceSettings

Body = dict[str, Any]
Headers = dict[str, str]


@dataclass(frozen=True)
class Sender:
    """One preset's vendor, as a sender.

    bodies  by the vendor's name of the event: makes a body of a number that differs from delivery to delivery
    path    what follows the source in the address
    prove   the headers that prove where the bytes come from
    """

    bodies: Mapping[str, Callable[[int], Body]]
    path: Callable[[SourceSettings], str]
    prove: Callable[[SourceSettings, bytes, datetime], Headers]


@dataclass(frozen=True)
class Letter:
    """One webhook, ready to post; `path` follows the base URL and may hold a secret."""

    path: str
    headers: Headers
    body: bytes


def letter(source: SourceSettings, body: Body, now: datetime) -> Letter:
    """Sign a body as the source's vendor would. Raises ConfigurationError when the secret for it is not set."""
    sender = SENDERS[source.preset]
    # Decimals are not needed: what --set and --data give is read as JSON's own numbers.
    raw = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", **sender.prove(source, raw, now)}
    return Letter(f"/webhooks/{source.name}{sender.path(source)}", headers, raw)


def _campaign(event: str) -> Callable[[int], Body]:
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


def _tickettailor(event: str) -> Callable[[int], Body]:
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


def _cymbal_orders(number: int) -> Body:
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
                "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            }
        ]
    }


def _token(source: SourceSettings) -> str:
    return f"/{_secret(source, 'token')}"


def _sign_tickettailor(source: SourceSettings, body: bytes, now: datetime) -> Headers:
    """Ticket Tailor, Webhooks: Security: HMAC-SHA256 in hex of the time and the body with nothing in between."""
    stamp = str(int(now.timestamp()))
    key = _secret(source, "secrets")
    proof = hmac.new(key.encode(), stamp.encode() + body, hashlib.sha256).hexdigest()
    return {"Tickettailor-Webhook-Signature": f"t={stamp},v1={proof}"}


def _show_key(source: SourceSettings, body: bytes, now: datetime) -> Headers:
    return {source.options["header"]: _secret(source, "keys")}


def _secret(source: SourceSettings, option: str) -> str:
    """The first secret there is."""
    for key in source.options[option]:
        value: str = key.secret.reveal()
        return value
    path = f"sources.{source.name}.{option}"
    raise ConfigurationError([Problem("not_configured", "is not set, and nothing can be proven without it", path)])


def _nothing(source: SourceSettings, body: bytes, now: datetime) -> Headers:
    return {}


def _no_path(source: SourceSettings) -> str:
    return ""


CAMPAIGN_EVENTS: Sequence[str] = ("created", "updated", "processing", "completed", "failed")

SENDERS: Mapping[str, Sender] = {
    "symphony": Sender({f"campaign.{event}": _campaign(event) for event in CAMPAIGN_EVENTS}, _token, _nothing),
    "tickettailor": Sender(
        {event: _tickettailor(event) for event in ("ORDER.CREATED", "ORDER.UPDATED")}, _no_path, _sign_tickettailor
    ),
    "cymbal-orders": Sender({"order.placed": _cymbal_orders}, _no_path, _show_key),
}
"""By preset."""
