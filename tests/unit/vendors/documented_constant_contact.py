"""Constant Contact's documented requests, as text where the document prints them, else made from its tables.

An inner call's inputs stand decoded; what the envelope must look like is written out beside them.
"""

from __future__ import annotations

import json
from typing import Any

ACCOUNT = "a07e1lxqqqo0"
LIST = "66d9b5f0-5a95-11eb-a9a2-fa163e5bf31a"
CONTACT = "00000000-0000-0000-0000-000000000001"
ACCOUNTS = f"/partner/accounts/{ACCOUNT}"
SYNC = f"{ACCOUNTS}/account_operations/sync"
TOPICS = "/partner/webhooks/subscriptions"

Row = tuple[str, dict[str, Any], tuple[str, str, str], bytes]
"""An operation's name without its vendor, its inputs, method and path and body on the wire, an answer."""

GET_CONTACT_ENVELOPE = r"""{"account_operation_url": "/contacts/{contact_id}",
 "account_operation_method": "GET",
 "account_operation_path_parameters": [{"path_param_key": "contact_id", "path_param_value": "00000000-0000-0000-0000-000000000001"}],
 "account_operation_query_parameters": [{"query_param_key": "include", "query_param_value": "list_memberships"}],
 "account_operation_headers": [{"header_key": "Accept", "header_value": "application/json"}]}"""  # noqa: E501

IMPORT_ENVELOPE = r"""{"account_operation_url": "/activities/contacts_json_import",
 "account_operation_method": "POST",
 "account_operation_payload": "{\"import_data\":[{\"email\":\"joe.jones@example.com\",\"first_name\":\"Joe\",\"last_name\":\"Jones\",\"job_title\":\"Chief Innovation Officer\",\"company_name\":\"RelativeGravity, Inc.\",\"birthday_month\":11,\"birthday_day\":24,\"anniversary\":\"2006-11-15\",\"phone\":\"555-555-5555\",\"street\":\"123 Maple Lane\",\"street2\":\"Apt. 337\",\"city\":\"Chicago\",\"state\":\"Illinois\",\"zip\":\"60609\",\"country\":\"United States\"}],\"list_ids\":[\"66d9b5f0-5a95-11eb-a9a2-fa163e5bf31a\"]}",
 "account_operation_headers": []}"""  # noqa: E501

IMPORTED = {
    "email": "joe.jones@example.com",
    "first_name": "Joe",
    "last_name": "Jones",
    "job_title": "Chief Innovation Officer",
    "company_name": "RelativeGravity, Inc.",
    "birthday_month": 11,
    "birthday_day": 24,
    "anniversary": "2006-11-15",
    "phone": "555-555-5555",
    "street": "123 Maple Lane",
    "street2": "Apt. 337",
    "city": "Chicago",
    "state": "Illinois",
    "zip": "60609",
    "country": "United States",
}

SEGMENT_ENVELOPE = r"""{"account_operation_url": "/segments",
 "account_operation_method": "POST",
 "account_operation_payload": "{\"name\":\"Lapsed openers: last 5 campaigns\",\"segment_criteria\":\"{\\\"version\\\":\\\"1.0.0\\\",\\\"criteria\\\":{\\\"type\\\":\\\"and\\\",\\\"group\\\":[{\\\"source\\\":\\\"tracking\\\",\\\"field\\\":\\\"not_opened\\\",\\\"op\\\":\\\"contains-any\\\",\\\"const_value\\\":\\\"last-n-campaigns\\\",\\\"param\\\":\\\"5\\\"}]}}\"}",
 "account_operation_headers": []}"""  # noqa: E501

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

ACTIVITY = json.dumps(
    {
        "activity_id": "56b90820-cc52-11ea-9dad-fa163e3d9012",
        "state": "initialized",
        "started_at": "2022-01-23T13:48:40.108Z",
        "completed_at": "2022-01-23T13:48:44.108Z",
        "created_at": "2022-01-23T13:48:44.108Z",
        "updated_at": "2022-01-23T13:48:44.108Z",
        "source_file_name": "222-21-04-contact_import.xls",
        "percent_done": 75,
        "activity_errors": ["Message describing the error condition."],
        "status": {
            "items_total_count": 87,
            "person_count": 20,
            "error_count": 1,
            "correctable_count": 1,
            "cannot_add_to_list_count": 1,
        },
        "_links": {"self": {"href": "/v3/activities/055fe9a97-a579-43c5-bb1a-58ed29bf0a6a"}},
    }
).encode()

SEGMENT = (
    b'{"name": "Lapsed openers: last 5 campaigns", "segment_criteria": "{}", "segment_id": 14,'
    b' "created_at": "2021-04-25T11:08:00.000Z", "edited_at": "2021-04-25T11:08:00.000Z"}'
)

FOUND = {
    "contact_id": "5ef41618-f130-11e9-91a7-fa163e56c9b0",
    "email_address": {"address": "fan@example.com", "permission_to_send": "implicit", "opt_in_source": "Account"},
    "first_name": "Ana",
    "last_name": "Ray",
    "birthday_month": 11,
    "list_memberships": ["57ee2b14-f101-11e9-898f-fa163e56c9b0"],
}
CONTACT_ANSWER = json.dumps(FOUND).encode()
PAGE = json.dumps({"contacts": [FOUND], "_links": {"next": {"href": "/v3/contacts?cursor=opaque"}}}).encode()

NEW_ACCOUNT = (
    '{"contact_email": "jo@example.com", "country_code": "US", "state_code": "IL", "login_name": "jo.field@example",'
    ' "first_name": "Jo", "last_name": "Field"}'
)
SSO_USER = (
    '{"first_name": "Jo", "last_name": "Field", "role_name": "campaign_creator", "contact_email": "jo@example.com",'
    ' "login_name": "jo.field", "external_id": "42", "external_provider": "Example"}'
)
UNSUBSCRIBED = '{"update_source": "Contact", "email_addresses": ["fan@example.com"], "opt_out_reason": "Too many"}'
TOPIC = b'{"topic_id": 1, "hook_uri": "https://receiver.example.com/hooks/cc"}'


def outer(name: str, method: str, path: str, body: str = "", answer: bytes = b"{}", **inputs: Any) -> Row:
    """A call whose body is its inputs, but for those in the path."""
    return name, {**inputs, **(json.loads(body) if body else {})}, (method, path, body), answer


def inner(
    name: str,
    method: str,
    url: str,
    answer: bytes,
    *,
    path: dict[str, str] | None = None,
    query: dict[str, tuple[Any, str]] | None = None,
    payload: dict[str, Any] | None = None,
) -> Row:
    """A call carried by `sync`; `query` has for each name the input and what must travel."""
    envelope: dict[str, Any] = {"account_operation_url": url, "account_operation_method": method}
    if path:
        envelope["account_operation_path_parameters"] = [
            {"path_param_key": key, "path_param_value": value} for key, value in path.items()
        ]
    if query:
        envelope["account_operation_query_parameters"] = [
            {"query_param_key": key, "query_param_value": text} for key, (_, text) in query.items()
        ]
    if payload is not None:
        envelope["account_operation_payload"] = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    envelope["account_operation_headers"] = []
    asked = {key: given for key, (given, _) in (query or {}).items()}
    inputs = {"encoded_account_id": ACCOUNT, **(path or {}), **asked, **(payload or {})}
    return name, inputs, ("POST", SYNC, json.dumps(envelope, ensure_ascii=False)), answer


ROWS: tuple[Row, ...] = (
    (
        "list_accounts",
        {"account_type": "managed", "limit": 10, "offset": "MTA*"},
        ("GET", "/partner/accounts?limit=10&offset=MTA%2A&account_type=managed", ""),
        b'{"site_owner_list": [{"encoded_account_id": "a07e1lxqqqo0", "billing_status": "Active"}],'
        b' "_links": {"next": {"href": "/v3/partner/accounts?offset=MTA*&limit=10"}}}',
    ),
    outer(
        "create_account",
        "POST",
        "/partner/accounts",
        NEW_ACCOUNT,
        b'{"encoded_account_id": "a07e1new", "provision_uuid": "6a"}',
    ),
    ("get_plan", {"encoded_account_id": ACCOUNT}, ("GET", f"{ACCOUNTS}/plan", ""), b'{"plan_type": "TRIAL"}'),
    outer(
        "change_plan",
        "PUT",
        f"{ACCOUNTS}/plan",
        '{"plan_type": "GOLD", "billing_day_of_month": 31}',
        b'{"plan_type": "GOLD"}',
        encoded_account_id=ACCOUNT,
    ),
    outer(
        "cancel_account",
        "PUT",
        f"{ACCOUNTS}/status/cancel",
        '{"effective_date": "2999-01-01T00:00:00Z", "reason_id": 12}',
        encoded_account_id=ACCOUNT,
    ),
    outer("cancel_account", "PUT", f"{ACCOUNTS}/status/cancel", "{}", encoded_account_id=ACCOUNT),
    outer("sync", "POST", SYNC, GET_CONTACT_ENVELOPE, CONTACT_ANSWER, encoded_account_id=ACCOUNT),
    outer("sync", "POST", SYNC, IMPORT_ENVELOPE, ACTIVITY, encoded_account_id=ACCOUNT),
    outer("sync", "POST", SYNC, SEGMENT_ENVELOPE, SEGMENT, encoded_account_id=ACCOUNT),
    outer("create_sso_user", "POST", f"{ACCOUNTS}/users/sso", SSO_USER, encoded_account_id=ACCOUNT),
    outer(
        "unsubscribe_contacts",
        "POST",
        f"{ACCOUNTS}/contacts/unsubscribe",
        UNSUBSCRIBED,
        b'{"unsubscribed_count": 5}',
        encoded_account_id=ACCOUNT,
    ),
    ("list_subscriptions", {}, ("GET", TOPICS, ""), b"[" + TOPIC + b"]"),
    ("get_subscription", {"topic_id": 1}, ("GET", f"{TOPICS}/1", ""), TOPIC),
    outer(
        "subscribe", "PUT", f"{TOPICS}/1", '{"hook_uri": "https://receiver.example.com/hooks/cc"}', TOPIC, topic_id=1
    ),
    ("unsubscribe", {"topic_id": 1}, ("DELETE", f"{TOPICS}/1", ""), b""),
    ("test_subscription", {"topic_id": 3}, ("POST", f"{TOPICS}/3/tests", ""), b""),
    inner(
        "get_contact",
        "GET",
        "/contacts/{contact_id}",
        CONTACT_ANSWER,
        path={"contact_id": CONTACT},
        query={"include": (["custom_fields", "list_memberships"], "custom_fields,list_memberships")},
    ),
    inner(
        "list_contacts",
        "GET",
        "/contacts",
        PAGE,
        query={
            "status": ("active", "active"),
            "lists": ([LIST], LIST),
            "updated_after": ("2026-03-01T00:00:00+02:00", "2026-02-28T22:00:00Z"),
            "include": ("list_memberships,taggings", "list_memberships,taggings"),
            "include_count": (True, "true"),
            "limit": (50, "50"),
        },
    ),
    inner(
        "create_contact",
        "POST",
        "/contacts",
        CONTACT_ANSWER,
        payload={
            "email_address": {"address": "fan@example.com", "permission_to_send": "implicit"},
            "create_source": "Account",
            "first_name": "Ana",
            "custom_fields": [{"custom_field_id": "f-1", "value": "The Hall"}],
            "phone_numbers": [{"phone_number": "555-555-5555", "kind": "home"}],
            "street_addresses": [{"kind": "home", "street": "123 Maple Lane", "city": "Chicago"}],
            "list_memberships": [LIST],
        },
    ),
    inner(
        "update_contact",
        "PUT",
        "/contacts/{contact_id}",
        CONTACT_ANSWER,
        path={"contact_id": CONTACT},
        payload={
            "email_address": {"address": "fan@example.com"},
            "update_source": "Account",
            "first_name": "Ana",
        },
    ),
    inner(
        "upsert_contact",
        "POST",
        "/contacts/sign_up_form",
        b'{"contact_id": "5ef41618-f130-11e9-91a7-fa163e56c9b0", "action": "created"}',
        payload={"email_address": "fan@example.com", "list_memberships": [LIST], "first_name": "Zoë"},
    ),
    (
        "import_contacts",
        {"encoded_account_id": ACCOUNT, "import_data": [IMPORTED], "list_ids": [LIST]},
        ("POST", SYNC, IMPORT_ENVELOPE),
        ACTIVITY,
    ),
    inner("get_activity", "GET", "/activities/{activity_id}", ACTIVITY, path={"activity_id": "56b90820"}),
    inner(
        "list_contact_lists",
        "GET",
        "/contact_lists",
        b'{"lists": [{"list_id": "l-1", "name": "Ticket buyers", "favorite": false}], "lists_count": 1, "_links": {}}',
        query={"include_count": (True, "true"), "name": ("Ticket buyers", "Ticket buyers")},
    ),
    inner(
        "create_contact_list",
        "POST",
        "/contact_lists",
        b'{"list_id": "l-1", "name": "Ticket buyers"}',
        payload={"name": "Ticket buyers", "description": "Spring tour", "favorite": False},
    ),
    inner(
        "list_segments",
        "GET",
        "/segments",
        b'{"segments": [{"segment_id": 14, "name": "Lapsed"}]}',
        query={"limit": (500, "500")},
    ),
    (
        "create_segment",
        {"encoded_account_id": ACCOUNT, "name": "Lapsed openers: last 5 campaigns", "segment_criteria": CRITERIA},
        ("POST", SYNC, SEGMENT_ENVELOPE),
        SEGMENT,
    ),
    inner("list_contact_tags", "GET", "/contact_tags", b'{"tags": [{"tag_id": "t-1", "name": "vip"}]}'),
    inner("create_contact_tag", "POST", "/contact_tags", b'{"tag_id": "t-1", "name": "vip"}', payload={"name": "vip"}),
    inner(
        "add_list_memberships",
        "POST",
        "/activities/add_list_memberships",
        ACTIVITY,
        payload={"source": {"segment_id": 14}, "list_ids": [LIST]},
    ),
    inner(
        "add_contact_tags",
        "POST",
        "/activities/contacts_taggings_add",
        ACTIVITY,
        payload={"source": {"contact_ids": [CONTACT]}, "tag_ids": ["t-1"]},
    ),
)
