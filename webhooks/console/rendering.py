"""Rendering: how a page of the console is made, and what its templates may call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from flask import current_app, g, render_template, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from webhooks.console import access, words
from workflows.ledger.database import Database
from workflows.redaction import redact
from workflows.runtime.rules import Rules

Answer = AnyResponse | str | tuple[str, int]

WORDS = ("tone", "word", "span", "relative", "exact", "short", "clean", "pretty", "value")


class Services(Protocol):
    """What the console needs of the application's services."""

    @property
    def database(self) -> Database: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def settings(self) -> access.Lock: ...


def services() -> Services:
    """The application's services."""
    found: Services = current_app.extensions["stagedoor"]
    return found


def visitor() -> access.Visitor | None:
    """Who looks; None: nobody who may."""
    if "visitor" not in g:
        g.visitor = access.visitor(request, services().settings)
    found: access.Visitor | None = g.visitor
    return found


def page(
    name: str,
    gather: Callable[[Connection, datetime], dict[str, Any]],
    work_out: Callable[[dict[str, Any]], dict[str, Any]] = lambda found: {},
) -> str:
    """Gather in one transaction, so that a page does not contradict itself, then work out and render without it."""
    database = services().database
    with database.read() as connection:
        now = database.now(connection)
        found = gather(connection, now)
    return render_template(f"console/{name}.html", now=now, **found, **work_out(found))


def render(status: int, name: str, **values: Any) -> tuple[str, int]:
    """A page that needs no ledger."""
    return render_template(f"console/{name}.html", **values), status


def template_names() -> dict[str, Any]:
    """What every template of the console may call."""
    return {
        "can_sign_in": access.can_sign_in(services().settings),
        "visitor": visitor(),
        "redact": redact,
        **{name: getattr(words, name) for name in WORDS},
    }
