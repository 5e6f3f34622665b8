"""What Sentry is told: that something failed, where and about which id; never a secret, never whose data it was.

Real processes fail while a server on this machine takes what they send.
"""

import gzip
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli
import pytest

from webhooks.sentry import start_sentry
from workflows.errors import ConfigurationError

UNSEEN = {
    "own_secret": "own-4f7a1c",
    "token": "tok-93bd2e",
    "key": "key-58aa0d",
    "path": "path-c2f1b7",
    "header": "hdr-77e0ab",
    "body": '{"note": "body-6d3e9f"}',
    "email": "jane.doe-1b2c@example.com",
    "phone": "+15557654321",
}
TRACES = (
    "own-4f7a1c",
    "tok-93bd2e",
    "key-58aa0d",
    "path-c2f1b7",
    "hdr-77e0ab",
    "body-6d3e9f",
    "jane.doe",
    "5557654321",
)


UNPACK: Mapping[str | None, Callable[[bytes], bytes]] = {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}
"""Sentry's client packs in the best way there is."""


class Sink:
    """Takes envelopes as Sentry would (Sentry developer documentation, "Envelopes")."""

    def __init__(self) -> None:
        self.envelopes: queue.Queue[bytes] = queue.Queue()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.envelopes.put(UNPACK[self.headers["Content-Encoding"]](body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://public@127.0.0.1:{self._server.server_port}/1"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def all(self) -> bytes:
        """Everything that came; the process that sent it has ended, so no more will."""
        return b"\n".join(self.envelopes.queue)

    def events(self) -> list[dict[str, Any]]:
        items = [line for line in self.all().splitlines() if line.startswith(b"{")]
        return [event for event in map(json.loads, items) if "event_id" in event and "platform" in event]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink()
    yield server
    server.stop()


def run(part: str, dsn: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.acceptance.failing_process", part, dsn, json.dumps(UNSEEN)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("flask_view", b"delivery_id=delivery-1"),
        ("celery_task", b"effect_id=effect-1"),
        ("log_line", b'"run_id":"run-1"'),
        ("thread", b"cannot post to"),
        ("main", b"cannot post to"),
    ],
)
def test_an_error_arrives_once_without_secrets_and_personal_data(sink: Sink, part: str, told: bytes) -> None:
    ended = run(part, sink.dsn)
    (event,) = sink.events()
    assert event["exception"]["values"][0]["type"] == "RuntimeError"
    assert event["environment"] == "test"
    assert told in sink.all()
    seen = [trace for trace in TRACES if trace in sink.all().decode() or trace in ended.stderr + ended.stdout]
    assert seen == []


def test_of_a_request_only_method_and_cut_address_arrive(sink: Sink) -> None:
    run("flask_view", sink.dsn)
    (event,) = sink.events()
    assert event["request"] == {"method": "POST", "url": "http://localhost/webhooks/symphony/***"}
    assert event["transaction"] == "receive"


def test_of_a_task_its_name_arrives_without_arguments(sink: Sink) -> None:
    run("celery_task", sink.dsn)
    (event,) = sink.events()
    job = event["extra"]["celery-job"]
    assert job["task_name"] == "symphony.edit_campaign"
    assert "effect-1" not in json.dumps(job)


def test_local_variables_do_not_arrive(sink: Sink) -> None:
    run("main", sink.dsn)
    assert b'"vars"' not in sink.all()


def test_a_task_that_ends_with_an_outcome_is_no_error(sink: Sink) -> None:
    run("outcome", sink.dsn)
    (event,) = sink.events()
    assert event["logger"] == "after"
    assert "exception" not in event


def test_without_a_dsn_nothing_is_started() -> None:
    start_sentry(None, integrations=[])


def test_a_dsn_that_cannot_be_read_is_a_configuration_error_that_does_not_repeat_it() -> None:
    with pytest.raises(ConfigurationError, match="SENTRY_DSN") as error:
        start_sentry("https://hunter2", integrations=[])
    assert "hunter2" not in str(error.value)
