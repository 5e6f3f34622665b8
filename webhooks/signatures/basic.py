"""HTTP's own basic authentication (RFC 7617)."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass

from webhooks.errors import SignatureError
from webhooks.signatures.keys import Key, encoded, prove
from webhooks.signatures.scheme import Presented

PREFIX = "basic "


@dataclass(frozen=True)
class BasicAuth:
    """`Authorization: Basic base64(username:password)`; the keys are the passwords."""

    username: str
    keys: tuple[Key, ...]
    secret_headers: frozenset[str] = frozenset({"authorization"})

    def verify(self, presented: Presented, now: float) -> str:
        """Raises SignatureError unless name and password are the right ones; which of them is wrong is not told."""
        given = presented.headers.get("authorization")
        if given is None:
            raise SignatureError("missing", "the header Authorization is missing")
        offered = _decoded(given)
        name = encoded(self.username) + b":"
        tried = [(key, hmac.compare_digest(offered, name + key.value)) for key in self.keys]
        return prove(tried, now, "the name or the password in Authorization is not the right one")


def _decoded(given: str) -> bytes:
    text = given[len(PREFIX) :].strip()
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    # Spare bits of base64 would be another text for the same password.
    if given[: len(PREFIX)].lower() == PREFIX and base64.b64encode(decoded).decode() == text:
        return decoded
    raise SignatureError("malformed", "the header Authorization must be Basic and name:password in base64")
