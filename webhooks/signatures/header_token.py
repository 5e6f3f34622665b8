"""A key both sides know, sent in a header."""

from __future__ import annotations

from dataclasses import dataclass

from webhooks.errors import SignatureError
from webhooks.signatures.keys import Key, prove, same
from webhooks.signatures.scheme import Presented


@dataclass(frozen=True)
class HeaderToken:
    """The header `header` holds one of `keys`, after `prefix` where there is one (`Bearer `)."""

    header: str
    keys: tuple[Key, ...]
    prefix: str = ""

    @property
    def secret_headers(self) -> frozenset[str]:
        return frozenset({self.header.lower()})

    def verify(self, presented: Presented, now: float) -> str:
        """Raises SignatureError unless the header holds one of the keys."""
        given = presented.headers.get(self.header.lower())
        if given is None:
            raise SignatureError("missing", f"the header {self.header} is missing")
        if not given.startswith(self.prefix):
            raise SignatureError("malformed", f"the header {self.header} must begin with {self.prefix.strip()!r}")
        token = given[len(self.prefix) :]
        tried = [(key, same(token, key.value)) for key in self.keys]
        return prove(tried, now, f"the key in {self.header} is not the right one")
