"""Senders who dribble: they are cut off in time, and hold up nobody who does not."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from tests.acceptance.test_door import CONFIGURATION, KEY, SYMPHONY, Door, running
from tests.unit.webhooks.payloads import campaign_event, encoded
from tests.waiting import wait_until
from webhooks.front import THREADS
from workflows.ledger.tables import refusals

BODY_SECONDS = 3
LENGTH = b"Content-Length: 1000"
CHUNKED = b"Transfer-Encoding: chunked"
PIECES = {LENGTH: b"x", CHUNKED: b"1\r\nx\r\n"}


@contextmanager
def cutting_off_after(seconds: int, folder: Path) -> Iterator[Door]:
    with running(Door(folder, configuration=f"{CONFIGURATION}door: {{body_seconds: {seconds}}}\n")) as door:
        yield door


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with cutting_off_after(BODY_SECONDS, tmp_path_factory.mktemp("slow")) as door:
        yield door


def begin(door: Door, framing: bytes, path: str = SYMPHONY) -> socket.socket:
    """A connection over which a request has come, but for its body."""
    connection = socket.create_connection(("127.0.0.1", door.port), timeout=30)
    connection.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nUser-Agent: snail\r\n%s\r\n\r\n" % (path.encode(), framing))
    return connection


def dribble(connection: socket.socket, piece: bytes) -> bytes:
    """Send a piece every now and then until the door closes the connection; what it answered."""
    answered = b""
    connection.settimeout(0.1)
    while True:
        try:
            connection.sendall(piece)
            received = connection.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return answered
        if not received:
            return answered
        answered += received


def counted(door: Door, source: str) -> tuple[int, dict[str, object]]:
    """How many bodies of the source's took too long, and one of the requests."""
    with door.database.read() as connection:
        found = connection.execute(sa.select(refusals).where(refusals.c.source == source, refusals.c.reason == "slow"))
        row = found.one_or_none()
        return (row.count, row.sample) if row else (0, {})


@pytest.mark.parametrize("framing", [LENGTH, CHUNKED], ids=["of known length", "in pieces"])
@pytest.mark.parametrize(("path", "source"), [(SYMPHONY, "symphony"), ("/login", "(unknown)")])
def test_who_dribbles_a_body_is_cut_off_and_counted(door: Door, framing: bytes, path: str, source: str) -> None:
    before, _ = counted(door, source)
    begun = time.monotonic()
    with begin(door, framing, path) as connection:
        answered = dribble(connection, PIECES[framing])
    assert BODY_SECONDS <= time.monotonic() - begun < 3 * BODY_SECONDS
    assert answered.startswith(b"HTTP/1.1 408")
    assert b'"code": "slow"' in answered
    wait_until(lambda: counted(door, source) == (before + 1, {"user_agent": "snail"}))
    door.assert_well()


@pytest.mark.parametrize("framing", [LENGTH, CHUNKED], ids=["of known length", "in pieces"])
def test_who_is_slow_but_in_time_is_taken_in(door: Door, framing: bytes) -> None:
    body = encoded(campaign_event(id=time.monotonic_ns()))
    halves = [body[:20], body[20:]]
    if framing == CHUNKED:
        halves = [b"%x\r\n%s\r\n" % (len(half), half) for half in halves] + [b"0\r\n\r\n"]
    else:
        framing = b"Content-Length: %d" % len(body)
    with begin(door, framing) as connection:
        for half in halves:
            time.sleep(BODY_SECONDS / 6)
            connection.sendall(half)
        assert connection.recv(65536).startswith(b"HTTP/1.1 202")
    assert body in door.stored().values()


def test_more_who_dribble_than_there_are_threads_hold_up_nobody(tmp_path: Path) -> None:
    with cutting_off_after(60, tmp_path) as door, ExitStack() as ends:
        dribbling = [
            (ends.enter_context(begin(door, framing, path)), PIECES[framing])
            for path in (SYMPHONY, "/webhooks/box-office", "/login")
            for framing in (LENGTH, CHUNKED)
            for _ in range(THREADS)
        ]
        took = []
        for number in range(50):
            for connection, piece in dribbling[number::50]:
                connection.sendall(piece)
            begun = time.monotonic()
            answer = door.post("/webhooks/box-office", b"{}", {"X-Api-Key": KEY})
            assert answer.status_code == 422
            assert requests.get(f"{door.url}/ready", timeout=30).status_code == 200
            took.append(time.monotonic() - begun)
        assert sorted(took)[len(took) // 2] < 0.5, "as fast as ever"
        assert max(took) < 10, "nobody waited until they were cut off"
        for connection, _ in dribbling:
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(1)


def test_it_stops_in_time_while_some_dribble_and_takes_in_who_is_about_to_end(tmp_path: Path) -> None:
    body = encoded(campaign_event(id=7))
    with cutting_off_after(BODY_SECONDS, tmp_path) as door, ExitStack() as ends, ThreadPoolExecutor(1) as pool:
        # A worker that is still starting would not hear of it.
        wait_until(lambda: all(f'"Started worker-{number}"' in door.web.written() for number in (1, 2)))
        dribbling = [ends.enter_context(begin(door, LENGTH)) for _ in range(2 * THREADS)]
        honest = ends.enter_context(begin(door, b"Content-Length: %d" % len(body)))
        assert door.post("/webhooks/box-office", b"{}", {"X-Api-Key": KEY}).status_code == 422
        begun = time.monotonic()
        stopping = pool.submit(door.web.stop)
        wait_until(lambda: "Stopping worker-" in door.web.written())
        honest.sendall(body)
        assert honest.recv(65536).startswith(b"HTTP/1.1 202")
        stopping.result()
        assert time.monotonic() - begun < 3 * BODY_SECONDS
        assert {connection.recv(12) for connection in dribbling} == {b"HTTP/1.1 408"}
        assert list(door.stored().values()).count(body) == 1
        assert counted(door, "symphony")[0] == len(dribbling)
