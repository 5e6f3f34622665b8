"""Constant Contact's partner operations: the token, the limits, accounts and what they cost, webhooks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.constant_contact.subscriptions import signature

ACCOUNT = "/partner/accounts/a07e1lxqqqo0"
FOREIGN = "/partner/accounts/a07e1partner2"
NEW = {
    "contact_email": "owner@example.com",
    "country_code": "US",
    "state_code": "CA",
    "login_name": "the.hall",
    "password": "a long secret",
    "organization_name": "The Hall",
}
SSO_USER = {
    "first_name": "Jo",
    "last_name": "Field",
    "role_name": "account_manager",
    "contact_email": "jo@example.com",
    "login_name": "jo.field",
    "external_id": "42",
    "external_provider": "Example",
}


def keys(reply: Any, status: int) -> list[str]:
    """Read the errors of the usual shape, a list."""
    assert reply.status_code == status, reply.text
    assert isinstance(reply.json(), list)
    return [one["error_key"] for one in reply.json()]


def messages(reply: Any) -> list[str]:
    assert keys(reply, 400)
    return [one["error_message"] for one in reply.json()]


def accounts(client: Any, query: str = "") -> list[str]:
    body = client.contact("GET", f"/partner/accounts{query}").json()
    return [one["encoded_account_id"] for one in body["site_owner_list"]]


def test_a_token_is_asked_for_in_the_query_and_holds_for_an_hour(partner: Any, clock: Any) -> None:
    answer = partner.contact_token().json()
    assert (answer["expires_in"], answer["token_type"]) == (3600, "Bearer")
    row = partner.journal()[-1]
    assert (row["operation"], row["body"]) == ("constant_contact.token", "")
    assert row["query"] == "grant_type=client_credentials&scope=v3api%2Fgeneral.partner"
    assert row["headers"]["authorization"] == "Basic ***"
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    clock.now += 3599
    assert partner.contact("GET", "/partner/accounts", headers=headers).status_code == 200
    clock.now += 1
    expired = partner.contact("GET", "/partner/accounts", headers=headers)
    assert (expired.status_code, expired.json()["error_key"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("options", "status", "error"),
    [
        ({"headers": {}}, 415, None),
        ({"headers": {"Content-Type": "application/json"}}, 415, None),
        ({"auth": None}, 415, None),
        ({"auth": ("sandbox-cc-client", "wrong")}, 400, "invalid_client"),
        ({"auth": ("sandbox-cc-key", "sandbox-cc-secret")}, 400, "invalid_client"),
        ({"params": {"scope": "v3api/general.partner"}}, 400, "unsupported_grant_type"),
        ({"params": {"grant_type": "client_credentials", "scope": "x"}}, 400, "invalid_scope"),
        ({"data": "grant_type=client_credentials"}, 400, "invalid_request"),
    ],
)
def test_a_token_is_refused_to_others(
    shared_partner: Any, options: dict[str, Any], status: int, error: str | None
) -> None:
    reply = shared_partner.contact_token(**options)
    assert reply.status_code == status
    assert "access_token" not in reply.text
    if error is not None:
        assert reply.json()["error"] == error


def test_a_shorter_life_for_tokens_and_a_limit_for_logins_can_be_set(partner: Any, clock: Any) -> None:
    settings = {"token_seconds": 5, "token_requests_per_second": 1}
    partner.control("POST", "/_settings/constant_contact", json=settings)
    assert partner.contact_token().json()["expires_in"] == 5
    throttled = partner.contact_token()
    assert (throttled.status_code, throttled.json()["error_key"]) == (429, "throttled")
    clock.now += 1
    assert partner.contact_token().status_code == 200


@pytest.mark.parametrize(
    "headers", [{"x-api-key": "sandbox-symphony-key"}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}]
)
def test_every_call_needs_the_key_and_a_token(shared_partner: Any, headers: dict[str, str]) -> None:
    reply = shared_partner.contact("GET", "/partner/accounts", headers=headers)
    assert (reply.status_code, reply.json()) == (401, {"error_key": "unauthorized", "error_message": "Unauthorized"})


def test_a_fifth_request_in_a_second_is_throttled(serve: Any, clock: Any) -> None:
    client = serve(clock=clock)
    replies = [client.contact("GET", "/partner/accounts") for _ in range(5)]
    assert [reply.status_code for reply in replies] == [200] * 4 + [429]
    assert replies[-1].json()["error_key"] == "throttled"
    assert "Retry-After" not in replies[-1].headers
    clock.now += 0.5
    assert client.contact("GET", "/partner/accounts").status_code == 429
    clock.now += 0.5
    assert client.contact("GET", "/partner/accounts").status_code == 200


def test_the_quota_of_a_day_comes_back_at_midnight_utc_also_over_a_restart(
    serve: Any, clock: Any, tmp_path: Any
) -> None:
    data = tmp_path / "sandbox.db"
    settings = {"requests_per_second": None, "requests_per_day": 2}

    def asked(client: Any) -> tuple[int, int]:
        reply = client.contact("GET", "/partner/accounts")
        return reply.status_code, client.control("GET", "/_state/constant_contact")["requests_today"]

    client = serve(clock=clock, data=data)
    client.control("POST", "/_settings/constant_contact", json=settings)
    assert [asked(client) for _ in range(3)] == [(200, 1), (200, 2), (429, 2)]
    assert client.contact("GET", "/partner/accounts").json()["error_key"] == "quota_exceeded"
    serve.stop()
    again = serve(clock=clock, data=data)
    again.control("POST", "/_settings/constant_contact", json=settings)
    clock.now += 12 * 3600 - 1
    assert asked(again) == (429, 2)
    clock.now += 1
    assert asked(again) == (200, 1)


def test_the_documented_limits_hold_unless_they_are_lifted(client: Any) -> None:
    settings = client.control("GET", "/_settings/constant_contact")
    assert (settings["requests_per_second"], settings["requests_per_day"]) == (4, 10_000)
    assert (settings["token_requests_per_second"], settings["token_seconds"]) == (None, 3600)


def test_accounts_come_in_pages_by_an_opaque_link(shared_partner: Any) -> None:
    first = shared_partner.contact("GET", "/partner/accounts?limit=10").json()
    link = first["_links"]["next"]["href"]
    assert link.startswith("/v3/partner/accounts?offset=")
    assert link.endswith("&limit=10")
    second = shared_partner.contact("GET", link.removeprefix("/v3")).json()
    assert (len(first["site_owner_list"]), len(second["site_owner_list"]), second["_links"]) == (10, 2, {})
    assert first["site_owner_list"][0] == {
        "encoded_account_id": "a07e1lxqqqo0",
        "organization_name": "Organization qqo0",
        "site_owner_name": "Jo Field",
        "billing_status": "Trial",
        "last_login_date": "2019-10-17T22:48:38Z",
        "subscriber_count": 1,
    }


def test_a_limit_out_of_bounds_is_ignored_and_accounts_are_told_apart(shared_partner: Any) -> None:
    for query in ("", "?limit=9", "?limit=51", "?limit=x", "?account_type=all"):
        assert len(accounts(shared_partner, query)) == 12
    managed, unmanaged = (accounts(shared_partner, f"?account_type={kind}") for kind in ("managed", "unmanaged"))
    assert {*managed, *unmanaged} == {*accounts(shared_partner)}
    assert "a07e1partner2" not in managed
    for query in ("?account_type=mine", "?offset=MTA*", "?page=2"):
        assert keys(shared_partner.contact("GET", f"/partner/accounts{query}"), 400)


def test_a_new_account_begins_with_a_trial_and_its_login_name_is_taken(partner: Any) -> None:
    reply = partner.contact("POST", "/partner/accounts", json=NEW)
    assert (reply.status_code, sorted(reply.json())) == (201, ["encoded_account_id", "provision_uuid"])
    account = reply.json()["encoded_account_id"]
    assert accounts(partner)[-1] == account
    plan = partner.contact("GET", f"/partner/accounts/{account}/plan").json()
    assert (plan["plan_type"], plan["billing_status"]) == ("TRIAL", "Trial")
    assert keys(partner.contact("POST", "/partner/accounts", json=NEW), 409) == ["contacts.api.conflict"]
    assert "a long secret" not in json.dumps(partner.control("GET", "/_state/constant_contact"))


def test_a_503_may_have_been_stored_to_be_done_later(partner: Any, clock: Any) -> None:
    partner.control("POST", "/_settings/constant_contact", json={"provisioning_seconds": 60})
    fault = {"operation": "constant_contact.create_account", "fault": "status", "status": 503, "processed": True}
    partner.control("POST", "/_faults", json=fault)
    reply = partner.contact("POST", "/partner/accounts", json=NEW)
    assert keys(reply, 503) == ["server_error"]
    assert len(accounts(partner)) == 12
    assert partner.contact("POST", "/partner/accounts", json=NEW).status_code == 409
    clock.now += 60
    assert len(accounts(partner)) == 13


FORBIDDEN_ACCOUNTS: list[tuple[dict[str, Any], str]] = [
    ({"contact_email": "nobody"}, "contact_email must be an e-mail address"),
    ({"contact_email": "x" * 70 + "@example.com"}, "contact_email must be at most 80 characters"),
    ({"country_code": "U"}, "country_code must be 2 to 3 characters"),
    ({"state_code": ""}, "state_code must be a text that is not empty"),
    ({"country_code": "GB"}, "state_code must be blank outside the US and Canada"),
    ({"login_name": "short"}, "login_name must be 6 to 50 letters, digits or - _ @ . +"),
    ({"login_name": "with space"}, "login_name must be 6 to 50 letters, digits or - _ @ . +"),
    ({"password": "short"}, "password must be 8 to 80 characters"),
    ({"external_id": "42"}, "password does not go with an external authenticator"),
    ({"first_name": "J"}, "first_name must be 2 to 80 characters"),
    ({"organization_name": "x" * 51}, "organization_name must be at most 50 characters"),
    ({"contact_phone": "1234"}, "contact_phone must be 5 to 25 characters"),
    ({"website": "example.com"}, "website must be an http or https URL"),
    ({"billing_locale": "de_DE"}, "billing_locale must be one of en_US, en_GB"),
    ({"gdpr_opt_out": "true"}, "gdpr_opt_out must be true or false"),
    ({"plan_type": "GOLD"}, "plan_type is not a field here"),
]


@pytest.mark.parametrize(("change", "message"), FORBIDDEN_ACCOUNTS, ids=lambda part: str(part)[:40])
def test_an_account_that_is_not_as_documented_is_refused(
    shared_partner: Any, change: dict[str, Any], message: str
) -> None:
    assert messages(shared_partner.contact("POST", "/partner/accounts", json={**NEW, **change})) == [message]


@pytest.mark.parametrize("name", ["contact_email", "country_code", "login_name", "state_code"])
def test_an_account_needs_its_required_fields(shared_partner: Any, changed: Any, name: str) -> None:
    reply = shared_partner.contact("POST", "/partner/accounts", json=changed(NEW, name, ...))
    assert messages(reply) == [f"{name} is required"]
    assert shared_partner.journal()[-1]["processed"] is False


def test_a_plan_leaves_the_trial_once_and_for_all(partner: Any) -> None:
    body = {"plan_type": "BRONZE", "plan_group_id": "12", "billing_day_of_month": 15}
    plan = partner.contact("PUT", f"{ACCOUNT}/plan", json=body).json()
    assert plan == {**body, "billing_status": "Open"}
    later = partner.contact("PUT", f"{ACCOUNT}/plan", json={"plan_type": "GOLD", "billing_day_of_month": 31}).json()
    assert (later["plan_type"], later["billing_day_of_month"]) == ("GOLD", 15)
    assert messages(partner.contact("PUT", f"{ACCOUNT}/plan", json={"plan_type": "TRIAL"})) == [
        "plan_type cannot be TRIAL again"
    ]
    assert len(messages(partner.contact("PUT", f"{ACCOUNT}/plan", json={"billing_day_of_month": 32}))) == 2
    changes = partner.control("GET", "/_state/constant_contact")["plan_changes"]
    assert [(one["from"], one["to"]) for one in changes] == [("TRIAL", "BRONZE"), ("BRONZE", "GOLD")]


def test_an_account_is_cancelled_now_or_at_a_date(partner: Any, clock: Any) -> None:
    def status() -> str:
        return str(partner.contact("GET", f"{ACCOUNT}/plan").json()["billing_status"])

    path = f"{ACCOUNT}/status/cancel"
    body = {"effective_date": "2026-06-20T12:01:00Z", "reason_id": 11}
    assert partner.contact("PUT", path, json=body).status_code == 200
    assert status() == "Trial"
    clock.now += 60
    assert status() == "Canceled"
    assert partner.contact("PUT", "/partner/accounts/a07e1my9tbw0/status/cancel").status_code == 200
    for wrong in ({"effective_date": "2026-06-20T12:00:00Z"}, {"effective_date": "soon"}, {"reason_id": 4}):
        assert len(messages(partner.contact("PUT", path, json=wrong))) == 1


def test_an_account_that_is_unknown_or_anothers_is_refused(shared_partner: Any) -> None:
    for method, path in [("GET", "/plan"), ("PUT", "/plan"), ("PUT", "/status/cancel"), ("POST", "/users/sso")]:
        assert keys(shared_partner.contact(method, f"/partner/accounts/a07e0{path}"), 404) == ["contacts.api.not_found"]
        assert keys(shared_partner.contact(method, f"{FOREIGN}{path}"), 400)


def test_a_user_who_signs_on_from_outside_is_created_once(partner: Any, changed: Any) -> None:
    assert partner.contact("POST", f"{ACCOUNT}/users/sso", json=SSO_USER).status_code == 201
    assert keys(partner.contact("POST", f"{ACCOUNT}/users/sso", json=SSO_USER), 409)
    for name in SSO_USER:
        reply = partner.contact("POST", f"{ACCOUNT}/users/sso", json=changed(SSO_USER, name, ...))
        assert messages(reply) == [f"{name} is required"]
    wrong = {**SSO_USER, "role_name": "owner"}
    assert len(messages(partner.contact("POST", f"{ACCOUNT}/users/sso", json=wrong))) == 1


def test_bodies_are_declared_as_json(shared_partner: Any) -> None:
    for method, path, status in [
        ("POST", "/partner/accounts", 415),
        ("PUT", f"{ACCOUNT}/plan", 415),
        ("POST", f"{ACCOUNT}/contacts/unsubscribe", 406),
    ]:
        assert keys(shared_partner.contact(method, path, data="{}"), status)


def test_unsubscribing_takes_the_permission_and_the_lists(partner: Any) -> None:
    path = f"{ACCOUNT}/contacts/unsubscribe"
    body = {"update_source": "Contact", "email_addresses": ["FAN@example.com", "nobody@example.com"]}
    reply = partner.contact("POST", path, json={**body, "opt_out_reason": "Too loud"})
    assert (reply.status_code, reply.json()) == (200, {"unsubscribed_count": 1})
    fan = partner.control("GET", "/_state/constant_contact")["contacts"][0]
    assert (fan["email_address"]["permission_to_send"], fan["list_memberships"]) == ("unsubscribed", [])
    assert fan["email_address"]["opt_out_reason"] == "Too loud"
    assert partner.contact("POST", path, json={**body, "delete_contacts": True}).json() == {"unsubscribed_count": 1}
    assert "deleted_at" in partner.control("GET", "/_state/constant_contact")["contacts"][0]


def test_a_global_unsubscribe_is_for_one_address_in_every_account(partner: Any) -> None:
    other = {"email_address": {"address": "fan@example.com"}, "create_source": "Account"}
    assert partner.carry("POST", "/contacts", other, account="a07e1my9tbw0").status_code == 200
    body = {"update_source": "Account", "email_addresses": ["fan@example.com"], "global_unsubscribe": True}
    path = f"{ACCOUNT}/contacts/unsubscribe"
    assert partner.contact("POST", path, json=body).json() == {"unsubscribed_count": 2}
    two = {**body, "email_addresses": ["fan@example.com", "gone@example.com"]}
    assert messages(partner.contact("POST", path, json=two)) == [
        "email_addresses must be exactly one to unsubscribe globally"
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"update_source": "Partner"},
        {"email_addresses": []},
        {"email_addresses": ["fan@example.com"] * 501},
        {"email_addresses": ["nobody"]},
        {"opt_out_reason": "x" * 256},
        {"delete_contacts": "no"},
        {"reason": "x"},
    ],
)
def test_an_unsubscription_that_is_not_as_documented_is_refused(shared_partner: Any, change: dict[str, Any]) -> None:
    body = {"update_source": "Account", "email_addresses": ["fan@example.com"], **change}
    assert len(messages(shared_partner.contact("POST", f"{ACCOUNT}/contacts/unsubscribe", json=body))) == 1


def test_a_subscription_is_set_read_tested_and_removed(partner: Any, receiver: Any) -> None:
    path = "/partner/webhooks/subscriptions/1"
    assert keys(partner.contact("GET", path), 404)
    row = {"topic_id": 1, "hook_uri": receiver.url}
    assert partner.contact("PUT", path, json={"hook_uri": receiver.url}).json() == row
    assert partner.contact("GET", path).json() == row
    assert partner.contact("GET", "/partner/webhooks/subscriptions").json() == [row]
    assert partner.contact("POST", f"{path}/tests").status_code == 201
    (body,) = receiver.wait(1)
    assert json.loads(body) == {
        "url": "https://api.cc.email/v3/partner/accounts/a07e1lxqqqo0/plan",
        "api_key": "sandbox-cc-key",
        "event_type": "tier.increase",
    }
    assert receiver.received[0][0]["x-ctct-hmac-sha256"] == signature("sandbox-cc-secret", body)
    removed = partner.contact("DELETE", path)
    assert (removed.status_code, removed.content) == (204, b"")
    for method, rest in [("DELETE", ""), ("GET", ""), ("POST", "/tests")]:
        assert keys(partner.contact(method, path + rest), 404)


def test_the_signature_agrees_with_a_known_one() -> None:
    body = (
        b'{"url":"https://api.cc.email/v3/partner/accounts/a07e1my9tbw0/plan",'
        b'"api_key":"example-key","event_type":"tier.increase"}'
    )
    assert signature("cc-secret", body) == "xCSGN+t7n6t9S5BNpCyMeUC/miMVxhudkiX71pqAjdY="


def test_cancelling_an_account_is_told_to_who_asked(partner: Any, receiver: Any) -> None:
    partner.contact("PUT", "/partner/webhooks/subscriptions/3", json={"hook_uri": receiver.url})
    partner.contact("PUT", f"{ACCOUNT}/status/cancel", json={})
    (body,) = receiver.wait(1)
    assert json.loads(body)["event_type"] == "account.cancel"
    assert partner.delivered(source="constant_contact")[0]["about"] == "a07e1lxqqqo0"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/partner/webhooks/subscriptions/5", {"hook_uri": "https://example.com"}, 404),
        ("/partner/webhooks/subscriptions/x", {"hook_uri": "https://example.com"}, 404),
        ("/partner/webhooks/subscriptions/1", {"hook_uri": "example.com"}, 400),
        ("/partner/webhooks/subscriptions/1", {}, 400),
        ("/partner/webhooks/subscriptions/1", {"hook_uri": "https://example.com", "topic_id": 1}, 400),
    ],
)
def test_a_subscription_that_is_not_as_documented_is_refused(
    shared_partner: Any, path: str, body: Any, status: int
) -> None:
    assert keys(shared_partner.contact("PUT", path, json=body), status)
