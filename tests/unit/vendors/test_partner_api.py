"""The Partner API: what a look-up takes, and what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.vendors.documented import USER, catalogue, settings_for
from tests.unit.vendors.mutations import problems
from tests.unit.vendors.raw_vendor import RawVendor, answers
from vendors.client import Client
from workflows.catalogue import Outcome, OutcomeKind

GET_USER = catalogue().operation("partner_api.get_user")


def looked_up(body: bytes) -> Outcome:
    with RawVendor(answers(200, body)) as vendor:
        client = Client(settings_for(vendor.url))
        outcome = client.send(GET_USER, GET_USER.prepare({"username": "ana"}))
        client.close()
    return outcome


@pytest.mark.parametrize(
    ("inputs", "path", "words"),
    [
        ({}, "$", "exactly one of username and user_id"),
        ({"username": "ana", "user_id": 1}, "$", "exactly one"),
        ({"username": ""}, "$.username", "must not be empty"),
        ({"username": "  "}, "$.username", "must not be empty"),
        ({"username": None}, "$.username", "must not be null"),
        ({"user_id": 0}, "$.user_id", "must be 1 or more"),
        ({"user_id": "7"}, "$.user_id", "must be a number"),
        ({"user_id": 1.5}, "$.user_id", "whole number"),
        ({"name": "ana"}, "$.name", "did you mean 'username'?"),
    ],
)
def test_a_default_value_is_as_good_as_none_and_not_sent(inputs: dict[str, Any], path: str, words: str) -> None:
    assert words in problems(GET_USER, inputs)[path]


def test_credentials_are_never_inputs() -> None:
    login = catalogue().operation("partner_api.login")

    assert "is not a field here" in problems(login, {"password": "x"})["$.password"]
    assert login.prepare({}).body is None


def test_a_user_is_read() -> None:
    outcome = looked_up(USER)

    assert outcome.kind is OutcomeKind.DONE
    assert (outcome.output["user"]["id"], outcome.output["user"]["enabled"]) == (4021, True)


def test_a_user_without_enabled_is_not_entitled() -> None:
    assert looked_up(b'{"result": "OK", "user": {"id": 7}}').output["user"]["enabled"] is False


@pytest.mark.parametrize(
    "body",
    [
        b'{"result": "Not found"}',
        b'{"result": "NOT FOUND", "error": "nobody"}',
        b'{"result": "OK", "user": {"id": 0, "username": "string"}}',
        b'{"result": "OK", "user": {}}',
    ],
)
def test_nobody_is_told_as_no_such_user(body: bytes) -> None:
    outcome = looked_up(body)

    assert (outcome.kind, outcome.reason) == (
        OutcomeKind.REFUSED,
        "Partner API answered 200, but there is no such user",
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"result": "FAILED", "error": "project is off"}', "but the result is FAILED: project is off"),
        (b'{"result": "FAILED"}', "but the result is FAILED"),
        (b'{"result": 17}', "but the result is 17"),
    ],
)
def test_any_other_result_is_a_refusal_whatever_the_status(body: bytes, words: str) -> None:
    outcome = looked_up(body)

    assert outcome.kind is OutcomeKind.REFUSED
    assert words in outcome.reason


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"result": "OK"}', b'{"result": "OK", "user": {"id": "x"}}'])
def test_an_answer_that_is_not_as_documented_is_asked_for_again(body: bytes) -> None:
    assert looked_up(body).kind is OutcomeKind.RETRY
