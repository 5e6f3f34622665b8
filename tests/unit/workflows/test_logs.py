"""Log lines: one form for ours and the libraries', with ids, without secrets."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from workflows.logs import LEVELS, LogFormat, bind, configure


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    levels = {name: logging.getLogger(name).level for name in LEVELS}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(log_format: LogFormat, write: Callable[[], object], **options: Any) -> list[dict[str, Any]]:
    stream = io.StringIO()
    configure(log_format, stream, **options)
    write()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def log() -> structlog.stdlib.BoundLogger:
    return structlog.stdlib.get_logger("tasks.effects")


def test_an_event_is_one_json_line_with_time_level_logger_and_fields() -> None:
    (line,) = lines("json", lambda: log().info("effect done", operation="symphony.edit_campaign", name="n", process=3))
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() is not None
    assert line == {
        "level": "info",
        "logger": "tasks.effects",
        "event": "effect done",
        "operation": "symphony.edit_campaign",
        "name": "n",
        "process": 3,
    }


def test_a_library_writes_in_the_same_form() -> None:
    (line,) = lines("json", lambda: logging.getLogger("celery.worker").warning("lost %s", "broker"))
    assert (line["level"], line["logger"], line["event"]) == ("warning", "celery.worker", "lost broker")


def test_a_handler_a_library_has_set_is_taken_over() -> None:
    granian = logging.getLogger("_granian")
    granian.addHandler(logging.StreamHandler(io.StringIO()))
    granian.propagate = False
    (line,) = lines("json", lambda: granian.info("listening"))
    assert line["event"] == "listening"


def test_bound_ids_stand_in_every_line_inside_and_in_none_outside() -> None:
    def write() -> None:
        with bind(delivery_id="d1"), bind(run_id="r1"):
            log().info("inside")
            logging.getLogger("alembic").warning("inside too")
        log().info("outside")

    inside, library, outside = lines("json", write)
    assert (inside["delivery_id"], inside["run_id"]) == ("d1", "r1")
    assert (library["delivery_id"], library["run_id"]) == ("d1", "r1")
    assert "delivery_id" not in outside


def test_an_error_takes_the_ids_along_to_where_it_is_logged() -> None:
    def write() -> None:
        try:
            with bind(effect_id="e1"):
                raise ValueError("no")
        except ValueError:
            log().exception("failed")

    (line,) = lines("json", write)
    assert line["exception"][0]["exc_notes"] == ["effect_id=e1"]


def test_an_exception_is_one_structured_field_without_local_variables() -> None:
    def write() -> None:
        local_of_the_test = "value of a local"
        try:
            raise ValueError(f"cannot reach jane@example.com, {len(local_of_the_test)}")
        except ValueError:
            logging.getLogger("x").exception("failed")

    (line,) = lines("json", write)
    (error,) = line["exception"]
    assert (error["exc_type"], error["exc_value"]) == ("ValueError", "cannot reach ***, 16")
    assert error["frames"][-1]["name"] == "write"
    assert "value of a local" not in json.dumps(line)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_secrets_and_personal_data_are_cut_from_every_part(log_format: LogFormat) -> None:
    stream = io.StringIO()
    configure(log_format, stream, secrets=["hunter2-own"])
    try:
        raise ValueError("password=hunter2-text jane@example.com")
    except ValueError:
        log().exception("at hunter2-own, /webhooks/symphony/hunter2-path", api_key="hunter2-field", to=["+15552223333"])
    written = stream.getvalue()
    assert "hunter2" not in written
    assert "jane" not in written
    assert "5552223333" not in written
    assert "ValueError" in written


def test_values_without_a_json_form_are_written_as_text() -> None:
    (line,) = lines(
        "json", lambda: log().info("x", at=datetime(2026, 3, 1), rate=float("nan"), odd=object, text="\udc80")
    )
    assert line["at"].startswith("2026-03-01")
    assert line["rate"] == "nan"


def test_a_line_stays_one_line_whatever_is_in_it() -> None:
    (line,) = lines("json", lambda: log().info("a\nb\u2028c", field="d\r\ne"))
    assert line["event"] == "a\nb\u2028c"


def test_auto_is_readable_on_a_terminal_and_json_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    configure("auto", terminal)
    log().info("effect done", effect_id="e1")
    assert "effect done" in terminal.getvalue()
    assert "\x1b[" in terminal.getvalue()
    assert "{" not in terminal.getvalue()
    assert lines("auto", lambda: log().info("effect done"))[0]["event"] == "effect done"


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    configure("console", terminal)
    log().info("effect done")
    assert "\x1b[" not in terminal.getvalue()


def test_sql_is_not_written_for_its_values_would_be_as_well() -> None:
    assert lines("json", lambda: logging.getLogger("sqlalchemy.engine").info("INSERT")) == []


def test_what_a_statement_returns_is_not_written_even_at_debug() -> None:
    def ask() -> None:
        logging.getLogger("sqlalchemy").setLevel(logging.DEBUG)
        engine = sa.create_engine("sqlite://", hide_parameters=True)
        with engine.connect() as connection:
            assert connection.scalar(sa.select(sa.literal("Wilhelmina").label("name"))) == "Wilhelmina"
        engine.dispose()

    written = lines("json", ask)
    assert "Col ('name',)" in [line["event"] for line in written]
    assert "Wilhelmina" not in str(written)


def test_an_error_nobody_caught_is_logged_too() -> None:
    def fail() -> None:
        raise ValueError("for jane@example.com")

    def write() -> None:
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        sys.excepthook(ValueError, ValueError("x"), None)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)

    in_thread, in_main = lines("json", write)
    assert in_thread["exception"][0]["exc_value"] == "for ***"
    assert (in_main["level"], in_main["logger"]) == ("critical", "stagedoor")


def test_a_warning_is_a_log_line() -> None:
    def write() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", DeprecationWarning, stacklevel=1)

    (line,) = lines("json", write)
    assert (line["level"], line["logger"]) == ("warning", "py.warnings")
