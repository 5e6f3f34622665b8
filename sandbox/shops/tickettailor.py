"""Ticket Tailor: posts signed envelopes (Ticket Tailor, Webhooks: Security, Configuration)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

from sandbox.calls import dump_json
from sandbox.checks import Checker

SIGNATURE_HEADER = "Tickettailor-Webhook-Signature"

ORDER: Final[dict[str, Any]] = {
    "object": "order",
    "id": "or_737352",
    "status": "completed",
    "buyer_details": {
        "name": "Ana Example",
        "first_name": "Ana",
        "last_name": "Example",
        "email": "ana@example.com",
        "phone": "+12025550123",
        "address": {"address_1": "1 Main Street", "address_2": None, "address_3": None, "postal_code": "94110"},
        "custom_questions": [],
    },
    "created_at": 1735725600,
    "currency": {"base_multiplier": 100, "code": "gbp"},
    "event_summary": {
        "event_id": "ev_12345",
        "event_series_id": "es_12345",
        "name": "Spring show",
        "start_date": {"iso": "2026-05-01T19:30:00+01:00", "unix": 1777660200, "timezone": "+01:00"},
        "end_date": {"iso": "2026-05-01T22:30:00+01:00", "unix": 1777671000, "timezone": "+01:00"},
        "venue": {"name": "The Hall", "postal_code": "N1 1AA"},
    },
    "line_items": [
        {
            "id": "li_1",
            "type": "ticket",
            "item_id": "tt_1",
            "description": "Standing",
            "quantity": 2,
            "value": 2000,
            "booking_fee": 150,
            "total": 4300,
        }
    ],
    "issued_tickets": [],
    "marketing_opt_in": True,
    "subtotal": 4000,
    "tax": 0,
    "tax_treatment": "exclusive",
    "total": 4300,
    "refund_amount": 0,
    "payment_method": {"type": "online"},
    "referral_tag": None,
    "txn_id": "--",
    "meta_data": [],
}


class TicketTailor:
    """Asked with `secret`, `payload` (the order; a sample if left out), `event` (ORDER.CREATED) and `id`.

    `timestamp` signs another time than now, for receivers that are to notice an old or early delivery.
    """

    name = "tickettailor"
    own_fields: tuple[str, ...] = ("secret", "payload", "event", "id", "timestamp")

    def __init__(self) -> None:
        self._numbers = count(int(datetime.now(UTC).timestamp()))

    def event(self, request: Checker) -> str:
        return request.text("event") or "ORDER.CREATED"

    def body(self, request: Checker) -> bytes:
        payload = request.value.get("payload", ORDER)
        order_id = payload.get("id") if isinstance(payload, dict) else None
        return dump_json(
            {
                "id": request.text("id") or f"wh_{next(self._numbers)}",
                "created_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
                "event": self.event(request),
                "resource_url": f"https://api.tickettailor.com/v1/orders/{order_id}",
                "payload": payload,
            }
        )

    def headers(self, request: Checker, body: bytes, *, now: int, is_forged: bool) -> Mapping[str, str]:
        secret = request.text("secret", required=True) or ""
        timestamp = request.integer("timestamp", at_least=1)
        return {SIGNATURE_HEADER: signature(f"not-{secret}" if is_forged else secret, timestamp or now, body)}


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Sign as Ticket Tailor does: HMAC-SHA256, in hex, of the time and the raw body with nothing in between."""
    proof = hmac.new(secret.encode(), str(timestamp).encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={proof.hexdigest()}"
