"""The endpoints: `POST /webhooks/<source>[/<token>]`, and whether the door is alive and ready.

What happens in a request: find the source, bound the body, verify, examine, store, answer. Nothing else.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, request

from webhooks import answers
from webhooks.bodies import read_body
from webhooks.errors import BodyError, SignatureError
from webhooks.examination import examine, is_quarantined, status_of
from webhooks.headers import headers_of
from webhooks.services import Services
from webhooks.signatures import Presented
from webhooks.sources import Greeting, Source
from workflows.errors import LedgerUnavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = structlog.stdlib.get_logger(__name__)

RULES = ("/webhooks/<source>", "/webhooks/<source>/<token>")

SOURCE = "stagedoor.source"
DELIVERY = "stagedoor.delivery"
"""Where a request's environment says which source it was for and which delivery it became: for the access log."""

UNKNOWN = "(unknown)"
"""Refusals at names that are no source are counted together: a name is whatever a stranger wrote."""


def make_blueprint(door: Door) -> Blueprint:
    """The endpoints as Flask knows them."""
    blueprint = Blueprint("door", __name__)

    def receive(source: str, token: str | None = None) -> Response:
        return door.receive(request.environ, source, token)

    for rule in RULES:
        blueprint.add_url_rule(
            rule, "receive", receive, methods=["POST"], provide_automatic_options=False, strict_slashes=True
        )
    blueprint.add_url_rule("/live", "live", lambda: answers.answer(200, {"status": "live"}))
    blueprint.add_url_rule("/ready", "ready", door.ready)
    return blueprint


class Door:
    """What stands behind the endpoints."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def receive(self, environ: WSGIEnvironment, name: str, token: str | None) -> Response:
        """Take one webhook in."""
        source = self._services.sources.get(name)
        environ[SOURCE] = source.name if source else UNKNOWN
        if source is None:
            self._count(environ, UNKNOWN, "unknown_source")
            return answers.refusal(404, "not_found", "there is no such source")
        try:
            body = read_body(environ)
        except BodyError as error:
            self._count(environ, source.name, error.code)
            return answers.refusal(error.status, error.code, str(error))
        return self._verify(environ, source, body, token)

    def ready(self) -> Response:
        """Whether webhooks can be stored now, as far as reading can tell."""
        try:
            self._services.check_ledger()
        except LedgerUnavailable as error:
            log.warning("not ready", reason=str(error))
            return answers.unavailable("the ledger cannot be read")
        return answers.answer(200, {"status": "ready"})

    def _verify(self, environ: WSGIEnvironment, source: Source, body: bytes, token: str | None) -> Response:
        if source.scheme is None:
            self._count(environ, source.name, "not_configured")
            return answers.unavailable("this source is not configured: its secret is not set")
        presented = Presented(body, headers_of(environ), token, environ.get("REMOTE_ADDR") or None)
        try:
            key_id = source.scheme.verify(presented, time.time())
        except SignatureError as error:
            self._count(environ, source.name, f"signature_{error.reason}", body)
            challenge = {"WWW-Authenticate": f"Webhook realm={source.name}"}
            return answers.refusal(401, "not_authentic", str(error), challenge)
        return self._store(environ, source, presented, key_id)

    def _store(self, environ: WSGIEnvironment, source: Source, presented: Presented, key_id: str) -> Response:
        arrival = examine(source, presented, key_id)
        if isinstance(arrival, Greeting):
            log.info("greeted", source=source.name)
            return answers.answer(200, arrival.answer)
        try:
            receipt = self._services.inbox.store(arrival)
        except LedgerUnavailable as error:
            log.error("not stored", source=source.name, reason=str(error))
            self._count(environ, source.name, "not_stored")
            return answers.unavailable("the ledger cannot be written now")
        environ[DELIVERY] = receipt.delivery_id
        return answers.stored(status_of(receipt), receipt, with_problems=not is_quarantined(receipt))

    def _count(self, environ: WSGIEnvironment, source: str, reason: str, body: bytes | None = None) -> None:
        """Count a refusal. Of the body only what tells it from others is kept: nobody knows whose data is in it."""
        sample: dict[str, object] = {"user_agent": environ.get("HTTP_USER_AGENT", "")[:200]}
        if body is not None:
            sample |= {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        self._services.refusals.count(source, reason, sample)
