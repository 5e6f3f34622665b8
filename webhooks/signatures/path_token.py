"""A secret at the end of the path, for vendors that document no signature."""

from __future__ import annotations

from dataclasses import dataclass, field

from webhooks.errors import SignatureError
from webhooks.signatures.scheme import Headers, matches_any


@dataclass(frozen=True)
class PathToken:
    """`/webhooks/<source>/<token>`. It proves who knows the address, not that the body is untouched."""

    tokens: tuple[str, ...] = field(repr=False)
    secret_headers: frozenset[str] = frozenset()

    def verify(self, body: bytes, headers: Headers, path_token: str | None, now: float) -> None:
        """Raises SignatureError unless the path ends in one of the tokens."""
        if path_token is None:
            raise SignatureError("missing", "the address lacks its token: POST to /webhooks/<source>/<token>")
        if not matches_any(path_token, self.tokens):
            raise SignatureError("wrong", "the token in the address is not the right one")
