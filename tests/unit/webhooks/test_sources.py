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
from webhooks.signatures import Headers
from webhooks.sources import Content, EventDraft, Fetch, build_sources
from webhooks.sources.payload import read_json
from workflows.events import EVENT_TYPES
from workflows.values import Money


def drafts(
    source: str, payload: Any, headers: Headers | None = None, options: Mapping[str, Any] | None = None
) -> list[EventDraft]:
    """What the source's preset makes of a body; every draft must be as the schema of its type would load it."""
    configured = SOURCES[source]
    chosen = {**configured.options, **(options or {})}
    found = configured.preset.read(Content(read_json(encoded(payload)), headers or {}, source, chosen))
    for draft in found:
        if draft.type in EVENT_TYPES:
            assert EVENT_TYPES[draft.type]().load(dict(draft.data)) == draft.data
    return found


def draft(
    source: str, payload: Any, headers: Headers | None = None, options: Mapping[str, Any] | None = None
) -> EventDraft:
    (found,) = drafts(source, payload, headers, options)
    return found


def problems(
    source: str, payload: Any, headers: Headers | None = None, options: Mapping[str, Any] | None = None
) -> Mapping[str, str]:
    """Where what is wrong, as `{path: message}`."""
    with pytest.raises(PayloadError) as caught:
        drafts(source, payload, headers, options)
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

    @pytest.mark.parametrize("event", ["campaign.paused", "website.renamed", "Anything-else_1"])
    def test_an_unknown_event_is_kept_under_its_own_type(self, event: str) -> None:
        found = draft("symphony", {"event": event, "data": {"slug": "artist"}})
        assert (found.type, found.data) == (f"symphony.{event}", {"data": {"slug": "artist"}})
        assert found.type not in EVENT_TYPES

    @pytest.mark.parametrize("event", ["website.published", "lead.captured"])
    def test_an_event_only_another_preset_can_tell_is_rejected(self, event: str) -> None:
        found = problems("symphony", {"event": event, "data": {"websiteId": 456}})
        assert found == {
            "$": f"symphony.{event} is an event of another kind of source: have it sent to one with that preset"
        }

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
            "total": Money(Decimal(31), "GBP"),
            "other": {"object": "order"},
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
        assert set(found) == {
            "$.payload.line_items[0].value",
            "$.payload.line_items[0].total",
            "$.payload.total",
        }

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


class TestSymphonyWebsite:
    WEBSITE: Mapping[str, Any] = {
        "event": "website.published",
        "timestamp": "2026-03-01T14:23:45Z",
        "data": {
            "websiteId": 456,
            "brandId": 123,
            "slug": "artist-new-album",
            "url": "https://symphony.is/brandSlug/artist-new-album",
            "publishedAt": "2026-03-01T14:23:45Z",
            "scheduledPublish": False,
            "theme": "dark",
        },
        "signature": "sha256=0000",
    }

    def test_a_website_keeps_the_vendors_fields(self) -> None:
        found = draft("symphony-site", self.WEBSITE)
        moment = datetime(2026, 3, 1, 14, 23, 45, tzinfo=UTC)
        assert (found.type, found.subject) == ("symphony.website.published", "symphony:website:456")
        assert found.occurred_at == moment
        assert found.data == {
            "websiteId": "456",
            "brandId": "123",
            "slug": "artist-new-album",
            "url": "https://symphony.is/brandSlug/artist-new-album",
            "publishedAt": moment,
            "scheduledPublish": False,
            "theme": "dark",
        }

    def test_a_lead_is_kept_as_it_came(self) -> None:
        found = draft("symphony-site", {**self.WEBSITE, "event": "lead.captured", "data": {"email": "a@example.com"}})
        assert (found.type, found.data) == ("symphony.lead.captured", {"email": "a@example.com"})

    def test_an_unknown_event_is_kept_under_its_own_type(self) -> None:
        assert draft("symphony-site", {**self.WEBSITE, "event": "website.renamed"}).type == "symphony.website.renamed"

    def test_an_event_of_campaigns_is_rejected(self) -> None:
        assert list(problems("symphony-site", {**self.WEBSITE, "event": "campaign.completed"})) == ["$"]

    def test_until_what_is_signed_is_configured_it_is_quarantined(self) -> None:
        assert SOURCES["symphony-site"].quarantine == (
            "its signature cannot be verified: secrets and signed of this source must be configured"
        )


class TestConstantContact:
    NOTICE: Mapping[str, Any] = {
        "url": "https://api.cc.email/v3/partner/accounts/a07e1lxqqqo0/plan",
        "api_key": "example-key",
        "event_type": "tier.increase",
    }

    def test_a_notice_names_the_account_and_holds_no_key(self) -> None:
        found = draft("constant-contact", self.NOTICE)
        assert (found.type, found.subject) == (
            "constant_contact.tier.increase",
            "constant_contact:account:a07e1lxqqqo0",
        )
        assert found.data == {"account_id": "a07e1lxqqqo0", "url": self.NOTICE["url"]}

    def test_an_unknown_topic_is_kept_under_its_own_type(self) -> None:
        found = draft("constant-contact", {**self.NOTICE, "event_type": "account.rename"})
        assert found.type == "constant_contact.account.rename"
        assert found.type not in EVENT_TYPES

    @pytest.mark.parametrize(
        "url", ["https://api.cc.email/v3/partner", "", None, 5, "https://x/partner/accounts/../plan"]
    )
    def test_a_notice_without_an_account_is_rejected(self, url: Any) -> None:
        assert list(problems("constant-contact", {**self.NOTICE, "url": url})) == ["$.url"]


class TestEventbrite:
    @staticmethod
    def pointer(action: str = "order.placed", api_url: str = "") -> dict[str, Any]:
        url = api_url or "https://www.eventbriteapi.com/v3/orders/1034608029/"
        return {"config": {"action": action, "user_id": "1", "webhook_id": "2", "endpoint_url": "x"}, "api_url": url}

    def test_a_pointer_gives_the_number_of_the_order_and_nothing_to_follow(self) -> None:
        found = draft("eventbrite", self.pointer())
        assert (found.type, found.subject) == ("eventbrite.order.placed", "order:eventbrite:1034608029")
        assert found.data == {"order_id": "1034608029", "user_id": "1", "webhook_id": "2"}
        assert found.fetch == Fetch("eventbrite.get_order", {"id": "1034608029"})

    @pytest.mark.parametrize(
        "url",
        [
            "http://www.eventbriteapi.com/v3/orders/1/",
            "https://eventbriteapi.com/v3/orders/1/",
            "https://www.eventbriteapi.com.example.com/v3/orders/1/",
            "https://www.eventbriteapi.com:8443/v3/orders/1/",
            "https://user@www.eventbriteapi.com/v3/orders/1/",
            "https://www.eventbriteapi.com@example.com/v3/orders/1/",
            "https://www.eventbriteapi.com/v3/orders/../users/1/",
            "https://www.eventbriteapi.com/v3/orders/1/%2e%2e/",
            "https://www.eventbriteapi.com/v3/orders/1/?token=x",
            "https://www.eventbriteapi.com/v3/orders/1/#x",
            "https://www.eventbriteapi.com/v3/orders/1/\n",
            "https://www.eventbriteapi.com/v3/orders/١/",
            "https://wwwXeventbriteapi.com/v3/orders/1/",
            "https://169.254.169.254/v3/orders/1/",
            "{api-endpoint-to-fetch-object-details}",
        ],
    )
    def test_a_pointer_to_anywhere_else_is_rejected(self, url: str) -> None:
        found = problems("eventbrite", self.pointer(api_url=url))
        assert found == {"$.api_url": "must be https://www.eventbriteapi.com/v3/orders/<digits>/ and nothing else"}

    def test_what_is_about_no_order_is_kept_under_its_own_type(self) -> None:
        found = draft("eventbrite", self.pointer("event.published", "https://www.eventbriteapi.com/v3/events/5/"))
        assert found.type == "eventbrite.event.published"

    @staticmethod
    def order(**fields: Any) -> dict[str, Any]:
        def costs(base: int, gross: int) -> dict[str, Any]:
            return {"base_price": {"currency": "USD", "value": base}, "gross": {"currency": "USD", "value": gross}}

        return {
            "id": "1034608029",
            "event_id": "77001",
            "status": "placed",
            "created": "2026-03-01T15:00:00Z",
            "changed": "2026-03-01T15:00:05Z",
            "first_name": "Ana",
            "email": "ana@example.com",
            "costs": costs(11000, 11900),
            "attendees": [
                {"ticket_class_name": "Standing", "costs": costs(4000, 4300)},
                {"ticket_class_name": "Balcony", "costs": costs(3000, 3300)},
                {"ticket_class_name": "Standing", "costs": costs(4000, 4300)},
            ],
            **fields,
        }

    def fetched(self, order: Any, pointing: str = "eventbrite.order.placed") -> EventDraft:
        return draft("eventbrite", order, {"stagedoor-fetched": pointing})

    def test_an_order_that_was_fetched_is_the_canonical_order(self) -> None:
        found = self.fetched(self.order())
        assert (found.type, found.subject) == ("order.placed", "order:eventbrite:1034608029")
        assert found.occurred_at == datetime(2026, 3, 1, 15, tzinfo=UTC)
        assert found.data == {
            "id": "1034608029",
            "shop": "eventbrite",
            "show_id": "77001",
            "buyer": {"email": "ana@example.com", "first_name": "Ana"},
            "consent": {"email": None, "sms": None},
            "items": [
                {
                    "name": "Standing",
                    "quantity": 2,
                    "subtotal": Money(Decimal("80.00"), "USD"),
                    "total": Money(Decimal("86.00"), "USD"),
                },
                {
                    "name": "Balcony",
                    "quantity": 1,
                    "subtotal": Money(Decimal("30.00"), "USD"),
                    "total": Money(Decimal("33.00"), "USD"),
                },
            ],
            "placed_at": datetime(2026, 3, 1, 15, tzinfo=UTC),
            "total": Money(Decimal("119.00"), "USD"),
            "other": {"status": "placed"},
        }

    @pytest.mark.parametrize(
        ("pointing", "expected"),
        [
            ("eventbrite.order.refunded", "order.refunded"),
            ("eventbrite.order.updated", "order.updated"),
            ("eventbrite.order.renamed", "order.updated"),
        ],
    )
    def test_it_is_news_of_the_kind_that_pointed_at_it(self, pointing: str, expected: str) -> None:
        found = self.fetched(self.order(), pointing)
        assert (found.type, found.occurred_at) == (expected, datetime(2026, 3, 1, 15, 0, 5, tzinfo=UTC))

    def test_where_amounts_are_missing_or_in_two_currencies_there_is_no_sum(self) -> None:
        attendees = [
            {"ticket_class_name": "Standing", "costs": {"base_price": {"currency": "USD", "value": 1}}},
            {"ticket_class_name": "Standing", "costs": {"base_price": {"currency": "GBP", "value": 1}}},
        ]
        found = self.fetched(self.order(attendees=attendees, costs=None))
        assert found.data["items"] == [{"name": "Standing", "quantity": 2}]
        assert "total" not in found.data

    def test_the_same_state_of_an_order_is_one_delivery(self) -> None:
        delivery_id = SOURCES["eventbrite"].preset.delivery_id
        headers = {"stagedoor-fetched": "eventbrite.order.updated"}
        first, again, later = (
            delivery_id(Content(self.order(changed=changed), headers, "eventbrite", {})) for changed in ("1", "1", "2")
        )
        assert first == again != later
        assert delivery_id(Content(self.pointer(), {}, "eventbrite", {})) is None

    def test_a_test_call_is_greeted(self) -> None:
        content = Content(self.pointer("test", "{api-endpoint}"), {}, "eventbrite", {})
        assert SOURCES["eventbrite"].preset.greet(content) is not None


class TestUniverse:
    def test_what_nobody_documents_is_kept_whole(self) -> None:
        found = draft("universe", {"cost_items": [{"event_id": "e1"}]}, {"x-uniiverse-event": "ticket_purchase"})
        assert (found.type, found.subject) == ("universe.ticket_purchase", "universe:event:e1")
        assert found.data == {"cost_items": [{"event_id": "e1"}]}

    def test_without_the_name_of_an_event_it_is_rejected(self) -> None:
        assert list(problems("universe", {"cost_items": []})) == ["header:X-Uniiverse-Event"]


class TestShopify:
    @staticmethod
    def order(**fields: Any) -> dict[str, Any]:
        return {
            "id": 820982911946154508,
            "email": "ana@example.com",
            "phone": None,
            "created_at": "2026-03-01T10:00:00-05:00",
            "currency": "USD",
            "total_price": "86.00",
            "financial_status": "paid",
            "cancelled_at": None,
            "buyer_accepts_marketing": True,
            "test": False,
            "line_items": [{"title": "Standing", "quantity": 2, "price": "40.00", "product_id": 632910392}],
            "name": "#1019",
            **fields,
        }

    def test_an_order_is_the_canonical_order(self) -> None:
        options = {"show_id": "line_items.0.product_id"}
        found = draft("shopify", self.order(), {"x-shopify-topic": "orders/create"}, options)
        assert (found.type, found.subject) == ("order.placed", "order:shopify:820982911946154508")
        assert found.occurred_at == datetime(2026, 3, 1, 15, tzinfo=UTC)
        assert found.data == {
            "id": "820982911946154508",
            "shop": "shopify",
            "show_id": "632910392",
            "buyer": {"email": "ana@example.com"},
            "consent": {"email": True, "sms": None},
            "items": [{"name": "Standing", "quantity": 2, "subtotal": Money(Decimal("80.00"), "USD")}],
            "placed_at": datetime(2026, 3, 1, 15, tzinfo=UTC),
            "total": Money(Decimal("86.00"), "USD"),
            "is_paid": True,
            "is_test": False,
            "other": {"name": "#1019"},
        }

    @pytest.mark.parametrize(
        ("topic", "fields", "expected"),
        [
            ("orders/updated", {}, "order.updated"),
            ("orders/paid", {}, "order.updated"),
            ("orders/updated", {"financial_status": "refunded"}, "order.refunded"),
            ("orders/updated", {"financial_status": "partially_refunded"}, "order.refunded"),
            ("orders/cancelled", {"cancelled_at": "2026-03-02T10:00:00Z"}, "order.cancelled"),
            ("orders/create", {"cancelled_at": "2026-03-02T10:00:00Z"}, "order.cancelled"),
        ],
    )
    def test_an_order_says_by_its_fields_what_happened(self, topic: str, fields: dict[str, Any], expected: str) -> None:
        assert draft("shopify", self.order(**fields), {"x-shopify-topic": topic}).type == expected

    @pytest.mark.parametrize(("opt_in", "expected"), [(True, True), (False, False), (None, None)])
    def test_the_three_states_of_consent_are_kept_apart(self, opt_in: bool | None, expected: bool | None) -> None:
        found = draft("shopify", self.order(buyer_accepts_marketing=opt_in), {"x-shopify-topic": "orders/create"})
        assert found.data["consent"] == {"email": expected, "sms": None}

    @pytest.mark.parametrize(
        ("topic", "kind"), [("orders/delete", "orders.delete"), ("products/create", "products.create")]
    )
    def test_what_brings_no_order_is_kept_under_its_own_type(self, topic: str, kind: str) -> None:
        found = draft("shopify", {"id": 5}, {"x-shopify-topic": topic})
        assert (found.type, found.subject) == (f"shopify.{kind}", "shopify:5")

    def test_without_a_topic_it_is_rejected(self) -> None:
        assert list(problems("shopify", self.order())) == ["header:X-Shopify-Topic"]

    @pytest.mark.parametrize("price", [40.0, "forty", "NaN", "1" * 50, None, True])
    def test_an_amount_that_is_none_is_rejected(self, price: Any) -> None:
        order = self.order(line_items=[{"title": "Standing", "quantity": 2, "price": price}])
        assert list(problems("shopify", order, {"x-shopify-topic": "orders/create"})) == ["$.line_items[0].price"]


class TestStripe:
    @staticmethod
    def event(name: str = "checkout.session.completed", **fields: Any) -> dict[str, Any]:
        session = {
            "id": "cs_1",
            "amount_subtotal": 8000,
            "amount_total": 8600,
            "currency": "usd",
            "customer_details": {"email": "ana@example.com", "phone": None},
            "payment_status": "paid",
            "livemode": True,
            "metadata": {"show_id": "s1"},
            **fields,
        }
        return {"id": "evt_1", "type": name, "created": 1735689600, "data": {"object": session}}

    def test_a_completed_checkout_is_the_canonical_order(self) -> None:
        found = draft("stripe", self.event())
        assert (found.type, found.subject) == ("order.placed", "order:stripe:cs_1")
        assert found.occurred_at == datetime(2025, 1, 1, tzinfo=UTC)
        assert found.data == {
            "id": "cs_1",
            "shop": "stripe",
            "show_id": "s1",
            "buyer": {"email": "ana@example.com"},
            "consent": {"email": None, "sms": None},
            "items": [],
            "placed_at": datetime(2025, 1, 1, tzinfo=UTC),
            "total": Money(Decimal("86.00"), "USD"),
            "is_paid": True,
            "is_test": False,
            "other": {"amount_subtotal": 8000, "metadata": {"show_id": "s1"}},
        }

    @pytest.mark.parametrize(("currency", "total"), [("jpy", Decimal(8600)), ("kwd", Decimal("8.600"))])
    def test_amounts_are_in_the_minor_unit_of_their_currency(self, currency: str, total: Decimal) -> None:
        assert draft("stripe", self.event(currency=currency)).data["total"] == Money(total, currency.upper())

    def test_other_events_are_kept_under_their_own_type(self) -> None:
        found = draft("stripe", self.event("invoice.paid"))
        assert (found.type, found.subject) == ("stripe.invoice.paid", "stripe:cs_1")

    def test_a_currency_there_is_none_of_is_rejected(self) -> None:
        assert list(problems("stripe", self.event(currency="xxq"))) == ["$.data.object.amount_total"]

    def test_everything_that_is_wrong_is_told_at_once(self) -> None:
        found = problems("stripe", self.event(id="", amount_total="86", livemode="yes"))
        assert set(found) == {"$.data.object.id", "$.data.object.amount_total", "$.data.object.livemode"}


class TestBoxOfficeShows:
    @staticmethod
    def show(**fields: Any) -> dict[str, Any]:
        return {
            "id": "12345",
            "url": "https://bellyupaspen.com/head-and-the-heart/tickets",
            "name": "The Head & The Heart",
            "image_url": "https://bellyupaspen.com/x.jpg",
            "start_datetime": "2024-03-02T15:30:00Z",
            "location": {"name": "Belly Up Aspen", "address": "450 S Galena St, Aspen, CO 81611"},
            "tags": ["Folk"],
            "performers": ["The Head & The Heart"],
            "ticket_types": [
                {"name": "Standard", "total_price": 40.00, "currency_code": "USD"},
                {"name": "Balcony", "total_price": 30.00, "currency_code": "usd"},
            ],
            **fields,
        }

    def test_a_delivery_carries_several_shows(self) -> None:
        found = drafts("box-office", {"events": [self.show(id=1), self.show(id=2, status="canceled")]})
        assert [(draft.type, draft.subject) for draft in found] == [
            ("show.published", "show:box-office:1"),
            ("show.cancelled", "show:box-office:2"),
        ]

    def test_a_show_is_the_canonical_show(self) -> None:
        assert draft("box-office", {"events": [self.show()]}).data == {
            "id": "12345",
            "shop": "box-office",
            "title": "The Head & The Heart",
            "starts_at": datetime(2024, 3, 2, 15, 30, tzinfo=UTC),
            "venue": {"name": "Belly Up Aspen", "address": "450 S Galena St, Aspen, CO 81611"},
            "artists": ["The Head & The Heart"],
            "url": "https://bellyupaspen.com/head-and-the-heart/tickets",
            "image_url": "https://bellyupaspen.com/x.jpg",
            "price_from": Money(Decimal("30.0"), "USD"),
            "other": {"tags": ["Folk"]},
        }

    @pytest.mark.parametrize(
        "ticket_types",
        [
            [],
            [{"name": "Standard", "total_price": 40.00}],
            [{"name": "Standard", "currency_code": "USD"}],
            [{"total_price": 40.00, "currency_code": "USD"}, {"total_price": 30.00, "currency_code": "GBP"}],
        ],
    )
    def test_where_prices_cannot_be_compared_there_is_no_lowest(self, ticket_types: Any) -> None:
        assert "price_from" not in draft("box-office", {"events": [self.show(ticket_types=ticket_types)]}).data

    def test_everything_that_is_wrong_is_told_at_once(self) -> None:
        shows = [self.show(start_datetime="2024-03-02T15:30:00", location={}), self.show(status="cancelled", id=None)]
        assert set(problems("box-office", {"events": shows})) == {
            "$.events[0].start_datetime",
            "$.events[0].location",
            "$.events[1].status",
            "$.events[1].id",
        }


class TestStandardWebhooks:
    def test_an_event_is_named_by_its_sender(self) -> None:
        payload = {"type": "invoice.paid", "timestamp": "2026-03-01T10:00:00Z", "data": {"id": 18446744073709551615}}
        found = draft("standard", payload)
        assert (found.type, found.subject) == ("standard.invoice.paid", "standard:18446744073709551615")
        assert found.occurred_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
        assert found.data == {"id": 18446744073709551615}

    def test_without_data_the_whole_body_is_the_data(self) -> None:
        assert draft("standard", {"type": "ping", "x": 1}).data == {"type": "ping", "x": 1}

    def test_the_delivery_is_named_in_a_header(self) -> None:
        content = Content({}, {"webhook-id": "msg_1"}, "standard", {})
        assert SOURCES["standard"].preset.delivery_id(content) == "msg_1"


class TestGitHub:
    def test_an_event_is_named_in_a_header(self) -> None:
        found = draft("github", {"repository": {"full_name": "a/b"}}, {"x-github-event": "push"})
        assert (found.type, found.subject) == ("github.push", "github:a/b")

    def test_others_that_sign_alike_name_theirs_in_the_body(self) -> None:
        assert draft("github", {"kind": "sold"}, options={"type": "kind"}).type == "github.sold"

    def test_a_ping_is_greeted(self) -> None:
        content = Content({"zen": "x"}, {"x-github-event": "ping"}, "github", {})
        assert SOURCES["github"].preset.greet(content) is not None


class TestGeneric:
    EVENT: Mapping[str, Any] = {"event": {"kind": "deal.won", "about": 5, "at": 1735689600}, "n": 1}

    def test_everything_is_where_the_configuration_says(self) -> None:
        found = draft("partner", self.EVENT)
        assert (found.type, found.subject) == ("partner.deal.won", "partner:5")
        assert found.occurred_at == datetime(2025, 1, 1, tzinfo=UTC)
        assert found.data == self.EVENT
        content = Content(self.EVENT, {"x-delivery": "d-1"}, "partner", SOURCES["partner"].options)
        assert SOURCES["partner"].preset.delivery_id(content) == "d-1"

    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            ("2025-01-01T01:00:00+01:00", datetime(2025, 1, 1, tzinfo=UTC)),
            (1735689600000, datetime(2025, 1, 1, tzinfo=UTC)),
            (1735689600.5, datetime(2025, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)),
            ("2025-01-01T00:00:00", None),
            (True, None),
            (10**400, None),
            ({}, None),
        ],
    )
    def test_a_time_is_read_as_senders_write_them(self, at: Any, expected: datetime | None) -> None:
        assert draft("partner", {"event": {"kind": "x", "at": at}}).occurred_at == expected

    def test_a_sender_that_speaks_our_canonical_order_tells_of_orders(self) -> None:
        order = {
            "id": "o1",
            "shop": "of somebody else",
            "buyer": {"email": "a@example.com"},
            "consent": {"email": None, "sms": None},
            "items": [{"name": "Standing", "quantity": 1, "total": {"value": 40, "currency": "USD"}}],
        }
        options = {"prefix": "order", "data": "order"}
        found = draft("partner", {"event": {"kind": "placed"}, "order": order}, options=options)
        assert (found.type, found.subject, found.data["shop"]) == ("order.placed", "order:partner:o1", "partner")
        wrong = problems("partner", {"event": {"kind": "placed"}, "order": {"id": ""}}, options=options)
        assert set(wrong) == {"$.order.buyer", "$.order.consent", "$.order.items"}

    DECLARED: Mapping[str, Any] = {
        "deal.won": {
            "amount": {"from": "deal.worth", "type": "money"},
            "won_at": {"from": "deal.days.0", "type": "instant"},
        }
    }

    def test_declared_fields_are_read_and_the_rest_is_kept(self) -> None:
        deal = {"worth": {"value": 12.5, "currency": "USD"}, "days": ["2026-03-01T10:00:00Z"]}
        found = draft("partner", {"event": {"kind": "deal.won"}, "deal": deal}, options={"events": self.DECLARED})
        assert found.data["amount"] == Money(Decimal("12.5"), "USD")
        assert found.data["won_at"] == datetime(2026, 3, 1, 10, tzinfo=UTC)
        assert found.data["deal"]["days"] == ["2026-03-01T10:00:00Z"]

    def test_a_declared_field_that_is_missing_or_wrong_is_told_by_its_place(self) -> None:
        payload = {"event": {"kind": "deal.won"}, "deal": {"worth": 5}}
        found = problems("partner", payload, options={"events": self.DECLARED})
        assert set(found) == {"$.deal.worth", "$.deal.days[0]"}

    @pytest.mark.parametrize("prefix", ["symphony", "constant_contact"])
    def test_nobody_tells_what_only_a_vendor_can(self, prefix: str) -> None:
        kind = "campaign.completed" if prefix == "symphony" else "tier.increase"
        assert list(problems("partner", {"event": {"kind": kind}, "id": "1"}, options={"prefix": prefix})) == ["$"]

    def test_where_the_name_of_the_event_is_missing_its_place_is_told(self) -> None:
        assert list(problems("partner", {"event": [1]})) == ["$.event.kind"]
        assert list(problems("partner", {"kinds": [{}]}, options={"type": "kinds.0.name"})) == ["$.kinds[0].name"]

    def test_a_challenge_is_answered_with_itself(self) -> None:
        content = Content({"challenge": "3eZbrw1a"}, {}, "partner", SOURCES["partner"].options)
        greeting = SOURCES["partner"].preset.greet(content)
        assert greeting is not None
        assert greeting.answer == {"challenge": "3eZbrw1a"}


def test_a_source_whose_secret_is_not_set_has_no_scheme() -> None:
    sources = {
        "a": {"preset": "symphony", "token": None, "brand": "main"},
        "b": {"preset": "tickettailor", "secrets": [None], "brand": "main"},
        "c": {"preset": "cymbal", "header": "X-Api-Key", "keys": [None], "brand": "main"},
    }
    found = build_sources(make_settings(Path(), sources=sources).sources)
    assert [source.scheme for source in found.values()] == [None, None, None]
