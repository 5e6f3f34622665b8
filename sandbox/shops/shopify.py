"""Shopify: posts orders signed in base64 (Shopify, Verify webhook deliveries; Delivery structure)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from sandbox.calls import dump_json
from sandbox.checks import Checker

ORDER: Final[dict[str, Any]] = {
    "id": 820982911946154508,
    "name": "#1019",
    "email": "ana@example.com",
    "phone": None,
    "created_at": "2026-03-01T10:00:00-05:00",
    "currency": "USD",
    "total_price": "86.00",
    "subtotal_price": "80.00",
    "total_tax": "6.00",
    "financial_status": "paid",
    "cancelled_at": None,
    "buyer_accepts_marketing": True,
    "test": False,
    "line_items": [{"id": 1, "title": "Standing", "quantity": 2, "price": "40.00", "product_id": 632910392}],
}


class Shopify:
    """Asked with `secret`, `payload` (the order; a sample if left out), `topic` (orders/create) and `id`."""

    name = "shopify"
    own_fields: tuple[str, ...] = ("secret", "payload", "topic", "id")

    def __init__(self) -> None:
        self._numbers = count(1)

    def event(self, request: Checker) -> str:
        return request.text("topic") or "orders/create"

    def body(self, request: Checker) -> bytes:
        return dump_json(request.value.get("payload", ORDER))

    def headers(self, request: Checker, body: bytes, *, now: int, is_forged: bool) -> Mapping[str, str]:
        secret = request.text("secret", required=True) or ""
        key = f"not-{secret}" if is_forged else secret
        proof = hmac.new(key.encode(), body, hashlib.sha256).digest()
        return {
            "X-Shopify-Topic": self.event(request),
            "X-Shopify-Hmac-Sha256": base64.b64encode(proof).decode(),
            "X-Shopify-Webhook-Id": request.text("id") or f"sandbox-{now}-{next(self._numbers)}",
            "X-Shopify-Shop-Domain": "sandbox.myshopify.com",
        }
