"""The front of the web process: takes each request in whole, within its time, before a thread is given to it.

It speaks RSGI, granian's own interface, in which a body is awaited: a sender that dribbles one holds up nobody.
Webhooks go straight to the door, past Flask's routing and request contexts, and need no thread at all. Flask knows the
same endpoints; all else at their addresses, and every other request, it answers in a thread.
"""

from __future__ import annotations

import asyncio
import io
import time
from asyncio import Future
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import structlog

from webhooks import answers
from webhooks.access_log import AccessLog
from webhooks.app import create_app
from webhooks.bodies import Sender, await_body
from webhooks.endpoints import UNKNOWN, Door
from webhooks.environ import environ_of
from webhooks.errors import BodyError
from webhooks.inbox import WAIT_SECONDS
from webhooks.services import Services
from workflows.errors import LedgerUnavailable
from workflows.ledger.arrivals import Arrival, Receipt
from workflows.ledger.inbox import Result

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment
    from granian.rsgi import Scope

PREFIX = "/webhooks/"
THREADS = 32
MOST_FORM_BYTES = 1 << 20
"""Of the body of what is no webhook."""

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")
Headers = list[tuple[str, str]]
Answer = tuple[int, Headers, bytes]
"""A status, headers and a body."""


class Exchange(Sender, Protocol):
    """An RSGI protocol: the body of a request, and its answer."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...


class Front:
    """The application a server is pointed at."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._door = Door(services)
        self._flask = create_app(services)
        self._access_log = AccessLog(services.settings.log_format)
        # Its threads start with the first work: a server may fork before.
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="front")
        self._results = Results()

    async def __rsgi__(self, scope: Scope, protocol: Exchange) -> None:
        """Answer one request."""
        begun = time.perf_counter()
        environ = environ_of(scope)
        visit = LoopVisit(environ, protocol, self._services, self._pool, self._results)
        try:
            address = address_of(environ)
            if address is None:
                protocol.response_bytes(*await self._pass_on(visit))
                return
            response = await self._door.receive(visit, *address)
        except BodyError as error:
            response = self._door.turn_away(environ, UNKNOWN, error)
        except Exception:
            # A bug of ours. The log line is what Sentry is told by as well.
            log.exception("a request could not be answered")
            response = answers.refusal(500, "internal_server_error", "this is a bug of ours, and it was recorded")
        self._access_log.write(environ, response.status_code, begun)
        pieces, status, headers = response.get_wsgi_response(environ)
        protocol.response_bytes(int(status[:3]), headers, b"".join(pieces))

    async def _pass_on(self, visit: LoopVisit) -> Answer:
        """Have Flask answer, once the body is there. Raises BodyError."""
        body = await visit.body(MOST_FORM_BYTES)
        return await visit.work(partial(_called, self._flask, {**visit.environ, "wsgi.input": io.BytesIO(body)}))


class LoopVisit:
    """A visit that waits without a thread."""

    def __init__(
        self,
        environ: WSGIEnvironment,
        protocol: Exchange,
        services: Services,
        pool: ThreadPoolExecutor,
        results: Results,
    ) -> None:
        self.environ = environ
        self._protocol = protocol
        self._services = services
        self._pool = pool
        self._results = results

    async def body(self, most_bytes: int) -> bytes:
        return await await_body(self.environ, self._protocol, most_bytes, self._services.settings.door.body_seconds)

    async def work(self, task: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, task)

    async def store(self, arrival: Arrival) -> Receipt:
        inbox = self._services.inbox
        result: Future[Result] = asyncio.get_running_loop().create_future()
        waiting = inbox.hand_over(arrival, partial(self._results.tell, result))
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                found = await result
        except TimeoutError:
            raise inbox.give_up(waiting) from None
        if isinstance(found, LedgerUnavailable):
            raise found
        return found


class Results:
    """What other threads found out for futures of a loop. It is woken once for all that came meanwhile."""

    def __init__(self) -> None:
        self._found: deque[tuple[Future[Result], Result]] = deque()
        self._is_woken = False

    def tell(self, future: Future[Result], result: Result) -> None:
        """Let `future` have its result, from any thread."""
        self._found.append((future, result))
        # It is taken back before the queue is emptied: if it stands now, what we have appended is seen.
        if not self._is_woken:
            self._is_woken = True
            future.get_loop().call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._is_woken = False
        while self._found:
            future, result = self._found.popleft()
            if not future.done():  # nobody waits for it any more
                future.set_result(result)


def address_of(environ: WSGIEnvironment) -> tuple[str, str | None] | None:
    """The source a webhook is for, and its token; None for what Flask should look at."""
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] != "POST" or not path.startswith(PREFIX):
        return None
    source, slash, token = path[len(PREFIX) :].partition("/")
    if not source or (slash and not token) or "/" in token or not path.isascii():
        return None
    return source, token or None


def _called(application: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """What a WSGI application answers."""
    begun: list[tuple[int, Headers]] = []

    def start(status: str, headers: Headers, *_: Any) -> Callable[[bytes], object]:
        begun.append((int(status[:3]), headers))
        return lambda data: None

    pieces = application(environ, start)
    try:
        body = b"".join(pieces)
    finally:
        getattr(pieces, "close", lambda: None)()
    return *begun[-1], body
