"""The endpoints: `POST /webhooks/<source>[/<token>]`, and whether the door is alive and ready.

What happens in a request: bound the body, find the source, verify, examine, store, answer. Nothing else.
"""

from __future__ import annotations

import hashlib
import time

import structlog
from flask import Blueprint, Response, g, request

from webhooks import answers
from webhooks.bodies import read_body
from webhooks.errors import BodyError, SignatureError
from webhooks.examination import examine, status_of
from webhooks.headers import headers_of
from webhooks.services import Services
from webhooks.signatures import Headers
from webhooks.sources import Source
from workflows.errors import LedgerUnavailable

log = structlog.stdlib.get_logger(__name__)

UNKNOWN = "(unknown)"
"""Refusals at names that are no source are counted together: a name is whatever a stranger wrote."""


def make_blueprint(services: Services) -> Blueprint:
    """The endpoints, speaking for `services`."""
    door = Door(services)
    blueprint = Blueprint("door", __name__)
    for rule in ("/webhooks/<source>", "/webhooks/<source>/<token>"):
        blueprint.add_url_rule(
            rule, "receive", door.receive, methods=["POST"], provide_automatic_options=False, strict_slashes=True
        )
    blueprint.add_url_rule("/live", "live", lambda: answers.answer(200, {"status": "live"}))
    blueprint.add_url_rule("/ready", "ready", door.ready)
    return blueprint


class Door:
    """What stands behind the endpoints."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def receive(self, source: str, token: str | None = None) -> Response:
        """Take one webhook in."""
        known = self._services.sources.get(source)
        if known is None:
            self._count(UNKNOWN, "unknown_source")
            return answers.refusal(404, "not_found", "there is no such source")
        g.source = known.name
        try:
            body = read_body(request.environ)
        except BodyError as error:
            self._count(source, error.code)
            return answers.refusal(error.status, error.code, str(error))
        return self._verify(known, body, headers_of(request.environ), token)

    def ready(self) -> Response:
        """Whether webhooks can be stored now, as far as reading can tell."""
        try:
            self._services.check_ledger()
        except LedgerUnavailable as error:
            log.warning("not ready", reason=str(error))
            return answers.unavailable("the ledger cannot be read")
        return answers.answer(200, {"status": "ready"})

    def _verify(self, source: Source, body: bytes, headers: Headers, token: str | None) -> Response:
        if source.scheme is None:
            self._count(source.name, "not_configured")
            return answers.unavailable("this source is not configured: its secret is not set")
        try:
            source.scheme.verify(body, headers, token, time.time())
        except SignatureError as error:
            self._count(source.name, f"signature_{error.reason}", body)
            return answers.refusal(
                401, "not_authentic", str(error), {"WWW-Authenticate": f"Webhook realm={source.name}"}
            )
        return self._store(source, body, headers)

    def _store(self, source: Source, body: bytes, headers: Headers) -> Response:
        arrival = examine(source, body, headers)
        try:
            receipt = self._services.inbox.store(arrival)
        except LedgerUnavailable as error:
            log.error("not stored", source=source.name, reason=str(error))
            self._count(source.name, "not_stored")
            return answers.unavailable("the ledger cannot be written now")
        g.delivery_id = receipt.delivery_id
        return answers.stored(status_of(receipt), receipt.delivery_id, receipt.problems)

    def _count(self, source: str, reason: str, body: bytes | None = None) -> None:
        """Count a refusal. Of the body only what tells it from others is kept: nobody knows whose data is in it."""
        sample: dict[str, object] = {"user_agent": (request.user_agent.string or "")[:200]}
        if body is not None:
            sample |= {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        self._services.refusals.count(source, reason, sample)
