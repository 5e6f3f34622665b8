"""Constant Contact's V3 calls for a managed account: the envelope, contacts and their permissions, lists, segments."""

from __future__ import annotations

import json
from typing import Any

import pytest

SYNC = "/partner/accounts/a07e1lxqqqo0/account_operations/sync"
BUYERS = "66d9b5f0-5a95-11eb-a9a2-fa163e5bf31a"
GENERAL = "57ee2b14-f101-11e9-898f-fa163e56c9b0"
FAN = "5ef41618-f130-11e9-91a7-fa163e56c9b0"
GONE = "00000000-0000-0000-0000-000000000001"
VIP = "5d2f4a4c-0000-4000-8000-000000000001"
CRITERIA = {
    "version": "1.0.0",
    "criteria": {
        "type": "and",
        "group": [
            {
                "source": "tracking",
                "field": "not_opened",
                "op": "contains-any",
                "const_value": "last-n-campaigns",
                "param": "5",
            }
        ],
    },
}


def messages(reply: Any, status: int = 400) -> list[str]:
    assert reply.status_code == status, reply.text
    return [one["error_message"] for one in reply.json()]


def done(reply: Any) -> Any:
    assert reply.status_code == 200, reply.text
    return reply.json()


def read(client: Any, contact: str, include: str = "list_memberships") -> Any:
    return done(client.carry("GET", "/contacts/{contact_id}", path={"contact_id": contact}, query={"include": include}))


def listed(client: Any, **query: str) -> list[str]:
    return [one["contact_id"] for one in done(client.carry("GET", "/contacts", query=query))["contacts"]]


def segment(client: Any, name: str = "Lapsed", criteria: Any = CRITERIA, **more: Any) -> Any:
    text = criteria if isinstance(criteria, str) else json.dumps(criteria)
    return client.carry("POST", "/segments", {"name": name, "segment_criteria": text, **more})


def test_an_inner_call_is_journaled_by_its_own_name(partner: Any) -> None:
    done(partner.carry("GET", "/contact_lists"))
    assert partner.carry("GET", "/emails").status_code == 404
    partner.contact("POST", SYNC, data="{", headers={"Content-Type": "application/json"})
    rows = partner.journal(method="POST")[1:]
    names = ("list_contact_lists", "sync", "sync")
    assert [row["operation"] for row in rows] == [f"constant_contact.{name}" for name in names]
    assert [row["processed"] for row in rows] == [True, False, False]


def test_a_fault_finds_an_inner_call_by_its_name(partner: Any) -> None:
    fault = {"operation": "constant_contact.create_segment", "fault": "status", "status": 500, "processed": True}
    partner.control("POST", "/_faults", json=fault)
    done(partner.carry("GET", "/segments"))
    assert segment(partner).status_code == 500
    assert len(done(partner.carry("GET", "/segments"))["segments"]) == 1


def envelope(**fields: Any) -> dict[str, Any]:
    usual = {"account_operation_url": "/contact_lists", "account_operation_method": "GET"}
    return {name: value for name, value in {**usual, **fields}.items() if value is not ...}


def pair(word: str, key: Any, value: Any) -> dict[str, Any]:
    return {f"{word}_key": key, f"{word}_value": value}


FORBIDDEN: list[tuple[dict[str, Any], str]] = [
    ({"account_operation_url": ...}, "account_operation_url is required"),
    ({"account_operation_method": "HEAD"}, "account_operation_method must be one of GET, POST, PUT, DELETE, PATCH"),
    ({"account_operation_method": "get"}, "account_operation_method must be one of GET, POST, PUT, DELETE, PATCH"),
    ({"account_operation_url": "contact_lists"}, "account_operation_url must be a path below https://api.cc.email/v3"),
    (
        {"account_operation_url": "/v3/contact_lists"},
        "account_operation_url must be a path below https://api.cc.email/v3",
    ),
    ({"account_operation_url": "/partner/accounts"}, "account_operation_url must not be a partner's"),
    ({"account_operation_url": "/contact_lists?limit=5"}, "account_operation_url must not have a query"),
    (
        {"account_operation_url": "/contacts/{contact_id}"},
        "account_operation_path_parameters contact_id: the URL names it, and no path parameter has it",
    ),
    (
        {"account_operation_path_parameters": [pair("path_param", "contact_id", "1")]},
        "account_operation_path_parameters contact_id: the URL has no such name",
    ),
    (
        {"account_operation_query_parameters": [pair("query_param", "limit", 5)]},
        "account_operation_query_parameters[0].query_param_value must be a text that is not empty",
    ),
    (
        {"account_operation_query_parameters": [pair("query_param", "limit", "5")] * 2},
        "account_operation_query_parameters[1].query_param_key stands there twice",
    ),
    (
        {"account_operation_query_parameters": {"limit": "5"}},
        "account_operation_query_parameters must be a list",
    ),
    ({"account_operation_headers": [{"Accept": "x"}]}, "account_operation_headers[0].header_key is required"),
    ({"account_operation_payload": {"name": "x"}}, "account_operation_payload must be a text that is not empty"),
    ({"account_operation_payload": "{name: x}"}, "account_operation_payload must be a text that is JSON"),
    ({"account_operation_query": []}, "account_operation_query is not a field here"),
]


@pytest.mark.parametrize(("fields", "message"), FORBIDDEN, ids=lambda part: str(part)[:60])
def test_an_envelope_that_is_not_as_documented_is_refused(
    shared_partner: Any, fields: dict[str, Any], message: str
) -> None:
    found = messages(shared_partner.contact("POST", SYNC, json=envelope(**fields)))
    assert any(one.startswith(message) for one in found), found


def test_braces_belong_into_the_url_only(shared_partner: Any) -> None:
    parameters = [pair("path_param", "{contact_id}", FAN)]
    body = envelope(account_operation_url="/contacts/{contact_id}", account_operation_path_parameters=parameters)
    found = messages(shared_partner.contact("POST", SYNC, json=body))
    assert "account_operation_path_parameters[0].path_param_key must have no braces" in found


def test_a_call_that_writes_its_path_out_or_lacks_its_body_is_refused(shared_partner: Any) -> None:
    assert shared_partner.carry("GET", f"/contacts/{FAN}").status_code == 404
    assert shared_partner.carry("DELETE", "/contact_lists").status_code == 404
    assert messages(shared_partner.carry("POST", "/contact_lists")) == [
        "account_operation_payload is required for this call"
    ]


def test_only_a_managed_account_of_ours_is_worked_for(shared_partner: Any) -> None:
    statuses = {
        account: shared_partner.carry("GET", "/contact_lists", account=account).status_code
        for account in ("a07e1my9tbw0", "a07e0", "a07e1sample01", "a07e1partner2")
    }
    assert statuses == {"a07e1my9tbw0": 200, "a07e0": 404, "a07e1sample01": 404, "a07e1partner2": 400}


def test_empty_arrays_and_headers_do_no_harm(shared_partner: Any) -> None:
    accept = {"header_key": "Accept", "header_value": "application/json"}
    for headers in ([], [accept]):
        assert done(shared_partner.contact("POST", SYNC, json=envelope(account_operation_headers=headers)))["lists"]


def test_a_contact_is_read_with_the_sub_resources_asked_for(shared_partner: Any) -> None:
    plain = done(shared_partner.carry("GET", "/contacts/{contact_id}", path={"contact_id": FAN}))
    assert (plain["email_address"]["address"], "list_memberships" in plain) == ("fan@example.com", False)
    assert read(shared_partner, FAN, "custom_fields,list_memberships")["list_memberships"] == [GENERAL]
    path = {"contact_id": FAN}
    for query in ({"include": "lists"}, {"includes": "notes"}):
        assert shared_partner.carry("GET", "/contacts/{contact_id}", path=path, query=query).status_code == 400
    unknown = shared_partner.carry("GET", "/contacts/{contact_id}", path={"contact_id": "x"})
    assert (unknown.status_code, unknown.json()[0]["error_key"]) == (404, "contacts.api.not_found")


def test_contacts_come_in_pages_whose_link_carries_everything(partner: Any) -> None:
    query = {"limit": "1", "include": "list_memberships", "include_count": "true"}
    first = done(partner.carry("GET", "/contacts", query=query))
    assert ([one["contact_id"] for one in first["contacts"]], first["contacts_count"]) == ([FAN], 2)
    link = first["_links"]["next"]["href"]
    assert link.startswith("/v3/contacts?cursor=")
    second = done(partner.carry("GET", "/contacts", query={"cursor": link.partition("=")[2]}))
    assert ([one["contact_id"] for one in second["contacts"]], second["_links"]) == ([GONE], {})
    assert second["contacts"][0]["list_memberships"] == []
    for wrong in ({"cursor": "x"}, {"limit": "0"}, {"limit": "501"}, {"status": "gone"}, {"sort": "x"}):
        assert partner.carry("GET", "/contacts", query=wrong).status_code == 400


def test_contacts_are_filtered(partner: Any) -> None:
    path = "/partner/accounts/a07e1lxqqqo0/contacts/unsubscribe"
    deleted = {"address": "old@example.com", "permission_to_send": "explicit"}
    old = done(partner.carry("POST", "/contacts", {"email_address": deleted, "create_source": "Contact"}))["contact_id"]
    body = {"update_source": "Account", "email_addresses": ["old@example.com"], "delete_contacts": True}
    done(partner.contact("POST", path, json=body))
    assert listed(partner) == [FAN, GONE]
    assert listed(partner, status="all") == [FAN, GONE, old]
    assert listed(partner, status="active") == [FAN]
    assert listed(partner, status="unsubscribed") == [GONE]
    assert listed(partner, status="deleted") == [old]
    assert listed(partner, email="FAN@example.com") == [FAN]
    assert listed(partner, lists=f"{BUYERS},{GENERAL}") == [FAN]
    assert listed(partner, tags=VIP) == []
    assert listed(partner, optout_after="2020-10-28T15:49:54Z", optout_before="2020-10-28T15:49:56Z") == [GONE]
    assert listed(partner, created_after="2019-10-17T22:48:38Z") == []
    assert listed(partner, created_before="2026-01-01") == [FAN, GONE]
    assert listed(partner, sms_status="explicit") == []
    for wrong in ({"lists": ",".join([BUYERS] * 26)}, {"created_after": "soon"}, {"include_count": "1"}):
        assert partner.carry("GET", "/contacts", query=wrong).status_code == 400


def test_a_contact_is_created_once_an_address(partner: Any) -> None:
    body = {
        "email_address": {"address": "new@example.com", "permission_to_send": "explicit"},
        "first_name": "Noa",
        "create_source": "Contact",
        "list_memberships": [BUYERS],
        "taggings": [VIP],
        "birthday_month": 2,
        "birthday_day": 29,
        "anniversary": "2006-11-15",
    }
    row = done(partner.carry("POST", "/contacts", body))
    assert (row["email_address"]["permission_to_send"], row["email_address"]["opt_in_source"]) == (
        "explicit",
        "Contact",
    )
    assert read(partner, row["contact_id"])["list_memberships"] == [BUYERS]
    same = {"email_address": {"address": "NEW@example.com"}, "create_source": "Account"}
    assert partner.carry("POST", "/contacts", same).status_code == 409


WRONG_CONTACTS: list[tuple[dict[str, Any], str]] = [
    ({"create_source": "System"}, "create_source must be one of Account, Contact"),
    ({"email_address": "new@example.com"}, "email_address must be an object"),
    ({"email_address": {"address": "nobody"}}, "email_address.address must be an e-mail address"),
    ({"email_address": {"address": "x" * 80 + "@a.b"}}, "email_address.address must be at most 80 characters"),
    (
        {"email_address": {"address": "a@b.c", "permission_to_send": "yes"}},
        "email_address.permission_to_send must be one of explicit",
    ),
    ({"first_name": "x" * 51}, "first_name must be at most 50 characters"),
    ({"birthday_month": 2}, "birthday_day is required with birthday_month"),
    ({"birthday_month": 13, "birthday_day": 1}, "birthday_month must be at most 12"),
    ({"anniversary": "15.11.2006"}, "anniversary must be a date"),
    ({"list_memberships": ["x"]}, "list_memberships[0] is not a contact list of this account"),
    ({"list_memberships": [BUYERS] * 51}, "list_memberships must hold at most 50"),
    ({"custom_fields": [{"custom_field_id": "1", "value": "x"}] * 26}, "custom_fields must hold at most 25"),
    ({"email": "a@b.c"}, "email is not a field here"),
]


@pytest.mark.parametrize(("change", "message"), WRONG_CONTACTS, ids=lambda part: str(part)[:40])
def test_a_contact_that_is_not_as_documented_is_refused(
    shared_partner: Any, change: dict[str, Any], message: str
) -> None:
    body = {"first_name": "Noa", "create_source": "Account", **change}
    found = messages(shared_partner.carry("POST", "/contacts", body))
    assert found[0].startswith(message), found


def test_a_contact_needs_something_to_be_known_by(shared_partner: Any) -> None:
    body = {"job_title": "Drummer", "create_source": "Account"}
    assert messages(shared_partner.carry("POST", "/contacts", body)) == [
        "must have a first name, a last name, an e-mail address or an SMS channel"
    ]


def test_an_update_replaces_properties_and_keeps_sub_resources(partner: Any) -> None:
    path = {"contact_id": FAN}
    body = {"email_address": {"address": "fan@example.com"}, "first_name": "Anna", "update_source": "Contact"}
    done(partner.carry("PUT", "/contacts/{contact_id}", body, path=path))
    row = read(partner, FAN)
    assert (row["first_name"], "last_name" in row, row["list_memberships"]) == ("Anna", False, [GENERAL])
    assert (row["email_address"]["permission_to_send"], row["update_source"]) == ("implicit", "Contact")
    body["email_address"] = {"address": "fan@example.com", "permission_to_send": "explicit"}
    done(partner.carry("PUT", "/contacts/{contact_id}", {**body, "list_memberships": []}, path=path))
    assert read(partner, FAN)["email_address"]["permission_to_send"] == "explicit"
    assert read(partner, FAN)["list_memberships"] == []
    done(partner.carry("PUT", "/contacts/{contact_id}", {"update_source": "Account"}, path=path))
    assert "email_address" not in read(partner, FAN)


def test_an_update_needs_its_source_and_an_address_of_its_own(shared_partner: Any) -> None:
    taken = {"email_address": {"address": "gone@example.com"}, "update_source": "Account"}
    for contact, body, status in [(FAN, {}, 400), ("x", taken, 404), (FAN, taken, 409)]:
        reply = shared_partner.carry("PUT", "/contacts/{contact_id}", body, path={"contact_id": contact})
        assert reply.status_code == status


def test_a_deleted_contact_is_revived_by_the_account_or_by_signing_up(partner: Any) -> None:
    def delete() -> None:
        body = {"update_source": "Account", "email_addresses": ["fan@example.com"], "delete_contacts": True}
        done(partner.contact("POST", "/partner/accounts/a07e1lxqqqo0/contacts/unsubscribe", json=body))
        assert partner.carry("GET", "/contacts/{contact_id}", path={"contact_id": FAN}).status_code == 404

    delete()
    for source, status in [("Contact", 400), ("Account", 200)]:
        body = {"email_address": {"address": "fan@example.com"}, "update_source": source}
        reply = partner.carry("PUT", "/contacts/{contact_id}", body, path={"contact_id": FAN})
        assert reply.status_code == status
    assert read(partner, FAN)["email_address"]["permission_to_send"] == "unsubscribed"
    delete()
    done(
        partner.carry(
            "POST", "/contacts/sign_up_form", {"email_address": "fan@example.com", "list_memberships": [BUYERS]}
        )
    )
    assert read(partner, FAN)["email_address"]["permission_to_send"] == "explicit"


def test_signing_up_creates_or_adds_with_explicit_permission(partner: Any) -> None:
    body = {"email_address": "new@example.com", "first_name": "Noa", "list_memberships": [BUYERS]}
    created = done(partner.carry("POST", "/contacts/sign_up_form", body))
    again = {"email_address": "NEW@example.com", "list_memberships": [GENERAL, BUYERS]}
    updated = done(partner.carry("POST", "/contacts/sign_up_form", again))
    assert (created["action"], updated) == (
        "created",
        {"contact_id": created["contact_id"], "action": "updated"},
    )
    row = read(partner, created["contact_id"])
    assert (row["first_name"], row["list_memberships"]) == ("Noa", [BUYERS, GENERAL])
    assert row["email_address"]["permission_to_send"] == "explicit"
    done(
        partner.carry(
            "POST", "/contacts/sign_up_form", {"email_address": "gone@example.com", "list_memberships": [BUYERS]}
        )
    )
    back = read(partner, GONE)["email_address"]
    assert (back["permission_to_send"], "opt_out_date" in back) == ("explicit", False)


@pytest.mark.parametrize(
    "change",
    [
        {"email_address": {"address": "new@example.com"}},
        {"email_address": "x" * 45 + "@b.com"},
        {"list_memberships": []},
        {"list_memberships": [BUYERS] * 51},
        {"list_memberships": ["x"]},
        {"permission_to_send": "explicit"},
    ],
)
def test_a_sign_up_that_is_not_as_documented_is_refused(shared_partner: Any, change: dict[str, Any]) -> None:
    body = {"email_address": "new@example.com", "list_memberships": [BUYERS], **change}
    assert messages(shared_partner.carry("POST", "/contacts/sign_up_form", body))


def test_a_sign_up_needs_an_address_or_a_number(partner: Any) -> None:
    assert messages(partner.carry("POST", "/contacts/sign_up_form", {"list_memberships": [BUYERS]})) == [
        "email_address is required"
    ]
    body = {"sms_channel": {"sms_address": "1231231234"}, "list_memberships": [BUYERS]}
    actions = [done(partner.carry("POST", "/contacts/sign_up_form", body))["action"] for _ in range(2)]
    assert actions == ["created", "updated"]


@pytest.mark.parametrize(
    ("url", "name", "rows", "key"),
    [("/contact_lists", "Spring tour", "lists", "list_id"), ("/contact_tags", "spring", "tags", "tag_id")],
)
def test_lists_and_tags_have_names_of_their_own(partner: Any, url: str, name: str, rows: str, key: str) -> None:
    before = len(done(partner.carry("GET", url))[rows])
    row = done(partner.carry("POST", url, {"name": name}))
    assert partner.carry("POST", url, {"name": name}).status_code == 409
    assert partner.carry("POST", url, {"name": "x" * 256}).status_code == 400
    found = done(partner.carry("GET", url, query={"include_count": "true", "limit": "1"}))
    assert (found[f"{rows}_count"], len(found[rows])) == (before + 1, 1)
    assert f"/v3{url}?cursor=" in found["_links"]["next"]["href"]
    assert done(partner.carry("GET", url))[rows][-1][key] == row[key]


def test_a_list_is_found_by_its_name(shared_partner: Any) -> None:
    (row,) = done(shared_partner.carry("GET", "/contact_lists", query={"name": "Ticket buyers"}))["lists"]
    assert (row["list_id"], row["favorite"]) == (BUYERS, False)
    assert shared_partner.carry("GET", "/contact_lists", query={"limit": "1001"}).status_code == 400


def test_a_segment_is_json_in_json_in_json(partner: Any) -> None:
    created = done(segment(partner))
    assert (created["segment_id"], json.loads(created["segment_criteria"])) == (14, CRITERIA)
    assert created["created_at"] == "2026-06-20T12:00:00.000Z"
    body = partner.journal()[-1]["body"]
    assert '\\\\\\"version\\\\\\"' in body
    assert segment(partner).status_code == 409
    assert done(segment(partner, "Another"))["segment_id"] == 15
    rows = done(partner.carry("GET", "/segments"))["segments"]
    assert [(row["segment_id"], "segment_criteria" in row) for row in rows] == [(14, False), (15, False)]


def test_a_segments_contacts_come_when_it_is_worked_out(partner: Any, clock: Any) -> None:
    number = str(done(segment(partner))["segment_id"])
    assert partner.carry("GET", "/contacts", query={"segment_id": number}).status_code == 202
    clock.now += 2
    assert listed(partner, segment_id=number, limit="50") == [FAN, GONE]
    assert partner.carry("GET", "/contacts", query={"segment_id": number, "status": "all"}).status_code == 400
    assert partner.carry("GET", "/contacts", query={"segment_id": "99"}).status_code == 404


def condition(**change: Any) -> dict[str, Any]:
    found = {**CRITERIA["criteria"]["group"][0], **change}  # type: ignore[index]
    return {"version": "1.0.0", "criteria": {"type": "and", "group": [found]}}


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ("{", "segment_criteria must be a text that is JSON"),
        ({"criteria": CRITERIA["criteria"]}, "segment_criteria.version is required"),
        ({"version": "1.0.0", "criteria": {"type": "or", "group": []}}, "segment_criteria.criteria.type must be and"),
        (
            {"version": "1.0.0", "criteria": {"type": "add", "group": [{}]}},
            "segment_criteria.criteria.type must be one",
        ),
        (condition(param=5), "segment_criteria.criteria.group[0].param must be a text"),
        (condition(param="501"), "segment_criteria.criteria.group[0].param must be a number up to 500"),
        (condition(const_value="last-n-days", param="1826"), "segment_criteria.criteria.group[0].param must be"),
        (condition(source="opens"), "segment_criteria.criteria.group[0].source must be one of"),
        (condition(group=[], type="and"), "segment_criteria.criteria.group[0].source is not a field"),
    ],
)
def test_criteria_that_are_not_as_documented_are_refused(shared_partner: Any, criteria: Any, message: str) -> None:
    found = messages(segment(shared_partner, criteria=criteria))
    assert any(one.startswith(message) for one in found), found


def test_lists_and_tags_go_into_or_groups_only(partner: Any) -> None:
    member = {"source": "list_membership", "field": "list_id", "op": "eq", "const_value": BUYERS}

    def nested(kind: str) -> Any:
        group = [{"type": kind, "group": [member]}]
        return segment(partner, kind, {"version": "1.0.0", "criteria": {"type": "and", "group": group}})

    assert nested("or").status_code == 200
    assert messages(nested("and")) == [
        "segment_criteria.criteria.group[0].group[0].source list_membership goes into or groups only"
    ]


def test_an_object_as_criteria_is_one_encoding_too_few(shared_partner: Any) -> None:
    reply = shared_partner.carry("POST", "/segments", {"name": "x", "segment_criteria": CRITERIA})
    assert messages(reply) == ["segment_criteria must be a text that is not empty"]


def test_consent_lists_and_segments_are_there_after_a_restart(serve: Any, clock: Any, tmp_path: Any) -> None:
    data = tmp_path / "sandbox.db"
    client = serve(clock=clock, data=data)
    done(
        client.carry(
            "POST", "/contacts/sign_up_form", {"email_address": "gone@example.com", "list_memberships": [BUYERS]}
        )
    )
    done(segment(client))
    before = client.control("GET", "/_state/constant_contact")
    serve.stop()
    assert serve(clock=clock, data=data).control("GET", "/_state/constant_contact") == before
