"""Eventbrite: posts unsigned pointers; what proves them is the address alone (Eventbrite, Webhooks)."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.calls import dump_json
from sandbox.checks import Checker

PLACEHOLDER = "{api-endpoint-to-fetch-object-details}"


class Eventbrite:
    """Asked with `order` (a number) or `api_url`, and `action` (order.placed; test points at nothing)."""

    name = "eventbrite"
    own_fields: tuple[str, ...] = ("order", "api_url", "action")

    def event(self, request: Checker) -> str:
        return request.text("action") or "order.placed"

    def body(self, request: Checker) -> bytes:
        number = request.integer("order", at_least=1) or 1034608029
        usual = f"https://www.eventbriteapi.com/v3/orders/{number}/"
        action = self.event(request)
        return dump_json(
            {
                "config": {
                    "action": action,
                    "user_id": "123456789012",
                    "webhook_id": "1234567",
                    "endpoint_url": request.text("url") or "",
                },
                "api_url": PLACEHOLDER if action == "test" else request.text("api_url") or usual,
            }
        )

    def headers(self, request: Checker, body: bytes, *, now: int, is_forged: bool) -> Mapping[str, str]:
        return {"X-Eventbrite-Event": self.event(request), "Accept": "text/plain"}
