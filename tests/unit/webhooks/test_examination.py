"""An authentic body becomes an arrival: read strictly, keyed, queued, kept with its problems where it does not fit."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.webhooks.payloads import (
    SOURCES,
    box_office_order,
    campaign_event,
    encoded,
    ticket_event,
    ticket_line,
    ticket_order,
)
from webhooks.examination import MOST_PROBLEMS, examine, status_of
from webhooks.signatures import Presented
from workflows import typed_json
from workflows.ledger.arrivals import Arrival, Receipt, shard_of
from workflows.values import DeliveryId


def examined(source: str, body: bytes, headers: dict[str, str] | None = None) -> Arrival:
    found = examine(SOURCES[source], Presented(body, headers or {}))
    assert isinstance(found, Arrival)
    return found


def problems(arrival: Arrival) -> list[dict[str, Any]]:
    assert arrival.problems is not None
    assert arrival.drafts is None
    found = typed_json.load(arrival.problems)
    assert isinstance(found, list)
    return found


def test_what_fits_is_pending_with_its_events() -> None:
    found = examined("box-office", encoded({"orders": [box_office_order()]}))
    assert (found.state, found.problems) == ("pending", None)
    assert found.drafts is not None
    (draft,) = json.loads(found.drafts)
    assert (draft["type"], draft["subject"], draft["brand"]) == ("order.placed", "order:box-office:12345", "second")


def test_what_is_not_read_of_an_order_is_in_its_other_and_what_is_not_read_inside_of_it_in_the_delivery_alone() -> None:
    buyer, line = {"email": "ana@example.com", "seat_wish": "aisle"}, ticket_line(row="F")
    order = ticket_order(buyer_details=buyer, line_items=[line], referral_tag="poster", status="completed")
    body = encoded(ticket_event(payload=order))
    found = examined("tickettailor", body)
    (draft,) = json.loads(found.drafts or "")
    assert draft["data"]["other"] == {"object": "order", "referral_tag": "poster"}
    assert draft["data"]["buyer"] == {"email": "ana@example.com"}
    assert set(draft["data"]["items"][0]) == {"name", "quantity", "subtotal", "total"}
    assert "status" not in draft["data"]
    assert found.body == body


def test_what_does_not_fit_is_kept_as_rejected() -> None:
    body = encoded({"event": "campaign.completed"})
    found = examined("symphony", body)
    assert (found.state, found.body) == ("rejected", body)
    assert [problem["path"] for problem in problems(found)] == ["$.id"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "is empty"),
        (b"\xff\xfe{}", "is not UTF-8 at byte 0"),
        (b'{"a": "\xc3', "is not UTF-8 at byte 7"),
        (b'{"event":', "is not JSON: expecting value at line 1, column 10"),
        (b'{"event": "x"}}', "is not JSON: extra data at line 1, column 15"),
        (b'"\\ud800"', "has an escape such as \\ud800 that is half a character"),
        (b"[" * 65 + b"]" * 65, "is nested deeper than 64 levels"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "is nested deeper than 64 levels"),
        (b"[" + b"{}," * 10_001 + b"1]", "has more than 10000 objects and lists"),
        (b"[" * 500_000, "has a number that is none (NaN), is too long, or nesting that is too deep"),
        (b'{"a": NaN}', "has a number that is none (NaN), is too long, or nesting that is too deep"),
        (b'{"a": 1e9999999999999999999}', "has a number that is none (NaN), is too long, or nesting that is too deep"),
        (b"9" * 5000, "has a number that is none (NaN), is too long, or nesting that is too deep"),
    ],
    ids=lambda value: str(value[:20]) if isinstance(value, bytes) else "",
)
def test_a_body_that_cannot_be_read_says_why(body: bytes, expected: str) -> None:
    (problem,) = problems(examined("symphony", body))
    assert (problem["code"], problem["path"], problem["message"]) == ("unreadable", "$", expected)


@pytest.mark.parametrize("identity", ["a\x00b", "line\nbreak", "x" * 5000])
def test_what_an_event_is_about_can_be_kept_or_the_delivery_is_rejected(identity: str) -> None:
    body = encoded(ticket_event("EVENT.CREATED", id=identity))
    found = examined("tickettailor", body)
    assert (found.state, found.body) == ("rejected", body)
    (problem,) = problems(found)
    assert problem["message"] == "the subject of its event must be at most 500 printable characters"
    assert status_of(Receipt(found.id, (problem,))) == 422


def test_64_levels_are_read() -> None:
    body = b'{"event": "x", "a": ' + b"[" * 63 + b"]" * 63 + b"}"
    assert examined("symphony", body).state == "pending"


def test_of_very_many_problems_the_first_are_told_and_their_number() -> None:
    found = problems(examined("box-office", encoded({"orders": [{}] * 1000})))
    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1]["message"] == "and 4900 further problems"


def test_the_senders_id_is_the_key_and_counts_for_ever() -> None:
    found = examined("tickettailor", encoded(ticket_event(id="wh_99")))
    assert (found.key, found.window) == ("id:wh_99", None)


@pytest.mark.parametrize("identity", ["x" * 5000, "a\x00b", "line\nbreak"])
def test_an_id_no_index_takes_is_shortened_but_stays_itself(identity: str) -> None:
    found = examined("tickettailor", encoded(ticket_event(id=identity)))
    assert found.key == examined("tickettailor", encoded(ticket_event("ORDER.UPDATED", id=identity))).key
    assert len(found.key) == 67
    assert found.key.isprintable()


def test_without_an_id_the_bytes_are_the_key_for_minutes() -> None:
    one, same, other = (examined("symphony", body) for body in (b'{"event":"x"}', b'{"event":"x"}', b'{"event": "x"}'))
    assert one.key == same.key != other.key
    assert one.window == timedelta(minutes=10)


def test_orders_of_the_box_office_are_known_for_ever_by_their_bytes() -> None:
    assert examined("box-office", encoded({"orders": [box_office_order()]})).window is None


def test_what_concerns_one_subject_queues_in_one_shard() -> None:
    created = examined("symphony", encoded(campaign_event("campaign.created")))
    completed = examined("symphony", encoded(campaign_event("campaign.completed")))
    assert created.shard == completed.shard == shard_of("symphony", "symphony:campaign:5017")


def test_deliveries_that_mix_subjects_queue_by_source() -> None:
    one = examined("box-office", encoded({"orders": [box_office_order(id="1")]}))
    two = examined("box-office", encoded({"orders": [box_office_order(id="2"), box_office_order(id="1")]}))
    assert one.shard == two.shard


def test_headers_are_kept_but_for_secrets() -> None:
    headers = {
        "content-type": "application/json",
        "user-agent": "Cymbal/1.0",
        "$odd": "kept",
        "x-api-key": "secret",
        "authorization": "Bearer secret",
        "cookie": "secret",
        "proxy": "http://user:secret@proxy",
    }
    kept = typed_json.load(examined("box-office", b"{}", headers).headers)
    assert kept == {"content-type": "application/json", "user-agent": "Cymbal/1.0", "$odd": "kept"}


def test_very_many_and_very_long_headers_are_cut() -> None:
    headers = {f"x-{number}": "y" * 5000 for number in range(200)}
    kept = typed_json.load(examined("symphony", b"{}", headers).headers)
    assert isinstance(kept, dict)
    assert (len(kept), {len(value) for value in kept.values()}) == (64, {1000})


@pytest.mark.parametrize(
    ("code", "is_repeat", "expected"),
    [
        (None, False, 202),
        (None, True, 200),
        ("unreadable", False, 400),
        ("unreadable", True, 400),
        ("missing", False, 422),
        ("missing", True, 422),
    ],
)
def test_the_answer_follows_the_verdict(code: str | None, is_repeat: bool, expected: int) -> None:
    found = ({"code": code},) if code else ()
    assert status_of(Receipt(DeliveryId("d"), found, is_repeat)) == expected
