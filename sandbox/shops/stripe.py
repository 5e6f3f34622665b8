"""Stripe: posts events signed with their time (Stripe, Verify webhook signatures; The Event object)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from itertools import count
from time import time
from typing import Any, Final

from sandbox.calls import dump_json
from sandbox.checks import Checker

SESSION: Final[dict[str, Any]] = {
    "id": "cs_sandbox_1",
    "object": "checkout.session",
    "amount_subtotal": 8000,
    "amount_total": 8600,
    "currency": "usd",
    "customer_details": {"email": "ana@example.com", "phone": None, "name": "Ana Example"},
    "customer_email": None,
    "payment_status": "paid",
    "livemode": True,
    "metadata": {"show_id": "12345"},
}


class Stripe:
    """Asked with `secret`, `payload` (the object; a completed checkout if left out), `event` and `id`.

    `timestamp` signs another time than now.
    """

    name = "stripe"
    own_fields: tuple[str, ...] = ("secret", "payload", "event", "id", "timestamp")

    def __init__(self) -> None:
        self._numbers = count(int(time()))

    def event(self, request: Checker) -> str:
        return request.text("event") or "checkout.session.completed"

    def body(self, request: Checker) -> bytes:
        return dump_json(
            {
                "id": request.text("id") or f"evt_{next(self._numbers)}",
                "object": "event",
                "type": self.event(request),
                "created": int(time()),
                "data": {"object": request.value.get("payload", SESSION)},
            }
        )

    def headers(self, request: Checker, body: bytes, *, now: int, is_forged: bool) -> Mapping[str, str]:
        secret = request.text("secret", required=True) or ""
        stamp = request.integer("timestamp", at_least=1) or now
        key = f"not-{secret}" if is_forged else secret
        proof = hmac.new(key.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={stamp},v1={proof}"}
