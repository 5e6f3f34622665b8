"""A secret at the end of the path, for vendors that document no signature."""

from __future__ import annotations

from dataclasses import dataclass

from webhooks.errors import SignatureError
from webhooks.signatures.keys import Key, prove, same
from webhooks.signatures.scheme import Presented


@dataclass(frozen=True)
class PathToken:
    """`/webhooks/<source>/<token>`. It proves who knows the address, not that the body is untouched."""

    keys: tuple[Key, ...]
    secret_headers: frozenset[str] = frozenset()

    def verify(self, presented: Presented, now: float) -> str:
        """Raises SignatureError unless the path ends in one of the tokens."""
        token = presented.path_token
        if token is None:
            raise SignatureError("missing", "the address lacks its token: POST to /webhooks/<source>/<token>")
        tried = [(key, same(token, key.value)) for key in self.keys]
        return prove(tried, now, "the token in the address is not the right one")
