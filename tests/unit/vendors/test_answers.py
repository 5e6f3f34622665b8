"""What an answer means, decided from plain values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vendors.documented import catalogue
from vendors.answers import Answer, Silence, classify, retry_after_seconds
from vendors.catalogue import PHONE_BOOK
from workflows.catalogue import Outcome, OutcomeKind

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CATALOGUE = catalogue()
ENTRIES = {entry.name: entry for entry in PHONE_BOOK}


def outcome_of(name: str, reply: Answer | Silence) -> Outcome:
    operation = CATALOGUE.operation(name)
    return classify(operation, ENTRIES[operation.vendor], reply, now=NOW)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30.0),
        ("Sunday, 01-Mar-26 12:01:00 GMT", 60.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("Sun, 99 Mar 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(st.text())
def test_any_retry_after_is_a_number_of_seconds_or_nothing(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)

    assert seconds is None or 0 <= seconds < 1e12


def test_silence_before_the_first_byte_is_not_sent_and_after_it_is_a_doubt() -> None:
    before, after = Silence(False, "its name cannot be resolved"), Silence(True, "no answer within 30 s")

    assert outcome_of("cymbal.create_contact", before).kind is OutcomeKind.NOT_SENT
    assert outcome_of("symphony.edit_campaign", before).kind is OutcomeKind.NOT_SENT
    assert outcome_of("cymbal.create_contact", after).kind is OutcomeKind.IN_DOUBT
    assert outcome_of("symphony.edit_campaign", after).kind is OutcomeKind.RETRY


def test_the_created_campaigns_id_is_text_and_whatever_else_came_is_kept() -> None:
    body = b'{"data": {"id": 1234, "status": "IN_REVIEW", "new": 0.10}, "status": 200}'

    outcome = outcome_of("symphony.create_campaign", Answer(200, body))

    assert outcome.kind is OutcomeKind.DONE
    assert outcome.output["data"]["id"] == "1234"
    assert str(outcome.output["data"]["new"]) == "0.10"


@pytest.mark.parametrize(("body", "output"), [(b"", {}), (b" \r\n", {}), (b'{"a": 1}', {"a": 1}), (b"[1]", {})])
def test_where_no_answer_is_documented_any_readable_one_will_do(body: bytes, output: object) -> None:
    outcome = outcome_of("symphony.edit_campaign", Answer(200, body))

    assert (outcome.kind, outcome.output) == (OutcomeKind.DONE, output)


def test_a_refusal_counts_although_its_body_could_not_be_read() -> None:
    outcome = outcome_of("cymbal.create_contact", Answer(422, None, unread="its answer is longer than 1 MB"))

    assert outcome.kind is OutcomeKind.REFUSED


@given(
    name=st.sampled_from(sorted(CATALOGUE.operations)),
    status=st.integers(100, 599),
    body=st.none() | st.binary() | st.sampled_from([b"{}", b"null", b'{"code": 1}', b'{"data": {"id": 1}}']),
    retry_after=st.none() | st.text(),
)
def test_any_answer_has_an_outcome(name: str, status: int, body: bytes | None, retry_after: str | None) -> None:
    outcome = outcome_of(name, Answer(status, body, retry_after, "cut"))

    assert outcome.kind is not OutcomeKind.NOT_SENT
    is_confirmed = status in CATALOGUE.operation(name).confirmed_by
    assert outcome.kind is not OutcomeKind.DONE or 200 <= status < 300 or is_confirmed
    assert outcome.reason


@pytest.mark.parametrize(("name", "doubted"), [("evvnt.list_users", True), ("evvnt.create_event_for_user", False)])
def test_a_403_that_means_something_else_is_no_refusal_of_our_credentials(name: str, doubted: bool) -> None:
    outcome = outcome_of(name, Answer(403, b'{"errors": ["Unknown user id"]}'))

    assert outcome.kind is OutcomeKind.REFUSED
    assert "Unknown user id" in outcome.reason
    assert ("credentials were refused" in outcome.reason) is doubted
