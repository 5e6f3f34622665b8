"""Events: the one shape every vendor's news takes once it is inside, and the types we know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import INCLUDE, Schema, fields

from workflows.fields import Flag, Instant, MoneyField, Text


@dataclass(frozen=True)
class Event:
    """Something that happened at a vendor.

    type         `symphony.campaign.completed`, `order.placed` …
    subject      whom or what it is about: `symphony:campaign:5017`, `order:tickettailor:or_737352`
    occurred_at  when, by the vendor's word, else when we received it; aware UTC
    data         values as the type's schema loads them
    brand        the brand its source speaks for ("" when none is declared)
    delivery_id  "" for an event of our own; then `cause` is the run that wrote it, if one did, and `depth` how many
                 runs lie between it and a delivery, a schedule or a person
    """

    id: str
    type: str
    subject: str
    occurred_at: datetime
    data: Mapping[str, Any]
    source: str
    delivery_id: str
    brand: str = ""
    cause: str | None = None
    depth: int = 0


class CampaignData(Schema):
    """A Symphony campaign event; the vendor's further fields are kept. Symphony webhooks, "Payload".

    `provider` and `type` are documented for every event: a workflow may compare them without asking first, and an
    event that lacks one matches nothing.
    """

    class Meta:
        unknown = INCLUDE

    id = Text(required=True)
    provider = Text(load_default="")
    type = Text(load_default="")
    status = Text()


class BuyerData(Schema):
    """Who bought; whatever the shop knows."""

    email = Text()
    phone = Text()
    first_name = Text()
    last_name = Text()


class ConsentData(Schema):
    """What the buyer said to each channel: true yes, false no, null nothing."""

    email = Flag(required=True, allow_none=True)
    sms = Flag(required=True, allow_none=True)


class ItemData(Schema):
    """One line of an order; amounts are for the whole line."""

    name = Text(required=True)
    quantity = fields.Integer(required=True, strict=True)
    subtotal = MoneyField()
    total = MoneyField()


class OrderData(Schema):
    """The canonical order, whatever the shop calls things."""

    id = Text(required=True)
    shop = Text(required=True)
    show_id = Text()
    buyer = fields.Nested(BuyerData, required=True)
    consent = fields.Nested(ConsentData, required=True)
    items = fields.List(fields.Nested(ItemData), required=True)
    placed_at = Instant()


class VenueData(Schema):
    """Where a show is; `country` is its two-letter code, `GB`."""

    name = Text(required=True)
    address = Text()
    town = Text()
    postcode = Text()
    country = Text()


class ShowData(Schema):
    """The canonical show, whatever the shop calls things. `price_from` is what the cheapest ticket costs.

    No source tells of shows yet: no shop we take orders from documents what its news of them holds.
    """

    id = Text(required=True)
    shop = Text(required=True)
    title = Text(required=True)
    starts_at = Instant(required=True)
    doors_at = Instant()
    ends_at = Instant()
    venue = fields.Nested(VenueData, required=True)
    summary = Text()
    description = Text()
    artists = fields.List(Text(), load_default=list)
    url = Text()
    image_url = Text()
    price_from = MoneyField()


EVENT_TYPES: Mapping[str, type[Schema]] = {
    **{
        f"symphony.campaign.{name}": CampaignData
        for name in ("created", "updated", "processing", "completed", "failed")
    },
    **{f"order.{name}": OrderData for name in ("placed", "updated", "cancelled", "refunded")},
    **{f"show.{name}": ShowData for name in ("published", "updated", "cancelled")},
}
"""The types a workflow may listen to. Unknown vendor types are kept as `<source>.<name>` and start nothing."""

OURS = "stagedoor"
"""The source of events of our own."""
MANUAL, SCHEDULED, BATCH = "stagedoor.manual", "stagedoor.schedule", "stagedoor.batch"
"""The types of the events runs begin with that no vendor and no workflow tells of: by hand, by the clock, of many."""
