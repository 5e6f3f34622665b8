"""Constant Contact's activities: queued at once, done a little later, in part where single contacts fail."""

from __future__ import annotations

import json
from typing import Any

import pytest

BUYERS = "66d9b5f0-5a95-11eb-a9a2-fa163e5bf31a"
FAN = "5ef41618-f130-11e9-91a7-fa163e56c9b0"
GONE = "00000000-0000-0000-0000-000000000001"
VIP = "5d2f4a4c-0000-4000-8000-000000000001"
JOE = {
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
EVERYONE = {"source": {"all_active_contacts": True}}


def imported(client: Any, *rows: Any, **more: Any) -> Any:
    payload = {"import_data": list(rows), "list_ids": [BUYERS], **more}
    return client.carry("POST", "/activities/contacts_json_import", payload)


def activity(client: Any, queued: Any) -> Any:
    assert queued.status_code == 200, queued.text
    path = {"activity_id": queued.json()["activity_id"]}
    return client.carry("GET", "/activities/{activity_id}", path=path).json()


def contacts(client: Any) -> dict[str, Any]:
    rows = client.control("GET", "/_state/constant_contact")["contacts"]
    return {row["email_address"]["address"] if row["email_address"] else row["contact_id"]: row for row in rows}


def test_an_import_is_initialized_then_processing_then_completed(partner: Any, clock: Any) -> None:
    queued = imported(partner, JOE)
    first = queued.json()
    assert (first["state"], first["percent_done"]) == ("initialized", 0)
    assert first["_links"]["self"]["href"] == f"/v3/activities/{first['activity_id']}"
    assert activity(partner, queued) == first
    clock.now += 1
    assert activity(partner, queued)["state"] == "processing"
    assert JOE["email"] not in contacts(partner)
    clock.now += 1
    last = activity(partner, queued)
    assert (last["state"], last["percent_done"], last["activity_errors"]) == ("completed", 100, [])
    assert (last["created_at"], last["completed_at"]) == ("2026-06-20T12:00:00.000Z", "2026-06-20T12:00:02.000Z")
    assert last["status"] == {
        "items_total_count": 1,
        "person_count": 1,
        "error_count": 0,
        "correctable_count": 0,
        "cannot_add_to_list_count": 0,
    }
    names = [row["operation"] for row in partner.journal(processed="true")][1:]
    assert names == ["constant_contact.import_contacts", *["constant_contact.get_activity"] * 3]


def test_imported_people_have_implicit_permission_and_others_keep_theirs(partner: Any, clock: Any) -> None:
    signed = {"email_address": "sure@example.com", "list_memberships": [BUYERS]}
    partner.carry("POST", "/contacts/sign_up_form", signed)
    rows = [JOE, {"email": "SURE@example.com", "last_name": "Thing"}, {"email": "gone@example.com", "first_name": "B"}]
    queued = imported(partner, *rows)
    clock.now += 2
    found = contacts(partner)
    joe, sure, gone = found[JOE["email"]], found["sure@example.com"], found["gone@example.com"]
    assert (joe["email_address"]["permission_to_send"], joe["email_address"]["opt_in_source"]) == (
        "implicit",
        "Account",
    )
    assert (sure["email_address"]["permission_to_send"], sure["last_name"]) == ("explicit", "Thing")
    assert (gone["email_address"]["permission_to_send"], gone["list_memberships"]) == ("unsubscribed", [])
    assert (gone["first_name"], gone["last_name"]) == ("B", "Lee")
    status = activity(partner, queued)["status"]
    assert (status["person_count"], status["cannot_add_to_list_count"]) == (3, 1)


def test_a_row_that_fails_is_counted_and_the_others_are_taken(partner: Any, clock: Any) -> None:
    rows = [
        {"email": "no-address"},
        JOE,
        {"email": "a@example.com", "anniversary": "one day"},
        {"email": "b@example.com", "cf:favourite_colour": "red"},
        {"email": "c@example.com", "cf:favourite_venue": "The Hall"},
    ]
    queued = imported(partner, *rows)
    clock.now += 2
    done = activity(partner, queued)
    assert (done["state"], len(done["activity_errors"])) == ("completed", 3)
    assert done["activity_errors"][0] == "Contact 1: email must be an e-mail address."
    counts = [done["status"][name] for name in ("items_total_count", "person_count", "error_count")]
    assert (counts, done["status"]["correctable_count"]) == ([5, 2, 1], 2)
    assert {"c@example.com", JOE["email"]} <= contacts(partner).keys()


def test_what_is_over_four_megabytes_is_dropped_without_a_word(partner: Any, clock: Any) -> None:
    custom = {f"cf:{number}": "x" * 255 for number in range(25)}
    rows = [{"email": f"{number}@example.com", **custom} for number in range(700)]
    assert len(json.dumps(rows)) > 4 * 1024 * 1024
    queued = imported(partner, *rows)
    clock.now += 2
    total = activity(partner, queued)["status"]["items_total_count"]
    assert 600 < total < 700


def test_sms_numbers_need_a_permission_and_a_date(partner: Any, clock: Any) -> None:
    row = {"sms_number": "123-123-1234"}
    assert imported(partner, row).status_code == 400
    assert imported(partner, row, sms_permission_to_send="explicit").status_code == 400
    for good in ({"sms_permission_to_send": "not_set"}, {"sms_permission_to_send": "explicit"}):
        dated = {**row, "sms_consent_date": "2026-01-01"}
        assert imported(partner, dated, **good).status_code == 200
    clock.now += 2
    numbers = [(one.get("sms_channel") or {}).get("sms_address") for one in contacts(partner).values()]
    assert numbers.count("123-123-1234") == 1


WRONG_ROWS: list[dict[str, Any]] = [
    {"email": "x" * 45 + "@b.com"},
    {"email": 5},
    {"first_name": "Joe"},
    {"email": "a@b.c", "first_name": "x" * 51},
    {"email": "a@b.c", "birthday_month": 2},
    {"email": "a@b.c", "birthday_month": 2, "birthday_day": 32},
    {"email": "a@b.c", **{f"{kind}phone": "5" for kind in ("", "home_", "work_", "mobile_")}},
    {"email": "a@b.c", **{f"{kind}city": "X" for kind in ("", "home_", "work_", "other_")}},
    {"email": "a@b.c", "street": "x" * 256},
    {"email": "a@b.c", "country": "x" * 51},
    {"email": "a@b.c", "cf:favourite_venue": "x" * 256},
    {"email": "a@b.c", **{f"cf:{number}": "x" for number in range(26)}},
    {"email": "a@b.c", "sms_number": "+441231231234"},
    {"email_address": "a@b.c"},
]


@pytest.mark.parametrize("row", WRONG_ROWS, ids=lambda row: str(row)[:50])
def test_an_import_with_a_row_that_is_not_as_documented_is_refused_whole(shared_partner: Any, row: Any) -> None:
    reply = imported(shared_partner, JOE, row, sms_permission_to_send="not_set")
    assert reply.status_code == 400
    assert reply.json()[0]["error_message"].startswith("import_data[1]")


@pytest.mark.parametrize(
    "change",
    [
        {"import_data": []},
        {"list_ids": []},
        {"list_ids": [BUYERS] * 51},
        {"list_ids": ["x"]},
        {"sms_permission_to_send": "implicit"},
        {"import_type": "x"},
    ],
)
def test_an_import_that_is_not_as_documented_is_refused(shared_partner: Any, change: dict[str, Any]) -> None:
    assert imported(shared_partner, JOE, **change).status_code == 400


def test_a_thousand_queued_activities_are_enough(partner: Any, clock: Any) -> None:
    assert partner.control("GET", "/_settings/constant_contact")["queued_activities"] == 1000
    partner.control("POST", "/_settings/constant_contact", json={"queued_activities": 2})
    assert [imported(partner, JOE).status_code for _ in range(3)] == [200, 200, 429]
    (error,) = imported(partner, JOE).json()
    assert error["error_key"] == "activities.api.too_many_queued"
    clock.now += 2
    assert imported(partner, JOE).status_code == 200
    assert len(contacts(partner)) == 3


def test_contacts_are_put_on_lists_but_not_the_unsubscribed(partner: Any, clock: Any) -> None:
    body = {"source": {"contact_ids": [FAN, GONE]}, "list_ids": [BUYERS]}
    for _ in range(2):
        queued = partner.carry("POST", "/activities/add_list_memberships", body)
    clock.now += 2
    done = activity(partner, queued)
    assert done["status"] == {"items_total_count": 2, "items_completed_count": 1}
    assert len(done["activity_errors"]) == 1
    assert contacts(partner)["fan@example.com"]["list_memberships"].count(BUYERS) == 1
    assert contacts(partner)["gone@example.com"]["list_memberships"] == []


def test_contacts_are_tagged(partner: Any, clock: Any) -> None:
    queued = partner.carry("POST", "/activities/contacts_taggings_add", {**EVERYONE, "tag_ids": [VIP]})
    clock.now += 2
    assert activity(partner, queued)["status"] == {"items_total_count": 2, "items_completed_count": 2}
    assert contacts(partner)["fan@example.com"]["taggings"] == [VIP]
    onwards = partner.carry(
        "POST", "/activities/add_list_memberships", {"source": {"tag_ids": [VIP]}, "list_ids": [BUYERS]}
    )
    clock.now += 2
    assert activity(partner, onwards)["status"]["items_total_count"] == 2
    operations = {row["operation"] for row in partner.journal(method="POST")}
    assert {"constant_contact.add_contact_tags", "constant_contact.add_list_memberships"} <= operations


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("add_list_memberships", {"list_ids": [BUYERS]}),
        ("add_list_memberships", {**EVERYONE, "list_ids": []}),
        ("add_list_memberships", {**EVERYONE, "list_ids": ["x"]}),
        ("add_list_memberships", {**EVERYONE, "list_ids": [BUYERS] * 51}),
        ("add_list_memberships", {**EVERYONE, "tag_ids": [VIP]}),
        ("add_list_memberships", {"source": {}, "list_ids": [BUYERS]}),
        (
            "add_list_memberships",
            {"source": {"contact_ids": [FAN], "all_active_contacts": True}, "list_ids": [BUYERS]},
        ),
        ("add_list_memberships", {"source": {"contact_ids": [FAN] * 501}, "list_ids": [BUYERS]}),
        ("contacts_taggings_add", {**EVERYONE, "tag_ids": ["x"]}),
        ("contacts_taggings_add", {**EVERYONE, "list_ids": [BUYERS]}),
    ],
)
def test_an_addition_that_is_not_as_documented_is_refused(shared_partner: Any, url: str, body: Any) -> None:
    assert shared_partner.carry("POST", f"/activities/{url}", body).status_code == 400


def test_an_unknown_activity_is_not_found(shared_partner: Any) -> None:
    reply = shared_partner.carry("GET", "/activities/{activity_id}", path={"activity_id": "x"})
    assert (reply.status_code, reply.json()[0]["error_key"]) == (404, "contacts.api.not_found")


def test_an_activity_goes_on_after_a_restart(serve: Any, clock: Any, tmp_path: Any) -> None:
    data = tmp_path / "sandbox.db"
    client = serve(clock=clock, data=data)
    queued = imported(client, JOE)
    serve.stop()
    clock.now += 2
    again = serve(clock=clock, data=data)
    assert activity(again, queued)["state"] == "completed"
    assert contacts(again)[JOE["email"]]["list_memberships"] == [BUYERS]
