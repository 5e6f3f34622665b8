"""evvnt: local times, texts counted as evvnt counts them, ids that are no words, and a login link nobody keeps."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.vendors.documented import catalogue, example
from tests.unit.vendors.evvnt_documents import CONTRACT, EVENT, FOUND, OURS, PACKAGE, PACKAGE_ID, USER, USER_ID
from tests.unit.vendors.mutations import GONE, changed, problems
from vendors.evvnt import answers
from workflows import typed_json
from workflows.catalogue import Outcome, OutcomeKind
from workflows.values import Money

CREATE, CREATE_FOR_USER = "evvnt.create_event", "evvnt.create_event_for_user"
UPDATE, UPDATE_FOR_USER = "evvnt.update_event", "evvnt.update_event_for_user"
BUY = "evvnt.buy_package"
OWN = example(CREATE).inputs
USERS = example(CREATE_FOR_USER).inputs


def body_of(operation: str, inputs: Any) -> Any:
    return json.loads(catalogue().operation(operation).prepare(inputs).body or "null", parse_float=Decimal)


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        *(({name: GONE}, f"$.{name}", "is required") for name in (
            "title", "category_id", "start_time", "end_time", "summary", "description", "contact", "venue", "prices",
            "package_id",
        )),
        ({"title": " "}, "$.title", "must not be empty"),
        ({"capacity": 0}, "$.capacity", "must be 1 or more"),
        ({"category_id": "music"}, "$.category_id", "must be digits only"),
        ({"sub_category_ids.1": "x"}, "$.sub_category_ids[1]", "must be digits only"),
        ({"start_time": "2018-06-23T22:00:00"}, "$.start_time", "must say its offset"),
        ({"start_time": "tomorrow"}, "$.start_time", "must be a date and time"),
        ({"start_time": "2018-06-23T22:00:00+01:00:30"}, "$.start_time", "an offset of whole minutes"),
        (
            {"end_time": "2018-06-23T22:00:00+0100", "last_entry_time": "2018-06-23T22:00:00+0100"},
            "$.end_time",
            "must be after start_time",
        ),
        ({"door_time": "2018-06-24T03:00:00+0100", "last_entry_time": GONE}, "$.door_time", "must be before end_time"),
        ({"door_time": "2018-06-23T23:00:00+0100"}, "$.door_time", "must be before last_entry_time"),
        ({"last_entry_time": "2018-06-23T21:30:00+0100"}, "$.last_entry_time", "must not be before start_time"),
        ({"last_entry_time": "2018-06-24T03:00:01+0100"}, "$.last_entry_time", "must not be after end_time"),
        ({"summary": "x" * 201}, "$.summary", "must not be longer than 200 characters, but has 201"),
        ({"summary": "x" * 199 + "\n"}, "$.summary", "has 201, each line break counted as two"),
        ({"description": "x" * 2001}, "$.description", "must not be longer than 2000 characters"),
        ({"image_urls": "http://example.com/image.jpg"}, "$.image_urls", "must be a list"),
        ({"image_urls": ["http://example.com/image.jpg"] * 3}, "$.image_urls", "must have 1 to 2 pictures"),
        ({"image_urls": []}, "$.image_urls", "must have 1 to 2 pictures"),
        ({"image_urls.0": "image.jpg"}, "$.image_urls[0]", "must be a web address"),
        ({"contact.tel": GONE}, "$.contact.tel", "is required"),
        ({"contact.email": "john"}, "$.contact.email", "must be an e-mail address"),
        ({"venue.town": GONE}, "$.venue.town", "is required"),
        ({"venue.id": 15}, "$.venue.id", "is not a field here"),
        ({"venue.country": "UK"}, "$.venue.country", "did you mean 'GB'?"),
        ({"venue.country": "gb"}, "$.venue.country", "did you mean 'GB'?"),
        ({"venue.country": "France"}, "$.venue.country", "did you mean 'FR'?"),
        ({"venue.country": "XX"}, "$.venue.country", "must be a country's two-letter code"),
        ({"venue.postcode": GONE}, "$.venue.postcode", "is required for a venue in GB"),
        ({"venue.postcode": GONE, "venue.country": "US"}, "$.venue.postcode", "is required for a venue in US"),
        ({"venue.latitude": 91}, "$.venue.latitude", "must be from -90 to 90"),
        ({"links.tickets": "https://t.example.com"}, "$.links.tickets", "did you mean 'Tickets'?"),
        ({"links.Website": "example.com"}, "$.links.Website", "must be a web address"),
        ({"links": {}}, "$.links", "must have at least 1 link"),
        ({"prices": {}}, "$.prices", "must have at least 1 price"),
        ({"prices": ["GBP 20"]}, "$.prices", "must be prices by their labels"),
        ({"prices.VIP": "£45"}, "$.prices.VIP", "such as GBP 50"),
        ({"prices.VIP": "45 GBP"}, "$.prices.VIP", "such as GBP 50"),
        ({"prices.VIP": 45}, "$.prices.VIP", "such as GBP 50"),
        ({"prices.VIP": "Free"}, "$.prices.VIP", "how a free event is written is not documented"),
        ({"prices.VIP": "ABC 45"}, "$.prices.VIP", "is not a currency code"),
        ({"prices.VIP": "JPY 45.5"}, "$.prices.VIP", "JPY has 0 decimal places"),
        ({"prices.price 2": "GBP -1"}, "$.prices['price 2']", "such as GBP 50"),
        ({"artists": ["First Act", "Second Act"]}, "$.artists", "one text with commas"),
        ({"keywords": [1]}, "$.keywords", "one text with commas"),
        ({"hashtag": "#show"}, "$.hashtag", "without #"),
        ({"hashtag": "my show"}, "$.hashtag", "letters, digits and underscores"),
        ({"package_id": "50"}, "$.package_id", "must be a uuid"),
        ({"user_id": USER_ID}, "$.user_id", "is not a field here"),
        ({"zone": "London"}, "$.zone", "must be a time zone such as Europe/London"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_event_is_told_with_its_place(changes: dict[str, Any], path: str, words: str) -> None:
    found = problems(CREATE, changed(OWN, changes))

    assert set(found) == {path}
    assert words in found[path]


@pytest.mark.parametrize(
    ("operation", "changes", "path", "words"),
    [
        (CREATE_FOR_USER, {"user_id": GONE}, "$.user_id", "is required"),
        (CREATE_FOR_USER, {"user_id": "ours"}, "$.user_id", "must be a uuid"),
        (CREATE_FOR_USER, {"package_id": GONE}, "$.package_id", "is required"),
        (CREATE_FOR_USER, {"publisher_id": "p"}, "$.publisher_id", "must be digits only"),
        (CREATE_FOR_USER, {"sub_category_ids": [22]}, "$.sub_category_ids", "is not a field here"),
        (CREATE_FOR_USER, {"door_time": "2026-06-20T19:00:00+0100"}, "$.door_time", "leave door_time out"),
        (CREATE_FOR_USER, {"door_time": "2026-06-20T23:00:01+0100"}, "$.door_time", "must not be after end_time"),
        (UPDATE, {"title": GONE, "start_time": GONE, "image_urls": GONE}, "$", "needs something to change"),
        (UPDATE, {"event_id": "mine"}, "$.event_id", "must be digits only"),
        (UPDATE, {"event_id": "67890x"}, "$.event_id", "must be digits only"),
        (UPDATE, {"venue": {"name": "The Hall"}}, "$.venue.address_1", "is required"),
        (UPDATE, {"contact": {"name": "Jo", "tel": "1"}}, "$.contact.email", "is required"),
        (UPDATE, {"end_time": "2018-06-23T21:00:00+0100"}, "$.end_time", "must be after start_time"),
        (UPDATE_FOR_USER, {"user_id": GONE}, "$.user_id", "is required"),
        (UPDATE_FOR_USER, {"package_id": PACKAGE_ID}, "$.package_id", "is not a field here"),
        ("evvnt.get_event", {"event_id": "ours"}, "$.event_id", "must be an event's id"),
        ("evvnt.get_event", {"event_id": "12 345"}, "$.event_id", "must be an event's id"),
        ("evvnt.get_our_event", {"event_id": "12345x"}, "$.event_id", "must be digits only"),
        ("evvnt.get_event_report", {"event_id": "mine"}, "$.event_id", "must be digits only"),
        ("evvnt.get_package", {"package_id": "mine"}, "$.package_id", "must be a uuid"),
        ("evvnt.list_events", {"max_results": 101}, "$.max_results", "must be from 1 to 100"),
        ("evvnt.list_events", {"max_results": 0}, "$.max_results", "must be from 1 to 100"),
        ("evvnt.list_events", {"newer_than": "2026-06-01"}, "$.newer_than", "must say its offset"),
        ("evvnt.list_events", {"category_id": "17, 22"}, "$.category_id", "with commas between"),
        ("evvnt.list_events", {"country": "UK"}, "$.country", "did you mean 'GB'?"),
        ("evvnt.list_events", {"page": 0}, "$.page", "must be 1 or more"),
        ("evvnt.list_publisher_categories", {"filter": "linked"}, "$.filter", "must be all, direct or direct_to_root"),
        ("evvnt.set_published_event_url", {"url": GONE}, "$", "needs a url or a slug"),
        ("evvnt.set_published_event_url", {"slug": "foo/bar"}, "$.slug", "cannot stand beside url"),
        (BUY, {"id": PACKAGE_ID}, "$.id", "must be digits only"),
        (BUY, {"event_quantity": 0}, "$.event_quantity", "must be 1 or more"),
        (BUY, {"event_quantity": GONE}, "$.event_quantity", "is required"),
        (BUY, {"purchase_order_id": " "}, "$.purchase_order_id", "must not be empty"),
        ("evvnt.buy_package_for_user", {"user_id": GONE}, "$.user_id", "is required"),
        ("evvnt.create_user", {"email": "richard"}, "$.email", "must be an e-mail address"),
        ("evvnt.create_user", {"name": GONE}, "$.name", "is required"),
        ("evvnt.update_user", {"email": GONE}, "$", "needs something to change: name, email or both"),
    ],
)
def test_a_mistake_is_told_with_its_place(operation: str, changes: dict[str, Any], path: str, words: str) -> None:
    found = problems(operation, changed(example(operation).inputs, changes))

    assert path in found
    assert words in found[path]


@pytest.mark.parametrize(
    "changes",
    [
        {"summary": "x" * 200},
        {"summary": "x" * 198 + "\n"},
        {"summary": "x" * 198 + "\r\n"},
        {"description": "é" * 2000},
        {"venue.country": "FR", "venue.postcode": GONE},
        {"door_time": "2018-06-23T10:00:00+0100"},
        {"door_time": "2018-06-23T22:30:00+0100"},
        {"last_entry_time": "2018-06-24T03:00:00+0100"},
        {"prices.VIP": "JPY 4500"},
        {"prices.VIP": Money(Decimal("4.50"), "EUR")},
    ],
)
def test_what_the_document_allows_is_allowed(changes: dict[str, Any]) -> None:
    assert problems(CREATE, changed(OWN, changes)) == {}


@pytest.mark.parametrize(
    ("given", "zone", "sent"),
    [
        ("2026-06-20T20:00:00+01:00", GONE, "2026-06-20T20:00:00+0100"),
        ("2026-06-20T20:00:00.5+01:00", GONE, "2026-06-20T20:00:00+0100"),
        ("2026-01-20T20:00:00Z", GONE, "2026-01-20T20:00:00+0000"),
        ("2026-06-20T20:00:00-0330", GONE, "2026-06-20T20:00:00-0330"),
        ("2026-06-20T19:00:00Z", "Europe/London", "2026-06-20T20:00:00+0100"),
        (datetime(2026, 6, 20, 19, tzinfo=UTC), "Europe/London", "2026-06-20T20:00:00+0100"),
        (datetime(2026, 1, 20, 20, tzinfo=UTC), "Europe/London", "2026-01-20T20:00:00+0000"),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "Europe/London", "2026-03-29T00:59:00+0000"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "Europe/London", "2026-03-29T02:00:00+0100"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/London", "2026-10-25T01:30:00+0100"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/London", "2026-10-25T01:30:00+0000"),
        (datetime(2026, 6, 21, 0, tzinfo=UTC), "America/New_York", "2026-06-20T20:00:00-0400"),
    ],
)
def test_a_time_is_sent_by_the_clocks_of_its_place_and_date(given: Any, zone: Any, sent: str) -> None:
    changes = {"start_time": given, "zone": zone} if zone is not GONE else {"start_time": given}

    body = body_of(UPDATE, changed(example(UPDATE).inputs, changes))

    assert body["start_time"] == sent
    assert "zone" not in body


def test_an_instant_without_a_zone_does_not_say_the_local_time() -> None:
    found = problems(UPDATE, {"event_id": 1, "start_time": datetime(2026, 6, 20, 19, tzinfo=UTC)})

    assert set(found) == {"$.start_time"}
    assert "give zone as well" in found["$.start_time"]


def test_a_zone_that_had_odd_offsets_at_the_time_is_told() -> None:
    found = problems(UPDATE, {"event_id": 1, "start_time": "1840-06-20T19:00:00Z", "zone": "Europe/London"})

    assert "an offset of whole minutes" in found["$.start_time"]


def test_line_breaks_are_sent_as_one_character() -> None:
    assert body_of(UPDATE, {"event_id": 1, "summary": "one\r\ntwo\rthree\n"}) == {"summary": "one\ntwo\nthree\n"}


def test_prices_are_written_as_they_were_given() -> None:
    prices = {"A": "GBP 3.5", "B": "GBP 45.50", "C": Money(Decimal("7.00"), "EUR"), "D": Money(Decimal(20), "USD")}

    assert body_of(UPDATE, {"event_id": 1, "prices": prices})["prices"] == {
        "A": "GBP 3.5", "B": "GBP 45.50", "C": "EUR 7.00", "D": "USD 20",
    }  # fmt: skip


def test_a_partners_package_goes_into_the_address_and_an_organisers_into_the_body() -> None:
    assert body_of(CREATE, OWN)["package_id"] == PACKAGE_ID
    assert "package_id" not in body_of(CREATE_FOR_USER, USERS)
    assert "user_id" not in body_of(CREATE_FOR_USER, USERS)


def test_a_purchase_without_a_number_of_its_own_gets_the_effects() -> None:
    buy = catalogue().operation(BUY)
    inputs = {"id": 50, "event_quantity": 5}

    once, again, other = (buy.referenced(inputs, key) for key in ("e/w/buy", "e/w/buy", "e/w/other"))

    assert once == again != other
    assert once["purchase_order_id"].startswith("sd-")
    assert buy.referenced({**inputs, "purchase_order_id": "PO235"}, "e/w/buy")["purchase_order_id"] == "PO235"


@pytest.mark.parametrize("schema", [answers.Events, answers.Event])
def test_the_link_that_logs_its_reader_in_is_dropped(schema: Any) -> None:
    answer = json.loads(OURS, parse_float=Decimal)

    kept = schema().load([answer] if schema is answers.Events else answer)

    assert "let-me-in" not in typed_json.dump(kept)
    assert "report_url" not in typed_json.dump(kept)


@pytest.mark.parametrize("name", [name for name in catalogue().operations if name.startswith("evvnt.")])
def test_no_answer_keeps_what_is_not_documented(name: str) -> None:
    operation = catalogue().operation(name)
    assert operation.output is not None
    answer = json.loads(example(name).answer or b"{}", parse_float=Decimal)
    items = answer if isinstance(answer, list) else [answer]
    for item in items:
        item["report_url"] = "https://evvnt.example.com/let-me-in"

    assert "let-me-in" not in typed_json.dump(operation.output().load(answer))


def test_an_event_is_read_with_its_moments_and_without_what_is_missing() -> None:
    event = answers.Event().load(json.loads(FOUND, parse_float=Decimal))
    ours = answers.Event().load(json.loads(OURS))

    assert (event["id"], event["venue"]["id"], event["sub_category_ids"]) == ("12345", "15", ["22", "23"])
    assert event["start_time"] == datetime(2013, 2, 23, 22, tzinfo=UTC)
    assert event["venue"]["latitude"] == Decimal("52.1234")
    assert ours["sub_category_ids"] == []
    assert "contact" not in ours


def test_a_package_option_has_its_price_as_money() -> None:
    (option,) = answers.Contract().load(json.loads(CONTRACT))["package_options"]

    assert option["cost_per_event"] == Money(Decimal("500.0"), "GBP")
    assert option["id"] == "50"


@pytest.mark.parametrize("cost", ["five", "NaN", "1e3", None, "-5", True])
def test_a_price_that_is_none_is_not_read(cost: Any) -> None:
    option = {"id": 50, "currency": "GBP", "cost_per_event": cost}

    assert "cost_per_event" in answers.PackageOption().validate(option)


def test_the_root_of_the_categories_has_no_parent() -> None:
    found = answers.Categories().load([{"id": 26, "parent_id": None, "name": "All"}])

    assert found == {"categories": [{"id": "26", "name": "All"}]}


@pytest.mark.parametrize(
    ("asked", "count", "following"),
    [
        ({}, 19, None),
        ({}, 20, {"page": 2}),
        ({"max_results": 100, "page": 3, "country": "GB"}, 100, {"max_results": 100, "page": 4, "country": "GB"}),
        ({"max_results": 100, "page": 3}, 0, None),
    ],
)
@pytest.mark.parametrize("name", ["list_events", "list_my_events", "list_our_events"])
def test_a_full_page_may_have_another_behind_it(name: str, asked: Any, count: int, following: Any) -> None:
    pages = catalogue().operation(f"evvnt.{name}").pages
    assert pages is not None

    assert pages.following(asked, {pages.items: [{}] * count}) == following


def look(operation: str, inputs: Any, answer: Any) -> Outcome | None:
    """What the operation's look makes of this answer of the vendor."""
    found = catalogue()
    seen = found.operation(operation).verify
    assert seen is not None
    reading = found.operation(seen.operation)
    reading.prepare(seen.inputs(inputs, None))
    assert reading.output is not None
    return seen.judge(inputs, reading.output().load(answer))


def kind(outcome: Outcome | None) -> OutcomeKind | None:
    return outcome.kind if outcome else None


BOUGHT = json.loads(PACKAGE)
PURCHASE = example("evvnt.buy_package_for_user").inputs


@pytest.mark.parametrize("operation", [BUY, "evvnt.buy_package_for_user"])
def test_a_purchase_is_found_by_its_purchase_order(operation: str) -> None:
    another = {**BOUGHT, "uuid": USER_ID, "purchase_order_id": "PO236"}

    found = look(operation, PURCHASE, [another, BOUGHT])

    assert found is not None
    assert (found.kind, found.output) == (OutcomeKind.DONE, {"id": PACKAGE_ID})
    assert look(operation, PURCHASE, [another]) is None
    assert look(operation, PURCHASE, []) is None


def test_two_packages_under_one_purchase_order_are_for_a_person_to_tell_apart() -> None:
    found = look(BUY, PURCHASE, [BOUGHT, {**BOUGHT, "uuid": USER_ID}])

    assert kind(found) is OutcomeKind.IN_DOUBT


PERSON = example("evvnt.create_user").inputs


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, OutcomeKind.DONE),
        ({"email": "Richard@Example.com"}, OutcomeKind.DONE),
        ({"email": "other@example.com"}, None),
        ({"name": "Somebody Else"}, OutcomeKind.REFUSED),
    ],
)
def test_a_user_is_found_by_address_and_name(changes: dict[str, Any], expected: OutcomeKind | None) -> None:
    found = look("evvnt.create_user", PERSON, [{**json.loads(USER), **changes}])

    assert kind(found) is expected
    if found is not None:
        assert "richard" not in found.reason.casefold()


SHOW = {**json.loads(EVENT), "package_id": PACKAGE_ID, "user_id": USER_ID}
LISTED = {**SHOW, "id": 777, "start_time": "2026-06-20T19:00:00Z", "timestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize("operation", [CREATE, CREATE_FOR_USER])
@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([LISTED], OutcomeKind.DONE),
        ([{**LISTED, "title": " Example  show"}], OutcomeKind.DONE),
        ([{**LISTED, "start_time": "2026-06-20T20:00:00Z"}], None),
        ([{**LISTED, "venue": {"name": "Elsewhere"}}], None),
        ([LISTED, {**LISTED, "id": 778}], OutcomeKind.IN_DOUBT),
        ([], None),
    ],
)
def test_an_event_is_done_when_seen_and_never_listed_again_by_itself(
    operation: str, listed: list[Any], expected: OutcomeKind | None
) -> None:
    verify = catalogue().operation(operation).verify
    assert verify is not None
    assert not verify.is_conclusive
    inputs = {name: value for name, value in SHOW.items() if operation == CREATE_FOR_USER or name != "user_id"}

    found = look(operation, inputs, listed)

    assert kind(found) is expected
    if expected is OutcomeKind.DONE:
        assert found is not None
        assert found.output == {"id": "777"}


def test_one_show_is_one_subject_however_it_is_written() -> None:
    create = catalogue().operation(CREATE)
    own = {name: value for name, value in SHOW.items() if name != "user_id"}
    elsewhere = {**own, "start_time": "2026-06-20T19:00:00Z", "title": "example show", "zone": "Europe/London"}

    (subject,) = create.subjects_of(own)

    assert subject.startswith("evvnt:show:")
    assert create.subjects_of(elsewhere) == (subject,)
    assert create.subjects_of({**own, "title": "Another"}) != (subject,)


def test_what_costs_something_says_so() -> None:
    spending = {name for name, item in catalogue().operations.items() if item.spends and item.vendor == "evvnt"}

    assert spending == {BUY, "evvnt.buy_package_for_user", CREATE, CREATE_FOR_USER}
