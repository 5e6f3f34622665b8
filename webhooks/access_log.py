"""The access log: a line a request, without what would open the door, query strings and paths nobody declared."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request

log = structlog.stdlib.get_logger("webhooks.access")


UNKNOWN = "(unknown)"


def add_access_log(app: Flask) -> None:
    """Write a line for every request `app` answers. A view that knows them sets `g.source` and `g.delivery_id`."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.begun = time.perf_counter()


def _end(response: Response) -> Response:
    fields = {"delivery_id": g.delivery_id} if "delivery_id" in g else {}
    milliseconds = round((time.perf_counter() - g.begun) * 1000, 1)
    log.info(
        "request",
        method=request.method,
        path=_path(),
        status=response.status_code,
        milliseconds=milliseconds,
        **fields,
    )
    return response


def _path() -> str:
    """The path as it was declared: where a stranger or a sender in error wrote something else, a token may be in it."""
    if request.url_rule is None:
        return UNKNOWN
    return request.url_rule.rule.replace("<source>", g.get("source", UNKNOWN)).replace("<token>", "***")
