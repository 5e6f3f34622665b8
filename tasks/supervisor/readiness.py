"""How to tell that a service serves: small probes that answer at once, and never raise.

A probe is `() -> bool`, asked again and again until it says yes. `LineSeen` is for a service that opens nothing
one could ask but says in its log when it is ready.
"""

import http.client
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PROBE_SECONDS = 1.0

Probe = Callable[[], bool]


@dataclass(frozen=True)
class LineSeen:
    """Ready once a line of the service's own output contains `text`."""

    text: str


def free_port() -> int:
    """Find a TCP port nobody uses on this machine's loopback now; it is not reserved."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def http_ready(url: str) -> Probe:
    """Make a probe for an HTTP server: any answer below 500 means it serves, also 401 or 404."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def probe() -> bool:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PROBE_SECONDS)
        try:
            connection.request("GET", target)
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def unix_socket_ready(path: Path) -> Probe:
    """Make a probe for Valkey or Redis on a unix socket: it answers PING.

    While it loads its data it answers -LOADING, which is not ready.
    """

    def probe() -> bool:
        with socket.socket(socket.AF_UNIX) as sock:
            return _answers_ping(sock, str(path))

    return probe


def tcp_ready(port: int) -> Probe:
    """Make a probe for Valkey or Redis on a loopback port: it answers PING."""

    def probe() -> bool:
        with socket.socket() as sock:
            return _answers_ping(sock, ("127.0.0.1", port))

    return probe


def _answers_ping(sock: socket.socket, address: str | tuple[str, int]) -> bool:
    sock.settimeout(PROBE_SECONDS)
    try:
        sock.connect(address)
        sock.sendall(b"PING\r\n")
        return sock.recv(64).startswith(b"+PONG")
    except OSError:
        return False
