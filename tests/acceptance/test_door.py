"""The web process as the Procfile starts it, on SQLite: what it refuses, and what it never does.

Nothing a stranger or a vendor sends makes it fail or fall silent, and no 2xx is given for what is not stored, whether
it is killed, locked out of its file, or out of disk.
"""

import hashlib
import hmac
import json
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from tasks.supervisor.readiness import free_port, http_ready
from tests.acceptance.service import Service, base_environment
from tests.unit.webhooks.payloads import box_office_order, campaign_event, encoded, ticket_event
from tests.waiting import wait_until
from workflows.ledger import schema
from workflows.ledger.database import Database
from workflows.ledger.tables import deliveries, refusals

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TOKEN = "a-token-nobody-guesses"
SECRET = "a-secret-of-the-shop"
KEY = "a-key-of-the-box-office"
SYMPHONY = f"/webhooks/symphony/{TOKEN}"
CONFIGURATION = """\
sources:
  symphony: {preset: symphony, token: "${SYMPHONY_WEBHOOK_TOKEN}", brand: main}
  tickettailor: {preset: tickettailor, secrets: ["${TICKETTAILOR_WEBHOOK_SECRET}"], brand: main}
  box-office: {preset: cymbal, header: X-Api-Key, keys: ["${BOX_OFFICE_API_KEY}"], brand: main}
brands:
  main: {zone: Europe/London, currency: USD}
"""
MIB = 1 << 20


@dataclass
class Door:
    """A web process of its own, over a ledger in `folder` or elsewhere, with no broker at all."""

    folder: Path
    largest_file: int | None = None
    database_url: str = ""
    configuration: str = CONFIGURATION
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        (self.folder / "config").mkdir(exist_ok=True)
        (self.folder / "config" / "stagedoor.yml").write_text(self.configuration)
        self.file = self.folder / "var" / "ledger.db"
        self.database_url = self.database_url or f"sqlite:///{self.file}"
        self.database = Database(self.database_url)
        schema.upgrade(self.database)
        environment = {
            **base_environment(BIN),
            "PYTHONPATH": str(ROOT),
            "PORT": str(self.port),
            "BROKER_URL": "redis://127.0.0.1:1/0",
            "DATABASE_URL": self.database_url,
            "STAGEDOOR_CONFIG": str(self.folder / "config"),
            "STAGEDOOR_DATA": str(self.folder / "var"),
            "STAGEDOOR_LOG": "json",
            "SYMPHONY_WEBHOOK_TOKEN": TOKEN,
            "TICKETTAILOR_WEBHOOK_SECRET": SECRET,
            "BOX_OFFICE_API_KEY": KEY,
        }
        self.url = f"http://127.0.0.1:{self.port}"
        self.web = Service("web", self._command(), environment, self.folder, http_ready(f"{self.url}/ready"))

    def _command(self) -> str:
        (line,) = [line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("web: ")]
        command = line.removeprefix("web: ")
        if self.largest_file is None:
            return command
        return f"{sys.executable} {Path(__file__).with_name('limited.py')} {self.largest_file} {command}"

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> requests.Response:
        answer = requests.post(self.url + path, data=body, headers=headers, timeout=30, allow_redirects=False)
        assert answer.headers["Content-Type"] == "application/json"
        return answer

    def order(self, body: bytes) -> requests.Response:
        """Post as Ticket Tailor does."""
        return self.post("/webhooks/tickettailor", body, signed(body))

    def raw(self, request: bytes, *, breaks_off: bool = False) -> bytes:
        """Send bytes as they are and return whatever comes back, until the door closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(request)
            if breaks_off:
                with suppress(OSError):  # the door may have closed it already, having seen enough
                    connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: _received(connection), b""))

    def stored(self) -> dict[str, bytes]:
        """Every body in the ledger, by delivery."""
        with self.database.read() as connection:
            return {row.id: row.body for row in connection.execute(sa.select(deliveries.c.id, deliveries.c.body))}

    def assert_well(self) -> None:
        """It serves, has said nothing it should not, and no worker of its was started anew."""
        assert requests.get(f"{self.url}/live", timeout=10).status_code == 200
        assert self.post(SYMPHONY, encoded(campaign_event(id=time.monotonic_ns()))).status_code == 202
        written = self.web.written()
        assert "Traceback" not in written
        assert '"level": "error"' not in written
        assert "Unexpected exit" not in written
        assert not any(secret in written for secret in (TOKEN, SECRET, KEY))


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(time.time()))
    signature = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).hexdigest()
    return {"Tickettailor-Webhook-Signature": f"t={timestamp},v1={signature}"}


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


@contextmanager
def running(door: Door) -> Iterator[Door]:
    door.web.start()
    try:
        door.web.await_ready()
        yield door
    finally:
        door.web.end()
        door.database.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with running(Door(tmp_path_factory.mktemp("door"))) as door:
        yield door


@pytest.fixture
def door(shared: Door) -> Iterator[Door]:
    """A door that must be as well after the test as before."""
    yield shared
    shared.assert_well()


@pytest.fixture
def own_door(tmp_path: Path) -> Iterator[Door]:
    """A door for a test that breaks it."""
    with running(Door(tmp_path)) as door:
        yield door


ORDER = encoded(ticket_event(id="wh_refused"))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/webhooks/symphony", {}),
        ("/webhooks/symphony/guess", {}),
        ("/webhooks/tickettailor", {}),
        ("/webhooks/tickettailor", signed(ORDER, "guess")),
        ("/webhooks/tickettailor", signed(ORDER + b" ")),
        ("/webhooks/box-office", {"X-Api-Key": "guess"}),
    ],
)
def test_what_is_forged_is_refused(door: Door, path: str, headers: dict[str, str]) -> None:
    before = door.stored()
    assert door.post(path, ORDER, headers).status_code == 401
    assert door.stored() == before


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b"", 400, "$"),
        (b"{", 400, "$"),
        (ORDER[:-40], 400, "$"),
        (b"\xff\xfe\x00{}", 400, "$"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, 400, "$"),
        (b"[" * 200_000, 400, "$"),
        (b'{"id": NaN}', 400, "$"),
        (b'"\\ud800"', 400, "$"),
        (b"9" * 100_000, 400, "$"),
        (b"[]", 422, "$"),
        (encoded(ticket_event(payload=[], id="wh_list")), 422, "$.payload"),
        (encoded(ticket_event(payload={"id": 1}, id="wh_empty")), 422, "$.payload.buyer_details"),
        (encoded({"event": {"name": "ORDER.CREATED"}}), 422, "$.event"),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else None,
)
def test_an_authentic_body_that_does_not_fit_is_kept_and_says_where(
    door: Door, body: bytes, status: int, path: str
) -> None:
    answer = door.order(body)
    assert answer.status_code == status
    content = answer.json()
    assert path in [problem["path"] for problem in content["problems"]]
    assert door.stored()[content["delivery"]] == body
    assert door.order(body).json() == content


def test_a_body_that_is_too_large_is_refused(door: Door) -> None:
    assert door.post(SYMPHONY, b"x" * (3 * MIB)).status_code == 413
    assert door.post(SYMPHONY, b"x" * (MIB + 1)).status_code == 413


def test_a_body_that_is_too_large_in_pieces_is_refused(door: Door) -> None:
    pieces = (b"x" * 65536 for _ in range(48))
    answer = requests.post(door.url + SYMPHONY, data=pieces, timeout=30)
    assert answer.status_code == 413


def test_a_header_that_looks_like_a_length_lets_no_larger_body_in(door: Door) -> None:
    head = f"POST {SYMPHONY} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent_Length: 5\r\n\r\n".encode()
    body = b"x" * (MIB + 1)
    assert door.raw(b"%s%x\r\n%s\r\n" % (head, len(body), body)).startswith(b"HTTP/1.1 413")


def test_a_body_in_pieces_is_a_body(door: Door) -> None:
    body = encoded(campaign_event(id=77))
    answer = requests.post(door.url + SYMPHONY, data=iter([body[:10], body[10:]]), timeout=30)
    assert answer.status_code == 202
    assert door.stored()[answer.json()["delivery"]] == body


@pytest.mark.parametrize(
    "request_",
    [
        b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{}",
        b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
        b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999999\r\n\r\n{}",
        b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST %s HTTP/9.9\r\n\r\n",
        b"POST %s\r\n\r\n",
        b"\x00\xff\xfe" * 100,
        b"",
    ],
)
def test_a_request_that_is_none_stores_nothing(door: Door, request_: bytes) -> None:
    before = door.stored()
    answer = door.raw(request_.replace(b"%s", SYMPHONY.encode()), breaks_off=True)
    assert b"HTTP/1.1 2" not in answer
    assert b"HTTP/1.1 5" not in answer
    assert door.stored() == before


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}", b"400"),
        (b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
        (b"POST %s HTTP/1.1\r\nHost: x\r\nA B: 1\r\n\r\n", b"400"),
        (b"POST %s HTTP/1.1\r\nHost: x\r\nA: 1\x002\r\n\r\n", b"400"),
        (b"POST %s\r\n\r\n", b"400"),
        (b"POST /%s HTTP/1.1\r\nHost: x\r\n\r\n".replace(b"%s", b"y" * 65_536), b"414"),
        (b"POST %s HTTP/1.1\r\nHost: x\r\n" + b"X-Y: z\r\n" * 100 + b"\r\n", b"431"),
    ],
    ids=["no length", "two lengths", "a blank", "a NUL", "no HTTP", "a long address", "101 headers"],
)
def test_what_is_no_request_yet_is_answered_by_the_server_alone(door: Door, request_: bytes, status: bytes) -> None:
    head, _, body = door.raw(request_.replace(b"%s", SYMPHONY.encode())).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in head
    assert body == b"", "what we answer has one"


@pytest.mark.parametrize("pieces", [b"14\r\n" + b'{"event": "campaign.', b"zz\r\n{}\r\n0\r\n\r\n"])
def test_a_body_in_pieces_that_breaks_off_is_not_acknowledged(door: Door, pieces: bytes) -> None:
    head = f"POST {SYMPHONY} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    answer = door.raw(head + pieces, breaks_off=True)
    assert b"HTTP/1.1 2" not in answer
    assert b"HTTP/1.1 5" not in answer


@pytest.mark.parametrize(
    "header",
    [b"X-Odd: \xff\xfe\xfd", b"X-Long: " + b"y" * 60_000, b"$money: 5", b"Proxy: http://p", b"Content-Type: \xff"],
    ids=lambda header: repr(header[:12]),
)
def test_odd_headers_are_taken_as_they_are(door: Door, header: bytes) -> None:
    body = encoded(campaign_event(id=time.monotonic_ns()))
    head = f"POST {SYMPHONY} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n".encode()
    assert door.raw(head + header + b"\r\n\r\n" + body).startswith(b"HTTP/1.1 202")


@pytest.mark.parametrize("path", ["/webhooks/nobody", "/webhooks", "/webhooks//symphony", "/%ff%00", "/a/../b"])
def test_what_is_nowhere_is_not_found(door: Door, path: str) -> None:
    assert door.post(path, b"{}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_only_post_is_a_webhook(door: Door, method: str) -> None:
    answer = requests.request(method, door.url + SYMPHONY, timeout=10)
    assert answer.status_code == 405
    assert answer.json()["problems"]


def test_the_same_at_the_same_time_is_stored_once(door: Door) -> None:
    body = encoded({"orders": [box_office_order(id="at-the-same-time")]})
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: door.post("/webhooks/box-office", body, {"X-Api-Key": KEY}), range(64)))
    assert sorted({answer.status_code for answer in answers}) == [200, 202]
    assert [answer.status_code for answer in answers].count(202) == 1
    assert len({answer.json()["delivery"] for answer in answers}) == 1
    assert list(door.stored().values()).count(body) == 1


@dataclass
class Sending:
    """Many deliveries of one test, and which of them were acknowledged as what."""

    door: Door
    prefix: str
    acknowledged: dict[bytes, str] = field(default_factory=dict)
    statuses: set[int] = field(default_factory=set)

    def body(self, number: int) -> bytes:
        return encoded({"orders": [box_office_order(id=f"{self.prefix}-{number}")]})

    def send(self, number: int) -> None:
        body = self.body(number)
        try:
            answer = requests.post(
                f"{self.door.url}/webhooks/box-office", data=body, headers={"X-Api-Key": KEY}, timeout=30
            )
        except requests.RequestException:
            return  # killed under us: not acknowledged
        self.statuses.add(answer.status_code)
        if answer.ok:
            delivery = answer.json()["delivery"]
            assert self.acknowledged.setdefault(body, delivery) == delivery, "a repeat must get the first id"

    def assert_kept(self) -> None:
        """Everything acknowledged is stored, byte for byte, and nothing twice."""
        stored = self.door.stored()
        for body, delivery in self.acknowledged.items():
            assert stored[delivery] == body
        assert len(set(stored.values())) == len(stored)


def test_what_was_acknowledged_survives_kills(own_door: Door) -> None:
    sending = Sending(own_door, "kill")
    with ThreadPoolExecutor(16) as pool:
        for _ in range(3):
            before = len(sending.acknowledged)
            sent = [pool.submit(sending.send, number) for number in range(200)]
            wait_until(lambda before=before: len(sending.acknowledged) > before + 20)  # type: ignore[misc]
            own_door.web.kill9()
            for future in sent:
                future.result()
            sending.assert_kept()
            own_door.web.restart()
        list(pool.map(sending.send, range(200)))
    sending.assert_kept()
    assert len(sending.acknowledged) == 200
    assert len(own_door.stored()) == 200


def test_while_its_file_is_locked_nothing_is_acknowledged(own_door: Door) -> None:
    sending = Sending(own_door, "locked")
    with closing(sqlite3.connect(own_door.file, isolation_level=None)) as other, ThreadPoolExecutor(8) as pool:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        list(pool.map(sending.send, range(8)))
        assert time.monotonic() - begun < 5, "Symphony gives up after 5 s"
        assert (sending.statuses, sending.acknowledged) == ({503}, {})
        assert own_door.stored() == {}
        assert requests.get(f"{own_door.url}/live", timeout=5).status_code == 200
        other.execute("ROLLBACK")
        wait_until(lambda: not list(pool.map(sending.send, range(8))) or len(sending.acknowledged) == 8)
    list(map(sending.send, range(8)))
    assert len(sending.acknowledged) == 8
    sending.assert_kept()


def test_when_the_disk_is_full_nothing_is_acknowledged_that_is_not_stored(tmp_path: Path) -> None:
    door = Door(tmp_path, largest_file=3 * MIB)
    bodies = [encoded(campaign_event(id=number, filler="x" * 100_000)) for number in range(60)]
    acknowledged: dict[str, bytes] = {}
    with running(door):
        answers = [door.post(SYMPHONY, body) for body in bodies]
        for body, answer in zip(bodies, answers, strict=True):
            if answer.ok:
                acknowledged[answer.json()["delivery"]] = body
            else:
                assert answer.status_code == 503
                assert int(answer.headers["Retry-After"]) > 0
        assert 5 < len(acknowledged) < 60
        assert door.stored().items() >= acknowledged.items()
        assert requests.get(f"{door.url}/live", timeout=5).status_code == 200
        assert "Traceback" not in door.web.written()
    with running(Door(tmp_path)) as with_room:
        again = [with_room.post(SYMPHONY, body) for body in bodies]
        assert {answer.status_code for answer in again} <= {200, 202}
        found: dict[str, Any] = {answer.json()["delivery"]: body for answer, body in zip(again, bodies, strict=True)}
        assert found.items() >= acknowledged.items(), "what was acknowledged is known"
        assert with_room.stored() == found


def test_it_stops_in_order_and_writes_what_it_counted(own_door: Door) -> None:
    sending = Sending(own_door, "stop")
    for number in range(20):
        sending.send(number)
        assert own_door.post("/webhooks/box-office", b"{}", {"X-Api-Key": "guess"}).status_code == 401
    own_door.web.stop()
    sending.assert_kept()
    with own_door.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.sum(refusals.c.count))) == 20
    lines = [json.loads(line) for line in own_door.web.log.read_text().splitlines() if line.startswith("{")]
    assert not [line for line in lines if line["level"] == "error"]
