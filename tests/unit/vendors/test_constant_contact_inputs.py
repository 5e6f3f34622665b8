"""What Constant Contact's operations take, and how a marketer's mistakes are told before anything leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.vendors.documented import catalogue, example
from tests.unit.vendors.documented_constant_contact import ACCOUNT, CONTACT, CRITERIA, IMPORTED, LIST
from tests.unit.vendors.mutations import GONE, changed, problems
from vendors.constant_contact.limits import MOST_PAYLOAD_BYTES
from workflows.catalogue import Request, Split
from workflows.errors import InputError

LONG = "x" * 300


def operation_of(name: str) -> Any:
    return catalogue().operation(f"constant_contact.{name}")


def payload_of(request: Request) -> Any:
    return json.loads(json.loads(request.body or "")["account_operation_payload"])


def wrong(name: str, changes: dict[str, Any]) -> dict[str, str]:
    inputs = example(f"constant_contact.{name}").inputs
    return problems(f"constant_contact.{name}", changed(inputs, changes))


@pytest.mark.parametrize(
    ("name", "changes", "path", "words"),
    [
        ("list_accounts", {"limit": 9}, "$.limit", "must be from 10 to 50"),
        ("list_accounts", {"limit": 51}, "$.limit", "must be from 10 to 50"),
        ("list_accounts", {"account_type": "mine"}, "$.account_type", "must be all, managed or unmanaged"),
        ("create_account", {"contact_email": "jo"}, "$.contact_email", "must be an e-mail address"),
        ("create_account", {"contact_email": GONE}, "$.contact_email", "is required"),
        ("create_account", {"login_name": "short"}, "$.login_name", "6 to 50 letters"),
        ("create_account", {"login_name": "with blank"}, "$.login_name", "6 to 50 letters"),
        ("create_account", {"state_code": GONE}, "$.state_code", "two-letter code of the state"),
        ("create_account", {"state_code": ""}, "$.state_code", "two-letter code of the state"),
        ("create_account", {"country_code": "GB"}, "$.state_code", "left out outside the US and Canada"),
        ("create_account", {"country_code": "U"}, "$.country_code", "2 to 3 characters"),
        ("create_account", {"first_name": "J"}, "$.first_name", "2 to 80 characters"),
        ("create_account", {"password": "short"}, "$.password", "8 to 80 characters"),
        ("create_account", {"password": "long enough", "external_id": "7"}, "$.password", "does not go with"),
        ("create_account", {"billing_locale": "de_DE"}, "$.billing_locale", "must be en_US or en_GB"),
        ("create_account", {"website": "example.com"}, "$.website", "must be a web address"),
        ("create_account", {"contact_phone": "123"}, "$.contact_phone", "5 to 25 characters"),
        ("change_plan", {"plan_type": "PLATIN"}, "$.plan_type", "must be TRIAL, BRONZE, SILVER or GOLD"),
        ("change_plan", {"plan_type": GONE}, "$.plan_type", "is required"),
        ("change_plan", {"billing_day_of_month": 32}, "$.billing_day_of_month", "must be from 1 to 31"),
        ("cancel_account", {"effective_date": "2001-01-01T00:00:00Z"}, "$.effective_date", "must be in the future"),
        ("cancel_account", {"effective_date": "2999-01-01"}, "$.effective_date", "must say its offset"),
        ("cancel_account", {"reason_id": 4}, "$.reason_id", "must be 1, 2, 3, 11"),
        ("create_sso_user", {"role_name": "owner"}, "$.role_name", "must be account_manager or campaign_creator"),
        ("create_sso_user", {"external_id": GONE}, "$.external_id", "is required"),
        ("unsubscribe_contacts", {"update_source": "Robot"}, "$.update_source", "must be Account, Contact or System"),
        ("unsubscribe_contacts", {"email_addresses": []}, "$.email_addresses", "must have 1 to 500"),
        (
            "unsubscribe_contacts",
            {"email_addresses": ["a@example.com"] * 501},
            "$.email_addresses",
            "must have 1 to 500",
        ),
        ("unsubscribe_contacts", {"email_addresses.0": "fan"}, "$.email_addresses[0]", "must be an e-mail address"),
        (
            "unsubscribe_contacts",
            {"email_addresses": ["a@example.com", "b@example.com"], "global_unsubscribe": True},
            "$.email_addresses",
            "exactly one address",
        ),
        ("unsubscribe_contacts", {"opt_out_reason": LONG}, "$.opt_out_reason", "at most 255 characters"),
        ("unsubscribe_contacts", {"delete_contacts": "yes"}, "$.delete_contacts", "must be true or false"),
        ("get_subscription", {"topic_id": 5}, "$.topic_id", "must be from 1 to 4"),
        ("subscribe", {"hook_uri": "here"}, "$.hook_uri", "must be a web address"),
        ("get_contact", {"include": ["likes"]}, "$.include", "must be custom_fields"),
        ("get_contact", {"include": "list_memberships,list_memberships"}, "$.include", "the same thing twice"),
        ("get_contact", {"contact_id": GONE}, "$.contact_id", "is required"),
        ("list_contacts", {"limit": 501}, "$.limit", "must be from 1 to 500"),
        ("list_contacts", {"lists": ["l"] * 26}, "$.lists", "must have 1 to 25 values"),
        ("list_contacts", {"tags": [f"t{n}" for n in range(51)]}, "$.tags", "must have 1 to 50 values"),
        ("list_contacts", {"status": "gone"}, "$.status", "must be all, active"),
        ("list_contacts", {"segment_id": 14}, "$.segment_id", "combines with limit only"),
        ("list_contacts", {"updated_after": "yesterday"}, "$.updated_after", "must be a date and time"),
        ("create_contact", {"create_source": "Robot"}, "$.create_source", "must be Account or Contact"),
        ("create_contact", {"email_address": "fan@example.com"}, "$.email_address", "must be an object"),
        ("create_contact", {"email_address.address": f"{'x' * 60}@{'y' * 20}.com"}, "$.email_address.address", "80"),
        ("create_contact", {"birthday_day": 3}, "$.birthday_month", "is needed with birthday_day"),
        ("create_contact", {"birthday_day": 3, "birthday_month": 13}, "$.birthday_month", "must be from 1 to 12"),
        ("create_contact", {"anniversary": "2023-02-30"}, "$.anniversary", "must be a day"),
        (
            "create_contact",
            {"custom_fields": [{"custom_field_id": str(n), "value": "v"} for n in range(26)]},
            "$.custom_fields",
            "1 to 25 custom fields",
        ),
        ("create_contact", {"phone_numbers": [{"phone_number": "1"}] * 4}, "$.phone_numbers", "1 to 3 phones"),
        ("create_contact", {"street_addresses.0.kind": "boat"}, "$.street_addresses[0].kind", "home, work or other"),
        ("create_contact", {"list_memberships": [f"l{n}" for n in range(51)]}, "$.list_memberships", "1 to 50 lists"),
        ("create_contact", {"update_source": "Account"}, "$.update_source", "is not a field here"),
        ("update_contact", {"update_source": GONE}, "$.update_source", "is required"),
        ("update_contact", {"create_source": "Account"}, "$.create_source", "is not a field here"),
        ("upsert_contact", {"email_address": GONE}, "$", "needs an email_address or an sms_channel"),
        ("upsert_contact", {"email_address": {"address": "a@b.co"}}, "$.email_address", "must be text"),
        ("upsert_contact", {"email_address": f"{'x' * 45}@example.com"}, "$.email_address", "at most 50"),
        ("upsert_contact", {"list_memberships": GONE}, "$.list_memberships", "is required"),
        ("upsert_contact", {"list_memberships": []}, "$.list_memberships", "1 to 50 lists"),
        ("import_contacts", {"list_ids": []}, "$.list_ids", "1 to 50 lists"),
        ("import_contacts", {"list_ids": ["Ticket buyers"]}, "$.list_ids[0]", "must be an id, without blanks"),
        ("import_contacts", {"list_ids": ["buyers"]}, "$.list_ids[0]", "must be a list's id"),
        ("import_contacts", {"list_ids": [LIST] * 2}, "$.list_ids", "the same thing twice"),
        ("import_contacts", {"import_data": []}, "$.import_data", "at least 1 contact"),
        ("import_contacts", {"import_data.0.email": GONE}, "$.import_data[0]", "needs an email or an sms_number"),
        ("import_contacts", {"import_data.0.email": f"{'x' * 45}@example.com"}, "$.import_data[0].email", "at most 50"),
        ("import_contacts", {"import_data.0.birthday_day": GONE}, "$.import_data[0].birthday_day", "is needed with"),
        ("import_contacts", {"import_data.0.anniversary": "11-2006"}, "$.import_data[0].anniversary", "must be a day"),
        ("import_contacts", {"import_data.0.street": LONG}, "$.import_data[0].street", "at most 255"),
        ("import_contacts", {"import_data.0.city": "x" * 51}, "$.import_data[0].city", "at most 50"),
        ("import_contacts", {"import_data.0.nick": "Joe"}, "$.import_data[0].nick", "is not a field here"),
        ("import_contacts", {"import_data.0.home_country": "US"}, "$.import_data[0].home_country", "not confirmed"),
        ("import_contacts", {"import_data.0.cf:venue": LONG}, "$.import_data[0]['cf:venue']", "at most 255"),
        ("import_contacts", {"import_data.0.cf:venue": None}, "$.import_data[0]['cf:venue']", "must not be null"),
        ("import_contacts", {"import_data.0.cf:": "x"}, "$.import_data[0]['cf:']", "is not a field here"),
        ("import_contacts", {"import_data.0.sms_number": "+4912345"}, "$.import_data[0].sms_number", "a US number"),
        ("create_contact_list", {"name": LONG}, "$.name", "at most 255"),
        ("list_contact_lists", {"limit": 501}, "$.limit", "must be from 1 to 500"),
        ("list_contact_lists", {"channel_type": "fax"}, "$.channel_type", "must be email or sms"),
        ("create_contact_tag", {"name": ""}, "$.name", "must not be empty"),
        ("add_list_memberships", {"source": {}}, "$.source", "needs exactly one of contact_ids"),
        (
            "add_list_memberships",
            {"source": {"list_ids": [LIST], "segment_id": 14}},
            "$.source",
            "needs exactly one of contact_ids",
        ),
        ("add_list_memberships", {"source.segment_id": "vips"}, "$.source.segment_id", "must be digits only"),
        (
            "add_list_memberships",
            {"source": {"all_active_contacts": False}},
            "$.source.all_active_contacts",
            "must be true",
        ),
        (
            "add_list_memberships",
            {"source": {"contact_ids": [str(n) for n in range(501)]}},
            "$.source.contact_ids",
            "1 to 500 contacts",
        ),
        ("add_contact_tags", {"tag_ids": []}, "$.tag_ids", "1 to 50 tags"),
    ],
)
def test_a_mistake_is_told_with_its_place(name: str, changes: dict[str, Any], path: str, words: str) -> None:
    found = wrong(name, changes)

    assert path in found, found
    assert words in found[path]


def test_a_contact_must_be_somebody() -> None:
    assert (
        "needs at least one of first_name"
        in problems("constant_contact.create_contact", {"encoded_account_id": ACCOUNT, "create_source": "Account"})["$"]
    )


def test_an_update_of_nothing_would_erase_everything() -> None:
    inputs = {"encoded_account_id": ACCOUNT, "contact_id": CONTACT, "update_source": "Account"}

    assert "would erase" in problems("constant_contact.update_contact", inputs)["$"]
    assert payload_of(operation_of("update_contact").prepare({**inputs, "last_name": None})) == {
        "update_source": "Account"
    }


def test_outside_the_us_and_canada_the_state_is_sent_blank() -> None:
    inputs = changed(example("constant_contact.create_account").inputs, {"country_code": "GB", "state_code": GONE})

    assert json.loads(operation_of("create_account").prepare(inputs).body)["state_code"] == ""


@pytest.mark.parametrize(
    ("rows", "path", "words"),
    [
        (
            dict.fromkeys(("phone", "home_phone", "work_phone", "mobile_phone"), "555-555-5555"),
            "",
            "at most 3 phones",
        ),
        ({f"{kind}city": "Rome" for kind in ("", "home_", "work_", "other_")}, "", "at most 3 addresses"),
        ({f"cf:f{number}": "v" for number in range(26)}, "", "at most 25 custom fields"),
    ],
)
def test_a_contact_to_import_has_room_for_so_much(rows: dict[str, str], path: str, words: str) -> None:
    inputs = {"encoded_account_id": ACCOUNT, "import_data": [{"email": "a@example.com", **rows}], "list_ids": [LIST]}

    assert words in problems("constant_contact.import_contacts", inputs)[f"$.import_data[0]{path}"]


def test_numbers_for_sms_need_a_permission_and_an_explicit_one_its_date() -> None:
    rows = [{"email": "a@example.com"}, {"sms_number": "1231231234"}]
    inputs: dict[str, Any] = {"encoded_account_id": ACCOUNT, "import_data": rows, "list_ids": [LIST]}

    assert "with an sms_number" in problems("constant_contact.import_contacts", inputs)["$.sms_permission_to_send"]
    inputs["sms_permission_to_send"] = "explicit"
    found = problems("constant_contact.import_contacts", inputs)
    assert set(found) == {"$.import_data[1].sms_consent_date"}
    rows[1]["sms_consent_date"] = "2026-03-01"
    assert problems("constant_contact.import_contacts", inputs) == {}


def test_custom_fields_travel_as_text_whatever_their_order() -> None:
    row = {"email": "a@example.com", "cf:seat": 12, "cf:area": "B"}
    inputs = {"encoded_account_id": ACCOUNT, "import_data": [row], "list_ids": [LIST]}

    assert payload_of(operation_of("import_contacts").prepare(inputs))["import_data"] == [
        {"email": "a@example.com", "cf:area": "B", "cf:seat": "12"}
    ]


def big(count: int, **more: Any) -> dict[str, Any]:
    rows = [{"email": f"fan{number}@example.com", "street": "é" * 255} for number in range(count)]
    return {"encoded_account_id": ACCOUNT, "import_data": rows, "list_ids": [LIST], **more}


def test_an_import_that_is_too_large_is_refused_and_can_be_divided() -> None:
    operation, inputs = operation_of("import_contacts"), big(9_000)

    with pytest.raises(InputError, match="divide it into at least 2 parts") as caught:
        operation.prepare(inputs)
    assert [problem.path for problem in caught.value.problems] == ["$.import_data"]

    parts = operation.parts(inputs)
    requests = [operation.prepare(part) for part in parts]
    rows = [payload_of(request)["import_data"] for request in requests]
    assert len(parts) == 2
    assert [row["email"] for part in rows for row in part] == [row["email"] for row in inputs["import_data"]]
    for request in requests:
        payload = json.loads(request.body or "")["account_operation_payload"]
        assert len(payload.encode()) <= MOST_PAYLOAD_BYTES
        assert len(payload.encode()) > MOST_PAYLOAD_BYTES * 0.3


def test_what_fits_is_one_part() -> None:
    operation, inputs = operation_of("import_contacts"), example("constant_contact.import_contacts").inputs

    assert isinstance(operation.split, Split)
    assert len(operation.parts(inputs)) == 1
    assert operation.prepare(operation.parts(inputs)[0]) == operation.prepare(inputs)
    assert inputs["import_data"] == [IMPORTED]


def criteria(changes: dict[str, Any]) -> dict[str, Any]:
    return changed(CRITERIA, changes)


GROUP = "criteria.group"
CONDITION = f"{GROUP}.0"


def joined(kind: str, source: str) -> dict[str, Any]:
    item = {"source": source, "field": "f", "op": "o"}
    return criteria({CONDITION: {"type": kind, "group": [item]}})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("not JSON", "must be an object"),
        ("[1]", "must be an object"),
        (7, "must be an object"),
        ({}, "must have criteria"),
        (criteria({"version": "2"}), "the version 1.0.0"),
        (criteria({"criteria.type": "add"}), "is a misprint"),
        (criteria({"criteria.type": "or"}), "the type and at the top"),
        (criteria({GROUP: []}), "no group without a condition"),
        (criteria({f"{CONDITION}.source": "moon"}), "source is tracking, contact"),
        (criteria({f"{CONDITION}.op": GONE}), "conditions with a op, as text"),
        (criteria({f"{CONDITION}.param": "501"}), "further than 500 campaigns"),
        (criteria({f"{CONDITION}.param": 5}), "param, as text"),
        (criteria({f"{CONDITION}.const_value": "last-n-days", f"{CONDITION}.param": "1826"}), "1,825 days"),
        (joined("and", "tags"), "tags by or only"),
        (joined("and", "list_membership"), "list_membership by or only"),
        (joined("xor", "tracking"), "by and, or by or"),
    ],
)
def test_criteria_that_would_be_refused_are_told(given: Any, words: str) -> None:
    found = problems(
        "constant_contact.create_segment", {"encoded_account_id": "a", "name": "n", "segment_criteria": given}
    )

    assert words in found["$.segment_criteria"]


@pytest.mark.parametrize("given", [joined("or", "tags"), joined("and", "contact"), json.dumps(CRITERIA, indent=1)])
def test_criteria_may_be_an_object_or_its_text_which_is_sent_as_it_is(given: Any) -> None:
    inputs = {"encoded_account_id": "a", "name": "n", "segment_criteria": given}
    sent = payload_of(operation_of("create_segment").prepare(inputs))["segment_criteria"]

    assert sent == given if isinstance(given, str) else json.loads(sent) == given


SYNC: dict[str, Any] = {
    "encoded_account_id": ACCOUNT,
    "account_operation_url": "/contacts/{contact_id}",
    "account_operation_method": "GET",
    "account_operation_path_parameters": [{"path_param_key": "contact_id", "path_param_value": CONTACT}],
}


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"url": "contacts"}, "url", "must be a path"),
        ({"url": "/contacts?limit=5"}, "url", "must be a path"),
        ({"url": "/contacts/../partner/accounts"}, "url", "must be a path"),
        ({"url": "/contacts/{id"}, "url", "must be a path"),
        ({"url": "/v3/contacts"}, "url", "without /v3"),
        ({"url": "/partner/accounts"}, "url", "cannot be carried"),
        ({"url": "/Partner/accounts"}, "url", "cannot be carried"),
        ({"url": "/activities/contacts_file_import"}, "url", "files cannot be carried"),
        ({"method": "HEAD"}, "method", "must be GET, POST, PUT, DELETE or PATCH"),
        ({"path_parameters": []}, "path_parameters", "needs an entry for {contact_id}"),
        (
            {
                "path_parameters": [
                    {"path_param_key": key, "path_param_value": "1"} for key in ("contact_id", "list_id")
                ]
            },
            "path_parameters",
            "has an entry for 'list_id', which the URL does not name",
        ),
        ({"path_parameters.1": SYNC["account_operation_path_parameters"][0]}, "path_parameters", "twice"),
        ({"payload": "{}"}, "payload", "does not go with GET"),
        ({"method": "PUT", "payload": "{"}, "payload", "must be JSON as text"),
        ({"method": "PUT", "payload": {"a": 1}}, "payload", "must be text"),
        ({"method": "PUT", "payload": json.dumps("x" * MOST_PAYLOAD_BYTES)}, "payload", "must not be longer"),
    ],
)
def test_an_envelope_that_would_not_open_is_told(changes: dict[str, Any], path: str, words: str) -> None:
    inputs = changed(SYNC, {f"account_operation_{name}": value for name, value in changes.items()})
    found = problems("constant_contact.sync", inputs)

    assert words in found[f"$.account_operation_{path}"]


def test_empty_arrays_of_an_envelope_are_left_out() -> None:
    inputs = {
        "encoded_account_id": "a/b",
        "account_operation_url": "/segments",
        "account_operation_method": "GET",
        "account_operation_path_parameters": [],
        "account_operation_query_parameters": [],
    }
    request = operation_of("sync").prepare(inputs)

    assert request.path == "/partner/accounts/a%2Fb/account_operations/sync"
    assert json.loads(request.body or "") == {
        "account_operation_url": "/segments",
        "account_operation_method": "GET",
        "account_operation_headers": [],
    }


def test_an_addresss_subject_names_nobody_and_is_the_same_however_it_is_written() -> None:
    created = operation_of("create_contact").subjects_of(
        {"encoded_account_id": ACCOUNT, "email_address": {"address": "Fan@Example.com"}}
    )
    signed_up = operation_of("upsert_contact").subjects_of(
        {"encoded_account_id": ACCOUNT, "email_address": "fan@example.com"}
    )

    assert created == signed_up
    assert "fan" not in created[0].casefold()


def test_only_what_takes_something_away_is_always_possible() -> None:
    operations = catalogue().operations.values()
    ours = {one.name.partition(".")[2] for one in operations if one.vendor == "constant_contact" and one.reduces}

    assert ours == {"unsubscribe_contacts", "unsubscribe"}
