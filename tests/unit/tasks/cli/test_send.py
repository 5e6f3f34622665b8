"""`send` posts what was asked for, as often as asked for, and says what was answered."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.tasks.cli.conftest import Run


class Door(ThreadingHTTPServer):
    """A server that answers 202 and keeps what it was sent."""

    status = 202

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b'{"delivery": "1"}')

    def log_message(self, format: str, *args: object) -> None:
        """Keep still."""


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Door]:
    monkeypatch.setenv("SYMPHONY_WEBHOOK_TOKEN", "secret-token")
    monkeypatch.setenv("BOX_OFFICE_API_KEY", "secret-key")
    with Door() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_event_is_posted_where_the_source_listens(door: Door, stagedoor: Run) -> None:
    result = stagedoor("send", "symphony", "campaign.completed", "--set", "id=5017", "--url", door.url)
    assert (result.status, result.out) == (0, '202: {"delivery": "1"}\n')
    ((path, headers, body),) = door.received
    assert path == "/webhooks/symphony/secret-token"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "event": "campaign.completed",
        "id": 5017,
        "provider": "facebook",
        "type": "link_clicks",
        "status": "ACTIVE",
    }


def test_many_are_many_different_ones(door: Door, stagedoor: Run) -> None:
    result = stagedoor("send", "box-office", "order.placed", "--count", "5", "--rate", "200", "--url", door.url)
    assert (result.status, result.out) == (0, "5 x 202\n")
    assert len({body for _, _, body in door.received}) == 5
    assert {headers["X-Api-Key"] for _, headers, _ in door.received} == {"secret-key"}


def test_a_file_takes_the_place_of_the_usual_body(door: Door, folder: Path, stagedoor: Run) -> None:
    (folder / "order.json").write_text('{"orders": [{"id": "BO-1"}]}')
    arguments = ("--data", "order.json", "--set", "orders.0.id=BO-2", "--url", door.url)
    assert stagedoor("send", "box-office", "order.placed", *arguments).status == 0
    assert json.loads(door.received[0][2]) == {"orders": [{"id": "BO-2"}]}


def test_what_is_not_taken_is_a_failure(door: Door, stagedoor: Run) -> None:
    door.status = 401
    result = stagedoor("send", "box-office", "order.placed", "--url", door.url, "--json")
    assert (result.status, result.json) == (1, [{"status": 401, "answer": {"delivery": "1"}}])


def test_nobody_there_is_a_failure_that_does_not_show_the_token(door: Door, stagedoor: Run) -> None:
    door.server_close()
    result = stagedoor("send", "symphony", "campaign.created", "--url", door.url)
    assert result.status == 1
    assert "secret-token" not in result.out + result.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("box-ofice", "order.placed"), "did you mean 'box-office'?"),
        (("symphony", "campaign.complete"), "did you mean 'campaign.completed'?"),
        (("box-office", "order.placed", "--set", "orders"), "is not PATH=VALUE"),
        (("box-office", "order.placed", "--set", "orders.9.id=1"), "has nothing at orders.9.id"),
    ],
)
def test_what_cannot_be_sent_is_misuse(arguments: tuple[str, ...], hint: str, door: Door, stagedoor: Run) -> None:
    result = stagedoor("send", *arguments, "--url", door.url)
    assert result.status == 2
    assert hint in " ".join(result.err.split())
    assert not door.received
