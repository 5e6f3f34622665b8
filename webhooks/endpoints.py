"""The endpoints: `POST /webhooks/<source>[/<token>]`, and whether the door is alive and ready.

What happens in a request: find the source, read the body within its bounds, verify, examine, store, answer. Nothing
else.
"""

from __future__ import annotations

import hashlib
import time
from functools import partial
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, request

from webhooks import answers
from webhooks.errors import BodyError, LimitError, SignatureError
from webhooks.examination import examine, is_quarantined, status_of
from webhooks.headers import headers_of
from webhooks.inbox import Inbox
from webhooks.services import Services
from webhooks.signatures import Headers, Presented
from webhooks.sources import Greeting, Source
from webhooks.visits import ThreadVisit, Visit, run
from workflows.errors import LedgerUnavailable
from workflows.ledger.arrivals import Arrival

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = structlog.stdlib.get_logger(__name__)

RULES = ("/webhooks/<source>", "/webhooks/<source>/<token>")

SOURCE = "stagedoor.source"
DELIVERY = "stagedoor.delivery"
"""Where a request's environment says which source it was for and which delivery it became: for the access log."""

UNKNOWN = "(unknown)"
"""Refusals at names that are no source are counted together: a name is whatever a stranger wrote."""

QUICK_BYTES = 64 * 1024
"""A body up to this size is examined where it was read; a larger one, where it holds up nobody."""


def make_blueprint(door: Door, inbox: Inbox) -> Blueprint:
    """The endpoints as Flask knows them."""
    blueprint = Blueprint("door", __name__)

    def receive(source: str, token: str | None = None) -> Response:
        return run(door.receive(ThreadVisit(request.environ, inbox), source, token))

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

    async def receive(self, visit: Visit, name: str, token: str | None) -> Response:
        """Take one webhook in."""
        source = self._services.sources.get(name)
        visit.environ[SOURCE] = source.name if source else UNKNOWN
        if source is None:
            self._count(visit.environ, UNKNOWN, "unknown_source")
            return answers.refusal(404, "not_found", "there is no such source")
        try:
            return await self._admit(visit, source, token)
        except (LimitError, BodyError) as error:
            return self.turn_away(visit.environ, source.name, error)

    def turn_away(self, environ: WSGIEnvironment, source: str, error: LimitError | BodyError) -> Response:
        """Count a request that is not taken, and say why."""
        self._count(environ, source, error.code)
        if isinstance(error, LimitError):
            return answers.limited(error)
        return answers.refusal(error.status, error.code, str(error))

    def ready(self) -> Response:
        """Whether webhooks can be stored now and are taken in, as far as looking can tell."""
        problems = self._services.readiness.problems()
        if not problems:
            return answers.answer(200, {"status": "ready"})
        log.warning("not ready", reasons=[problem.message for problem in problems])
        return answers.not_ready(problems)

    async def _admit(self, visit: Visit, source: Source, token: str | None) -> Response:
        """Let in what keeps within the limits. Raises LimitError or BodyError."""
        rates, places = self._services.rates, self._services.places
        # Known without a look at the request: a flood is turned away before it costs anything.
        _require_rate(source, rates.refused_for(source.name))
        headers = headers_of(visit.environ)
        _require_short(headers, self._services.settings.door.header_bytes)
        body = await visit.body(source.admission.body_bytes)
        # Only now, so that a sender who dribbles takes up no place of others.
        if not places.enter(source.name):
            raise LimitError(429, "crowded", "too many webhooks at a time", retry_seconds=1)
        try:
            presented = Presented(body, headers, token, visit.environ.get("REMOTE_ADDR") or None)
            judge = partial(self._judge, visit.environ, source, presented)
            verdict = await visit.work(judge) if _takes_long(source, presented) else judge()
            return await self._store(visit, source, verdict) if isinstance(verdict, Arrival) else verdict
        finally:
            places.leave(source.name)

    def _judge(self, environ: WSGIEnvironment, source: Source, presented: Presented) -> Arrival | Response:
        """What there is to store of a request, or how it is answered without. Raises LimitError."""
        if source.scheme is None:
            self._count(environ, source.name, "not_configured")
            return answers.unavailable("this source is not configured: its secret is not set")
        if source.preset.carries_secret and not self._services.database.vault.first:
            self._count(environ, source.name, "not_configured")
            return answers.unavailable("this source is not configured: its bodies must be sealed and there is no key")
        try:
            key_id = source.scheme.verify(presented, time.time())
        except SignatureError as error:
            self._count(environ, source.name, f"signature_{error.reason}", presented.body)
            challenge = {"WWW-Authenticate": f"Webhook realm={source.name}"}
            return answers.refusal(401, "not_authentic", str(error), challenge)
        # Only now, so that whoever is not the source cannot use up what it may send.
        _require_rate(source, self._services.rates.take(source.name))
        arrival = examine(source, presented, key_id)
        if isinstance(arrival, Greeting):
            log.info("greeted", source=source.name)
            return answers.answer(200, arrival.answer)
        return self._services.database.vault.seal(arrival)

    async def _store(self, visit: Visit, source: Source, arrival: Arrival) -> Response:
        try:
            receipt = await visit.store(arrival)
        except LedgerUnavailable as error:
            log.error("not stored", source=source.name, reason=str(error))
            self._count(visit.environ, source.name, "not_stored")
            return answers.unavailable("the ledger cannot be written now")
        visit.environ[DELIVERY] = receipt.delivery_id
        return answers.stored(status_of(receipt), receipt, with_problems=not is_quarantined(receipt))

    def _count(self, environ: WSGIEnvironment, source: str, reason: str, body: bytes | None = None) -> None:
        """Count a refusal. Of the body only what tells it from others is kept: nobody knows whose data is in it."""
        sample: dict[str, object] = {"user_agent": environ.get("HTTP_USER_AGENT", "")[:200]}
        if body is not None:
            sample |= {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        self._services.refusals.count(source, reason, sample)


def _require_rate(source: Source, wait_seconds: float) -> None:
    """Raises LimitError where the source has to wait."""
    if wait_seconds > 0:
        rate = source.admission.rate
        of_rate = "" if rate is None else f": {rate.count} in {rate.seconds} s"
        raise LimitError(429, "rate", f"more than this source may send{of_rate}", wait_seconds)


def _require_short(headers: Headers, most_bytes: int) -> None:
    """Raises LimitError where the headers are longer than is taken."""
    if sum(map(len, headers)) + sum(map(len, headers.values())) > most_bytes:
        raise LimitError(431, "headers_too_large", f"the headers are larger than {most_bytes} bytes")


def _takes_long(source: Source, presented: Presented) -> bool:
    """Whether judging a request may take more than a moment: it is large, may unpack to much, or waits for its rate."""
    is_packed = "content-encoding" in presented.headers
    return is_packed or len(presented.body) > QUICK_BYTES or source.admission.rate is not None
