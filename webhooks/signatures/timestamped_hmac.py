"""An HMAC over a timestamp and the raw body, both in one header."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from webhooks.errors import SignatureError
from webhooks.signatures.scheme import Headers, encoded, matches_any

TOLERANCE_SECONDS = 300
"""How far the timestamp may be from our clock, both ways; what Ticket Tailor recommends."""
LONGEST_HEADER = 1000


@dataclass(frozen=True)
class TimestampedHmac:
    """`t=<unix seconds>,v1=<hex>`: HMAC-SHA256 over the timestamp's digits directly followed by the raw body.

    Ticket Tailor, "Webhook security". Its own sample reads the elements by their position, so the names after `t` may
    be any; each further element is a signature, and one that matches is enough.
    """

    header: str
    secrets: tuple[str, ...] = field(repr=False)
    tolerance_seconds: int = TOLERANCE_SECONDS
    secret_headers: frozenset[str] = frozenset()

    def verify(self, body: bytes, headers: Headers, path_token: str | None, now: float) -> None:
        """Raises SignatureError unless a signature matches under one of the secrets, made near `now`."""
        given = headers.get(self.header.lower())
        if given is None:
            raise SignatureError("missing", f"the header {self.header} is missing")
        timestamp, signatures = self._split(given)
        expected = [_sign(secret, timestamp, body) for secret in self.secrets]
        found = [matches_any(signature, expected) for signature in signatures]
        if not any(found):
            raise SignatureError("wrong", "the signature does not match the body")
        # Looked at last: whoever cannot sign learns nothing about our clock.
        if abs(now - int(timestamp)) > self.tolerance_seconds:
            raise SignatureError("stale", f"the timestamp is more than {self.tolerance_seconds} seconds from our clock")

    def _split(self, given: str) -> tuple[str, list[str]]:
        first, *rest = given[:LONGEST_HEADER].split(",")
        name, _, timestamp = first.strip().partition("=")
        signatures = [element.strip().partition("=")[2] for element in rest]
        is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
        if name != "t" or not is_number or not signatures:
            raise SignatureError("malformed", f"the header {self.header} must be t=<unix seconds>,v1=<hex>")
        return timestamp, signatures


def _sign(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.digest(encoded(secret), timestamp.encode() + body, "sha256").hex()
