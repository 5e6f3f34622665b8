"""Connections that know how far a call has come, and end with it.

Whether a request may have reached its vendor decides what becomes of it, so the connection itself notes when the first
byte is about to leave. And since timeouts of a socket start anew with every byte, a vendor that answers one byte a
second would hold a thread for ever: at the deadline the socket is shut down under whoever waits on it.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count
from threading import Condition, Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util import Url, create_urllib3_context

from vendors.public_addresses import is_public

CONNECT_SECONDS = 5.0
"""How long one address may take to accept a connection, and again for TLS."""


class Call:
    """One request on its way: its deadline, how far it came, and why it came no further.

    A context manager: it is over when that ends.
    """

    def __init__(self, seconds: float, deadlines: Deadlines, *, is_public: bool = False) -> None:
        self.is_public = is_public
        self.is_connected = False
        self.has_left = False
        self.is_late = False
        self.is_over = False
        self.trouble = ""
        self.ends = monotonic() + seconds
        self._deadlines = deadlines
        self._lock = Lock()
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        self._deadlines.watch(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:  # from here on the socket may be closed and its number be another call's
            self.is_over = True
            self._socket = None

    def remaining(self, most: float) -> float:
        """The seconds left, but at most `most`. Raises TimeoutError when there are none."""
        left = self.ends - monotonic()
        if self.is_late or left <= 0:
            raise TimeoutError("the call's deadline has passed")
        return min(left, most)

    def begin(self, connected: socket.socket) -> None:
        """Note that bytes are about to leave through `connected`. Raises TimeoutError if it is too late for that."""
        with self._lock:
            self.remaining(0)
            self._socket = connected
            self.has_left = True

    def cut(self) -> None:
        """End it, because its deadline has come; one that is over is left as it is."""
        with self._lock:
            if self.is_over:
                return
            self.is_late = True
            if self._socket is not None:
                with suppress(OSError):
                    # Not SSLSocket's own shutdown: it first forgets its cipher, and a thread that is just sending
                    # would go on in the clear.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Deadlines:
    """Cuts each call at its deadline: one thread for all, since a thread for each would cost as much as the call."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Call]] = []
        self._numbers = count()
        self._changed = Condition()
        self._thread: Thread | None = None
        self._is_closed = False

    def watch(self, call: Call) -> None:
        """Cut `call` at its deadline, unless it is over by then."""
        with self._changed:
            heappush(self._calls, (call.ends, next(self._numbers), call))
            if self._thread is None:
                self._thread = Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif self._calls[0][2] is call:
                self._changed.notify()

    def close(self) -> None:
        """End the thread. Calls that are still under way then have their sockets' timeouts alone."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def _run(self) -> None:
        while not self._is_closed:
            for call in self._due():
                call.cut()

    def _due(self) -> list[Call]:
        """Wait for the next deadline; the calls whose it is. Those that are over are forgotten on the way."""
        with self._changed:
            while self._calls and self._calls[0][2].is_over:
                heappop(self._calls)
            if not self._is_closed:
                self._changed.wait(self._calls[0][0] - monotonic() if self._calls else None)
            now = monotonic()
            due = []
            while self._calls and self._calls[0][0] <= now:
                due.append(heappop(self._calls)[2])
            return due


class Watched(HTTPConnection):
    """A connection that tells the call it is used for how far that has come."""

    call: Call

    def __del__(self) -> None:
        self.close()  # whoever kept it may be gone, a thread that has ended for one

    def _new_conn(self) -> socket.socket:
        try:
            made = _connect(self._dns_host, self.port, self.call)
        except (OSError, UnicodeError) as error:
            self.call.trouble = _in_words(error)
            raise NewConnectionError(self, self.call.trouble) from error
        self.call.is_connected = True
        return made

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        assert self.sock is not None
        self.call.begin(self.sock)
        super().send(data)


class _WatchedTLS(Watched, HTTPSConnection):
    """The same over TLS, which is agreed on in `connect`, before the first byte of the request."""


def connection_to(url: Url) -> Watched:
    """A connection that opens with what is first sent over it. Raises ValueError where there can be none."""
    if not url.host or url.auth:
        raise ValueError("an address has a host and no credentials")
    host = url.host.strip("[]")
    match url.scheme:
        case "http":
            return Watched(host, url.port)
        case "https":
            return _WatchedTLS(host, url.port, ssl_context=tls_context())
        case _:
            raise ValueError("an address is http or https")


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The context of every TLS connection: certificates and host names are checked."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.check_hostname = True
    context.load_verify_locations(certifi.where())
    return context


def _connect(host: str, port: int, call: Call) -> socket.socket:
    """Connect to the first address that answers; what is left of the call bounds each try."""
    problem: OSError = OSError("has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if call.is_public and not is_public(str(address[0])):
            problem = NotPublic()
            continue
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(call.remaining(CONNECT_SECONDS))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.connect(address)
            made.settimeout(call.remaining(CONNECT_SECONDS))
        except OSError as error:
            made.close()
            problem = error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise problem


class NotPublic(OSError):
    """its name leads into a private network"""


def _in_words(error: OSError | UnicodeError) -> str:
    match error:
        case NotPublic():
            return str(NotPublic.__doc__)
        case socket.gaierror() | UnicodeError():
            return "its name cannot be resolved"
        case TimeoutError():
            return "it did not accept a connection in time"
        case _:
            return f"no connection: {error.strerror or error}".lower()
