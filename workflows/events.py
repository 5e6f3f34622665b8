"""Events: the one shape every vendor's news takes once it is inside, and the types we know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from workflows.fields import Flag, Instant, MoneyField, OpenSchema, Text


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
    replay_of    the event it is a replay of, where it is one; that event is never itself a replay
    """

    id: str
    type: str
    subject: str
    occurred_at: datetime
    data: Mapping[str, Any]
    source: str
    delivery_id: str
    brand: str = ""
    replay_of: str | None = None
    cause: str | None = None
    depth: int = 0

    @property
    def origin(self) -> str:
        """The event that first told of this: a call that was made for it is not made again for its replays."""
        return self.replay_of or self.id


class CampaignData(OpenSchema):
    """A Symphony campaign event; the vendor's further fields are kept. Symphony webhooks, "Payload".

    `provider` and `type` are documented for every event: a workflow may compare them without asking first, and an
    event that lacks one matches nothing.
    """

    id = Text(required=True)
    provider = Text(load_default="")
    type = Text(load_default="")
    status = Text()


class WebsiteData(OpenSchema):
    """A Symphony website that was published or archived; the vendor's further fields are kept. Symphony, "Webhooks" of
    its websites."""

    websiteId = Text(required=True)
    brandId = Text()
    slug = Text()
    url = Text()
    publishedAt = Instant()
    archivedAt = Instant()
    scheduledPublish = Flag()


class LeadData(OpenSchema):
    """A lead a Symphony website captured, as it came: what is in it no document says."""


class AccountData(OpenSchema):
    """A managed Constant Contact account whose plan or standing changed; how it stands now is to be asked.

    Constant Contact, "Partner Webhooks Overview".
    """

    account_id = Text(required=True)


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
    """The canonical order, whatever the shop calls things.

    total    what the whole order costs, fees and taxes included
    is_paid  as the shop says; absent where it says nothing
    is_test  whether the shop made it up to try its webhooks
    other    the shop's further fields of the order, as they came
    """

    id = Text(required=True)
    shop = Text(required=True)
    show_id = Text()
    buyer = fields.Nested(BuyerData, required=True)
    consent = fields.Nested(ConsentData, required=True)
    items = fields.List(fields.Nested(ItemData), required=True)
    placed_at = Instant()
    total = MoneyField()
    is_paid = Flag()
    is_test = Flag()
    other = fields.Dict(keys=fields.String())


class VenueData(Schema):
    """Where a show is; `country` is its two-letter code, `GB`."""

    name = Text(required=True)
    address = Text()
    town = Text()
    postcode = Text()
    country = Text()


class ShowData(Schema):
    """The canonical show, whatever the shop calls things. `price_from` is what the cheapest ticket costs, `other` holds
    the shop's further fields as they came."""

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
    other = fields.Dict(keys=fields.String())


EXPECTED_MISSING = "stagedoor.expected.missing"


class ExpectedMissing(Schema):
    """A follow-up that is overdue: none of `comes` came about the event's subject by `due_at`, after `after` did."""

    after = Text(required=True)
    comes = fields.List(Text(), required=True)
    since = Instant(required=True)
    due_at = Instant(required=True)
    source = Text(required=True)
    event_id = Text(required=True)


EVENT_TYPES: Mapping[str, type[Schema]] = {
    EXPECTED_MISSING: ExpectedMissing,
    **{
        f"symphony.campaign.{name}": CampaignData
        for name in ("created", "updated", "processing", "completed", "failed")
    },
    **{f"symphony.website.{name}": WebsiteData for name in ("published", "archived")},
    "symphony.lead.captured": LeadData,
    **{
        f"constant_contact.{topic}": AccountData
        for topic in ("tier.increase", "tier.decrease", "account.cancel", "account.disable")
    },
    **{f"order.{name}": OrderData for name in ("placed", "updated", "cancelled", "refunded")},
    **{f"show.{name}": ShowData for name in ("published", "updated", "cancelled")},
}
"""The types a workflow may listen to. Unknown vendor types are kept as `<source>.<name>` and start nothing."""

OURS = "stagedoor"
"""The source of events of our own."""
MANUAL, SCHEDULED, BATCH = "stagedoor.manual", "stagedoor.schedule", "stagedoor.batch"
"""The types of the events runs begin with that no vendor and no workflow tells of: by hand, by the clock, of many."""
