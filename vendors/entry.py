"""An entry of the phone book: what the client has to know of a vendor beyond its operations."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from workflows.catalogue import Limit, Operation
from workflows.settings import Secret

HIDDEN = "***"

Configured = Mapping[str, Any]
"""A vendor's part of stagedoor.yml, as `workflows.settings` read it; what is not set is None or absent."""


def is_this_machine(url: str) -> bool:
    """Whether an address is that of this very machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Header:
    """A header the vendor asks for with every request. A Secret is shown as `***` after its scheme."""

    name: str
    value: str | Secret | None
    scheme: str = ""

    def sent(self) -> str:
        """The value for the wire."""
        value = self.value.reveal() if isinstance(self.value, Secret) else self.value or ""
        return f"{self.scheme} {value}".strip()

    def shown(self) -> str:
        """The value for people; that of an unset secret looks like that of a set one."""
        value = self.value if isinstance(self.value, str) else HIDDEN
        return f"{self.scheme} {value}".strip()


def basic(name: Secret | None, password: Secret | None) -> Header:
    """The header of Basic authorization (RFC 7617)."""
    if name is None or password is None:
        return Header("Authorization", None, "Basic")
    pair = f"{name.reveal()}:{password.reveal()}"
    return Header("Authorization", Secret(base64.b64encode(pair.encode()).decode()), "Basic")


@dataclass(frozen=True)
class Token:
    """What a login gave, and for how many seconds from its receipt."""

    text: str = field(repr=False)
    seconds: float


def is_unauthorized(status: int, body: Any) -> bool:
    """Read the refusal of a vendor that answers 401, and only then, to a token it does not (or no longer) know."""
    return status == 401


@dataclass(frozen=True, kw_only=True)
class Login:
    """How a vendor gives out the token that every other call carries as `Authorization: Bearer`.

    operation  the call, which takes no inputs; the credentials are added on the way out
    read       the token in the body of its answer, as its `output` schema has found it right
    headers    credentials as headers
    form       credentials as the fields of a form
    is_stale   whether an answer (its status, and its JSON or None) refuses the token
    """

    operation: Operation
    read: Callable[[Mapping[str, Any]], Token]
    headers: Callable[[Configured], tuple[Header, ...]] = lambda configured: ()
    form: Callable[[Configured], Mapping[str, Secret | None]] = lambda configured: {}
    is_stale: Callable[[int, Any], bool] = is_unauthorized


def no_hint(body: Any, now: datetime) -> float | None:
    """Read the 429 of a vendor that does not say in its body how long to wait."""
    return None


def no_error(body: Any) -> str:
    """Read the answer of a vendor that says by its status alone whether it did what was asked."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One vendor.

    operations   its operations, as configured
    bases        each base URL setting, with the path the sandbox serves it at
    needs        settings without which nothing can be sent, besides the base URL
    headers      credentials and whatever else goes with every request
    login        how the token is got that goes with every request, where one does
    hidden_error reads the JSON of a 2xx: "" when it confirms, else what the vendor says went wrong
    wait_hint    reads the JSON of a 429 without Retry-After: how many seconds to wait, None where it does not say
    limits, concurrency  the vendor's own, where the operator states no others
    is_public    it is on the internet: an address of a private network is none of its
    """

    name: str
    title: str
    operations: Callable[[Configured], tuple[Operation, ...]]
    bases: Mapping[str, str]
    needs: tuple[str, ...]
    headers: Callable[[Configured], tuple[Header, ...]]
    login: Login | None = None
    hidden_error: Callable[[Any], str] = no_error
    wait_hint: Callable[[Any, datetime], float | None] = no_hint
    limits: tuple[Limit, ...] = ()
    concurrency: int = 8
    is_public: bool = False
