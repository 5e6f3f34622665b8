"""A vendor's error body becomes one line, whatever its shape, without secrets and personal data."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendors.reasons import LONGEST, told_by


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"message": "Currencies must match"}, "Currencies must match"),
        ({"error": "Not found", "status": 404}, "Not found"),
        ({"error": {"message": "Not as documented", "code": 17}}, "Not as documented"),
        (
            {"error": {"message": "Bad", "problems": [{"path": "$.budget", "message": "is too small"}]}, "status": 400},
            "Bad; $.budget: is too small",
        ),
        ([{"error_key": "contacts.exists", "error_message": "It exists"}], "It exists; error_key: contacts.exists"),
        ({"errors": ["first", "second"]}, "first; second"),
        ({"errors": {"email": ["is taken", "is bad"]}}, "email: is taken; email: is bad"),
        (["one", "one", "two"], "one; two"),
        ("just text", "just text"),
        ({"result": "no"}, "result: no"),
        ({}, ""),
        (None, ""),
        (17, ""),
    ],
)
def test_every_shape_becomes_words(body: object, told: str) -> None:
    assert told_by(json.dumps(body).encode()) == told


def test_plain_text_is_told_and_a_page_is_not() -> None:
    assert told_by(b"Service\r\n  down") == "Service down"
    assert told_by(b"\n<!DOCTYPE html><h1>Bad gateway</h1>") == ""
    assert told_by(b"") == told_by(None) == ""


def test_addresses_phones_and_known_secrets_are_cut_out() -> None:
    body = {"message": "ana@example.com and +19594746360 with key s3cret-key-1", "email": "ana@example.com"}

    told = told_by(json.dumps(body).encode(), ["s3cret-key-1"])

    assert told.startswith("*** and *** with key ***")
    assert "ana" not in told


def test_what_was_sent_is_not_told_back() -> None:
    echo = {"message": "bad contact", "contact": {"first_name": "Ana", "last_name": "Lopez"}}

    assert told_by(json.dumps(echo).encode()).startswith("bad contact")
    assert "Ana" not in told_by(json.dumps(echo).encode())
    assert "Lopez" not in told_by(json.dumps(echo).encode())


def test_a_long_story_is_cut() -> None:
    assert len(told_by(json.dumps({"message": "x" * 5_000}).encode())) == LONGEST
    assert told_by(b'"' + b"x" * 50_000 + b'"') == ""


@given(st.binary())
def test_any_bytes_become_one_line(body: bytes) -> None:
    told = told_by(body)

    assert len(told) <= LONGEST
    assert "\n" not in told
