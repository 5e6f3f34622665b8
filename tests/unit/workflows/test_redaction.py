"""Redaction cuts secrets and personal data, and leaves what an operator needs."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.redaction import HIDDEN, MAX_DEPTH, redact, redact_headers, redact_text
from workflows.values import Money, new_id

SECRETS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=8, max_size=40)
LOCAL_PARTS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,30}[A-Za-z0-9]", fullmatch=True)
DOMAINS = st.from_regex(r"[a-z0-9]{1,20}(\.[a-z]{2,8}){1,2}", fullmatch=True)
SURROUNDINGS = st.sampled_from(
    [("", ""), ("for ", " now"), ("(", ")"), ("<", ">"), ('"', '"'), ("a,", ",b"), ("x=", "&")]
)
SECRET_NAMES = st.sampled_from(
    [
        "token",
        "api_key",
        "apiKey",
        "X-Api-Key",
        "password",
        "client_secret",
        "webhook-signature",
        "SECRET",
        "access_token",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.binary()
    | st.builds(object)
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("POST /webhooks/symphony/wh0-secret?x=1", "POST /webhooks/symphony/***?x=1"),
        ("/webhooks/symphony/a%2Fb", "/webhooks/symphony/***"),
        (r"{\"url\":\"http:\/\/h\/webhooks\/symphony\/tok\"}", r"{\"url\":\"http:\/\/h\/webhooks\/symphony\/***\"}"),
        ("url=http%3A%2F%2Fh%2Fwebhooks%2Fsymphony%2Ftok&a=1", "url=http%3A%2F%2Fh%2Fwebhooks%2Fsymphony%2F***&a=1"),
        ("redis://user:pa:ss@cache.example.com:6379/0", "redis://***@cache.example.com:6379/0"),
        ("https://api.example.com/v1?api_key=k123&page=2", "https://api.example.com/v1?api_key=***&page=2"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("report_url: https://evvnt.example.com/r?digest=abc", "report_url: ***"),
        ("Cookie: session=1; csrf=2", "Cookie: ***"),
        ("got 'Bearer abcdef' from them", "got 'Bearer ***' from them"),
        ("Basic dXNlcjpwYXNz", "Basic ***"),
        ("cymbal-partner-api-key: 123-abc", "cymbal-partner-api-key: ***"),
        ("{'password': 'it\\'s \"x\"', 'n': 1}", "{'password': '***', 'n': 1}"),
        ('{"token": "cut sho', '{"token": "***"'),
        (r'"{\"email\": \"jane@example.com\"}"', r'"{\"email\": \"***\"}"'),
        ("error: 'token=abc'", "error: 'token=***'"),
        ("tokens: ['a', ['b']] kept", "tokens: *** kept"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln", "***"),
        ("sent to jane.o+tix@mail.example.co.uk.", "sent to ***."),
        ("?q=jane%40example.com&n=1", "?q=***&n=1"),
        ("about cymbal:contact:jane@example.com", "about cymbal:contact:***"),
        ("call +1 (959) 474-6360 or 555-555-5555", "call *** or ***"),
        ("call 07700 900123, (020) 7946 0000", "call ***, ***"),
        ("failed\n[parameters: ('Ann [x]', 3)]\n(more)", "failed\n[parameters: ***]\n(more)"),
        ('{"phone": "12345678900", "first_name": "Ann"}', '{"phone": "***", "first_name": "***"}'),
    ],
)  # fmt: skip
def test_text_loses_what_must_not_be_seen(text: str, shown: str) -> None:
    assert redact_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "campaign 5017 on 2026-03-01T15:00:00.123456+00:00 spent 500.00 USD",
        "2026-03-01T15:00:00Z took 1700003600.25 s at 1772345678",
        "account 120211234567890123 ad 23851234567890123",
        "symphony:campaign:5017 order:tickettailor:or_737352",
        "http://127.0.0.1:8080/v1/campaign/5017?limit=50&cursor=abc",
        "POST /webhooks/tickettailor HTTP/1.1",
        "Idempotency-Key: 5017-raise-budget",
        "Basic authentication and a bearer of news",
        "$.buyer.email: must be text",
        '{"opt_ins": {"email": true, "sms": null}}',
        "0.9% >= 1.2% is false",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redact_text(text) == text


def test_ids_of_ours_stay() -> None:
    ids = [new_id() for _ in range(500)]
    assert [redact_text(f"run {id_} at {id_}") for id_ in ids] == [f"run {id_} at {id_}" for id_ in ids]


def test_nested_values_are_cut_by_name_and_by_content() -> None:
    order = {
        "id": "or_737352",
        "customer": {"name": "Ann Lee", "email": "ann@example.com", "address": {"street": "1 Main St", "no": 12}},
        "items": [{"name": "General admission", "total": Money(Decimal("40.00"), "USD")}],
        "opt_ins": {"email": True, "sms": None},
        "note": "ring +44 7700 900123",
        "placed_at": datetime(2026, 3, 1, tzinfo=UTC),
        "apiKey": {"nested": "k"},
    }
    assert redact(order) == {
        "id": "or_737352",
        "customer": {"name": HIDDEN, "email": HIDDEN, "address": {"street": HIDDEN, "no": HIDDEN}},
        "items": [{"name": "General admission", "total": Money(Decimal("40.00"), "USD")}],
        "opt_ins": {"email": True, "sms": None},
        "note": f"ring {HIDDEN}",
        "placed_at": datetime(2026, 3, 1, tzinfo=UTC),
        "apiKey": HIDDEN,
    }


def test_headers_keep_their_names_and_lose_credentials() -> None:
    headers = [
        ("Authorization", "Basic dXNlcjpwYXNz"),
        ("X-API-Key", "k"),
        ("Cookie", "a=1"),
        ("Tickettailor-Webhook-Signature", "t=1,v1=ff"),
        ("Cymbal-Partner-API-Key", "p"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("Idempotency-Key", "5017-raise"),
        ("Content-Type", "application/json"),
    ]
    shown = redact_headers(headers)
    assert [name for name, value in shown.items() if value == HIDDEN] == [name for name, _ in headers[:6]]
    assert {name: shown[name] for name, _ in headers[6:]} == dict(headers[6:])


def test_a_circle_ends() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert str(redact(circle)).count("[") == MAX_DEPTH + 1


def test_a_value_that_cannot_say_itself_is_named_by_its_type() -> None:
    class Rude:
        def __str__(self) -> str:
            raise RuntimeError

    assert redact({"it": Rude()}) == {"it": "<Rude>"}


@given(st.text(), SECRETS, st.text())
def test_a_known_secret_is_gone_wherever_it_stands(before: str, secret: str, after: str) -> None:
    assert secret not in redact_text(before + secret + after, [secret])


@given(st.text("aA0 \"'\\/%&=é", min_size=4, max_size=20).filter(lambda text: len(set(text)) > 3))
def test_a_known_secret_is_gone_as_json_and_in_a_query(secret: str) -> None:
    text = redact_text(f"id {json.dumps(secret)[1:-1]}", [secret])
    assert text == f"id {HIDDEN}"


@given(SECRET_NAMES, SECRETS, st.sampled_from(["{}={}", "{}: {}", '"{}": "{}"', "{{'{}': '{}'}}", "?a=1&{}={}&b=2"]))
def test_the_value_of_a_secret_name_is_gone(name: str, secret: str, form: str) -> None:
    secret = f"q{secret}"  # true, null and none stay readable
    assert secret not in redact_text(f"before {form.format(name, secret)} after")
    assert secret not in str(redact({"outer": [{name: secret}]}))


@given(LOCAL_PARTS, DOMAINS, SURROUNDINGS)
def test_an_email_address_is_gone_wherever_it_stands(local: str, domain: str, around: tuple[str, str]) -> None:
    address = f"{local}@{domain}"
    assert address not in redact_text(address.join(around))
    assert address not in str(redact({"text": address.join(around), address: 1}))


@given(st.from_regex(r"\+[1-9][0-9]{8,13}", fullmatch=True), SURROUNDINGS)
def test_an_international_phone_number_is_gone_wherever_it_stands(number: str, around: tuple[str, str]) -> None:
    assert number[1:] not in redact_text(number.join(around))


@given(st.text(), st.lists(SECRETS, max_size=3))
def test_cutting_text_twice_changes_nothing(text: str, secrets: list[str]) -> None:
    once = redact_text(text, secrets)
    assert redact_text(once, secrets) == once


@given(VALUES)
def test_any_value_can_be_redacted_and_only_plain_values_remain(value: Any) -> None:
    redacted = redact(value)
    json.dumps(redacted, default=lambda number: str(Decimal(number)))
    assert str(redact(redacted)) == str(redacted)


@given(st.text(alphabet="a@.:= \"'\\{[%", max_size=300))
def test_text_full_of_separators_is_redacted_without_fail(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@pytest.mark.parametrize(
    "piece",
    ["a", "a@", "a.", "a=", "\\", '"', "{", "+1", "http://", "token=", "webhooks/", "0 ", "token={}", "$.a.", "a%"],
)
@pytest.mark.timeout(5)
def test_long_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    redact_text(piece * 50_000)
