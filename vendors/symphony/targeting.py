"""Whom a campaign is shown to: markets, audiences, demographics (Symphony, Create campaign, "Targeting")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from vendors.fields import Identifier, OneOf, Whole, Words, about, amount_of, between, checks_whole, listed
from vendors.money import Share
from workflows.fields import Flag, Text

LOCATION_TYPES = ("country", "region", "city")
AS_CREATED = {"value": "key", "label": "name"}
"""What Create campaign calls a location's fields, and what the location search calls the same."""
SEARCH_ONLY = ("country_name", "region", "supports_region", "supports_city")
"""What the search tells besides; Create campaign does not take it."""
MOST_MARKETS = 3
YOUNGEST, OLDEST = 18, 65


class RegionId(fields.Field[Any]):
    """A region's number, passed on as it is: the schema calls it text, the examples show a number, null or nothing."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = Text()._deserialize(value, attr, data, **kwargs)
        return value if isinstance(value, int) else text


class FoundLocation(Schema):
    """A location as the location search returns it."""

    key = Identifier(required=True, metadata=about("The location's key in Symphony's location search."))
    name = Words(required=True, metadata=about("Its name, as the search returned it."))
    type = Text(required=True, validate=OneOf(LOCATION_TYPES), metadata=about("Country, region or city."))
    region = Words(metadata=about("The name of the region a city is in."))
    region_id = RegionId(allow_none=True, metadata=about("The number of that region, as the search returned it."))
    country_code = Words(allow_none=True, metadata=about("The country's two-letter code."))
    country_name = Words(metadata=about("The country's name."))
    supports_city = Flag(metadata=about("As the search returned it."))
    supports_region = Flag(metadata=about("As the search returned it."))


class Location(Schema):
    """A location as Create campaign takes it, or as the search returned it, which is then renamed."""

    value = Identifier(metadata=about("The location's key in Symphony's location search, there called `key`."))
    label = Words(metadata=about("Its name, called `name` in the search."))
    key = Identifier(metadata=about("In place of `value` when the whole search result is given."))
    name = Words(metadata=about("In place of `label` when the whole search result is given."))
    type = Text(required=True, validate=OneOf(LOCATION_TYPES), metadata=about("Country, region or city."))
    region_id = RegionId(allow_none=True, metadata=about("The number of a city's region, as the search returned it."))
    country_code = Words(allow_none=True, metadata=about("The country's two-letter code."))
    country_name = Words(metadata=about("Of a search result; not sent."))
    region = Words(metadata=about("Of a search result; not sent."))
    supports_region = Flag(metadata=about("Of a search result; not sent."))
    supports_city = Flag(metadata=about("Of a search result; not sent."))

    @checks_whole
    def _one_shape(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Either value and label, or a search result with key and name, which are sent as value and label."""
        created = [name for name in AS_CREATED if name in given]
        found = [name for name in (*AS_CREATED.values(), *SEARCH_ONLY) if name in given]
        if created and found:
            why = f"belongs to a search result; beside {listed(created)} it cannot stand"
            raise ValidationError({name: [why] for name in found})
        needed = AS_CREATED.values() if found else AS_CREATED
        if missing := [name for name in needed if name not in given]:
            raise ValidationError({name: ["is required"] for name in missing})

    @post_load
    def _renamed(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        named = {new: loaded[new] if new in loaded else loaded[old] for new, old in AS_CREATED.items()}
        return {**named, **{name: loaded[name] for name in ("type", "region_id", "country_code") if name in loaded}}


def whole_budget(markets: Sequence[Mapping[str, Any]]) -> None:
    """Check that the shares sum to exactly 1, counted in decimals as they were written."""
    total = sum((market["budget"] for market in markets), Decimal(0))
    if total != 1:
        raise ValidationError(f"the markets' budgets are shares of the whole and must sum to exactly 1, not {total:f}")


class Market(Schema):
    """A market: one Facebook campaign with its share of the budget."""

    name = Words(required=True, metadata=about("What the market is called."))
    budget = Share(required=True, metadata=about("Its share of the campaign's budget, such as 0.6."))
    locations = fields.List(
        fields.Nested(Location),
        required=True,
        validate=amount_of("location", 1),
        metadata=about("Where the ads are shown."),
    )


class Audience(Schema):
    """An interest from Symphony's interest search."""

    fbId = Identifier(metadata=about("The interest's `id` in the interest search."))
    name = Words(required=True, metadata=about("The interest's name."))


class Language(Schema):
    """A language from Symphony's language search."""

    key = Whole(required=True, metadata=about("The language's key in the language search."))
    name = Words(required=True, metadata=about("The language's name."))
    selected = Flag(metadata=about("As the examples carry it."))


class Age(Schema):
    """An age range."""

    min = Whole(validate=between(YOUNGEST, OLDEST), metadata=about("The youngest, 18 or more."))
    max = Whole(validate=between(YOUNGEST, OLDEST), metadata=about("The oldest, 65 or less."))

    @checks_whole
    def _in_order(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """The oldest are not younger than the youngest."""
        if loaded.get("min", YOUNGEST) > loaded.get("max", OLDEST):
            raise ValidationError("must not be below min", "max")


class Demographic(Schema):
    """Who should see the ads."""

    age = fields.Nested(Age, metadata=about("From which age to which."))
    gender = Text(validate=OneOf(("All", "Male", "Female")), metadata=about("All, Male or Female."))
    languages = fields.List(fields.Nested(Language), metadata=about("Languages, from the language search."))
