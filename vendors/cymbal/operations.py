"""Cymbal's operations.

201 means queued, and there is no documented way to read back what became of it. Whether a repeat stores anything twice
is not documented either, so a person is asked.
"""

from __future__ import annotations

from vendors.cymbal import schemas
from vendors.cymbal.people import contact_subjects, order_subjects
from vendors.entry import Configured
from workflows.catalogue import Operation, Repeat


def operations(configured: Configured) -> tuple[Operation, ...]:
    """Every operation we have, as configured."""
    return (
        Operation(
            name="cymbal.create_orders",
            summary="Hand ticket orders to Cymbal, with what each customer agreed to.",
            source="Cymbal Partners API, Create orders",
            method="POST",
            path="/orders",
            inputs=schemas.CreateOrders,
            output=schemas.Queued,
            repeat=Repeat.ASK,
            subjects=order_subjects,
        ),
        Operation(
            name="cymbal.create_contact",
            summary="Create a contact and set, clear or leave its e-mail and SMS subscriptions.",
            source="Cymbal Partners API, Create contact",
            method="POST",
            path="/contact",
            inputs=schemas.with_rules(configured),
            output=schemas.Queued,
            repeat=Repeat.ASK,
            subjects=contact_subjects,
        ),
    )
