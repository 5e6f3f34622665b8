"""Universe: posts ticket purchases (Universe, help centre, Sending Universe data to your app using webhooks).

The digest of its signature is not documented: `digest` says which. Of the body only `cost_items` is known.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from sandbox.calls import dump_json
from sandbox.checks import Checker

DIGESTS = ("sha1", "sha256")


class Universe:
    """Asked with `secret`, `digest` (sha1), `event` (ticket_purchase) and `payload`."""

    name = "universe"
    own_fields: tuple[str, ...] = ("secret", "digest", "event", "payload")

    def event(self, request: Checker) -> str:
        return request.choice("event", ("ticket_purchase", "ticket_update")) or "ticket_purchase"

    def body(self, request: Checker) -> bytes:
        return dump_json(request.value.get("payload", {"cost_items": [{"event_id": "e-1"}]}))

    def headers(self, request: Checker, body: bytes, *, now: int, is_forged: bool) -> Mapping[str, str]:
        secret = request.text("secret", required=True) or ""
        digest = request.choice("digest", DIGESTS) or DIGESTS[0]
        key = f"not-{secret}" if is_forged else secret
        proof = hmac.new(key.encode(), body, digest).hexdigest()
        return {"X-Uniiverse-Event": self.event(request), "X-Uniiverse-Signature": proof}
