"""The pages, and the blueprint that has them all."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection

from webhooks.console import access
from webhooks.console.deciding import add_rules
from webhooks.console.graph import draw_graph
from webhooks.console.rendering import Answer, page, render, services, template_names, visitor
from webhooks.console.timeline import draw
from webhooks.errors import PayloadError
from webhooks.unpacking import unpack
from workflows.errors import LedgerUnavailable, NotFound
from workflows.ledger import details, drift, listing
from workflows.ledger.chronicle import chronicle
from workflows.ledger.explanation import explain_run
from workflows.ledger.waiting import waiting, waiting_of_effect
from workflows.runtime.approvals import questions
from workflows.runtime.drift import readers
from workflows.runtime.explaining import explain_event
from workflows.settings.admission import MOST_BODY_BYTES

EFFECTS, RUNS, DELIVERIES, REFUSALS = 12, 10, 10, 5
"""How many lines of each the first page shows."""

WAITING = 30
QUESTIONS = 20
REJECTED = 100
OPEN_TO_ALL = frozenset({"console.static", "console.login", "console.decide"})
"""Pages that need no visitor; a link to decide is a proof of its own."""


def home() -> Answer:
    """What waits and why, then the latest of everything."""

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        found = [item for item in waiting(connection, now) if item.kind != "approval"]
        return {
            "questions": questions(connection, now, QUESTIONS),
            "waiting": found[:WAITING],
            "more_waiting": max(len(found) - WAITING, 0),
            "counts": listing.counts(connection, now),
            "effects": listing.effects(connection, limit=EFFECTS),
            "runs": listing.runs(connection, limit=RUNS),
            "deliveries": listing.deliveries(connection, limit=DELIVERIES),
            "refusals": listing.refusals(connection, limit=REFUSALS),
        }

    return page("home", gather)


def run(run_id: str) -> Answer:
    """One run as a picture and step by step."""

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        told = explain_run(connection, run_id, now)
        return {"told": told, "run": told.run.line, "timeline": draw(told)}

    return page("run", gather, lambda found: {"graph": draw_graph(found["told"].run)})


def event(event_id: str) -> Answer:
    """One event: what it carried, and what became of it with every workflow that listens to its type."""

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        return {"told": explain_event(connection, services().rules, event_id, now)}

    return page("event", gather)


def subject() -> Answer:
    """Everything about one subject or one person, in order."""
    asked = request.args.get("about", "")

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        return {"told": chronicle(connection, asked, now)}

    return page("subject", gather)


def effect(effect_id: str) -> Answer:
    """One vendor call: what is sent, what came back, every attempt."""

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        found = details.effect(connection, effect_id)
        return {"effect": found, "line": found.line, "waiting": waiting_of_effect(connection, effect_id, now)}

    return page("effect", gather)


def delivery(delivery_id: str) -> Answer:
    """One delivery: the verdict, what it carried and what it started."""

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        found = details.delivery(connection, delivery_id)
        return {"delivery": found, "line": found.line, "body": _unpacked(found)}

    return page("delivery", gather)


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

    return page("rejected", gather)


def drifts() -> Answer:
    """What in the sources' payloads is not as it was, and who reads it."""
    rules = services().rules

    def gather(connection: Connection, now: datetime) -> dict[str, Any]:
        definitions = rules.in_force(connection).definitions
        return {"drifts": [(item, readers(item, definitions)) for item in drift.listed(connection)]}

    return page("drifts", gather)


def login() -> Answer:
    """Ask for a token; a right one is remembered in a cookie."""
    known, lock = visitor(), services().settings
    if not access.can_sign_in(lock) or (known is not None and known.is_signed_in):
        return redirect(url_for("console.home"), 303)
    if request.method == "GET":
        return render_template("console/login.html")
    response = make_response(redirect(url_for("console.home"), 303))
    return response if access.sign_in(request, response, lock) else render(401, "login", wrong=True)


def logout() -> Answer:
    """Forget the token."""
    response = make_response(redirect(url_for("console.login"), 303))
    access.sign_out(response)
    return response


def _guard() -> Answer | None:
    if request.endpoint in OPEN_TO_ALL or visitor() is not None:
        return None
    if not access.can_sign_in(services().settings):
        return render(
            403, "message", title="Not from here", text="The console answers on this machine only.", only_here=True
        )
    if "Authorization" in request.headers or request.method != "GET":
        return render(401, "message", title="Not this token", text="The console needs a token that it knows.")
    return redirect(url_for("console.login"), 303)


def _not_found(error: NotFound) -> Answer:
    return render(404, "message", title="Not here", text=f"{str(error)[:1].upper()}{str(error)[1:]}.")


def _unavailable(error: LedgerUnavailable) -> Answer:
    return render(
        503,
        "message",
        title="No ledger",
        text="The ledger is not available now. Nothing is lost: look again soon.",
        again=True,
    )


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
    made.add_url_rule("/events/<event_id>", "event", event)
    made.add_url_rule("/subjects", "subject", subject)
    made.add_url_rule("/effects/<effect_id>", "effect", effect)
    made.add_url_rule("/deliveries/<delivery_id>", "delivery", delivery)
    made.add_url_rule("/drift", "drifts", drifts)
    made.add_url_rule("/rejected", "rejected", rejected)
    made.add_url_rule("/login", "login", login, methods=["GET", "POST"])
    made.add_url_rule("/logout", "logout", logout, methods=["POST"])
    add_rules(made)
    made.before_request(_guard)
    made.after_request(access.protect)
    made.context_processor(template_names)
    made.register_error_handler(NotFound, _not_found)
    made.register_error_handler(LedgerUnavailable, _unavailable)
    return made


blueprint = _make_blueprint()
