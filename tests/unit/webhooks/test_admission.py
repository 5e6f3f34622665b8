"""What makes two deliveries the same, which events are wanted, and where a delivery stands in a sequence."""

import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builders.settings import make_settings
from tests.unit.webhooks.payloads import campaign_event, encoded, ticket_event
from webhooks.examination import examine
from webhooks.signatures import Presented
from webhooks.sources import build_sources
from workflows import typed_json
from workflows.ledger.arrivals import Arrival, Position

PRESETS: dict[str, dict[str, Any]] = {
    "symphony": {"preset": "symphony", "token": "t", "brand": "main"},
    "tickettailor": {"preset": "tickettailor", "secrets": ["s"], "brand": "main"},
    "eventbrite": {"preset": "eventbrite", "token": "t", "brand": "main"},
    "universe": {"preset": "universe", "secrets": ["s"], "digest": "sha1", "brand": "main"},
    "shopify": {"preset": "shopify", "secrets": ["s"], "brand": "main"},
    "github": {"preset": "github", "secrets": ["s"], "brand": "main"},
    "generic": {"preset": "generic", "verify": {}, "type": "header:X-Kind", "brand": "main"},
}
UPDATED = "symphony.campaign.updated"


@pytest.fixture
def examined(tmp_path: Path):
    """Examine a payload of a source configured with these keys."""

    def call(payload: Any, source: str = "symphony", headers: dict[str, str] | None = None, **keys: Any) -> Arrival:
        settings = make_settings(tmp_path, sources={source: {**PRESETS[source], **keys}})
        body = payload if isinstance(payload, bytes) else encoded(payload)
        arrival = examine(build_sources(settings.sources)[source], Presented(body, headers or {}))
        assert isinstance(arrival, Arrival)
        return arrival

    return call


def test_chosen_fields_are_the_key(examined) -> None:
    rule = {"by": ["id", "status"]}
    one = examined(campaign_event(id=1, status="A", note="x"), dedup=rule)
    same = examined(campaign_event(id=1, status="A", note="y"), dedup=rule)
    other = examined(campaign_event(id=2, status="A"), dedup=rule)
    assert one.key == same.key != other.key
    assert one.window is None


def test_fields_tell_apart_events_of_one_type_only(examined) -> None:
    rule = {"by": ["id"]}
    created = examined(campaign_event("campaign.created"), dedup=rule)
    completed = examined(campaign_event("campaign.completed"), dedup=rule)
    assert created.key != completed.key


def test_values_of_another_kind_are_other_values(examined) -> None:
    keys = {examined(campaign_event(n=value), dedup={"by": ["n"]}).key for value in (1, "1", True, None, 1.5, [1], {})}
    assert len(keys) == 7


def test_where_a_field_is_missing_the_bytes_are_the_key(examined) -> None:
    found = examined(campaign_event(), dedup={"by": ["id", "updated_at"]})
    assert found.key.startswith("sha256:")
    assert found.window == timedelta(minutes=10)


def test_fields_lie_anywhere_in_the_body(examined) -> None:
    rule = {"by": ["payload.line_items.0.id"]}
    assert examined(ticket_event(), "tickettailor", dedup=rule).key.startswith("fields:")


def test_bytes_are_the_key_where_the_configuration_says_so(examined) -> None:
    found = examined(ticket_event(), "tickettailor", dedup={"by": "body", "window": "1h"})
    assert found.key.startswith("sha256:")
    assert found.window == timedelta(hours=1)


@pytest.mark.parametrize(
    ("source", "header"),
    [
        ("universe", "x-uniiverse-event"),
        ("shopify", "x-shopify-topic"),
        ("github", "x-github-event"),
        ("generic", "x-kind"),
        ("eventbrite", "x-eventbrite-delivery"),
    ],
)
def test_the_same_bytes_are_two_events_where_a_header_says_so(examined, source: str, header: str) -> None:
    keys = [examined({"id": 1}, source, {header: value}).key for value in ("a", "b", "b")]
    assert keys[0] != keys[1] == keys[2]
    assert examined({"id": 1}, source).key not in keys


@pytest.mark.parametrize("source", ["symphony", "tickettailor"])
def test_what_names_no_event_is_not_in_the_key(examined, source: str) -> None:
    one, other = (examined({"n": 1}, source, {"x-request-id": value}) for value in ("a", "b"))
    assert one.key == other.key


def test_the_senders_id_has_a_window_where_the_configuration_says_so(examined) -> None:
    found = examined(ticket_event(id="wh_1"), "tickettailor", dedup={"window": "7d"})
    assert (found.key, found.window) == ("id:wh_1", timedelta(days=7))


def test_a_type_of_event_has_a_rule_of_its_own(examined) -> None:
    keys = {"dedup": {"window": "kept"}, "by_event": {UPDATED: {"dedup": {"window": "1m"}}}}
    assert examined(campaign_event("campaign.completed"), **keys).window is None
    assert examined(campaign_event("campaign.updated"), **keys).window == timedelta(minutes=1)


def test_the_same_packed_twice_is_the_same(examined) -> None:
    packed = [gzip.compress(encoded(campaign_event()), mtime=moment) for moment in (1, 2)]
    one, two = (examined(body, headers={"content-encoding": "gzip"}) for body in packed)
    assert one.key == two.key
    assert (one.body, two.body) == tuple(packed), "kept as it was sent"
    assert one.state == "pending"


def test_a_filter_keeps_what_is_not_wanted_from_starting_anything(examined) -> None:
    keys = {"where": "event.type != 'symphony.campaign.updated'"}
    kept = examined(campaign_event("campaign.updated"), **keys)
    assert (kept.state, kept.drafts, kept.problems) == ("filtered", None, None)
    assert kept.reason == f"{UPDATED} filtered: '{UPDATED}' != '{UPDATED}' is false"
    assert examined(campaign_event("campaign.completed"), **keys).state == "pending"


@pytest.mark.parametrize(("provider", "shown"), [("ana@example.com", "'***'"), ("face\x00book", "'face\ufffdbook'")])
def test_why_it_was_filtered_can_be_kept_and_names_nobody(examined, provider: str, shown: str) -> None:
    found = examined(campaign_event(provider=provider), where="default(event.data.provider, '') == 'x'")
    assert found.reason == f"symphony.campaign.completed filtered: {shown} == 'x' is false"


def test_a_filter_reads_what_is_known_of_a_type(examined) -> None:
    keys = {"by_event": {UPDATED: {"where": "event.data.provider == 'google'"}}}
    assert examined(campaign_event("campaign.updated"), **keys).state == "filtered"
    assert examined(campaign_event("campaign.updated", provider="google"), **keys).state == "pending"
    assert examined(campaign_event("campaign.completed"), **keys).state == "pending"


def test_what_does_not_fit_is_rejected_whatever_the_filter_says(examined) -> None:
    found = examined({"event": "campaign.updated"}, where="event.type == 'nothing'")
    assert (found.state, found.reason) == ("rejected", None)


def test_an_event_passes_a_filter_that_cannot_be_worked_out(examined) -> None:
    found = examined(
        campaign_event(id=0), where="1 / length(event.subject) > 0 and 1 / (length(event.subject) - 19) > 0"
    )
    assert found.state == "pending"
    assert "could not be worked out" in (found.reason or "")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        ("0042", 42),
        (-1, -1),
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01 00:00:01", 1_000_000),
        ("1970-01-01T01:00:01+01:00", 1_000_000),
    ],
)
def test_a_number_or_an_instant_is_a_position(examined, value: object, number: int) -> None:
    found = examined(campaign_event(version=value), sequence="version")
    assert found.position == Position("symphony:campaign:5017", number)


@pytest.mark.parametrize("value", [None, True, 1.5, "soon", "", [], 1 << 64, "9" * 30, "²"])
def test_anything_else_is_no_position(examined, value: object) -> None:
    assert examined(campaign_event(version=value), sequence="version").position is None


def test_without_the_field_or_the_rule_there_is_no_position(examined) -> None:
    assert examined(campaign_event(), sequence="version").position is None
    assert examined(campaign_event(version=1)).position is None


def test_what_is_rejected_has_no_position(examined) -> None:
    assert examined({"event": "campaign.updated", "version": 3}, sequence="version").position is None


@pytest.mark.parametrize(
    ("limits", "body", "code", "message"),
    [
        ({"depth": 3}, b'{"a": [[[]]]}', "unreadable", "is nested deeper than 3 levels"),
        ({"items": 2}, b'{"a": [], "b": []}', "unreadable", "has more than 2 objects and lists"),
        ({"unpacked_bytes": 20}, gzip.compress(b" " * 21), "too_large", "unpacks to more than 20 bytes"),
    ],
)
def test_a_source_has_limits_of_its_own(examined, limits: dict[str, int], body: bytes, code: str, message: str) -> None:
    headers = {"content-encoding": "gzip"} if body[:1] == b"\x1f" else {}
    found = examined(body, headers=headers, limits=limits)
    assert found.problems is not None
    (problem,) = typed_json.load(found.problems)  # type: ignore[misc]
    assert (problem["code"], problem["message"]) == (code, message)
