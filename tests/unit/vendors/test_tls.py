"""The client over TLS: whom it trusts, and that a deadline ends an encrypted call as surely as a plain one."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.unit.vendors.documented import CREATED, settings_for
from tests.unit.vendors.raw_vendor import Answering, RawVendor, answers, hangs_up, stays_silent, trickles
from tests.unit.vendors.test_client import MUCH_LATER, SOON, client_of, prepared, send_to
from vendors import connections
from workflows.catalogue import OutcomeKind

CERTIFICATE = Path(__file__).parent / "tls" / "localhost.pem"
"""A certificate for 127.0.0.1 that signs itself, with its key. It guards nothing: only these tests trust it."""

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def trusted() -> Iterator[None]:
    """Trust the test's certificate for the length of a test."""
    connections.tls_context.cache_clear()
    connections.tls_context().load_verify_locations(CERTIFICATE)
    yield
    connections.tls_context.cache_clear()


def test_a_vendor_nobody_vouches_for_receives_nothing(tls: ssl.SSLContext) -> None:
    with RawVendor(answers(200, CREATED), tls=tls) as vendor:
        outcome = send_to(vendor.url, "symphony.create_campaign")

        assert outcome.kind is OutcomeKind.NOT_SENT
        assert "TLS failed: self-signed certificate" in outcome.reason
        assert vendor.received.empty()


@pytest.mark.usefixtures("trusted")
def test_a_vendor_under_another_name_receives_nothing(tls: ssl.SSLContext) -> None:
    with RawVendor(answers(200, CREATED), tls=tls) as vendor:
        outcome = send_to(vendor.url.replace("127.0.0.1", "localhost"), "symphony.create_campaign")

        assert outcome.kind is OutcomeKind.NOT_SENT
        assert "TLS failed" in outcome.reason
        assert vendor.received.empty()


@pytest.mark.usefixtures("trusted")
def test_calls_go_over_tls_and_keep_or_open_connections_as_over_plain_ones(tls: ssl.SSLContext) -> None:
    with RawVendor(answers(200, CREATED), tls=tls) as vendor, client_of(settings_for(vendor.url)) as client:
        names = ("symphony.edit_campaign", "symphony.edit_campaign", "symphony.create_campaign")
        outcomes = [client.send(*prepared(name)).kind for name in names]

        assert outcomes == [OutcomeKind.DONE] * 3
        assert [vendor.received.get(timeout=5).connection for _ in names] == [1, 1, 2]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    "answering", [stays_silent, trickles(HEAD, b"X: y\r\n"), trickles(HEAD + b"\r\n", b" "), hangs_up]
)
def test_after_the_first_byte_it_is_a_doubt_by_the_deadline(tls: ssl.SSLContext, answering: Answering) -> None:
    with RawVendor(answering, tls=tls) as vendor:
        began = monotonic()
        outcome = send_to(vendor.url, "symphony.create_campaign", deadline_seconds=SOON)

        assert outcome.kind is OutcomeKind.IN_DOUBT
        assert monotonic() - began < MUCH_LATER
        assert vendor.received.qsize() == 1
