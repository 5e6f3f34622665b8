"""What Cymbal's Partners API page asks of a body.

An event's ticket prices are for one ticket, an order's are for the whole line; nothing here can tell them apart, so
neither is checked beyond its type. A field the page does not list is refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sandbox.checks import Checker, mail_address

INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"
TICKETERS: Final = ("eventbrite",)  # others exist "on request", none is named
EVENT_TEXTS: Final = ("id", "url", "name", "image_url")
CUSTOMER_FIELDS: Final = ("email", "phone", "first_name", "last_name", "address", "ip_address")
CONTACT_TEXTS: Final = ("email", "phone", "full_name", "first_name", "last_name")


def check_events(check: Checker) -> None:
    check.known("events")
    for event in check.children("events", required=True, at_least=1):
        event.known(
            *EVENT_TEXTS,
            *("description", "tags", "status", "start_datetime", "end_datetime", "doors_open_datetime"),
            *("location", "performers", "ticket_types"),
        )
        for name in EVENT_TEXTS:
            event.text(name, required=True)
        event.text("description")
        event.text("start_datetime", required=True, rule=_utc)
        for name in ("end_datetime", "doors_open_datetime"):
            event.text(name, rule=_utc)
        event.choice("status", ("live", "canceled"))
        for name in ("tags", "performers"):
            event.texts(name)
        _check_place(event)
        for ticket_type in event.children("ticket_types"):
            _check_tickets(ticket_type, "name")


def check_orders(check: Checker) -> None:
    check.known("orders")
    for order in check.children("orders", required=True, at_least=1):
        order.known("id", "event_id", "customer", "marketing_opt_ins", "items", "created_at")
        for name in ("id", "event_id"):
            order.text(name, required=True)
        order.text("created_at", rule=_utc)
        _check_customer(order)
        _check_opt_ins(order)
        for item in order.children("items", required=True, at_least=1):
            _check_tickets(item, "ticket_type_name")


def check_contact(check: Checker) -> None:
    check.known("contact", "opt_ins", "interested_in_event")
    contact = check.child("contact", required=True)
    if contact is not None:
        contact.known(*CONTACT_TEXTS, "list_id", "tags", "genres")
        for name in CONTACT_TEXTS:
            contact.text(name, rule=mail_address if name == "email" else None)
        contact.integer("list_id")
        for name in ("tags", "genres"):
            contact.texts(name)
        _check_reachable(contact)
    _check_three_states(check)
    interest = check.child("interested_in_event")
    if interest is not None:
        interest.known("event_id", "ticketer")
        interest.text("event_id", required=True)
        interest.choice("ticketer", TICKETERS, required=True)


def _check_place(event: Checker) -> None:
    """Check the location; the page does not say which of its two fields is required."""
    place = event.child("location", required=True)
    if place is not None:
        place.known("name", "address")
        for name in ("name", "address"):
            place.text(name)


def _check_tickets(tickets: Checker, name_field: str) -> None:
    tickets.known(name_field, "quantity", "prefee_price", "total_price", "currency_code")
    tickets.text(name_field)
    tickets.integer("quantity", at_least=1)
    for name in ("prefee_price", "total_price"):
        tickets.number(name, at_least=0)
    tickets.text("currency_code", rule=_currency)


def _check_customer(order: Checker) -> None:
    customer = order.child("customer", required=True)
    if customer is not None:
        customer.known(*CUSTOMER_FIELDS)
        for name in CUSTOMER_FIELDS:
            customer.text(name, rule=mail_address if name == "email" else None)
        _check_reachable(customer)


def _check_opt_ins(order: Checker) -> None:
    """Check an order's opt-ins, which have two states: null is documented for contacts only."""
    opt_ins = order.child("marketing_opt_ins", required=True)
    if opt_ins is not None:
        opt_ins.known("email", "sms")
        for name in ("email", "sms"):
            opt_ins.boolean(name, required=True)


def _check_three_states(check: Checker) -> None:
    """Check a contact's opt-ins: true subscribes, false unsubscribes, null leaves as it is."""
    opt_ins = check.child("opt_ins")
    if opt_ins is not None:
        opt_ins.known("email", "sms")
        for name in ("email", "sms"):
            if opt_ins.has(name):
                opt_ins.boolean(name)


def _check_reachable(person: Checker) -> None:
    if not person.has("email") and not person.has("phone"):
        person.problem("", "must have an email, a phone or both")


def _utc(text: str) -> str | None:
    wrong = "must be UTC, as in 2024-03-02T15:30:00Z"
    try:
        return None if datetime.strptime(text, INSTANT).strftime(INSTANT) == text else wrong  # noqa: DTZ007 the Z is literal
    except ValueError:
        return wrong


def _currency(text: str) -> str | None:
    is_code = len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()
    return None if is_code else "must be a currency code, as in USD"
