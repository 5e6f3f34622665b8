"""What each vendor sends becomes events of one shape."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.builders.settings import make_settings
from tests.unit.webhooks.payloads import (
    SOURCES,
    box_office_item,
    box_office_order,
    campaign_event,
    encoded,
    ticket_event,
    ticket_line,
    ticket_order,
)
from webhooks.errors import PayloadError
from webhooks.sources import Content, EventDraft, build_sources
from webhooks.sources.payload import read_json
from workflows.events import EVENT_TYPES
from workflows.values import Money


def drafts(source: str, payload: Any) -> list[EventDraft]:
    """What the source's preset makes of a body; every draft must be as the schema of its type would load it."""
    configured = SOURCES[source]
    found = configured.preset.read(Content(read_json(encoded(payload)), {}, source, configured.options))
    for draft in found:
        if draft.type in EVENT_TYPES:
            assert EVENT_TYPES[draft.type]().load(dict(draft.data)) == draft.data
    return found


def draft(source: str, payload: Any) -> EventDraft:
    (found,) = drafts(source, payload)
    return found


def problems(source: str, payload: Any) -> Mapping[str, str]:
    """Where what is wrong, as `{path: message}`."""
    with pytest.raises(PayloadError) as caught:
        drafts(source, payload)
    return {problem.path: problem.message for problem in caught.value.problems}


class TestSymphony:
    def test_a_campaign_event_keeps_the_campaigns_own_fields(self) -> None:
        found = draft("symphony", campaign_event(budget=12.50, nested={"$a": [1]}))
        assert found.type == "symphony.campaign.completed"
        assert found.subject == "symphony:campaign:5017"
        assert found.occurred_at is None
        assert found.data == {
            "id": "5017",
            "provider": "facebook",
            "type": "link_clicks",
            "status": "ACTIVE",
            "budget": Decimal("12.5"),
            "nested": {"$a": [1]},
        }

    def test_the_id_may_stand_in_campaign_id(self) -> None:
        found = draft("symphony", {"event": "campaign.failed", "campaign_id": "c-1"})
        assert found.subject == "symphony:campaign:c-1"
        assert found.data["id"] == "c-1"

    def test_an_id_of_64_bits_survives(self) -> None:
        assert draft("symphony", campaign_event(id=18446744073709551615)).data["id"] == "18446744073709551615"

    def test_fields_that_are_null_are_as_if_absent(self) -> None:
        assert draft("symphony", campaign_event(status=None)).data == draft("symphony", campaign_event(status="")).data

    @pytest.mark.parametrize("event", ["campaign.paused", "website.published", "Anything-else_1"])
    def test_an_unknown_event_is_kept_under_its_own_type(self, event: str) -> None:
        found = draft("symphony", {"event": event, "data": {"slug": "artist"}})
        assert (found.type, found.data) == (f"symphony.{event}", {"data": {"slug": "artist"}})
        assert found.type not in EVENT_TYPES

    def test_without_an_id_it_is_rejected(self) -> None:
        assert list(problems("symphony", {"event": "campaign.completed"})) == ["$.id"]

    @pytest.mark.parametrize("identity", [True, [], {}, "", "a\nb", "x" * 201, 1.5, -(10**30)])
    def test_an_id_that_cannot_be_part_of_a_subject_is_rejected(self, identity: Any) -> None:
        assert list(problems("symphony", campaign_event(id=identity))) == ["$.id"]

    @pytest.mark.parametrize("event", [None, 5, "", "a b", "x" * 101, "ä", ["campaign.completed"]])
    def test_without_the_name_of_an_event_it_is_rejected(self, event: Any) -> None:
        assert list(problems("symphony", campaign_event(event))) == ["$.event"]

    @pytest.mark.parametrize("body", [None, [], "campaign.completed", 5])
    def test_a_body_that_is_no_object_is_rejected(self, body: Any) -> None:
        assert list(problems("symphony", body)) == ["$"]


class TestTicketTailor:
    def test_a_new_order_is_the_canonical_order(self) -> None:
        found = draft("tickettailor", ticket_event())
        assert found.type == "order.placed"
        assert found.subject == "order:tickettailor:or_737352"
        assert found.occurred_at == datetime(2025, 1, 1, 10, tzinfo=UTC)
        assert found.data == {
            "id": "or_737352",
            "shop": "tickettailor",
            "show_id": "ev_1001",
            "buyer": {"email": "ana@example.com", "first_name": "Ana", "last_name": "Example"},
            "consent": {"email": True, "sms": None},
            "items": [
                {
                    "name": "General Admission",
                    "quantity": 2,
                    "subtotal": Money(Decimal(30), "GBP"),
                    "total": Money(Decimal(31), "GBP"),
                }
            ],
            "placed_at": datetime(2025, 1, 1, tzinfo=UTC),
        }

    @pytest.mark.parametrize("opt_in", [True, False, None])
    def test_the_three_states_of_consent_are_kept_apart(self, opt_in: bool | None) -> None:
        found = draft("tickettailor", ticket_event(payload=ticket_order(marketing_opt_in=opt_in)))
        assert found.data["consent"] == {"email": opt_in, "sms": None}

    def test_a_buyer_who_was_not_asked_has_said_nothing(self) -> None:
        order = ticket_order()
        del order["marketing_opt_in"]
        assert draft("tickettailor", ticket_event(payload=order)).data["consent"] == {"email": None, "sms": None}

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({}, "order.updated"),
            ({"refund_amount": 100}, "order.refunded"),
            ({"refund_amount": None}, "order.updated"),
            ({"status": "cancelled"}, "order.cancelled"),
            ({"status": "CANCELED", "refund_amount": 100}, "order.cancelled"),
            ({"status": None}, "order.updated"),
        ],
    )
    def test_an_update_says_by_its_fields_what_happened(self, fields: dict[str, Any], expected: str) -> None:
        assert draft("tickettailor", ticket_event("ORDER.UPDATED", ticket_order(**fields))).type == expected

    def test_lines_that_are_no_tickets_are_left_out(self) -> None:
        lines = [ticket_line(type="gift_card"), ticket_line(description="Balcony")]
        found = draft("tickettailor", ticket_event(payload=ticket_order(line_items=lines)))
        assert [item["name"] for item in found.data["items"]] == ["Balcony"]

    def test_a_free_order_is_an_order(self) -> None:
        free = ticket_order(line_items=[ticket_line(value=0, total=0)])
        assert draft("tickettailor", ticket_event(payload=free)).data["items"][0]["total"] == Money(Decimal(0), "GBP")

    def test_other_events_are_kept_under_their_own_type(self) -> None:
        found = draft("tickettailor", ticket_event("ISSUED_TICKET.UPDATED", {"id": "it_1", "checked_in": "false"}))
        assert found.type == "tickettailor.issued_ticket.updated"
        assert found.data == {"id": "it_1", "checked_in": "false"}

    @pytest.mark.parametrize("created_at", [None, 5, "yesterday", "9999-99-99", "0001-01-01T00:00:00+23:00"])
    def test_a_time_that_cannot_be_read_is_left_to_the_time_of_receipt(self, created_at: Any) -> None:
        assert draft("tickettailor", ticket_event(created_at=created_at)).occurred_at is None

    def test_everything_that_is_wrong_is_told_at_once(self) -> None:
        order = ticket_order(
            id=None, line_items=[ticket_line(), ticket_line(quantity="two", value=True)], marketing_opt_in="yes"
        )
        assert list(problems("tickettailor", ticket_event(payload=order))) == [
            "$.payload.id",
            "$.payload.line_items[1].quantity",
            "$.payload.line_items[1].value",
            "$.payload.marketing_opt_in",
        ]

    def test_an_amount_its_currency_cannot_have_is_rejected(self) -> None:
        order = ticket_order(currency={"base_multiplier": 100, "code": "jpy"}, line_items=[ticket_line(total=1050)])
        assert list(problems("tickettailor", ticket_event(payload=order))) == ["$.payload.line_items[0].total"]

    def test_a_currency_there_is_none_of_is_rejected(self) -> None:
        order = ticket_order(currency={"base_multiplier": 100, "code": "xxq"})
        found = problems("tickettailor", ticket_event(payload=order))
        assert set(found) == {"$.payload.line_items[0].value", "$.payload.line_items[0].total"}

    @pytest.mark.parametrize("number", [10**13, -(10**13), 10**400])
    def test_numbers_beyond_reason_are_rejected(self, number: int) -> None:
        order = ticket_order(line_items=[ticket_line(value=number)])
        assert list(problems("tickettailor", ticket_event(payload=order))) == ["$.payload.line_items[0].value"]


class TestBoxOffice:
    def test_a_delivery_carries_several_orders(self) -> None:
        payload = {"orders": [box_office_order(id="1"), box_office_order(id=2)]}
        found = drafts("box-office", payload)
        assert [draft.subject for draft in found] == ["order:box-office:1", "order:box-office:2"]
        assert {draft.type for draft in found} == {"order.placed"}

    def test_an_order_is_the_canonical_order(self) -> None:
        found = draft("box-office", {"orders": [box_office_order()]})
        assert found.occurred_at == datetime(2024, 3, 2, 15, 30, tzinfo=UTC)
        assert found.data == {
            "id": "12345",
            "shop": "box-office",
            "show_id": "678",
            "buyer": {"email": "john.smith@cymbal.co", "phone": "12345678900", "first_name": "John"},
            "consent": {"email": True, "sms": False},
            "items": [
                {
                    "name": "Standard Admission",
                    "quantity": 2,
                    "subtotal": Money(Decimal("60.0"), "USD"),
                    "total": Money(Decimal("80.0"), "USD"),
                }
            ],
            "placed_at": datetime(2024, 3, 2, 15, 30, tzinfo=UTC),
        }

    @pytest.mark.parametrize(
        ("opt_ins", "expected"),
        [
            ({"email": True, "sms": False}, {"email": True, "sms": False}),
            ({"email": None, "sms": None}, {"email": None, "sms": None}),
            ({}, {"email": None, "sms": None}),
        ],
    )
    def test_the_three_states_of_consent_are_kept_apart(self, opt_ins: Any, expected: Any) -> None:
        found = draft("box-office", {"orders": [box_office_order(marketing_opt_ins=opt_ins)]})
        assert found.data["consent"] == expected

    def test_an_item_without_currency_is_in_dollars(self) -> None:
        item = box_office_item()
        del item["currency_code"]
        found = draft("box-office", {"orders": [box_office_order(items=[item])]})
        assert found.data["items"][0]["total"] == Money(Decimal("80.0"), "USD")

    def test_a_currency_in_small_letters_is_the_same_currency(self) -> None:
        found = draft("box-office", {"orders": [box_office_order(items=[box_office_item(currency_code="gbp")])]})
        assert found.data["items"][0]["total"].currency == "GBP"

    def test_a_customer_nobody_can_reach_is_rejected(self) -> None:
        order = box_office_order(customer={"email": "", "first_name": "Ana"})
        assert problems("box-office", {"orders": [order]}) == {"$.orders[0].customer": "needs an email or a phone"}

    def test_everything_that_is_wrong_is_told_at_once(self) -> None:
        orders = [
            box_office_order(items=[]),
            box_office_order(id="", event_id=None),
            box_office_order(items=[box_office_item(total_price="80.00", currency_code="DOLLARS")]),
        ]
        assert set(problems("box-office", {"orders": orders})) == {
            "$.orders[0].items",
            "$.orders[1].id",
            "$.orders[1].event_id",
            "$.orders[2].items[0].total_price",
            "$.orders[2].items[0].currency_code",
        }

    def test_an_amount_its_currency_cannot_have_is_rejected(self) -> None:
        order = box_office_order(items=[box_office_item(total_price=80.005)])
        assert list(problems("box-office", {"orders": [order]})) == ["$.orders[0].items[0].total_price"]

    @pytest.mark.parametrize("body", [{}, {"orders": []}, {"orders": {}}, {"orders": None}, [], None])
    def test_a_body_without_orders_is_rejected(self, body: Any) -> None:
        assert len(problems("box-office", body)) == 1


def test_a_source_whose_secret_is_not_set_has_no_scheme() -> None:
    sources = {
        "a": {"preset": "symphony", "token": None, "brand": "main"},
        "b": {"preset": "tickettailor", "secrets": [None], "brand": "main"},
        "c": {"preset": "cymbal-orders", "header": "X-Api-Key", "keys": [None], "brand": "main"},
    }
    found = build_sources(make_settings(Path(), sources=sources).sources)
    assert [source.scheme for source in found.values()] == [None, None, None]
