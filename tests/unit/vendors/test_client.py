"""The client on a socket: one request a call, over the right connection, ended by its deadline, nothing given away."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from time import monotonic
from typing import Any

import brotli
import pytest

from tests.unit.vendors.documented import CREATED, QUEUED, catalogue, example, settings_for
from tests.unit.vendors.raw_vendor import Answering, RawVendor, answers, stays_silent, then_hangs_up
from tests.waiting import wait_until
from vendors.answers import Silence
from vendors.client import Client
from vendors.eventbrite import EVENTBRITE
from vendors.session import Outgoing, VendorSession
from vendors.wire import Wire
from workflows.catalogue import Operation, Outcome, OutcomeKind, Request
from workflows.settings import Secret, Settings

CATALOGUE = catalogue()

SOON = 0.5
MUCH_LATER = 8.0
"""Seconds: a deadline with room for a busy machine, and what would show that nothing ended at it."""


@contextmanager
def client_of(settings: Settings) -> Iterator[Client]:
    with closing(Client(settings)) as client:
        yield client


def prepared(name: str, *, deadline_seconds: float = 10.0) -> tuple[Operation, Request]:
    operation = replace(CATALOGUE.operation(name), deadline_seconds=deadline_seconds)
    return operation, operation.prepare(example(name).inputs)


def send_to(address: str, name: str, *, deadline_seconds: float = 10.0) -> Outcome:
    with client_of(settings_for(address)) as client:
        return client.send(*prepared(name, deadline_seconds=deadline_seconds))


def connections_used(vendor: RawVendor, count: int) -> list[int]:
    return [vendor.received.get(timeout=5).connection for _ in range(count)]


def test_what_may_be_repeated_goes_over_the_connection_that_is_open() -> None:
    with RawVendor(answers(200, b"{}")) as vendor, client_of(settings_for(vendor.url)) as client:
        for _ in range(3):
            assert client.send(*prepared("symphony.edit_campaign")).kind is OutcomeKind.DONE

        assert connections_used(vendor, 3) == [1, 1, 1]


def test_what_must_not_be_repeated_always_opens_its_own_connection() -> None:
    with RawVendor(answers(200, QUEUED)) as vendor, client_of(settings_for(vendor.url)) as client:
        for name in ("symphony.edit_campaign", "cymbal.create_contact", "cymbal.create_contact"):
            assert client.send(*prepared(name)).kind is OutcomeKind.DONE

        assert connections_used(vendor, 3) == [1, 2, 3]


def test_a_connection_the_vendor_closed_meanwhile_is_replaced() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with RawVendor(then_hangs_up(answer)) as vendor, client_of(settings_for(vendor.url)) as client:
        assert client.send(*prepared("symphony.edit_campaign")).kind is OutcomeKind.DONE
        wait_until(lambda: vendor.hung_up == 1)
        assert client.send(*prepared("symphony.edit_campaign")).kind is OutcomeKind.DONE

        assert connections_used(vendor, 2) == [1, 2]


def test_threads_do_not_share_a_connection() -> None:
    with RawVendor(answers(200, b"{}")) as vendor, client_of(settings_for(vendor.url)) as client:
        threads = [threading.Thread(target=client.send, args=prepared("symphony.edit_campaign")) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

        assert sorted(connections_used(vendor, 4)) == [1, 2, 3, 4]


def test_the_connections_of_a_thread_end_with_it() -> None:
    with RawVendor(answers(200, b"{}")) as vendor, client_of(settings_for(vendor.url)) as client:
        thread = threading.Thread(target=client.send, args=prepared("symphony.edit_campaign"))
        thread.start()
        thread.join(10)

        wait_until(lambda: vendor.hung_up == 1)


def test_a_client_that_is_closed_leaves_no_connection_open() -> None:
    with RawVendor(answers(200, b"{}")) as vendor, client_of(settings_for(vendor.url)) as client:
        done, over = threading.Event(), threading.Event()

        def elsewhere() -> None:
            client.send(*prepared("symphony.edit_campaign"))
            done.set()
            over.wait(10)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        client.send(*prepared("symphony.edit_campaign"))
        done.wait(10)
        assert vendor.hung_up == 0
        client.close()
        wait_until(lambda: vendor.hung_up == 2)
        over.set()
        thread.join(10)


def test_cookies_are_not_kept_and_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    answering = answers(200, b"{}", Set_Cookie="session=1; Path=/")
    with RawVendor(answering) as vendor, client_of(settings_for(vendor.url)) as client:
        for _ in range(2):
            assert client.send(*prepared("symphony.edit_campaign")).kind is OutcomeKind.DONE
        first, second = (vendor.received.get(timeout=5) for _ in range(2))

    assert first.headers == second.headers
    assert "cookie" not in second.headers
    assert "authorization" not in second.headers


def test_a_redirect_is_not_followed() -> None:
    with RawVendor(answers(200, b"{}")) as elsewhere:
        with RawVendor(answers(307, b"", Location=f"{elsewhere.url}/v1/campaign")) as vendor:
            outcome = send_to(vendor.url, "symphony.create_campaign")

        assert outcome.kind is OutcomeKind.IN_DOUBT
        assert elsewhere.received.empty()


@contextmanager
def listener(backlog: int) -> Iterator[socket.socket]:
    """A socket that is listened on and never accepts; the system shakes hands for it while its backlog has room."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(backlog)
        yield listening


def test_a_vendor_that_speaks_no_tls_receives_nothing() -> None:
    with listener(8) as listening:
        heard: list[bytes] = []
        speaking = threading.Thread(target=lambda: heard.append(_speaks_in_the_clear(listening)))
        speaking.start()
        outcome = send_to(f"https://127.0.0.1:{listening.getsockname()[1]}", "symphony.create_campaign")
        speaking.join(10)

    assert outcome.kind is OutcomeKind.NOT_SENT
    assert "TLS failed" in outcome.reason
    assert heard[0].startswith(b"\x16"), "a handshake"
    assert b"campaign" not in heard[0]


def _speaks_in_the_clear(listening: socket.socket) -> bytes:
    connection, _ = listening.accept()
    with connection:
        heard = connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        return heard


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_vendor_that_never_speaks_is_left_at_the_deadline(scheme: str) -> None:
    with listener(8) as listening:
        began = monotonic()
        address = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        outcome = send_to(address, "symphony.create_campaign", deadline_seconds=SOON)

    assert outcome.kind is (OutcomeKind.IN_DOUBT if scheme == "http" else OutcomeKind.NOT_SENT)
    assert monotonic() - began < MUCH_LATER


def test_a_vendor_that_takes_no_more_connections_has_received_nothing() -> None:
    with listener(0) as listening:
        address = listening.getsockname()
        with socket.create_connection(address):
            outcome = send_to(f"http://127.0.0.1:{address[1]}", "symphony.create_campaign", deadline_seconds=SOON)

    assert outcome.kind is OutcomeKind.NOT_SENT
    assert "did not accept a connection in time" in outcome.reason


def test_a_vendor_that_stops_reading_is_left_at_the_deadline() -> None:
    operation, request = prepared("cymbal.create_orders", deadline_seconds=SOON)
    request = replace(request, body=(request.body or "") + " " * 20_000_000)  # more than the system keeps for a reader
    with listener(8) as listening, client_of(settings_for(f"http://127.0.0.1:{listening.getsockname()[1]}")) as client:
        began = monotonic()
        outcome = client.send(operation, request)

    assert outcome.kind is OutcomeKind.IN_DOUBT
    assert monotonic() - began < MUCH_LATER


def test_nothing_leaves_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(*asked: Any, **options: Any) -> Any:
        threading.Event().wait(0.3)
        return look_up(*asked, **options)

    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with RawVendor(answers(200, CREATED)) as vendor:
        outcome = send_to(vendor.url, "symphony.create_campaign", deadline_seconds=0.2)

        assert outcome.kind is OutcomeKind.NOT_SENT
        assert vendor.received.empty()


def test_a_client_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with RawVendor(answers(200, b"{}")) as vendor:
        send_to(vendor.url, "symphony.edit_campaign")

    wait_until(lambda: set(threading.enumerate()) <= before)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"api_key": None}, "set vendors.cymbal.api_key"),
        ({"base_url": None}, "set vendors.cymbal.base_url"),
        ({"base_url": "", "api_key": None}, "set vendors.cymbal.base_url and vendors.cymbal.api_key"),
    ],
)
def test_a_vendor_that_is_not_configured_is_sent_nothing(missing: dict[str, Any], words: str) -> None:
    with RawVendor(answers(201, QUEUED)) as vendor:
        with client_of(settings_for(vendor.url, cymbal=missing)) as client:
            outcome = client.send(*prepared("cymbal.create_contact"))

        assert (outcome.kind, outcome.reason) == (OutcomeKind.NOT_SENT, f"Cymbal is not configured: {words}")
        assert vendor.received.empty()


def test_the_brand_goes_along_where_one_is_configured() -> None:
    with RawVendor(answers(200, b"{}")) as vendor:
        with client_of(settings_for(vendor.url, symphony={"brand_id": "band-7"})) as client:
            client.send(*prepared("symphony.edit_campaign"))
        received = vendor.received.get(timeout=5)

    assert received.headers["x-brand-id"] == "band-7"
    assert received.headers["x-api-key"] == "symphony-key-123"


def test_a_base_url_is_joined_with_one_slash() -> None:
    with RawVendor(answers(201, QUEUED)) as vendor:
        with client_of(settings_for(vendor.url, cymbal={"base_url": f"{vendor.url}/v1/partners/"})) as client:
            client.send(*prepared("cymbal.create_contact"))

        assert vendor.received.get(timeout=5).target == "/v1/partners/contact"


def test_a_dry_run_needs_nothing_configured() -> None:
    settings = replace(settings_for(""), vendors={})

    described = Client(settings).describe(*prepared("symphony.register_webhook"))

    assert described["method"] == "POST"
    assert described["url"] == "http://127.0.0.1:8462/symphony/webhook"
    assert described["headers"]["x-api-key"] == "***"
    assert described["body"]["url"] == "https://receiver.example.com/hooks/symphony"


@pytest.mark.parametrize("answering", [answers(401, b'"bad key cymbal-key-123"'), stays_silent, answers(302)])
def test_the_key_is_in_no_outcome(answering: Answering) -> None:
    with RawVendor(answering) as vendor:
        outcome = send_to(vendor.url, "cymbal.create_contact", deadline_seconds=SOON)

        assert "cymbal-key-123" not in repr(outcome)
        assert vendor.received.get(timeout=5).headers["cymbal-partner-api-key"] == "cymbal-key-123"


@pytest.mark.parametrize(
    "key", ["line one\r\nX-Evil: yes", "line one\r\n X-Evil: yes", "line one\nX-Evil: yes", "Evil\0", "Evil \u20ac"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_key_no_header_can_carry_is_not_sent_and_not_told(key: str, scheme: str) -> None:
    with RawVendor(answers(201, QUEUED)) as vendor:
        settings = settings_for(vendor.url.replace("http", scheme), cymbal={"api_key": Secret(key)})
        with client_of(settings) as client:
            outcome = client.send(*prepared("cymbal.create_contact"))

        assert (outcome.kind, outcome.reason) == (
            OutcomeKind.NOT_SENT,
            "Cymbal: its address or key makes no valid request",
        )
        assert vendor.received.empty()


def test_of_a_request_that_could_not_be_made_nothing_is_in_the_next() -> None:
    session = VendorSession()
    with RawVendor(answers(200, b"{}")) as vendor, closing(session):
        for headers in ({"X": "1"}, {"Key": "\u20ac"}, {"X": "2"}):
            session.exchange(Outgoing("GET", vendor.url, headers, None), deadline_seconds=5, fresh_connection=False)
        first, second = (vendor.received.get(timeout=5) for _ in range(2))

    assert (first.headers.pop("x"), second.headers.pop("x")) == ("1", "2")
    assert first.headers == second.headers


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://", "its address or key makes no valid request"),
        ("http:///v1", "its address or key makes no valid request"),
        ("ftp://127.0.0.1", "its address or key makes no valid request"),
        ("http://127.0.0.1:99999", "its address or key makes no valid request"),
        ("http://us:hunter2@127.0.0.1", "its address or key makes no valid request"),
        ("http://a\u2603b.invalid", "its address or key makes no valid request"),
        ("http://m\u00fcnchen.invalid", "its name cannot be resolved"),
        (f"http://{'a' * 70}.invalid", "its name cannot be resolved"),
        ("http://[::1]:1", "no connection: "),
    ],
)
def test_an_address_that_leads_nowhere_is_sent_nothing(address: str, reason: str) -> None:
    outcome = send_to(address, "symphony.create_campaign")

    assert outcome.kind is OutcomeKind.NOT_SENT
    assert outcome.reason.startswith(f"Symphony: {reason}")


@pytest.mark.parametrize(
    ("base", "target"), [("/v1/../v2/m\u00fcnchen", "/v2/m%C3%BCnchen"), ("/a b[1]", "/a%20b%5B1%5D"), ("/%7e", "/%7E")]
)
def test_what_an_address_cannot_hold_is_quoted(base: str, target: str) -> None:
    with RawVendor(answers(201, QUEUED)) as vendor:
        with client_of(settings_for(vendor.url, cymbal={"base_url": vendor.url + base})) as client:
            client.send(*prepared("cymbal.create_contact"))

        assert vendor.received.get(timeout=5).target == f"{target}/contact"


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("GET", None, None), ("POST", b"{}", "2"), ("POST", None, "0"), ("DELETE", None, "0"), ("DELETE", b"{}", "2")],
)
def test_what_may_have_a_body_says_how_long_it_is(method: str, body: bytes | None, length: str | None) -> None:
    session = VendorSession()
    with RawVendor(answers(200, b"{}")) as vendor, closing(session):
        outgoing = Outgoing(method, vendor.url, {}, body)
        session.exchange(outgoing, deadline_seconds=5, fresh_connection=False)
        received = vendor.received.get(timeout=5)

    assert (received.headers.get("content-length"), received.body) == (length, body or b"")
    assert "transfer-encoding" not in received.headers


PACKERS = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}


@pytest.mark.parametrize("coding", PACKERS)
def test_an_answer_may_be_packed_though_nobody_asked_for_it(coding: str) -> None:
    with RawVendor(answers(200, PACKERS[coding](CREATED), Content_Encoding=coding)) as vendor:
        assert send_to(vendor.url, "symphony.create_campaign").kind is OutcomeKind.DONE


@pytest.mark.parametrize("coding", PACKERS)
def test_a_packed_answer_is_unpacked_no_further_than_the_bound(coding: str) -> None:
    packed = PACKERS[coding](b" " * 50_000_000)
    with RawVendor(answers(200, packed, Content_Encoding=coding)) as vendor:
        outcome = send_to(vendor.url, "symphony.create_campaign")

    assert outcome.kind is OutcomeKind.IN_DOUBT
    assert "longer than 1 MB" in outcome.reason


def test_a_vendor_may_answer_and_hang_up_without_reading_to_the_end() -> None:
    operation, request = prepared("cymbal.create_orders")
    request = replace(request, body=(request.body or "") + " " * 20_000_000)
    with listener(8) as listening, client_of(settings_for(f"http://127.0.0.1:{listening.getsockname()[1]}")) as client:
        answering = threading.Thread(target=_answers_at_once, args=(listening,))
        answering.start()
        outcome = client.send(operation, request)
        answering.join(10)

    assert (outcome.kind, outcome.status) == (OutcomeKind.REFUSED, 413)


def _answers_at_once(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")


def test_looking_at_operations_does_not_import_what_sends_them() -> None:
    program = (
        "import sys; from vendors.catalogue import catalogue_of; from vendors.client import Client; catalogue_of({});"
        "sys.exit(bool({'urllib3', 'flask', 'celery', 'sqlalchemy'} & sys.modules.keys()))"
    )

    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_what_must_be_public_is_never_looked_for_in_a_private_network() -> None:
    session = VendorSession()
    with RawVendor(answers(200, b"{}")) as vendor:
        url = vendor.url.replace("127.0.0.1", "localhost")
        for address in (vendor.url, url):
            outgoing = Outgoing("GET", f"{address}/orders/5/", {}, None, is_public=True)
            reply = session.exchange(outgoing, deadline_seconds=5, fresh_connection=False)
            assert reply == Silence(False, "its name leads into a private network")
        assert vendor.received.empty()
    session.close()


@pytest.mark.parametrize(
    ("base", "is_public"), [("https://www.eventbriteapi.com/v3", True), ("http://127.0.0.1:8462/eventbrite/v3", False)]
)
def test_what_a_webhook_points_at_is_on_the_internet_or_in_the_sandbox(base: str, is_public: bool) -> None:
    _, request = prepared("eventbrite.get_order")
    outgoing = Wire(EVENTBRITE, {"base_url": base, "token": Secret("t")}).outgoing(request)
    assert outgoing.is_public is is_public
    assert outgoing.url == f"{base}/orders/1034608029/?expand=attendees%2Cevent"
