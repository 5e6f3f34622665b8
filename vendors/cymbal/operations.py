"""Cymbal's operations.

201 means queued, and there is no documented way to read back what became of it. Whether a repeat stores anything twice
is not documented either, so a person is asked.
"""

from __future__ import annotations

from typing import Any

from vendors.cymbal import schemas
from vendors.cymbal.people import contact_subjects, event_subjects, order_subjects
from vendors.entry import Configured
from workflows.catalogue import Inputs, Operation, Pages, Repeat

CAMPAIGNS_A_PAGE = 10
"""Where `per_page` is not given."""


def following(asked: Inputs, found: Any) -> Inputs | None:
    """The page after a full one: no total and no next page are documented."""
    if len(found["response"]) < int(asked.get("per_page", CAMPAIGNS_A_PAGE)):
        return None
    return {**asked, "page": int(asked.get("page", 1)) + 1}


def operations(configured: Configured) -> tuple[Operation, ...]:
    """Every operation we have, as configured."""
    return (
        Operation(
            name="cymbal.create_events",
            summary="Tell Cymbal of shows: new ones, changed ones and cancelled ones.",
            source="Cymbal Partners API, Create events",
            method="POST",
            path="/events",
            inputs=schemas.CreateEvents,
            output=schemas.Queued,
            repeat=Repeat.ASK,
            subjects=event_subjects,
        ),
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
            contacts="Nobody by itself; each customer's marketing_opt_ins say who may be written to by e-mail and SMS.",
            contacts_at="orders",
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
            contacts="Nobody by itself; it subscribes the contact to e-mail and SMS, or unsubscribes it.",
            contacts_at="contact",
        ),
        Operation(
            name="cymbal.get_campaign_analytics",
            summary="Read how e-mail and SMS campaigns did.",
            source="Cymbal Partners API, Campaign analytics",
            method="GET",
            path="/campaigns/analytics",
            query=("page", "per_page", "type"),
            inputs=schemas.AnalyticsPage,
            body=None,
            output=schemas.Analytics,
            repeat=Repeat.SAFE,
            pages=Pages(following, items="response"),
        ),
    )
