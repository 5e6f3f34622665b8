"""The servers the ingest benchmark compares. All are the web process as it is, but for how it stores.

A server is pointed at `ceiling` or `per_request` as it is at `webhooks.wsgi:app`; they are made when first asked for.
"""

import dataclasses
import os
import threading
from typing import Any, cast

from flask import Flask

from webhooks.app import create_app
from webhooks.inbox import Inbox
from webhooks.services import open_services
from workflows.errors import LedgerUnavailable
from workflows.ledger.arrivals import Arrival, Receipt
from workflows.ledger.inbox import InboxWriter
from workflows.logs import configure
from workflows.settings import read_settings


class NothingStored:
    """Everything but storing: the ceiling of this server on this machine."""

    def store(self, arrival: Arrival) -> Receipt:
        return Receipt(arrival.id)


class CommitPerRequest:
    """What most do: each request commits for itself, over a connection of its thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._of_thread = threading.local()

    def store(self, arrival: Arrival) -> Receipt:
        if not hasattr(self._of_thread, "writer"):
            self._of_thread.writer = InboxWriter(self._url)
        with self._of_thread.writer.turn():
            (result,) = self._of_thread.writer.store([arrival])
        self._of_thread.writer.flush()
        if isinstance(result, LedgerUnavailable):
            raise result
        return result


def _app(name: str) -> Flask:
    settings = read_settings(os.environ)
    configure(settings.log_format)
    services = open_services(settings)
    stores: dict[str, Any] = {"ceiling": NothingStored(), "per_request": CommitPerRequest(settings.database_url)}
    return create_app(dataclasses.replace(services, inbox=cast(Inbox, stores[name])))


def __getattr__(name: str) -> Flask:
    if name not in ("ceiling", "per_request"):
        raise AttributeError(name)
    return _app(name)
