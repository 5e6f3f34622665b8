"""The sandbox as a server: which vendors and shops there are, one process, one port, until SIGTERM."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox import control, page
from sandbox.calls import Refusal, Vendor
from sandbox.constant_contact import ConstantContact
from sandbox.cymbal import Cymbal
from sandbox.eventbrite import EventbriteApi
from sandbox.evvnt import Evvnt
from sandbox.exchange import Exchange, plain_error
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.knobs import AdjustableVendor
from sandbox.partner_api import PartnerApi
from sandbox.postman import Postman
from sandbox.scheduler import Scheduler
from sandbox.settings import Settings
from sandbox.shops import BoxOffice, Eventbrite, Shop, Shopify, Stripe, TicketTailor, Universe
from sandbox.store import Store, StoreError
from sandbox.symphony import Symphony

MAX_BODY_BYTES = 8 * 1024 * 1024
IDLE_SECONDS = 60  # a client that says nothing for so long is gone


@dataclass(frozen=True)
class House:
    """One sandbox's parts: the application, and what goes on beside it."""

    app: Flask
    vendors: tuple[Vendor, ...]
    store: Store
    scheduler: Scheduler
    stopping: Event

    def stop(self) -> None:
        """End what goes on; what was not yet due stays in the store."""
        self.stopping.set()
        self.scheduler.stop()


def build(settings: Settings) -> House:
    """Put a sandbox together; raises StoreError. No thread runs before something is due."""
    app = Flask("sandbox", static_folder=None, template_folder=str(page.FOLDER))
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.url_map.merge_slashes = False
    app.register_error_handler(Refusal, control.refused)
    app.register_error_handler(HTTPException, plain_error)

    stopping, scheduler, faults = Event(), Scheduler(), Faults()
    store = Store(settings.data)
    journal, deliveries = Journal(store, "journal"), Journal(store, "deliveries")
    postman = Postman(
        store,
        deliveries,
        scheduler,
        stopping,
        retry_delays=settings.retry_delays,
        timeout=settings.delivery_timeout,
        clock=settings.clock,
    )
    symphony = Symphony(settings, store, scheduler, postman)
    vendors: tuple[Vendor, ...] = (
        symphony,
        Cymbal(settings, store),
        ConstantContact(settings, store, postman),
        Evvnt(settings, store),
        PartnerApi(settings, store),
        EventbriteApi(settings),
    )
    shops: tuple[Shop, ...] = (BoxOffice(), TicketTailor(), Eventbrite(), Universe(), Shopify(), Stripe())

    exchange = Exchange(store, journal, faults, stopping)
    for vendor in vendors:
        exchange.serve(app, vendor)
        control.serve_state(app, vendor, store)
        if isinstance(vendor, AdjustableVendor):
            control.serve_knobs(app, vendor)
    for shop in shops:
        control.serve_shop(app, shop, postman)
    control.serve_journal(app, "/_journal", journal, ("vendor", "operation", "method", "status", "processed"))
    control.serve_journal(app, "/_deliveries", deliveries, ("source", "event", "about", "url", "status", "attempt"))
    control.serve_faults(app, faults)
    control.serve_scenarios(app, symphony.lifecycle)
    page.serve(app, vendors, shops, journal, deliveries)
    postman.wake()
    symphony.lifecycle.wake()
    return House(app, vendors, store, scheduler, stopping)


def create_app(settings: Settings | None = None) -> Flask:
    """Make the WSGI application alone. Faults that drop connections need the sandbox's own server."""
    return build(settings or Settings()).app


class Running:
    """A sandbox that is being served, in threads of this process."""

    def __init__(self, house: House, server: BaseWSGIServer) -> None:
        self._house = house
        self._server = server
        self._thread = Thread(target=server.serve_forever, args=(0.05,), name="sandbox-server", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{self._server.host}:{self._server.port}"

    def addresses(self) -> str:
        """Say where each vendor is and what it asks of its callers, a line each."""
        return "\n".join(
            "  ".join((f"  {self.url}{vendor.prefix}", *(f"{k}: {v}" for k, v in vendor.credentials.items())))
            for vendor in self._house.vendors
        )

    def stop(self) -> None:
        """Stop taking calls, send nothing more, and wait for the server to end."""
        self._house.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._house.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(port: int = 0, host: str = "127.0.0.1", settings: Settings | None = None) -> Running:
    """Serve a sandbox from now on; port 0 takes a free one."""
    chosen = settings or Settings()
    house = build(chosen)
    handler = VerboseHandler if chosen.verbose else QuietHandler
    return Running(house, make_server(host, port, house.app, threaded=True, request_handler=handler))


class QuietHandler(WSGIRequestHandler):
    """Speaks HTTP/1.1, says nothing of it, and really closes a connection that was dropped."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS

    def connection_dropped(self, error: BaseException, environ: object = None) -> None:
        self.close_connection = True

    def log(self, type: str, message: str, *args: object) -> None:
        """Keep still: requests stand in the journal."""


class VerboseHandler(QuietHandler):
    """Writes one JSON line a request to stderr."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        path = self.path.partition("?")[0]
        line = {"event": "sandbox.request", "method": self.command, "path": path, "status": code}
        print(json.dumps(line, default=str), file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; the first line on stdout ends in the address."""
    parser = argparse.ArgumentParser(prog="sandbox", description="stand-in vendors for Stagedoor")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--data", type=Path, metavar="FILE", help="keep everything in this file over restarts")
    parser.add_argument(
        "--verbose", action="store_true", help="say what is where, and of each request a line on stderr"
    )
    chosen = parser.parse_args(arguments)
    told_to_stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    try:
        running = start(chosen.port, chosen.host, Settings(data=chosen.data, verbose=chosen.verbose))
    except StoreError as error:
        parser.error(str(error))
    with running:
        print(f"sandbox ready at {running.url}", flush=True)
        if chosen.verbose:
            print(running.addresses(), flush=True)
        told_to_stop.wait()
    return 0
