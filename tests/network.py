"""The closed network: a test reaches this machine and nothing else.

An audit hook sees every connection and look-up the interpreter makes, whichever library makes it; a patched
`socket` would be slipped by one that imported its functions earlier. It stays for the life of the process:
there is no way to take one out, and none is wanted.
"""

import ipaddress
import socket
import sys
from typing import Any


class NetworkIsClosed(RuntimeError):
    """A test tried to reach another machine."""


def close_network() -> None:
    """Refuse, from now on and for good, connections and look-ups that leave this machine."""
    sys.addaudithook(_guard)


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        sock, address = arguments[0], arguments[-1]
        if sock.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise NetworkIsClosed(f"{event} to {address!r}: tests reach this machine only")
    elif event == "socket.getaddrinfo":
        _guard_lookup(arguments[0])


def _guard_lookup(host: str | bytes | None) -> None:
    if host is None or _is_here(host):
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name.endswith(".invalid"):
        # RFC 2606 reserves the domain for names that do not exist: tests of "unknown host" use it.
        raise socket.gaierror(socket.EAI_NONAME, f"{name}: no such host (by RFC 2606)")
    raise NetworkIsClosed(f"look-up of {name!r}: tests reach this machine only")


def _is_here(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in ("", "localhost", "0.0.0.0", "::", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False
