"""Tokens: one login for any number of callers, renewed in time, replaced once where the vendor no longer takes it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.unit.vendors.documented import USER, catalogue, example, settings_for
from tests.unit.vendors.raw_vendor import Answering, RawVendor, answers, hangs_up, stays_silent
from vendors.client import Client
from vendors.entry import Token
from vendors.tokens import RENEWED_BEFORE_SECONDS, Tokens
from workflows.catalogue import Outcome, OutcomeKind

GET_USER = catalogue().operation("partner_api.get_user")
REQUEST = GET_USER.prepare(example("partner_api.get_user").inputs)
STALE = b'{"result": "OAUTH_ERROR", "error": "expired"}'


class Clock:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def login_answer(token: str = "t-1", seconds: int = 3600) -> bytes:
    body = {"result": "OK", "access_token": token, "create_time": 1_700_000_000, "expire_time": 1_700_000_000 + seconds}
    return json.dumps(body).encode()


def in_turn(*answerings: Answering) -> Answering:
    """Answer each request in its own way; the last way serves all further ones."""
    left = list(answerings)
    lock = threading.Lock()

    def answering(connection: socket.socket) -> None:
        with lock:
            chosen = left.pop(0) if len(left) > 1 else left[0]
        chosen(connection)

    return answering


@contextmanager
def partner(
    *answerings: Answering, may_go: Callable[[str], bool] = lambda vendor: True, clock: Clock | None = None
) -> Iterator[tuple[RawVendor, Client]]:
    """A vendor that answers all requests, logins too, in turn, and a client of it."""
    with RawVendor(in_turn(*answerings), gives_tokens=False) as vendor:
        options = {} if clock is None else {"monotonic": clock}
        client = Client(settings_for(vendor.url), may_go, **options)
        yield vendor, client
        client.close()


def targets(vendor: RawVendor) -> list[str]:
    return [vendor.received.get(timeout=5).target for _ in range(vendor.received.qsize())]


LOGIN, USERS = "/partner/login", "/partner/v2/getUser"


def test_any_number_of_callers_at_once_make_one_login() -> None:
    with RawVendor(answers(200, USER)) as vendor:
        client = Client(settings_for(vendor.url))
        with ThreadPoolExecutor(24) as pool:
            outcomes = list(pool.map(lambda _: client.send(GET_USER, REQUEST), range(48)))
        client.close()

        assert {outcome.kind for outcome in outcomes} == {OutcomeKind.DONE}
        assert vendor.logins.qsize() == 1
        assert vendor.received.qsize() == 48
        assert vendor.received.get().headers["authorization"] == "Bearer partner-token-123"


def test_callers_at_once_share_a_failed_login_too() -> None:
    tokens, begun, over = Tokens(), threading.Event(), threading.Event()
    calls = []

    def log_in() -> Outcome:
        calls.append(1)
        begun.set()
        over.wait(10)
        return Outcome(OutcomeKind.NOT_SENT, "no")

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(tokens.get, "shop", log_in, wait_seconds=10)
        begun.wait(10)
        others = [pool.submit(tokens.get, "shop", log_in, wait_seconds=10) for _ in range(7)]
        with pytest.raises(TimeoutError):
            tokens.get("shop", log_in, wait_seconds=0)
        while not all(other.running() for other in others):
            begun.wait(10)
        over.set()
        reasons = {getattr(one.result(10), "reason", None) for one in [first, *others]}

    assert reasons == {"no"}


def test_a_token_is_renewed_a_minute_before_it_ends_counted_from_its_receipt() -> None:
    clock = Clock()
    tokens = Tokens(clock)
    made = []

    def log_in() -> Token:
        made.append(1)
        return Token(f"t-{len(made)}", 3600)

    def get() -> Token | Outcome:
        return tokens.get("shop", log_in, wait_seconds=1)

    assert get() == get() == Token("t-1", 3600)
    clock.now += 3600 - RENEWED_BEFORE_SECONDS - 0.1
    assert get() == Token("t-1", 3600)
    clock.now += 0.2
    assert get() == Token("t-2", 3600)


def test_dropping_a_token_leaves_the_one_that_took_its_place() -> None:
    tokens = Tokens()
    old, new = Token("old", 3600), Token("new", 3600)
    tokens.hold("shop", old)
    tokens.hold("shop", new)

    tokens.drop("shop", old)

    assert tokens.get("shop", lambda: Outcome(OutcomeKind.REFUSED, "asked"), wait_seconds=1) is new


def test_an_expired_token_is_replaced_and_the_request_repeated_once() -> None:
    for refusal in (answers(401), answers(200, STALE)):
        first, second = answers(200, login_answer("t-1")), answers(200, login_answer("t-2"))
        with partner(first, refusal, second, answers(200, USER)) as (vendor, client):
            outcome = client.send(GET_USER, REQUEST)

            assert outcome.kind is OutcomeKind.DONE
            received = [vendor.received.get(timeout=5) for _ in range(4)]
            assert [one.target for one in received] == [LOGIN, USERS, LOGIN, USERS]
            assert [one.headers.get("authorization") for one in received[1::2]] == ["Bearer t-1", "Bearer t-2"]
            assert received[1].body == received[3].body


def test_credentials_that_a_fresh_token_does_not_help_are_refused() -> None:
    with partner(answers(200, login_answer()), answers(401), answers(200, login_answer()), answers(401)) as (vendor, c):
        outcome = c.send(GET_USER, REQUEST)

        assert outcome.kind is OutcomeKind.REFUSED
        assert "credentials were refused" in outcome.reason
        assert targets(vendor) == [LOGIN, USERS, LOGIN, USERS]


@pytest.mark.parametrize(
    ("login", "kind", "words"),
    [
        (answers(401), OutcomeKind.REFUSED, "Could not log in. Our credentials were refused"),
        (answers(200, b'{"result": "OAUTH_ERROR", "error": "failed login"}'), OutcomeKind.REFUSED, "failed login"),
        (answers(400, b'{"error": "invalid_client"}'), OutcomeKind.REFUSED, "invalid_client"),
        (answers(500), OutcomeKind.NOT_SENT, "Could not log in. Partner API answered 500"),
        (answers(429, b"", Retry_After="9"), OutcomeKind.NOT_SENT, "429"),
        (answers(200, b"{}"), OutcomeKind.NOT_SENT, "not as expected"),
        (answers(200, login_answer(seconds=0)), OutcomeKind.NOT_SENT, "must be after create_time"),
        (hangs_up, OutcomeKind.NOT_SENT, "lost"),
    ],
)
def test_without_a_token_nothing_is_sent(login: Answering, kind: OutcomeKind, words: str) -> None:
    with partner(login) as (vendor, client):
        outcome = client.send(GET_USER, REQUEST)

        assert outcome.kind is kind, outcome.reason
        assert words in outcome.reason
        assert outcome.retry_after_seconds == (9.0 if outcome.status == 429 else None)
        assert targets(vendor) == [LOGIN]


def test_the_deadline_covers_login_and_call() -> None:
    operation = replace(GET_USER, deadline_seconds=0.3)
    for answerings, kind in (
        ((stays_silent,), OutcomeKind.NOT_SENT),
        ((answers(200, login_answer()), stays_silent), OutcomeKind.RETRY),
    ):
        with partner(*answerings) as (_, client):
            assert client.send(operation, REQUEST).kind is kind


def test_every_request_takes_a_slot_of_the_vendors_limits() -> None:
    asked: list[str] = []

    def may_go(vendor: str) -> bool:
        asked.append(vendor)
        return True

    login = answers(200, login_answer())
    with partner(login, answers(401), login, answers(200, USER), may_go=may_go) as (_, client):
        assert client.send(GET_USER, REQUEST).kind is OutcomeKind.DONE

    assert asked == ["partner_api"] * 4


@pytest.mark.parametrize(("slots", "sent"), [(0, []), (1, [LOGIN]), (2, [LOGIN, USERS]), (3, [LOGIN, USERS, LOGIN])])
def test_where_the_limits_leave_no_room_the_call_is_made_later(slots: int, sent: list[str]) -> None:
    left = [True] * slots
    login = answers(200, login_answer())
    with partner(login, answers(401), login, may_go=lambda vendor: bool(left) and left.pop()) as (vendor, client):
        outcome = client.send(GET_USER, REQUEST)

        assert (outcome.kind, targets(vendor)) == (OutcomeKind.NOT_SENT, sent)
        assert "its limits leave no room now" in outcome.reason


def test_a_login_called_by_hand_gives_no_token_away_and_is_used_from_then_on() -> None:
    operation = catalogue().operation("partner_api.login")
    with partner(answers(200, login_answer("t-by-hand")), answers(200, USER)) as (vendor, client):
        outcome = client.send(operation, operation.prepare({}))
        client.send(GET_USER, REQUEST)

        assert outcome.output.keys() == {"result", "create_time", "expire_time"}
        assert "t-by-hand" not in repr(outcome)
        assert targets(vendor) == [LOGIN, USERS]


def test_the_token_is_in_no_outcome() -> None:
    echo = answers(400, b'"do not send me t-secret-1"')
    with partner(answers(200, login_answer("t-secret-1")), echo) as (_, client):
        outcome = client.send(GET_USER, REQUEST)

    assert "do not send me ***" in outcome.reason
