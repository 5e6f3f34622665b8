"""A key both sides know, sent in a header."""

from __future__ import annotations

from dataclasses import dataclass, field

from webhooks.errors import SignatureError
from webhooks.signatures.scheme import Headers, matches_any


@dataclass(frozen=True)
class SharedKey:
    """The header `header` holds one of `keys`."""

    header: str
    keys: tuple[str, ...] = field(repr=False)

    @property
    def secret_headers(self) -> frozenset[str]:
        return frozenset({self.header.lower()})

    def verify(self, body: bytes, headers: Headers, path_token: str | None, now: float) -> None:
        """Raises SignatureError unless the header holds one of the keys."""
        given = headers.get(self.header.lower())
        if given is None:
            raise SignatureError("missing", f"the header {self.header} is missing")
        if not matches_any(given, self.keys):
            raise SignatureError("wrong", f"the key in {self.header} is not the right one")
