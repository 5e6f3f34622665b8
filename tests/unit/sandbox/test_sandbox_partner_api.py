"""The Partner API: form-encoded logins, tokens that expire, and failures that are answered with 200."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import Settings

LOGIN = "/partner_api/partner/login"


def lookup(client: Any, body: Any) -> Any:
    reply = client.partner_user(client.logged_in()["access_token"], body)
    assert reply.status_code == 200
    return reply.json()


def test_a_login_gives_a_token_with_its_times_in_seconds(serve: Any, clock: Any) -> None:
    client = serve(clock=clock)
    answer = client.logged_in()
    assert list(answer) == ["result", "access_token", "create_time", "expire_time"]
    assert (answer["result"], answer["create_time"]) == ("OK", 1_781_956_800)
    assert answer["expire_time"] - answer["create_time"] == 3600
    row = client.journal()[-1]
    assert (row["operation"], row["body"]) == (
        "partner_api.login",
        "login=sandbox-project&password=sandbox-private-key",
    )
    assert row["headers"]["content-type"] == "application/x-www-form-urlencoded"


def test_names_and_keys_survive_their_encoding(serve: Any) -> None:
    client = serve(partner_api_project="ab cd", partner_api_key="x&y=%+")
    assert client.logged_in("ab cd", "x&y=%+")["result"] == "OK"
    encoded = "login=ab%20cd&password=x%26y%3D%25%2B"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert client.session.post(client.url + LOGIN, data=encoded, headers=headers, timeout=10).json()["result"] == "OK"
    assert client.logged_in("ab cd", "x")["result"] == "OAUTH_ERROR"


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ({"data": {"login": "sandbox-project", "password": "wrong"}}, "OAUTH_ERROR"),
        ({"data": {"login": "other", "password": "sandbox-private-key"}}, "OAUTH_ERROR"),
        ({"data": {"login": "sandbox-project"}}, "BAD_REQUEST"),
        ({"data": {"login": "sandbox-project", "password": ""}}, "BAD_REQUEST"),
        ({"data": {"login": "sandbox-project", "password": "sandbox-private-key", "scope": "x"}}, "BAD_REQUEST"),
        ({"json": {"login": "sandbox-project", "password": "sandbox-private-key"}}, "BAD_REQUEST"),
        ({"params": {"login": "sandbox-project", "password": "sandbox-private-key"}}, "BAD_REQUEST"),
    ],
)
def test_a_login_that_fails_says_so_under_200(shared_client: Any, options: dict[str, Any], result: str) -> None:
    reply = shared_client.session.post(shared_client.url + LOGIN, timeout=10, **options)
    assert (reply.status_code, reply.json()["result"]) == (200, result)
    assert "access_token" not in reply.json()
    assert shared_client.journal()[-1]["processed"] is False


def test_a_user_is_found_by_name_or_id(shared_client: Any) -> None:
    ana = lookup(shared_client, {"username": "ana"})
    assert ana["user"] == {
        "id": 4021,
        "username": "ana",
        "auth_method": "email",
        "enabled": True,
        "extra": {"country": "US", "language": "en"},
    }
    assert lookup(shared_client, {"user_id": 4021}) == ana
    assert lookup(shared_client, {"username": "ben"})["user"]["enabled"] is False
    assert "enabled" not in lookup(shared_client, {"username": "cleo"})["user"]


def test_a_default_value_is_as_good_as_none(shared_client: Any) -> None:
    empty = lookup(shared_client, {})
    assert empty["result"] == "BAD_REQUEST"
    assert lookup(shared_client, {"user_id": 0}) == lookup(shared_client, {"username": ""}) == empty
    assert lookup(shared_client, {"username": "ana", "user_id": 0})["user"]["id"] == 4021


@pytest.mark.parametrize(
    "body",
    [
        {"username": "ana", "user_id": 4021},
        {"username": "ana", "email": "ana@example.com"},
        {"username": 4021},
        {"user_id": "4021"},
        {"user_id": True},
        {"username": None},
        ["ana"],
    ],
)
def test_a_lookup_that_is_not_as_documented_fails_under_200(shared_client: Any, body: Any) -> None:
    assert lookup(shared_client, body)["result"] == "BAD_REQUEST"


def test_nobody_of_that_name_is_not_found(shared_client: Any) -> None:
    assert lookup(shared_client, {"username": "Ana"}) == {"result": "Not found"}
    assert shared_client.journal()[-1]["processed"] is False


def test_tokens_expire_and_may_be_made_to_expire_sooner(serve: Any, clock: Any) -> None:
    client = serve(clock=clock)
    first = client.logged_in()["access_token"]
    clock.now += 3599
    assert client.partner_user(first, {"username": "ana"}).json()["result"] == "OK"
    clock.now += 1
    expired = client.partner_user(first, {"username": "ana"})
    assert (expired.status_code, expired.json()["result"]) == (401, "OAUTH_ERROR")
    assert client.control("POST", "/_settings/partner_api", json={"token_seconds": 5})["token_seconds"] == 5
    answer = client.logged_in()
    assert answer["expire_time"] - answer["create_time"] == 5
    assert client.control("GET", "/_state/partner_api")["tokens"] == [
        {"created_at": clock.now, "expires_at": clock.now + 5}
    ]


def test_a_token_error_may_come_under_200_too(client: Any) -> None:
    client.control("POST", "/_settings/partner_api", json={"token_error_status": 200})
    reply = client.partner_user("made-up", {"username": "ana"})
    assert (reply.status_code, reply.json()["result"]) == (200, "OAUTH_ERROR")
    assert client.journal()[-1]["headers"]["authorization"] == "Bearer ***"


def test_a_new_login_leaves_other_tokens_alone_also_over_a_restart(serve: Any, tmp_path: Any) -> None:
    data = tmp_path / "sandbox.db"
    client = serve(data=data)
    tokens = [client.logged_in()["access_token"] for _ in range(2)]
    serve.stop()
    again = serve(data=data)
    assert [again.partner_user(token, {"user_id": 4022}).json()["result"] for token in tokens] == ["OK", "OK"]


def test_a_fault_speaks_in_the_vendors_words(client: Any) -> None:
    client.control("POST", "/_faults", json={"operation": "partner_api.get_user", "fault": "status", "status": 200})
    reply = client.partner_user(client.logged_in()["access_token"], {"username": "ana"})
    assert (reply.status_code, reply.json()["result"]) == (200, "ERROR")
    assert client.journal()[-1]["processed"] is False


@pytest.mark.parametrize("body", [{"token_seconds": "5"}, {"token_seconds": -1}, {"token_seconds": None}, {"x": 1}, []])
def test_settings_that_cannot_be_read_are_refused(shared_client: Any, body: Any) -> None:
    reply = shared_client.session.post(shared_client.url + "/_settings/partner_api", json=body, timeout=10)
    assert (reply.status_code, len(reply.json()["problems"])) == (400, 1)


def test_the_default_credentials_are_those_everyone_relies_on() -> None:
    settings = Settings()
    assert (settings.partner_api_project, settings.partner_api_key) == ("sandbox-project", "sandbox-private-key")
    assert (settings.evvnt_key, settings.evvnt_secret) == ("sandbox-evvnt-key", "sandbox-evvnt-secret")
    names = (settings.constant_contact_key, settings.constant_contact_client, settings.constant_contact_secret)
    assert names == ("sandbox-cc-key", "sandbox-cc-client", "sandbox-cc-secret")
