"""Cymbal's orders and contacts: consent is never guessed, prices are for the line, addresses are never stored."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.vendors.documented import CAMPAIGNS, CONTACT, CONTACT_LEAST, ORDERS, SHOWS, catalogue
from tests.unit.vendors.mutations import GONE, changed, problems
from workflows.values import Money

CREATE_CONTACT = "cymbal.create_contact"
CREATE_ORDERS = "cymbal.create_orders"
ALL = json.loads(CONTACT)
LEAST = json.loads(CONTACT_LEAST)
ORDER = json.loads(ORDERS, parse_float=Decimal)

SHOW = json.loads(SHOWS, parse_float=Decimal)

LINE = "orders.0.items.0"
TICKETS = "events.0.ticket_types.0"
CREATE_EVENTS = "cymbal.create_events"


def text_of(operation: str, inputs: Any) -> str:
    return catalogue().operation(operation).prepare(inputs).body or ""


def body_of(operation: str, inputs: Any) -> Any:
    return json.loads(text_of(operation, inputs), parse_float=Decimal)


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"contact": GONE}, "$.contact", "is required"),
        ({"contact.email": GONE}, "$.contact", "needs an email, a phone or both"),
        ({"contact.email": None}, "$.contact", "needs an email, a phone or both"),
        ({"contact.email": ""}, "$.contact.email", "must be an e-mail address"),
        ({"contact.email": "fan"}, "$.contact.email", "must be an e-mail address"),
        ({"contact.email": "a@b@example.com"}, "$.contact.email", "must be an e-mail address"),
        ({"contact.email": "fan@example"}, "$.contact.email", "must be an e-mail address"),
        ({"contact.email": "fan @example.com"}, "$.contact.email", "must be an e-mail address"),
        ({"contact.email": "Ana <fan@example.com>"}, "$.contact.email", "must be an e-mail address"),
        ({"contact.phone": "19594746360"}, "$.contact.phone", "must be an international phone number"),
        ({"contact.phone": "+1 959 474 6360"}, "$.contact.phone", "must be an international phone number"),
        ({"contact.list_id": "1"}, "$.contact.list_id", "must be a number"),
        ({"contact.list_id": 1.5}, "$.contact.list_id", "must be a whole number"),
        ({"contact.tags": "Tag 1"}, "$.contact.tags", "must be a list"),
        ({"contact.tags": ["Tag 1", ""]}, "$.contact.tags[1]", "must not be empty"),
        ({"contact.opt_ins": {"email": True}}, "$.contact.opt_ins", "is not a field here"),
        ({"opt_ins.email": "true"}, "$.opt_ins.email", "must be true, false or null"),
        ({"opt_ins.email": 1}, "$.opt_ins.email", "must be true, false or null"),
        ({"opt_ins": None}, "$.opt_ins", "must not be null"),
        ({"opt_ins.whatsapp": True}, "$.opt_ins.whatsapp", "its fields are email, sms"),
        ({"interested_in_event": {"event_id": "1"}}, "$.interested_in_event.ticketer", "is required"),
        ({"interested_in_event": {"ticketer": "eventbrite"}}, "$.interested_in_event.event_id", "is required"),
        (
            {"interested_in_event": {"event_id": "1", "ticketer": "Eventbrite"}},
            "$.interested_in_event.ticketer",
            "did you mean 'eventbrite'?",
        ),
    ],
)
def test_a_mistake_in_a_contact_is_told_with_its_place(changes: dict[str, Any], path: str, words: str) -> None:
    found = problems(CREATE_CONTACT, changed(LEAST, changes))

    assert set(found) == {path}
    assert words in found[path]


@pytest.mark.parametrize("email", [True, False, None])
@pytest.mark.parametrize("sms", [True, False, None])
def test_each_opt_in_is_sent_as_the_one_of_three_it_is(email: bool | None, sms: bool | None) -> None:
    body = body_of(CREATE_CONTACT, {"contact": {"email": "fan@example.com"}, "opt_ins": {"email": email, "sms": sms}})

    assert body["opt_ins"] == {"email": email, "sms": sms}
    assert body["opt_ins"]["email"] is email
    assert body["opt_ins"]["sms"] is sms


@pytest.mark.parametrize("given", [GONE, {}, {"email": True}, {"sms": False}])
def test_an_opt_in_nobody_gave_is_sent_as_null(given: Any) -> None:
    said = {} if given is GONE else given

    body = body_of(CREATE_CONTACT, changed(LEAST, {"opt_ins": given}))

    assert body["opt_ins"] == {"email": said.get("email"), "sms": said.get("sms")}


def test_null_in_place_of_text_means_not_given() -> None:
    inputs = {"contact": {"email": "fan@example.com", "phone": None, "first_name": None}}

    assert body_of(CREATE_CONTACT, inputs)["contact"] == {"email": "fan@example.com"}


def test_genres_are_passed_on_until_the_list_of_them_is_configured() -> None:
    strict = catalogue(cymbal={"genres": ("Rock", "Dance/Electronic")}).operation(CREATE_CONTACT)

    assert problems(CREATE_CONTACT, changed(ALL, {"contact.genres": ["Polka"]})) == {}
    assert problems(strict, ALL) == {}
    found = problems(strict, changed(ALL, {"contact.genres": ["Rock", "rock"]}))
    assert "did you mean 'Rock'?" in found["$.contact.genres[1]"]


def test_further_ticketers_are_the_operators_to_configure() -> None:
    wider = catalogue(cymbal={"ticketers": ("eventbrite", "dice")}).operation(CREATE_CONTACT)

    assert problems(wider, changed(ALL, {"interested_in_event.ticketer": "dice"})) == {}


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"orders": []}, "$.orders", "must have at least 1 order"),
        ({"orders.0.id": GONE}, "$.orders[0].id", "is required"),
        ({"orders.0.event_id": GONE}, "$.orders[0].event_id", "is required"),
        ({"orders.0.customer": GONE}, "$.orders[0].customer", "is required"),
        (
            {"orders.0.customer.email": GONE, "orders.0.customer.phone": GONE},
            "$.orders[0].customer",
            "needs an email, a phone or both",
        ),
        ({"orders.0.customer.phone": "555-1234"}, "$.orders[0].customer.phone", "with its country code"),
        ({"orders.0.marketing_opt_ins": GONE}, "$.orders[0].marketing_opt_ins", "is required"),
        ({"orders.0.marketing_opt_ins.sms": None}, "$.orders[0].marketing_opt_ins.sms", "must not be null"),
        ({"orders.0.marketing_opt_ins.sms": GONE}, "$.orders[0].marketing_opt_ins.sms", "is required"),
        ({"orders.0.marketing_opt_ins.sms": 0}, "$.orders[0].marketing_opt_ins.sms", "must be true or false"),
        ({"orders.0.items": []}, "$.orders[0].items", "must have at least 1 item"),
        ({f"{LINE}.quantity": 0}, "$.orders[0].items[0].quantity", "must be 1 or more"),
        ({f"{LINE}.quantity": 1.5}, "$.orders[0].items[0].quantity", "must be a whole number"),
        ({f"{LINE}.total_price": -80}, "$.orders[0].items[0].total_price", "must not be less than 0"),
        ({f"{LINE}.total_price": "80.00"}, "$.orders[0].items[0].total_price", "must be a number"),
        ({f"{LINE}.total_price": 40}, "$.orders[0].items[0].total_price", "for the whole line, not for one ticket"),
        ({f"{LINE}.total_price": Decimal("80.001")}, "$.orders[0].items[0].total_price", "USD has 2 decimal places"),
        ({f"{LINE}.total_price": Money(Decimal(90), "GBP")}, "$.orders[0].items[0].total_price", "is in GBP"),
        ({f"{LINE}.currency_code": "US"}, "$.orders[0].items[0].currency_code", "not a currency code"),
        ({f"{LINE}.price": 40}, "$.orders[0].items[0].price", "did you mean"),
        ({"orders.0.created_at": "2024-03-02T15:30:00"}, "$.orders[0].created_at", "must say its offset"),
        ({"orders.0.status": "refunded"}, "$.orders[0].status", "is not a field here"),
    ],
)
def test_a_mistake_in_an_order_is_told_with_its_place(changes: dict[str, Any], path: str, words: str) -> None:
    found = problems(CREATE_ORDERS, changed(ORDER, changes))

    assert set(found) == {path}
    assert words in found[path]


def test_prices_are_written_with_the_decimals_of_their_currency() -> None:
    line = {"quantity": 3, "prefee_price": 45, "total_price": Decimal("52.5")}

    assert '"prefee_price":45.00,"total_price":52.50,"currency_code":"USD"' in text_of(
        CREATE_ORDERS, changed(ORDER, {LINE: line})
    )
    yen = {"quantity": 1, "total_price": Decimal("1000.0"), "currency_code": "JPY"}
    assert '"total_price":1000,"currency_code":"JPY"' in text_of(CREATE_ORDERS, changed(ORDER, {LINE: yen}))


def test_money_brings_its_currency_along() -> None:
    line = {"total_price": Money(Decimal("80.00"), "GBP"), "prefee_price": Money(Decimal("60.00"), "GBP")}

    (item,) = body_of(CREATE_ORDERS, changed(ORDER, {LINE: line}))["orders"][0]["items"]

    assert item == {"prefee_price": Decimal("60.00"), "total_price": Decimal("80.00"), "currency_code": "GBP"}


def test_an_order_placed_elsewhere_is_dated_in_utc_without_fractions() -> None:
    body = body_of(CREATE_ORDERS, changed(ORDER, {"orders.0.created_at": "2024-03-02T16:30:00.987+01:00"}))

    assert body["orders"][0]["created_at"] == "2024-03-02T15:30:00Z"


def test_a_contact_is_claimed_by_each_of_its_addresses_and_none_is_readable() -> None:
    create = catalogue().operation(CREATE_CONTACT)

    subjects = create.subjects_of(ALL)

    assert len(subjects) == 2
    assert all(subject.startswith("cymbal:contact:") for subject in subjects)
    assert not any("john" in subject or "9594746360" in subject for subject in subjects)
    assert create.subjects_of(create.load(ALL)) == subjects


def test_one_person_is_one_subject_however_the_address_is_written() -> None:
    contact, orders = catalogue().operation(CREATE_CONTACT), catalogue().operation(CREATE_ORDERS)
    bought = changed(ORDER, {"orders.0.customer.email": "Fan@Example.com", "orders.0.customer.phone": GONE})

    (person,) = contact.subjects_of(LEAST)

    assert set(orders.subjects_of(bought)) == {person, "cymbal:order:12345"}


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"events": []}, "$.events", "must have at least 1 event"),
        *(
            ({f"events.0.{name}": GONE}, f"$.events[0].{name}", "is required")
            for name in ("id", "url", "name", "image_url", "start_datetime", "location")
        ),
        ({"events.0.status": "cancelled"}, "$.events[0].status", "did you mean 'canceled'?"),
        ({"events.0.url": "bellyupaspen.com"}, "$.events[0].url", "must be a web address"),
        ({"events.0.start_datetime": "2024-03-02T15:30:00"}, "$.events[0].start_datetime", "must say its offset"),
        ({"events.0.end_datetime": "2024-03-02T15:00:00Z"}, "$.events[0].end_datetime", "not be before start_datetime"),
        ({"events.0.location": {}}, "$.events[0].location", "needs a name, an address or both"),
        ({"events.0.tags": "Folk"}, "$.events[0].tags", "must be a list"),
        ({f"{TICKETS}.currency_code": GONE}, "$.events[0].ticket_types[0].currency_code", "where there is a price"),
        ({f"{TICKETS}.currency_code": "US"}, "$.events[0].ticket_types[0].currency_code", "not a currency code"),
        ({f"{TICKETS}.total_price": 20}, "$.events[0].ticket_types[0].total_price", "both are for one ticket"),
        (
            {f"{TICKETS}.prefee_price": Money(Decimal(30), "GBP")},
            "$.events[0].ticket_types[0].prefee_price",
            "is in GBP, but one ticket is in USD",
        ),
        ({f"{TICKETS}.quantity": -1}, "$.events[0].ticket_types[0].quantity", "must be 0 or more"),
    ],
)
def test_a_mistake_in_a_show_is_told_with_its_place(changes: dict[str, Any], path: str, words: str) -> None:
    found = problems(CREATE_EVENTS, changed(SHOW, changes))

    assert set(found) == {path}
    assert words in found[path]


def test_a_show_is_live_until_it_is_said_to_be_canceled() -> None:
    live = body_of(CREATE_EVENTS, changed(SHOW, {"events.0.status": GONE}))
    canceled = body_of(CREATE_EVENTS, changed(SHOW, {"events.0.status": "canceled"}))

    assert live["events"][0]["status"] == "live"
    assert canceled["events"][0]["status"] == "canceled"


def test_a_ticket_brings_its_currency_along() -> None:
    money = {f"{TICKETS}.{name}": Money(Decimal(30), "GBP") for name in ("prefee_price", "total_price")}

    text = text_of(CREATE_EVENTS, changed(SHOW, {**money, f"{TICKETS}.currency_code": GONE}))

    assert '"prefee_price":30.00,"total_price":30.00,"currency_code":"GBP"' in text


def test_shows_are_claimed_by_their_ids() -> None:
    assert catalogue().operation(CREATE_EVENTS).subjects_of(SHOW) == ("cymbal:event:12345",)


def test_figures_keep_the_vendors_names_and_cents() -> None:
    operation = catalogue().operation("cymbal.get_campaign_analytics")
    assert operation.output is not None

    (figures,) = operation.output().load(json.loads(CAMPAIGNS))["response"]

    assert (figures["campaign_id"], figures["attributed_revenue"], figures["num_links_clicked"]) == ("1", 1000, 40)


@pytest.mark.parametrize(
    ("asked", "count", "following"),
    [({}, 9, None), ({}, 10, {"page": 2}), ({"page": 2, "per_page": 3}, 3, {"page": 3, "per_page": 3}), ({}, 0, None)],
)
def test_a_full_page_of_figures_may_have_another_behind_it(asked: Any, count: int, following: Any) -> None:
    pages = catalogue().operation("cymbal.get_campaign_analytics").pages
    assert pages is not None

    assert pages.following(asked, {pages.items: [{}] * count}) == following


@pytest.mark.parametrize(
    ("inputs", "path"), [({"page": 0}, "$.page"), ({"per_page": 0}, "$.per_page"), ({"type": "SMS"}, "$.type")]
)
def test_a_page_that_cannot_be_is_not_asked_for(inputs: dict[str, Any], path: str) -> None:
    assert set(problems("cymbal.get_campaign_analytics", inputs)) == {path}
