"""An address is on the internet or not, whatever it is wrapped in."""

from collections.abc import Callable

import pytest

from vendors.public_addresses import is_public

PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "192.31.196.1", "2606:4700:4700::1111", "2a00:1450:4001:80f::200e"]
PRIVATE = [
    *("0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.0.1"),
    *("192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1"),
    "255.255.255.255",
]
"""This machine, private networks, a link, examples, tests, groups, and what is nobody's."""
PRIVATE_6 = [
    *("::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1", "100::1", "2001:db8::1"),
    *("ff02::1", "ff0e::1", "ff05::2", "4000::1", "5f00::1", "8000::1"),
    "64:ff9b:1::808:808",  # NAT64 of a network's own (RFC 8215)
]
WRAPPERS: dict[str, Callable[[str], str]] = {
    "mapped": lambda four: f"::ffff:{four}",
    "NAT64": lambda four: f"64:ff9b::{four}",
    "6to4": lambda four: "2002:{:02x}{:02x}:{:02x}{:02x}::1".format(*map(int, four.split("."))),
}


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE + PRIVATE_6)
def test_what_is_private_reserved_or_a_group_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_an_ipv4_address_in_an_ipv6_address_is_what_it_is_by_itself(wrapper: str) -> None:
    wrap = WRAPPERS[wrapper]
    assert [four for four in PRIVATE if is_public(wrap(four))] == []
    assert [four for four in PUBLIC if ":" not in four and not is_public(wrap(four))] == []


@pytest.mark.parametrize(
    "address",
    [
        *("::8.8.8.8", "::127.0.0.1"),  # IPv4-compatible, which nobody routes any more
        "2001:0:7f00:1:0:ffff:f7f7:f7f7",  # Teredo: a private server, a public client, whose bits are turned round
        "2001:0:808:808:0:ffff:80ff:fffe",  # and the other way round
    ],
)
def test_what_leads_through_a_tunnel_of_old_is_not_public(address: str) -> None:
    assert not is_public(address)


def test_what_is_no_address_is_an_error() -> None:
    with pytest.raises(ValueError):
        is_public("localhost")
