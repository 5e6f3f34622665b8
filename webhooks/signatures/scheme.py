"""The contract of every scheme."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from typing import Protocol

Headers = Mapping[str, str]
"""A request's headers by lower-case name; a name sent twice has its values joined by commas."""


class Scheme(Protocol):
    """A way to prove where a request comes from. Several secrets may be live at once, for rotation."""

    @property
    def secret_headers(self) -> frozenset[str]:
        """Headers (lower case) that carry the secret itself, and so are never kept."""

    def verify(self, body: bytes, headers: Headers, path_token: str | None, now: float) -> None:
        """Return if the request is authentic at `now` (seconds since 1970).

        For any input whatsoever it raises nothing but SignatureError.
        """


def matches_any(given: str, secrets: Iterable[str]) -> bool:
    """Compare with every secret, in a time that says nothing about which of them is near."""
    offered = given.encode("utf-8", "surrogatepass")
    # All are compared before any is looked at.
    found = [hmac.compare_digest(offered, encoded(secret)) for secret in secrets]
    return any(found)


def encoded(secret: str) -> bytes:
    """A secret's bytes, also where the environment held some that are not UTF-8."""
    return secret.encode("utf-8", "surrogateescape")
