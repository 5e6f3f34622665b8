"""The servers the ingest benchmark compares. All are the web process as it is, but for how it stores.

A server is pointed at `ceiling` or `per_request` as it is at `webhooks.rsgi:app`; they are made when first asked for.
"""

import dataclasses
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from webhooks.front import THREADS, Front
from webhooks.inbox import Inbox, Waiting
from webhooks.services import open_services
from workflows.ledger.arrivals import Arrival, Receipt
from workflows.ledger.inbox import InboxWriter, Result
from workflows.logs import configure
from workflows.settings import read_settings


class NothingStored:
    """Everything but storing: the ceiling of this server on this machine."""

    def hand_over(self, arrival: Arrival, tell: Callable[[Result], None]) -> Waiting:
        tell(Receipt(arrival.id))
        return Waiting(arrival, tell)


class CommitPerRequest:
    """What most do: each request commits for itself, over a connection of the thread that it is given."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._of_thread = threading.local()
        self._pool = ThreadPoolExecutor(THREADS)

    def hand_over(self, arrival: Arrival, tell: Callable[[Result], None]) -> Waiting:
        self._pool.submit(self._store, arrival, tell)
        return Waiting(arrival, tell)

    def _store(self, arrival: Arrival, tell: Callable[[Result], None]) -> None:
        if not hasattr(self._of_thread, "writer"):
            self._of_thread.writer = InboxWriter(self._url)
        with self._of_thread.writer.turn():
            (result,) = self._of_thread.writer.store([arrival])
        self._of_thread.writer.flush()
        tell(result)


def _app(name: str) -> Front:
    settings = read_settings(os.environ)
    configure(settings.log_format)
    services = open_services(settings)
    stores: dict[str, Any] = {"ceiling": NothingStored(), "per_request": CommitPerRequest(settings.database_url)}
    return Front(dataclasses.replace(services, inbox=cast(Inbox, stores[name])))


def __getattr__(name: str) -> Front:
    if name not in ("ceiling", "per_request"):
        raise AttributeError(name)
    return _app(name)
