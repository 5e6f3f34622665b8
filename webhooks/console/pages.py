"""The pages, and the blueprint that has them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from webhooks.console import access, words
from webhooks.console.graph import draw_graph
from webhooks.console.timeline import draw
from webhooks.errors import PayloadError
from webhooks.unpacking import unpack
from workflows.catalogue import Catalogue
from workflows.errors import LedgerUnavailable, NotFound
from workflows.ledger import details, drift, listing
from workflows.ledger.database import Database
from workflows.ledger.explanation import explain_run
from workflows.ledger.waiting import waiting, waiting_of_effect
from workflows.redaction import redact
from workflows.runtime.drift import readers
from workflows.runtime.rules import Rules
from workflows.settings.admission import MOST_BODY_BYTES

EFFECTS, RUNS, DELIVERIES, REFUSALS = 12, 10, 10, 5
"""How many lines of each the first page shows."""

WAITING = 30
REJECTED = 100
OPEN_TO_ALL = frozenset({"console.static", "console.login"})

Answer = AnyResponse | str | tuple[str, int]


class Services(Protocol):
    """What the console needs of the application's services."""

    @property
    def database(self) -> Database: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def settings(self) -> access.Lock: ...


def home() -> Answer:
    """What waits and why, then the latest of everything."""

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        found = waiting(connection, now)
        return {
            "waiting": found[:WAITING],
            "more_waiting": max(len(found) - WAITING, 0),
            "counts": listing.counts(connection, now),
            "effects": listing.effects(connection, limit=EFFECTS),
            "runs": listing.runs(connection, limit=RUNS),
            "deliveries": listing.deliveries(connection, limit=DELIVERIES),
            "refusals": listing.refusals(connection, limit=REFUSALS),
        }

    return _page("home", gather)


def run(run_id: str) -> Answer:
    """One run as a picture and step by step."""

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        told = explain_run(connection, run_id, now)
        return {"told": told, "run": told.run.line, "timeline": draw(told)}

    return _page("run", gather, lambda found: {"graph": draw_graph(found["told"].run)})


def effect(effect_id: str) -> Answer:
    """One vendor call: what is sent, what came back, every attempt."""

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        found = details.effect(connection, effect_id)
        return {"effect": found, "line": found.line, "waiting": waiting_of_effect(connection, effect_id, now)}

    return _page("effect", gather)


def delivery(delivery_id: str) -> Answer:
    """One delivery: the verdict, what it carried and what it started."""

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        found = details.delivery(connection, delivery_id)
        return {"delivery": found, "line": found.line, "body": _unpacked(found)}

    return _page("delivery", gather)


def _unpacked(delivery: details.DeliveryDetail) -> bytes:
    """The body as people read it, as far as it can be."""
    try:
        return unpack(delivery.body, str(delivery.headers.get("content-encoding", "")), MOST_BODY_BYTES)
    except PayloadError:
        return delivery.body


def rejected() -> Answer:
    """What was not taken in or is not believed yet, why, and how to have it examined again."""

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        states = ("rejected", "quarantined")
        found = {state: listing.deliveries(connection, state=state, limit=REJECTED + 1) for state in states}
        return {"found": found, "most": REJECTED}

    return _page("rejected", gather)


def drifts() -> Answer:
    """What in the sources' payloads is not as it was, and who reads it."""
    rules = Rules(_services().catalogue)

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        definitions = rules.in_force(connection).definitions
        return {"drifts": [(item, readers(item, definitions)) for item in drift.listed(connection)]}

    return _page("drifts", gather)


def login() -> Answer:
    """Ask for the token; a right one is remembered in a cookie."""
    token = _services().settings.console_token
    if token is None or access.may_look(request, token):
        return redirect(url_for("console.home"), 303)
    if request.method == "GET":
        return render_template("console/login.html")
    response = make_response(redirect(url_for("console.home"), 303))
    return response if access.sign_in(request, response, token) else _render(401, "login", wrong=True)


def logout() -> Answer:
    """Forget the token."""
    response = make_response(redirect(url_for("console.login"), 303))
    access.sign_out(response)
    return response


def _guard() -> Answer | None:
    token = _services().settings.console_token
    if request.endpoint in OPEN_TO_ALL or access.may_look(request, token):
        return None
    if token is None:
        return _render(
            403, "message", title="Not from here", text="The console answers on this machine only.", only_here=True
        )
    if "Authorization" in request.headers or request.method != "GET":
        return _render(401, "message", title="Not this token", text="The console needs the token it was started with.")
    return redirect(url_for("console.login"), 303)


def _page(
    name: str,
    gather: Callable[[Connection, datetime], dict[str, Any]],
    work_out: Callable[[dict[str, Any]], dict[str, Any]] = lambda found: {},
) -> str:
    """Gather in one transaction, so that a page does not contradict itself, then work out and render without it."""
    database = _services().database
    with database.read() as connection:
        now = database.now(connection)
        found = gather(connection, now)
    return render_template(f"console/{name}.html", now=now, **found, **work_out(found))


def _not_found(error: NotFound) -> Answer:
    return _render(404, "message", title="Not here", text=f"{str(error)[:1].upper()}{str(error)[1:]}.")


def _unavailable(error: LedgerUnavailable) -> Answer:
    return _render(
        503,
        "message",
        title="No ledger",
        text="The ledger is not available now. Nothing is lost: look again soon.",
        again=True,
    )


def _render(status: int, name: str, **values: Any) -> tuple[str, int]:
    return render_template(f"console/{name}.html", **values), status


def _services() -> Services:
    services: Services = current_app.extensions["stagedoor"]
    return services


def _words() -> dict[str, Any]:
    """What every template of the console may call."""
    has_token = _services().settings.console_token is not None
    names = ("tone", "word", "span", "relative", "exact", "short", "clean", "pretty")
    return {"has_token": has_token, "redact": redact, **{name: getattr(words, name) for name in names}}


def _make_blueprint() -> Blueprint:
    made = Blueprint(
        "console",
        __name__,
        root_path=str(Path(__file__).parent),
        static_folder="static",
        static_url_path="/console",
        template_folder="templates",
    )
    made.add_url_rule("/", "home", home)
    made.add_url_rule("/runs/<run_id>", "run", run)
    made.add_url_rule("/effects/<effect_id>", "effect", effect)
    made.add_url_rule("/deliveries/<delivery_id>", "delivery", delivery)
    made.add_url_rule("/drift", "drifts", drifts)
    made.add_url_rule("/rejected", "rejected", rejected)
    made.add_url_rule("/login", "login", login, methods=["GET", "POST"])
    made.add_url_rule("/logout", "logout", logout, methods=["POST"])
    made.before_request(_guard)
    made.after_request(access.protect)
    made.context_processor(_words)
    made.register_error_handler(NotFound, _not_found)
    made.register_error_handler(LedgerUnavailable, _unavailable)
    return made


blueprint = _make_blueprint()
