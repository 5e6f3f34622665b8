"""Where a request comes from by its address, also behind proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from webhooks.errors import SignatureError
from webhooks.signatures.layouts import header_of
from webhooks.signatures.scheme import Presented

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

FORWARDED = "X-Forwarded-For"


@dataclass(frozen=True)
class Networks:
    """The sender's address is in one of the networks.

    `proxies` is how many proxies of our own stand before us, each of which appends whom it saw to X-Forwarded-For: the
    entry so many from the end is the one that the outermost of ours wrote, and what stands before it is the sender's
    own invention. Nothing may reach us but through them.
    """

    allowed: tuple[Network, ...]
    proxies: int = 0
    secret_headers: frozenset[str] = frozenset()

    def verify(self, presented: Presented, now: float) -> str:
        """Raises SignatureError unless the address is allowed."""
        address = self._sender(presented)
        if address is None:
            raise SignatureError("malformed", "the sender's address cannot be told")
        if not is_within(address, self.allowed):
            raise SignatureError("wrong", "the sender's address is not among those allowed")
        return ""

    def _sender(self, presented: Presented) -> Address | None:
        if not self.proxies:
            return address_of(presented.peer or "")
        hops = header_of(presented, FORWARDED).split(",")
        return address_of(hops[-self.proxies]) if len(hops) >= self.proxies else None


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks."""
    return any(address in network for network in networks)


def address_of(text: str) -> Address | None:
    """The address a text is, with or without a port; an IPv4 address in IPv6 clothes is the IPv4 address."""
    text = text.strip()
    if text.startswith("["):  # [2001:db8::1]:443
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 203.0.113.7:443
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
