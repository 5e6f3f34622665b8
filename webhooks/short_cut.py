"""The short cut for webhooks: straight to the door, past Flask's routing and request contexts.

Flask knows the same endpoints and answers all else at their addresses. What it does around a view is worth having for
pages; of a webhook it would be a quarter of all work.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog

from webhooks import answers
from webhooks.endpoints import Door

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/webhooks/"

log = structlog.stdlib.get_logger(__name__)


class ShortCut:
    """Hands webhooks to `door`, and every other request on to `application`."""

    def __init__(self, application: WSGIApplication, door: Door) -> None:
        self._application = application
        self._door = door

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "POST" or not path.startswith(PREFIX):
            return self._application(environ, start_response)
        source, slash, token = path[len(PREFIX) :].partition("/")
        if not source or (slash and not token) or "/" in token or not path.isascii():
            return self._application(environ, start_response)
        try:
            response = self._door.receive(environ, source, token or None)
        except Exception:
            # A bug of ours. The log line is what Sentry is told by as well.
            log.exception("a webhook could not be answered")
            response = answers.refusal(500, "internal_server_error", "this is a bug of ours, and it was recorded")
        return response(environ, start_response)
