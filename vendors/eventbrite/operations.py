"""Eventbrite's operations: reading an order, since its webhooks only point at one."""

from __future__ import annotations

import re

from marshmallow import Schema, ValidationError

from vendors.entry import Configured
from vendors.fields import about
from workflows.catalogue import Operation, Repeat
from workflows.fields import OpenSchema, Text

EXPANDED = "attendees,event"
"""How many tickets of which class an order has is told by its attendees alone."""


def only_digits(text: str) -> None:
    """Digits, at most 20."""
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise ValidationError("must be the digits of an order's id")


class GetOrder(Schema):
    """Which order, and what of it is told in full."""

    id = Text(
        required=True,
        validate=only_digits,
        metadata=about("The order, as a webhook's pointer names it."),
    )
    expand = Text(load_default=EXPANDED, metadata=about("What is told in full; left out: attendees and event."))


class FoundOrder(OpenSchema):
    """An order as Eventbrite has it."""

    id = Text(required=True)


def operations(configured: Configured) -> tuple[Operation, ...]:
    """Every operation we have, as configured."""
    return (
        Operation(
            name="eventbrite.get_order",
            summary="Read an order with its attendees.",
            source="Eventbrite API v3, Order",
            method="GET",
            path="/orders/{id}/",
            query=("expand",),
            inputs=GetOrder,
            body=None,
            output=FoundOrder,
            repeat=Repeat.SAFE,
        ),
    )
