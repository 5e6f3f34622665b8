"""Cymbal's documented rules, and the consent it keeps."""

from __future__ import annotations

from typing import Any

import pytest

EVENT: dict[str, Any] = {
    "id": "12345",
    "url": "https://bellyupaspen.com/head-and-the-heart/tickets",
    "name": "The Head & The Heart",
    "image_url": "https://bellyupaspen.com/wp-content/uploads/2023/08/THATH_960x540_See.jpg",
    "description": "Head & the Heart performing live at the Belly Up Aspen.",
    "tags": ["Folk", "Accoustic"],
    "status": "live",
    "start_datetime": "2024-03-02T15:30:00Z",
    "end_datetime": "2024-03-02T18:00:00Z",
    "doors_open_datetime": "2024-03-02T14:30:00Z",
    "location": {"name": "Belly Up Aspen", "address": "450 S Galena St, Aspen, CO 81611"},
    "performers": ["The Head & The Heart"],
    "ticket_types": [
        {
            "name": "Standard Admission",
            "prefee_price": 30.00,
            "total_price": 40.00,
            "currency_code": "USD",
            "quantity": 150,
        }
    ],
}
ORDER: dict[str, Any] = {
    "id": "12345",
    "event_id": "12345",
    "customer": {
        "email": "john.smith@cymbal.co",
        "phone": "12345678900",
        "first_name": "John",
        "last_name": "Smith",
        "address": "123 Main Street, San Francisco, CA, 94110",
        "ip_address": "216.24.84.248",
    },
    "marketing_opt_ins": {"email": True, "sms": False},
    "items": [
        {
            "ticket_type_name": "Standard Admission",
            "quantity": 2,
            "prefee_price": 60.00,
            "total_price": 80.00,
            "currency_code": "USD",
        }
    ],
    "created_at": "2024-03-02T15:30:00Z",
}
CONTACT: dict[str, Any] = {
    "contact": {
        "full_name": "John Smith",
        "first_name": "John",
        "last_name": "Smith",
        "email": "john.smith@cymbal.co",
        "phone": "+19594746360",
        "list_id": 1,
        "tags": ["Tag 1", "Tag 2"],
        "genres": ["Rock", "Dance/Electronic"],
    },
    "opt_ins": {"email": True, "sms": None},
    "interested_in_event": {"event_id": "123456", "ticketer": "eventbrite"},
}
BODIES = {"/events": {"events": [EVENT]}, "/orders": {"orders": [ORDER]}, "/contact": CONTACT}


@pytest.mark.parametrize("path", BODIES)
def test_the_documents_own_examples_are_taken(shared_client: Any, path: str) -> None:
    reply = shared_client.cymbal("POST", path, json=BODIES[path])
    assert (reply.status_code, reply.json()) == (201, {"code": 0, "message": "success"})


@pytest.mark.parametrize("key", ["", "sandbox-symphony-key"])
def test_every_call_needs_the_key(shared_client: Any, key: str) -> None:
    assert shared_client.cymbal("GET", "/campaigns/analytics", key=key).status_code == 403
    for path, body in BODIES.items():
        assert shared_client.cymbal("POST", path, key=key, json=body).status_code == 403


FORBIDDEN: list[tuple[str, str, Any, str]] = [
    ("/events", "events", ..., "events"),
    ("/events", "events", [], "events"),
    ("/events", "events.0.id", 12345, "events[0].id"),
    *[("/events", f"events.0.{name}", ..., f"events[0].{name}") for name in ("id", "url", "name", "image_url")],
    ("/events", "events.0.location", ..., "events[0].location"),
    ("/events", "events.0.start_datetime", ..., "events[0].start_datetime"),
    ("/events", "events.0.start_datetime", "2024-03-02T15:30:00", "events[0].start_datetime"),
    ("/events", "events.0.start_datetime", "2024-03-02T15:30:00.000Z", "events[0].start_datetime"),
    ("/events", "events.0.end_datetime", "2024-03-02T15:30:00+00:00", "events[0].end_datetime"),
    ("/events", "events.0.status", "cancelled", "events[0].status"),
    ("/events", "events.0.ticket_types.0.quantity", 1.5, "events[0].ticket_types[0].quantity"),
    ("/events", "events.0.ticket_types.0.total_price", "40.00", "events[0].ticket_types[0].total_price"),
    ("/events", "events.0.venue", {}, "events[0].venue"),
    ("/orders", "orders", {}, "orders"),
    *[("/orders", f"orders.0.{name}", ..., f"orders[0].{name}") for name in ("id", "event_id", "customer", "items")],
    ("/orders", "orders.0.items", [], "orders[0].items"),
    ("/orders", "orders.0.marketing_opt_ins", ..., "orders[0].marketing_opt_ins"),
    ("/orders", "orders.0.marketing_opt_ins.email", None, "orders[0].marketing_opt_ins.email"),
    ("/orders", "orders.0.marketing_opt_ins.sms", ..., "orders[0].marketing_opt_ins.sms"),
    ("/orders", "orders.0.marketing_opt_ins.sms", "false", "orders[0].marketing_opt_ins.sms"),
    ("/orders", "orders.0.customer", {"first_name": "Ana"}, "orders[0].customer"),
    ("/orders", "orders.0.customer.email", "nobody", "orders[0].customer.email"),
    ("/orders", "orders.0.items.0.quantity", 0, "orders[0].items[0].quantity"),
    ("/orders", "orders.0.items.0.currency_code", "usd", "orders[0].items[0].currency_code"),
    ("/orders", "orders.0.created_at", 1709393400, "orders[0].created_at"),
    ("/contact", "contact", ..., "contact"),
    ("/contact", "contact", {"first_name": "Ana"}, "contact"),
    ("/contact", "contact.email", None, "contact.email"),
    ("/contact", "contact.list_id", "1", "contact.list_id"),
    ("/contact", "contact.tags", "Tag 1", "contact.tags"),
    ("/contact", "contact.opt_ins", {"email": True}, "contact.opt_ins"),
    ("/contact", "opt_ins.email", "true", "opt_ins.email"),
    ("/contact", "opt_ins.sms", 0, "opt_ins.sms"),
    ("/contact", "opt_ins.phone", True, "opt_ins.phone"),
    ("/contact", "interested_in_event.ticketer", "dice", "interested_in_event.ticketer"),
    ("/contact", "interested_in_event.event_id", ..., "interested_in_event.event_id"),
]


@pytest.mark.parametrize(("path", "field", "value", "at"), FORBIDDEN, ids=lambda part: str(part)[:40])
def test_what_the_document_forbids_is_refused(
    shared_client: Any, changed: Any, path: str, field: str, value: Any, at: str
) -> None:
    reply = shared_client.cymbal("POST", path, json=changed(BODIES[path], field, value))
    assert (reply.status_code, reply.json()["code"]) == (400, 1)
    assert at in [problem["path"] for problem in reply.json()["problems"]]
    assert shared_client.journal()[-1]["processed"] is False


def test_the_plural_path_of_contact_does_not_exist(shared_client: Any) -> None:
    assert shared_client.cymbal("POST", "/contacts", json=CONTACT).status_code == 404
    assert shared_client.journal()[-1]["operation"] == "cymbal.unknown"


def test_consent_has_three_states_and_null_changes_none(client: Any) -> None:
    def consent(email: str, opt_ins: Any = ...) -> Any:
        body = {"contact": {"email": email}, **({} if opt_ins is ... else {"opt_ins": opt_ins})}
        assert client.cymbal("POST", "/contact", json=body).status_code == 201
        (person,) = client.control("GET", "/_state/cymbal")["contacts"]
        return person["consent"]

    assert consent("fan@example.com") == {"email": None, "sms": None}
    assert consent("fan@example.com", {"email": True, "sms": None}) == {"email": True, "sms": None}
    assert consent("FAN@example.com", {"email": None, "sms": False}) == {"email": True, "sms": False}
    assert consent("fan@example.com", {}) == {"email": True, "sms": False}
    assert consent("fan@example.com", {"email": False}) == {"email": False, "sms": False}


def test_a_contact_is_found_again_by_phone(client: Any) -> None:
    client.cymbal("POST", "/contact", json={"contact": {"email": "fan@example.com", "phone": "+12025550123"}})
    client.cymbal("POST", "/contact", json={"contact": {"phone": "+12025550123"}, "opt_ins": {"sms": True}})
    (person,) = client.control("GET", "/_state/cymbal")["contacts"]
    assert (person["email"], person["consent"]["sms"]) == ("fan@example.com", True)


def test_an_order_is_kept_once_under_its_id_and_changes_no_consent(client: Any) -> None:
    client.cymbal("POST", "/contact", json={"contact": {"email": ORDER["customer"]["email"]}})
    for _ in range(2):
        client.cymbal("POST", "/orders", json={"orders": [ORDER]})
    state = client.control("GET", "/_state/cymbal")
    assert (state["orders"], state["contacts"][0]["consent"]) == ([ORDER], {"email": None, "sms": None})
    assert len(client.journal(operation="cymbal.create_orders")) == 2


def test_analytics_come_in_pages_of_a_chosen_type(shared_client: Any) -> None:
    def ids(query: str) -> list[int]:
        reply = shared_client.cymbal("GET", f"/campaigns/analytics{query}").json()
        assert reply["code"] == 0
        return [item["campaign_id"] for item in reply["response"]]

    assert ids("") == list(range(1, 11))
    assert ids("?page=2") == [11, 12]
    assert ids("?page=3") == []
    assert ids("?page=2&per_page=2&type=sms") == [6, 8]
    assert ids("?type=") == ids("")
    for wrong in ("?page=0", "?per_page=x", "?type=post"):
        assert shared_client.cymbal("GET", f"/campaigns/analytics{wrong}").status_code == 400
