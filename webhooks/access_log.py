"""The access log: a line a request, without what would open the door, query strings and paths nobody declared.

In JSON the line is written straight to standard error, in the form of every other line (`workflows.logs`). It holds
nothing a sender chose but the method, so there is nothing to redact, and redaction would cost more than the rest of
the request together.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import structlog
from flask import has_request_context, request

from webhooks.endpoints import DELIVERY, RULES, SOURCE, UNKNOWN
from workflows.logs import LogFormat

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NAME = "webhooks.access"

log = structlog.stdlib.get_logger(NAME)


class AccessLog:
    """Writes a line for every request."""

    def __init__(self, log_format: LogFormat) -> None:
        is_readable = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
        self._write = _write_readable if is_readable else _write_json

    def write(self, environ: WSGIEnvironment, status: int, begun: float) -> None:
        """Write that a request was answered; when it began is on `time.perf_counter`."""
        self._write(environ, status, (time.perf_counter() - begun) * 1000)

    def around(self, application: WSGIApplication) -> WSGIApplication:
        """The application, with a line for whatever it answers: within, where it is known which rule a path fits."""

        def logged(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            begun = time.perf_counter()

            def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                self.write(environ, int(status[:3]), begun)
                return start_response(status, headers, *rest)

            return application(environ, start)

        return logged


def _path(environ: WSGIEnvironment) -> str:
    """The path as it was declared: where a stranger or a sender in error wrote something else, a token may be in it."""
    if SOURCE in environ:
        has_token = environ["PATH_INFO"].count("/") == RULES[-1].count("/")
        return _filled(RULES[has_token], environ[SOURCE])
    rule = request.url_rule if has_request_context() else None
    return UNKNOWN if rule is None else _filled(rule.rule, UNKNOWN)


@lru_cache(maxsize=256)
def _filled(rule: str, source: str) -> str:
    return rule.replace("<source>", source).replace("<token>", "***")


def _write_readable(environ: WSGIEnvironment, status: int, milliseconds: float) -> None:
    fields = {"delivery_id": environ[DELIVERY]} if DELIVERY in environ else {}
    method, path = environ["REQUEST_METHOD"][:20], _path(environ)
    log.info("request", method=method, path=path, status=status, milliseconds=round(milliseconds, 1), **fields)


def _write_json(environ: WSGIEnvironment, status: int, milliseconds: float) -> None:
    now = time.time()
    method, path = _quoted(environ["REQUEST_METHOD"][:20]), _quoted(_path(environ))
    delivery = f', "delivery_id": "{environ[DELIVERY]}"' if DELIVERY in environ else ""
    sys.stderr.write(
        f'{{"timestamp": "{_second(int(now))}.{int(now % 1 * 1_000_000):06d}Z", "level": "info", "logger": "{NAME}", '
        f'"event": "request", "method": {method}, "path": {path}, "status": {status}, '
        f'"milliseconds": {milliseconds:.1f}{delivery}}}\n'
    )


@lru_cache(maxsize=4)
def _second(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()[:19]


@lru_cache(maxsize=256)
def _quoted(text: str) -> str:
    return json.dumps(text)
