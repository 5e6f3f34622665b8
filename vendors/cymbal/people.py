"""Whom or what an operation is about, without saying so: subjects are stored, addresses are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vendors.subjects import digest
from workflows.catalogue import Inputs


def contact_subjects(inputs: Inputs) -> tuple[str, ...]:
    """The contact of Create contact, by each of its addresses: `cymbal:contact:973dfe463ec85785`."""
    return tuple(_subjects(inputs["contact"]))


def order_subjects(inputs: Inputs) -> tuple[str, ...]:
    """The orders, and the customers whose opt-ins they state."""
    orders = tuple(f"cymbal:order:{order['id']}" for order in inputs["orders"])
    return orders + tuple(subject for order in inputs["orders"] for subject in _subjects(order["customer"]))


def event_subjects(inputs: Inputs) -> tuple[str, ...]:
    """The shows: `cymbal:event:12345`."""
    return tuple(f"cymbal:event:{event['id']}" for event in inputs["events"])


def _subjects(person: Mapping[str, object]) -> Iterator[str]:
    for name in ("email", "phone"):
        if address := person.get(name):
            yield f"cymbal:contact:{digest(str(address))}"
