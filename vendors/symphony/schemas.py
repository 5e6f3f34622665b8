"""The inputs and answers of Symphony's smaller operations (Symphony, Edit campaign; Webhooks, "Registration")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields

from vendors.entry import Configured
from vendors.fields import Identifier, OneOf, about, amount_of, checks_whole, digits, no_repeats, web_address
from vendors.moments import Moment
from vendors.money import Amount
from vendors.symphony.campaigns import wrong_currency
from vendors.symphony.targeting import FoundLocation
from workflows.fields import OpenSchema, Text

EVENTS = tuple(f"campaign.{name}" for name in ("created", "updated", "processing", "completed", "failed"))

_MARKET = "The Facebook campaign's id, from the campaign's details."


class OneCampaign(Schema):
    """The campaign meant."""

    id = Identifier(required=True, metadata=about("The campaign's id at Symphony."))


class EditCampaign(OneCampaign):
    """A new end date, a new total budget, or both."""

    # `with_rules` puts in the ad account's currency.
    account_currency: ClassVar[str | None] = None

    end_date = Moment(metadata=about("When the campaign should end."))
    budget = Amount(metadata=about("The new total for the campaign's whole life, not what is added."))

    @checks_whole
    def _something(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Something has to change; the budget is in the ad account's currency, where that is configured."""
        if "end_date" not in given and "budget" not in given:
            raise ValidationError("needs something to change: end_date, budget or both")
        budget = loaded.get("budget")
        if budget is not None and self.account_currency not in (None, budget.currency):
            raise ValidationError({"budget": {"currency": [wrong_currency(self.account_currency)]}})


def with_rules(configured: Configured) -> type[EditCampaign]:
    """EditCampaign with the operator's `ad_account_currency`."""
    return type("EditCampaign", (EditCampaign,), {"account_currency": configured.get("ad_account_currency")})


class AddLocations(OneCampaign):
    """Further locations for a market."""

    market_id = Text(required=True, validate=digits, metadata=about(_MARKET))
    locations = fields.List(
        fields.Nested(FoundLocation),
        required=True,
        validate=amount_of("location", 1),
        metadata=about("Locations exactly as the location search returned them."),
    )


class LocationOfMarket(OneCampaign):
    """One location of a market."""

    location_key = Identifier(required=True, metadata=about("The location's key, from the campaign's details."))
    market_id = Text(required=True, validate=digits, metadata=about(_MARKET))


class RegisterWebhook(Schema):
    """Where Symphony should post which events."""

    url = Text(required=True, validate=web_address, metadata=about("The address Symphony posts to."))
    events = fields.List(
        Text(validate=OneOf(EVENTS)),
        required=True,
        validate=[amount_of("event", 1), no_repeats],
        metadata=about("The events to be told of."),
    )


class NewCampaign(OpenSchema):
    """The campaign as Symphony names it right after creation; its set-up goes on and is reported by webhooks."""

    id = Text(required=True)
    type = Text()
    status = Text()
    provider = Text()


class CampaignCreated(OpenSchema):
    """`{"data": {"id": 1234, "type": …, "status": "ACTIVE", "provider": "facebook"}, "status": 200}`."""

    data = fields.Nested(NewCampaign, required=True)
