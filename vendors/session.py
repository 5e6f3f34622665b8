"""The way out: one request over one connection, within its deadline, answered or not; never repeated here."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError
from urllib3.util import Url, parse_url

from vendors.answers import Answer, Silence
from vendors.connections import Call, Deadlines, Watched, connection_to

MOST_BYTES = 1_000_000
"""Of an answer's body; the largest documented one is a few kilobytes."""

_CHUNK = 16_384
_NETWORK_ERRORS = (OSError, HTTPError, HTTPException, ValueError)
"""What urllib3, http.client and ssl raise for whatever a network or a server does."""

_MORE_THAN_A_LINE = re.compile("[\r\n\0]")
"""What no header may hold; http.client lets a line that goes on with a blank pass."""


@dataclass(frozen=True)
class Outgoing:
    """A request complete with its credentials; `body` is the exact bytes. Not for showing.

    With `is_public` it goes to no address of a private network, whatever the name resolves to.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    is_public: bool = False


class VendorSession:
    """Sends requests. Each thread keeps a connection to each address open."""

    def __init__(self) -> None:
        self._kept = _Kept()
        self._deadlines = Deadlines()

    def exchange(self, outgoing: Outgoing, *, deadline_seconds: float, fresh_connection: bool) -> Answer | Silence:
        """Send `outgoing` once and read what comes back; returns at the deadline at the latest.

        Only resolving a name, which the system bounds by itself, may take longer; nothing is sent after it then.
        `fresh_connection`: never use one kept from an earlier call. The vendor may just be closing it, and for what
        cannot be repeated that would leave a doubt nobody needs.
        """
        response, body, unread = None, None, ""
        call = Call(deadline_seconds, self._deadlines, is_public=outgoing.is_public)
        try:
            url = parse_url(outgoing.url)
            with call, self._connection(url, fresh_connection) as connection:
                connection.call = call
                connection.timeout = deadline_seconds + 1  # in case the guard could not start in time
                response = _response(connection, url.request_uri, outgoing)
                body = _body(response)
        except _NETWORK_ERRORS as error:
            unread = _trouble(call, error, deadline_seconds)
        finally:
            if response is not None:
                response.close()
        if response is None:
            return Silence(call.has_left, unread)
        if call.is_late:  # an answer without a length looks complete when it is cut
            body, unread = None, f"its answer had not ended after {round(deadline_seconds, 1):g} s"
        return Answer(response.status, body, response.headers.get("Retry-After"), unread)

    def close(self) -> None:
        """Close every connection kept open, and end the thread that watches over calls."""
        self._deadlines.close()
        self._kept = _Kept()  # with the old one go the connections of all threads

    @contextmanager
    def _connection(self, url: Url, fresh: bool) -> Iterator[Watched]:
        """A connection for one call, kept when that went well."""
        kept = self._kept.connections
        address = (url.scheme, url.host, url.port)
        connection = kept.pop(address, None)
        if connection is None or fresh or not connection.is_connected:
            connection = connection_to(url)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        kept[address] = connection


class _Kept(threading.local):
    """The connections that a thread keeps open, by address."""

    def __init__(self) -> None:
        self.connections: dict[tuple[str | None, str | None, int | None], Watched] = {}


def _response(connection: Watched, target: str, outgoing: Outgoing) -> BaseHTTPResponse:
    """The answer to `outgoing`, up to its body. Raises ValueError where it makes no valid request."""
    headers = dict(outgoing.headers)
    if outgoing.body or outgoing.method != "GET":
        headers["Content-Length"] = str(len(outgoing.body or b""))
    if _MORE_THAN_A_LINE.search("".join(headers.values())):
        raise ValueError("a header of more than one line")
    try:
        connection.request(outgoing.method, target, outgoing.body, headers, preload_content=False)
    except ConnectionError:
        if not connection.call.has_left:
            raise
        # The vendor may have answered, and hung up, without reading to the end.
    return connection.getresponse()


def _body(response: BaseHTTPResponse) -> bytes:
    """The whole body, unpacked. Raises ValueError beyond MOST_BYTES."""
    parts, size = [], 0
    for part in response.stream(_CHUNK, decode_content=True):
        size += len(part)
        if size > MOST_BYTES:
            raise _TooLong
        parts.append(part)
    return b"".join(parts)


class _TooLong(ValueError):
    """its answer is longer than 1 MB"""


def _trouble(call: Call, error: Exception, deadline_seconds: float) -> str:
    """What went wrong, in words of our own: the libraries' may quote headers, and with them keys."""
    chain = list(_chain(error))
    if isinstance(error, _TooLong):
        return str(_TooLong.__doc__)
    if call.trouble:
        return call.trouble
    if call.is_late or any(isinstance(one, TimeoutError) for one in chain):
        return f"no answer within {round(deadline_seconds, 1):g} s" if call.has_left else "no connection in time"
    tls = next((one for one in chain if isinstance(one, ssl.SSLError)), None)
    if tls is not None:
        return f"TLS failed: {getattr(tls, 'verify_message', '') or tls.reason or 'connection closed'}"
    if not call.has_left:
        return "the connection was closed at once" if call.is_connected else "its address or key makes no valid request"
    if any(isinstance(one, ConnectionError) for one in chain):
        return "the connection was lost before the answer was complete"
    return "its answer is not HTTP or is incomplete"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
