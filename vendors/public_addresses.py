"""Which addresses are on the internet, and so cannot lead into a network of ours.

`is_global` of the standard library does not see through: an IPv6 address may hold an IPv4 address, which is where a
translator or a tunnel on the way takes the call.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_ALLOCATED = IPv6Network("2000::/3")
"""What IANA gives out as global unicast. All else is for private use, for a link, for groups, or for nobody yet."""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last four bytes are an IPv4 address."""


def is_public(address: str) -> bool:
    """Whether it is the address of one machine on the internet; of one that holds an IPv4 address, whether that is.

    Raises ValueError where it is no address.
    """
    return _is_public(ip_address(address))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    held = _held(address)
    if held is not None:
        return _is_public(held)
    # Teredo (2001::/32), whose server and client are IPv4 addresses, is not global.
    return address in _ALLOCATED and address.is_global


def _held(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
