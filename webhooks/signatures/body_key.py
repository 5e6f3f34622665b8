"""A signature where the sender sends one, else a key of ours that stands in the body."""

from __future__ import annotations

import json
from dataclasses import dataclass

from webhooks.errors import SignatureError
from webhooks.signatures.hmac_signature import Hmac
from webhooks.signatures.keys import Key, prove, same
from webhooks.signatures.scheme import Presented


@dataclass(frozen=True)
class SignatureOrBodyKey:
    """`signature` decides as soon as its header is there. Without it, and only where there are `keys`, the body's field
    `name` must be one of them: that proves the sender, but not that the rest of the body is untouched."""

    signature: Hmac
    name: str
    keys: tuple[Key, ...] = ()
    secret_headers: frozenset[str] = frozenset()

    def verify(self, presented: Presented, now: float) -> str:
        """Raises SignatureError unless there is a signature that matches or a key that is right."""
        if not self.keys or self.signature.layout.header.lower() in presented.headers:
            return self.signature.verify(presented, now)
        given = _field(presented.body, self.name)
        if given is None:
            header = self.signature.layout.header
            raise SignatureError("missing", f"there is neither a header {header} nor a key in the body")
        tried = [(key, same(given, key.value)) for key in self.keys]
        return prove(tried, now, f"the key in the body's field {self.name!r} is not the right one")


def _field(body: bytes, name: str) -> str | None:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return None
    value = payload.get(name) if isinstance(payload, dict) else None
    return value if isinstance(value, str) else None
