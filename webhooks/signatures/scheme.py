"""The contract of every scheme, and what a request shows to be judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

Headers = Mapping[str, str]
"""A request's headers by lower-case name; a name sent twice has its values joined by commas."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request shows of itself, before anybody believes it.

    path_token  what follows the source in the address, None where nothing does
    peer        the address of whoever connected to us, None where that is not known (a unix socket)
    """

    body: bytes
    headers: Headers = field(default_factory=lambda: MappingProxyType({}))
    path_token: str | None = None
    peer: str | None = None


class Scheme(Protocol):
    """A way to prove where a request comes from. Several keys may be live at once, for rotation."""

    @property
    def secret_headers(self) -> frozenset[str]:
        """Headers (lower case) that carry the secret itself, and so are never kept."""

    def verify(self, presented: Presented, now: float) -> str:
        """Return if the request is authentic at `now` (seconds since 1970): the id of the key that proves it.

        The id is "" where the scheme has no keys or the key has no name. For any input whatsoever it raises nothing
        but SignatureError, in a time that says nothing about which key was near.
        """
