"""Visits: one request at the door, and how it waits.

The door is written once, as a coroutine. The server's front lets a visit wait without a thread (`webhooks.front`); one
that comes by way of Flask keeps the thread it has.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from webhooks.bodies import read_body
from webhooks.inbox import Inbox
from workflows.ledger.arrivals import Arrival, Receipt

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

T = TypeVar("T")


class Visit(Protocol):
    """A request, with all it may have to wait for."""

    @property
    def environ(self) -> WSGIEnvironment:
        """Its headers and address, as WSGI has them."""

    async def body(self, most_bytes: int) -> bytes:
        """Its whole body. Raises BodyError when that is longer than `most_bytes`, breaks off or takes too long."""

    async def work(self, task: Callable[[], T]) -> T:
        """What takes long, or waits by itself."""

    async def store(self, arrival: Arrival) -> Receipt:
        """See `Inbox.store`."""


class ThreadVisit:
    """A visit that has a thread of its own, which does all the waiting."""

    def __init__(self, environ: WSGIEnvironment, inbox: Inbox) -> None:
        self.environ = environ
        self._inbox = inbox

    async def body(self, most_bytes: int) -> bytes:
        return read_body(self.environ, most_bytes)

    async def work(self, task: Callable[[], T]) -> T:
        return task()

    async def store(self, arrival: Arrival) -> Receipt:
        return self._inbox.store(arrival)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine whose visit has a thread: it is through without ever being suspended."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("a visit with a thread of its own was suspended")
