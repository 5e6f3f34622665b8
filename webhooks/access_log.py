"""The access log: a line a request, without what would open the door, query strings and paths nobody declared.

In JSON the line is written straight to standard error, in the form of every other line (`workflows.logs`). It holds
nothing a sender chose but the method, so there is nothing to redact, and redaction would cost more than the rest of
the request together.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from flask import Flask, Response, g, request

from workflows.logs import LogFormat

NAME = "webhooks.access"
UNKNOWN = "(unknown)"

log = structlog.stdlib.get_logger(NAME)


def add_access_log(app: Flask, log_format: LogFormat) -> None:
    """Write a line for every request `app` answers. A view that knows them sets `g.source` and `g.delivery_id`."""
    is_readable = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    write = _write_readable if is_readable else _write_json

    def end(response: Response) -> Response:
        write(_fields(response))
        return response

    app.before_request(_begin)
    app.after_request(end)


def _begin() -> None:
    g.begun = time.perf_counter()


def _fields(response: Response) -> dict[str, object]:
    fields = {
        "method": request.method[:20],
        "path": _path(),
        "status": response.status_code,
        "milliseconds": round((time.perf_counter() - g.begun) * 1000, 1),
    }
    if "delivery_id" in g:
        fields["delivery_id"] = g.delivery_id
    return fields


def _path() -> str:
    """The path as it was declared: where a stranger or a sender in error wrote something else, a token may be in it."""
    if request.url_rule is None:
        return UNKNOWN
    return request.url_rule.rule.replace("<source>", g.get("source", UNKNOWN)).replace("<token>", "***")


def _write_readable(fields: Mapping[str, object]) -> None:
    log.info("request", **fields)


def _write_json(fields: Mapping[str, object]) -> None:
    timestamp = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    head = {"timestamp": timestamp, "level": "info", "logger": NAME, "event": "request"}
    sys.stderr.write(f"{json.dumps({**head, **fields})}\n")
