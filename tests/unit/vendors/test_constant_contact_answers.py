"""What Constant Contact's answers mean: limits, background work followed to its end, doubts settled by looking."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.unit.vendors.documented import catalogue, example, settings_for
from tests.unit.vendors.documented_constant_contact import ACCOUNT, CONTACT, FOUND, LIST
from tests.unit.vendors.raw_vendor import RawVendor, answers
from vendors.answers import Answer, classify
from vendors.catalogue import PHONE_BOOK, catalogue_of
from vendors.client import Client
from workflows.catalogue import Limit, Look, Operation, Outcome, OutcomeKind, Repeat

CATALOGUE = catalogue()
ENTRY = next(entry for entry in PHONE_BOOK if entry.name == "constant_contact")
LATE = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)


def operation_of(name: str) -> Operation:
    return CATALOGUE.operation(f"constant_contact.{name}")


def outcome_of(name: str, status: int, body: Any, **more: Any) -> Outcome:
    return classify(operation_of(name), ENTRY, Answer(status, json.dumps(body).encode(), **more), now=LATE)


def test_the_documented_limits_hold_unless_others_are_stated() -> None:
    assert catalogue_of({}).limits("constant_contact") == (Limit(4, 1.0), Limit(10_000, 86_400.0))
    raised = {"constant_contact": {"limits": ({"count": 10, "seconds": 1},)}}
    assert catalogue_of(raised).limits("constant_contact") == (Limit(10, 1.0),)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"error_key": "throttled", "error_message": "slow down"}, 1.0),
        ([{"error_key": "throttled", "error_message": "slow down"}], 1.0),
        ({"error_key": "quota_exceeded", "error_message": "10,000 a day"}, 5400.0),
        ([{"error_key": "contacts.api.quota_exceeded", "error_message": "10,000 a day"}], 5400.0),
        ([{"error_key": "activities.api.too_many", "error_message": "1,000 queued"}], None),
        ("nonsense", None),
    ],
)
def test_both_kinds_of_limit_say_when_to_come_back(body: Any, seconds: float | None) -> None:
    for name in ("list_contacts", "create_account"):
        outcome = outcome_of(name, 429, body)

        assert (outcome.kind, outcome.retry_after_seconds) == (OutcomeKind.RETRY, seconds)


def test_a_retry_after_goes_before_what_the_body_says() -> None:
    outcome = outcome_of("list_contacts", 429, {"error_key": "quota_exceeded"}, retry_after="7")

    assert outcome.retry_after_seconds == 7.0


@pytest.mark.parametrize(
    ("name", "status", "kind", "words"),
    [
        ("create_account", 503, OutcomeKind.IN_DOUBT, "503"),
        ("create_account", 409, OutcomeKind.REFUSED, "the login name is taken: choose another one"),
        ("create_contact", 409, OutcomeKind.REFUSED, "use update_contact, or upsert_contact"),
        ("create_segment", 409, OutcomeKind.REFUSED, "a segment of this name exists already"),
        ("create_contact_list", 409, OutcomeKind.REFUSED, "a list of this name exists already"),
        ("create_contact_tag", 409, OutcomeKind.REFUSED, "a tag of this name exists already"),
        ("create_sso_user", 409, OutcomeKind.REFUSED, "a user with this login name exists already"),
        ("upsert_contact", 409, OutcomeKind.RETRY, "409"),
        ("list_contacts", 202, OutcomeKind.RETRY, "202"),
        ("list_contacts", 503, OutcomeKind.RETRY, "503"),
        ("unsubscribe", 404, OutcomeKind.DONE, "404"),
        ("get_subscription", 404, OutcomeKind.REFUSED, "404"),
        ("unsubscribe_contacts", 406, OutcomeKind.REFUSED, "406"),
        ("import_contacts", 415, OutcomeKind.REFUSED, "415"),
        ("get_plan", 403, OutcomeKind.REFUSED, "Our credentials were refused"),
    ],
)
def test_a_documented_error_has_its_outcome(name: str, status: int, kind: OutcomeKind, words: str) -> None:
    outcome = outcome_of(name, status, [{"error_key": "k", "error_message": "Constant Contact's own words"}])

    assert outcome.kind is kind
    assert words in outcome.reason
    assert "Constant Contact's own words" in outcome.reason


def activity(state: str, *, errors: list[Any] | None = None, **counts: int) -> dict[str, Any]:
    body = {"activity_id": "a-1", "state": state, "activity_errors": errors, "status": counts}
    output: dict[str, Any] = outcome_of("get_activity", 200, body).output
    return output


def followed(found: dict[str, Any]) -> Outcome | None:
    look = operation_of("import_contacts").follow
    assert look is not None
    return look.judge({"encoded_account_id": ACCOUNT}, found)


@pytest.mark.parametrize("name", ["import_contacts", "add_list_memberships", "add_contact_tags"])
def test_work_in_the_background_is_followed_by_the_activity_its_answer_names(name: str) -> None:
    operation = operation_of(name)
    inputs = example(f"constant_contact.{name}").inputs
    assert operation.follow is not None
    output = outcome_of(name, 201, {"activity_id": "a-1", "state": "initialized"}).output

    asked = operation.follow.inputs(inputs, output)

    assert asked == {"encoded_account_id": ACCOUNT, "activity_id": "a-1"}
    assert CATALOGUE.operation(operation.follow.operation).prepare(asked)


@pytest.mark.parametrize("state", ["initialized", "processing", "something new"])
def test_an_activity_that_goes_on_is_looked_at_again(state: str) -> None:
    assert followed(activity(state)) is None


def test_a_completed_activity_is_done() -> None:
    outcome = followed(activity("completed", items_total_count=87, person_count=87, error_count=0))

    assert outcome is not None
    assert (outcome.kind, outcome.reason) == (OutcomeKind.DONE, "Constant Contact has completed it: 87 in all")
    assert outcome.output["is_partial"] is False


def test_partial_failure_is_told_as_partial() -> None:
    found = activity(
        "completed",
        errors=["bad row for ana@example.com"],
        items_total_count=87,
        error_count=2,
        cannot_add_to_list_count=1,
    )
    outcome = followed(found)

    assert outcome is not None
    assert outcome.kind is OutcomeKind.DONE
    assert outcome.output["is_partial"] is True
    assert outcome.reason.startswith(
        "Constant Contact has completed it: 87 in all, but only in part (2 with errors, 1 not "
    )
    assert "bad row for ***" in outcome.reason


@pytest.mark.parametrize("state", ["failed", "cancelled", "timed_out"])
def test_an_activity_that_failed_is_refused_with_its_errors(state: str) -> None:
    outcome = followed(activity(state, errors=[{"message": "list is gone"}, None, 7]))

    assert outcome is not None
    assert outcome.kind is OutcomeKind.REFUSED
    assert "list is gone" in outcome.reason


def test_an_activity_may_have_nulls() -> None:
    body = {"activity_id": "a-1", "state": "initialized", "activity_errors": None, "status": None, "percent_done": None}

    assert outcome_of("get_activity", 200, body).output["status"] == {}


def look_of(name: str) -> Look:
    look = operation_of(name).verify
    assert look is not None
    return look


@pytest.mark.parametrize("name", sorted(CATALOGUE.operations))
def test_whatever_is_verified_has_a_safe_read_that_its_inputs_make(name: str) -> None:
    operation = CATALOGUE.operation(name)
    if operation.vendor != "constant_contact":
        return
    assert (operation.verify is not None) == (operation.repeat is Repeat.VERIFY)
    if operation.verify is not None:
        reading = CATALOGUE.operation(operation.verify.operation)
        assert reading.repeat is Repeat.SAFE
        assert reading.prepare(operation.verify.inputs(example(name).inputs, None))


def judged(name: str, output: Any, **changes: Any) -> OutcomeKind | None:
    outcome = look_of(name).judge({**example(f"constant_contact.{name}").inputs, **changes}, output)
    return None if outcome is None else outcome.kind


def test_what_has_a_unique_name_is_found_by_it() -> None:
    segments = {"segments": [{"segment_id": "14", "name": "Lapsed openers: last 5 campaigns"}]}

    assert judged("create_segment", segments) is OutcomeKind.DONE
    assert judged("create_segment", {"segments": [{"segment_id": "1", "name": "Other"}]}) is None
    assert judged("create_contact_list", {"lists": [{"list_id": "1", "name": "Ticket buyers"}]}) is OutcomeKind.DONE
    assert judged("create_contact_tag", {"tags": []}) is None


def page(**changes: Any) -> dict[str, Any]:
    return {"contacts": [{**FOUND, **changes}]}


def test_a_contact_is_found_by_its_address_and_compared() -> None:
    assert look_of("create_contact").inputs(example("constant_contact.create_contact").inputs, None) == {
        "encoded_account_id": ACCOUNT,
        "status": "all",
        "email": "fan@example.com",
        "include": "list_memberships",
    }
    assert judged("create_contact", page()) is OutcomeKind.DONE
    assert judged("create_contact", page(first_name="Bo")) is OutcomeKind.REFUSED
    assert judged("create_contact", {"contacts": []}) is None


def test_a_sign_up_is_there_when_permission_and_lists_are() -> None:
    said_yes = {"address": "fan@example.com", "permission_to_send": "explicit"}
    name = {"first_name": "Zoë"}

    assert judged("upsert_contact", page(email_address=said_yes, list_memberships=[LIST], **name)) is OutcomeKind.DONE
    assert judged("upsert_contact", page(email_address=said_yes, list_memberships=[], **name)) is None
    assert judged("upsert_contact", page(list_memberships=[LIST], **name)) is None
    assert judged("upsert_contact", {"contacts": []}) is None


def test_an_update_is_there_when_all_is_as_sent_and_the_rest_is_gone() -> None:
    asked = look_of("update_contact").inputs(example("constant_contact.update_contact").inputs, None)
    assert asked == {"encoded_account_id": ACCOUNT, "contact_id": CONTACT}
    assert judged("update_contact", {**FOUND, "last_name": None}) is OutcomeKind.DONE
    assert judged("update_contact", FOUND) is None
    assert judged("update_contact", {**FOUND, "last_name": None, "job_title": "Left from before"}) is None


def test_whoever_has_unsubscribed_is_not_signed_up_again_by_a_repeat() -> None:
    gone = {"address": "fan@example.com", "permission_to_send": "unsubscribed"}
    wanted = {"email_address": {"address": "fan@example.com", "permission_to_send": "explicit"}}

    assert judged("upsert_contact", page(email_address=gone)) is OutcomeKind.IN_DOUBT
    assert judged("update_contact", {**FOUND, "email_address": gone}, **wanted) is OutcomeKind.IN_DOUBT
    assert judged("update_contact", {**FOUND, "last_name": None, "email_address": gone}) is OutcomeKind.DONE


def test_a_plan_is_changed_when_it_is_the_one_asked_for() -> None:
    assert judged("change_plan", {"plan_type": "GOLD"}) is OutcomeKind.DONE
    assert judged("change_plan", {"plan_type": "TRIAL"}) is None
    assert judged("change_plan", {"plan_type": "GOLD", "plan_group_id": None}, plan_group_id="7") is None


def test_one_contact_may_come_as_a_page_of_one() -> None:
    assert outcome_of("get_contact", 200, {"contacts": [FOUND]}).output["contact_id"] == FOUND["contact_id"]


def test_the_token_call_stands_on_the_wire_as_documented() -> None:
    with RawVendor(answers(200, b'{"plan_type": "TRIAL"}')) as vendor:
        client = Client(settings_for(vendor.url))
        operation = operation_of("get_plan")
        assert client.send(operation, operation.prepare({"encoded_account_id": ACCOUNT})).kind is OutcomeKind.DONE
        client.close()
        login, call = vendor.logins.get(timeout=5), vendor.received.get(timeout=5)

    assert (login.method, login.body) == ("POST", b"")
    assert login.target == "/token?grant_type=client_credentials&scope=v3api%2Fgeneral.partner"
    assert login.headers["authorization"] == "Basic Y2MtY2xpZW50LTEyMzpjYy1zZWNyZXQtMTIz"
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "x-api-key" not in login.headers
    assert (call.headers["x-api-key"], call.headers["authorization"]) == ("cc-key-123", "Bearer cc-token-123")


def test_a_token_without_a_lifetime_lasts_an_hour() -> None:
    assert ENTRY.login is not None
    assert ENTRY.login.read({"access_token": "t"}).seconds == 3600.0
    assert ENTRY.login.read({"access_token": "t", "expires_in": 60}).seconds == 60.0


@pytest.mark.parametrize(("status", "is_alarm"), [(401, True), (403, True), (404, False)])
def test_credentials_that_are_refused_raise_an_alarm(status: int, is_alarm: bool) -> None:
    with RawVendor(answers(status)) as vendor, capture_logs() as logs:
        client = Client(settings_for(vendor.url))
        operation = operation_of("get_plan")
        client.send(operation, operation.prepare({"encoded_account_id": ACCOUNT}))
        client.close()

    alarms = [(line["log_level"], line["event"], line["operation"]) for line in logs]
    assert alarms == ([("error", "credential_alarm", "constant_contact.get_plan")] if is_alarm else [])
