"""Logs: one JSON line an event, or readable colours on a terminal; ours and the libraries' in the same form.

    {"timestamp": "2026-03-01T15:00:00.123456Z", "level": "info", "logger": "tasks.effects", "event": "effect done",
     "effect_id": "…", "run_id": "…", "operation": "symphony.edit_campaign"}

Modules take `structlog.stdlib.get_logger(__name__)` and write `log.info("effect done", operation=…)`. Everything goes
through stdlib records, so that Sentry, Celery and Flask see ours and we see theirs; redaction comes last.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from workflows.redaction import redact

LogFormat = Literal["json", "console", "auto"]

LEVELS: Mapping[str, int] = {
    "sqlalchemy": logging.WARNING,  # at INFO it writes every statement with its values
    "urllib3": logging.WARNING,
    "kombu": logging.WARNING,
    "amqp": logging.WARNING,
    "celery.worker.strategy": logging.WARNING,  # a line when a task is received and one when it is done:
    "celery.app.trace": logging.WARNING,  # of each call there is one of ours, with its effect
}
"""Libraries that would say too much at INFO."""

MAX_FRAMES = 20

FIELDS = "stagedoor_fields"
"""The attribute of a record that carries an event's fields; Sentry reads it as well."""


def configure(log_format: LogFormat, stream: TextIO | None = None, *, secrets: Iterable[str] = ()) -> None:
    """Send every log line of this process to `stream` (standard error), in one form and redacted.

    `auto` means colours on a terminal and JSON elsewhere. `secrets` are this process's own secret values, cut wherever
    they appear. Takes over handlers other libraries have set; call it once, after the server has set its own.
    """
    stream = sys.stderr if stream is None else stream
    readable = log_format == "console" or (log_format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(_readable_form(stream) if readable else _JSON_FORM, tuple(secrets)))
    handler.addFilter(_is_no_row)
    _take_over(handler)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            _as_record,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


@contextmanager
def bind(**ids: str) -> Iterator[None]:
    """Put `delivery_id`, `run_id`, `effect_id` into every line written inside, and into errors that leave.

    An error is logged or sent to Sentry outside, where the ids are gone again; so it takes them along as a note.
    """
    with bound_contextvars(**ids):
        try:
            yield
        except Exception as error:
            error.add_note(" ".join(f"{name}={id_}" for name, id_ in ids.items()))
            raise


def _formatter(form: Sequence[Processor], secrets: tuple[str, ...]) -> logging.Formatter:
    """Every record is a stdlib record here, ours as well as a library's, and takes the same way to `form`'s text."""

    def cut(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return cast(EventDict, redact(dict(event), secrets))

    *shape, render = form
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_lift_fields, merge_contextvars],
        processors=[
            _head,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *shape,
            cut,
            render,
        ],
    )


def _take_over(handler: logging.Handler) -> None:
    """Make `handler` the only one: a second would write the same line again, in another form and not redacted."""
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.propagate = True
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)


def _is_no_row(record: logging.LogRecord) -> bool:
    """SQLAlchemy writes rows down at DEBUG, `hide_parameters` or not: whatever stands in them, names for instance."""
    return not (record.name.startswith("sqlalchemy.engine") and "Row %r" in str(record.msg))


def _as_record(_: WrappedLogger, __: str, event: EventDict) -> Mapping[str, Any]:
    """Arguments of the stdlib logger. Our fields stand under one name, for `extra` refuses names records have."""
    for_record = {name: event.pop(name) for name in ("exc_info", "stack_info", "stacklevel") if name in event}
    return {"msg": str(event.pop("event")), "extra": {FIELDS: dict(event)}, **for_record}


def _lift_fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {**getattr(event["_record"], FIELDS, {}), **event}


def _head(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What every line begins with."""
    record = event["_record"]
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
    head = {
        "timestamp": when.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": event["event"],
    }
    return {**head, **{name: value for name, value in event.items() if name not in head}}


def _to_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return json.dumps(event, default=str)


_JSON_FORM: Sequence[Processor] = (
    structlog.processors.StackInfoRenderer(),
    structlog.processors.ExceptionRenderer(
        ExceptionDictTransformer(show_locals=False, max_frames=MAX_FRAMES, use_rich=False)
    ),
    _to_json,
)


def _readable_form(stream: TextIO) -> Sequence[Processor]:
    colors = stream.isatty() and "NO_COLOR" not in os.environ
    return (
        _short_time,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # to text before redaction, and without local variables
        structlog.dev.ConsoleRenderer(
            colors=colors, sort_keys=False, exception_formatter=structlog.dev.plain_traceback, pad_event_to=40
        ),
    )


def _short_time(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    local = datetime.fromisoformat(event["timestamp"]).astimezone()
    return {**event, "timestamp": f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"}


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("stagedoor").critical("uncaught_error", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        _log_uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)
