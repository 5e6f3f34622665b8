"""What callers prove themselves with: keys, Basic authorization, and tokens that expire."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hmac import compare_digest
from typing import Any

from sandbox.calls import Call
from sandbox.store import Shelf, Store

TOKEN_BYTES = 32


def is_same(given: str, expected: str) -> bool:
    """Compare secrets in constant time."""
    return compare_digest(given.encode(errors="replace"), expected.encode())


def is_basic(call: Call, name: str, password: str) -> bool:
    """Tell whether the call carries this name and password as Basic authorization (RFC 7617)."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True).decode()
    except ValueError:
        return False
    return scheme.lower() == "basic" and is_same(given, f"{name}:{password}")


@dataclass(frozen=True)
class Token:
    """A token that was given out; the instants are seconds since 1970."""

    text: str
    created_at: float
    expires_at: float


class Tokens:
    """The tokens of one vendor. A new one does not end those before it: no document says that it would."""

    def __init__(self, store: Store, name: str, clock: Callable[[], float]) -> None:
        self._shelf: Shelf[Token] = Shelf(store, f"{name}.tokens", load=_token, dump=asdict)
        self._clock = clock

    def issue(self, lifetime_seconds: float) -> Token:
        now = self._clock()
        for old in self._shelf.values():
            if old.expires_at <= now:
                self._shelf.remove(old.text)
        token = Token(secrets.token_urlsafe(TOKEN_BYTES), now, now + lifetime_seconds)
        self._shelf.put(token.text, token)
        return token

    def is_carried(self, call: Call) -> bool:
        """Tell whether the call carries a token of ours, not yet expired, as Bearer authorization."""
        scheme, _, text = call.headers.get("authorization", "").partition(" ")
        token = self._shelf.get(text)
        return scheme.lower() == "bearer" and token is not None and self._clock() < token.expires_at

    def view(self) -> list[dict[str, float]]:
        """List when each token was made and will expire, but not the tokens."""
        return [{"created_at": one.created_at, "expires_at": one.expires_at} for one in self._shelf.values()]


def _token(record: dict[str, Any]) -> Token:
    return Token(record["text"], float(record["created_at"]), float(record["expires_at"]))
