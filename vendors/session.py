"""The way out: one request over one connection, within its deadline, answered or not; never repeated here."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from weakref import WeakSet

import requests
from urllib3.exceptions import HTTPError

from vendors.answers import Answer, Silence
from vendors.connections import CONNECT_SECONDS, Call, Deadlines, WatchedAdapter

MOST_BYTES = 1_000_000
"""Of an answer's body; the largest documented one is a few kilobytes."""

_CHUNK = 16_384
_NETWORK_ERRORS = (OSError, HTTPError, HTTPException, ValueError)
"""What requests, urllib3, http.client and ssl raise for whatever a network or a server does."""


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
    """Sends requests, over one `requests.Session` for each thread."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._made: WeakSet[requests.Session] = WeakSet()
        self._deadlines = Deadlines()

    def exchange(self, outgoing: Outgoing, *, deadline_seconds: float, fresh_connection: bool) -> Answer | Silence:
        """Send `outgoing` once and read what comes back; returns at the deadline at the latest.

        Only resolving a name, which the system bounds by itself, may take longer; nothing is sent after it then.
        `fresh_connection`: never use one kept from an earlier call. The vendor may just be closing it, and for what
        cannot be repeated that would leave a doubt nobody needs.
        """
        session = self._session()
        response, body, unread = None, None, ""
        call = Call(deadline_seconds, self._deadlines, is_public=outgoing.is_public)
        try:
            with call:
                if fresh_connection:
                    session.get_adapter(outgoing.url).close()
                response = session.send(
                    _prepared(outgoing),
                    stream=True,
                    allow_redirects=False,
                    timeout=(CONNECT_SECONDS, deadline_seconds + 1),  # in case the guard could not start in time
                )
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
        return Answer(response.status_code, body, response.headers.get("Retry-After"), unread)

    def close(self) -> None:
        """Close every connection kept open, and end the thread that watches over calls."""
        self._deadlines.close()
        for session in list(self._made):
            session.close()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _Direct()
            self._made.add(session)
        return session


class _Direct(requests.Session):
    """A session that takes nothing from the environment, keeps no cookies and follows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.mount(scheme, WatchedAdapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say there is nowhere to go: requests would read a redirect's whole body just to know where it led."""


def _prepared(outgoing: Outgoing) -> requests.PreparedRequest:
    return requests.Request(outgoing.method, outgoing.url, dict(outgoing.headers), data=outgoing.body).prepare()


def _body(response: requests.Response) -> bytes:
    """The whole body, unpacked. Raises ValueError beyond MOST_BYTES."""
    parts, size = [], 0
    for part in response.raw.stream(_CHUNK, decode_content=True):
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
