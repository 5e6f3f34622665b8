"""Sentry: errors of ours, told to the service an operator has chosen, without secrets or anybody's data.

Two layers, because each can be defeated alone: the SDK is told to collect nothing about requests, users, local
variables and task arguments, and whatever is sent in the end goes through redaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.utils import BadDsn
from structlog.contextvars import get_contextvars

from workflows.errors import ConfigurationError
from workflows.logs import FIELDS
from workflows.problems import Problem
from workflows.redaction import redact

if TYPE_CHECKING:
    from sentry_sdk.types import Breadcrumb, BreadcrumbHint, Event, Hint

COLLECT_NOTHING: dict[str, Any] = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "off"}},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
}
"""Every automatic collection of the SDK is off; this replaces `send_default_pii`, which 2.75 deprecates."""

SEEN_OF_A_REQUEST = ("method", "url")


def start_sentry(
    dsn: str | None,
    *,
    integrations: Sequence[Integration],
    ignore_errors: Sequence[type[BaseException]] = (),
    secrets: Iterable[str] = (),
    environment: str | None = None,
    release: str | None = None,
) -> None:
    """Send this process's errors to `dsn` from now on; without one, do nothing.

    `integrations` are what runs here: `FlaskIntegration()` in web, `CeleryIntegration(monitor_beat_tasks=False,
    propagate_traces=False)` in the crew. `ignore_errors` are ways a task ends that are answers and not errors.

    Raises ConfigurationError when the DSN cannot be read.
    """
    if dsn is None:
        return
    before_send, before_breadcrumb = _scrubbers(tuple(secrets))
    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            release=release,
            # Written out: the SDK's own choice would watch outgoing HTTP, subprocesses, arguments and Redis as well.
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[*_always(), *integrations],
            ignore_errors=list(ignore_errors),
            data_collection=cast(Any, COLLECT_NOTHING),
            include_local_variables=False,
            max_request_body_size="never",
            auto_session_tracking=False,
            send_client_reports=False,
            spotlight=False,
            before_send=before_send,
            before_breadcrumb=before_breadcrumb,
        )
    except BadDsn as error:
        hint = "it looks like https://<key>@<host>/<project>"
        raise ConfigurationError([Problem("bad_dsn", "SENTRY_DSN is not a Sentry DSN", hint=hint)]) from error


def _always() -> list[Integration]:
    return [
        AtexitIntegration(callback=lambda pending, timeout: None),  # the default one writes to standard error
        DedupeIntegration(),
        ExcepthookIntegration(),
        LoggingIntegration(level=logging.INFO, event_level=logging.ERROR, sentry_logs_level=None),
        ThreadingIntegration(propagate_scope=False),
    ]


def _scrubbers(
    secrets: tuple[str, ...],
) -> tuple[Callable[[Event, Hint], Event], Callable[[Breadcrumb, BreadcrumbHint], Breadcrumb]]:
    """If one of these fails, the SDK drops what it was about to send: nothing leaves unseen."""

    def scrub_event(event: Event, _: Hint) -> Event:
        request = event.get("request", {})
        event["request"] = {name: request[name] for name in SEEN_OF_A_REQUEST if name in request}
        event.pop("user", None)
        event.setdefault("tags", {}).update(get_contextvars())
        _unfold_fields(event.get("extra", {}))
        return cast("Event", redact(event, secrets))

    def scrub_breadcrumb(breadcrumb: Breadcrumb, _: BreadcrumbHint) -> Breadcrumb:
        _unfold_fields(breadcrumb.get("data", {}))
        return cast("Breadcrumb", redact(breadcrumb, secrets))

    return scrub_event, scrub_breadcrumb


def _unfold_fields(extra: MutableMapping[str, Any]) -> None:
    """Put the fields of a log line where Sentry shows them."""
    extra.update(extra.pop(FIELDS, None) or {})
