"""What evvnt answers (evvnt API, "Event", "Package", "User", "Report"), as far as it is documented.

Lists come without a name around them; they get one here. Whatever is not named here is dropped, first of all
`report_url`: whoever opens it is logged in, so it must not even be stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, pre_load

from vendors.money import WrittenPrice
from workflows.fields import Flag, Instant, Number, PartialSchema, Text


class Answer(PartialSchema):
    """An object of which only what is documented is read; null means that it is not there."""

    @pre_load
    def _without_nulls(self, answer: Any, **kwargs: Any) -> Any:
        if not isinstance(answer, Mapping):
            return answer
        return {name: value for name, value in answer.items() if value is not None}


class Undocumented(Answer):
    """An answer of which no document says anything: its status is all that counts."""

    @pre_load
    def _nothing(self, answer: Any, **kwargs: Any) -> dict[str, Any]:
        return {}


def listing(name: str, item: type[Schema]) -> type[Schema]:
    """The schema that reads a bare list as `{name: […]}`."""

    class Listing(Schema):
        @pre_load
        def _named(self, answer: Any, **kwargs: Any) -> dict[str, Any]:
            return {name: answer}

    return Listing.from_dict({name: fields.List(fields.Nested(item), required=True)}, name=f"{item.__name__}s")


class Created(Answer):
    """`{"id": 12345}`: what was made, and under which id."""

    id = Text(required=True)


class EventContact(Answer):
    name = Text()
    email = Text()
    tel = Text()


class EventVenue(Answer):
    id = Text()
    name = Text()
    address_1 = Text()
    address_2 = Text()
    town = Text()
    country = Text()
    postcode = Text()
    longitude = Number()
    latitude = Number()


class Event(Answer):
    """An event. `user_id` stands only in events of users, `contact` and `prices` not in all of those."""

    id = Text(required=True)
    title = Text(required=True)
    capacity = Number()
    category_id = Text()
    sub_category_ids = fields.List(Text(), load_default=list)
    timestamp = Instant()
    start_time = Instant(required=True)
    end_time = Instant()
    door_time = Instant()
    last_entry_time = Instant()
    summary = Text()
    description = Text()
    image_urls = fields.List(Text())
    organiser_name = Text()
    contact = fields.Nested(EventContact)
    venue = fields.Nested(EventVenue)
    links = fields.Dict()
    prices = fields.Dict()
    artists = Text()
    keywords = Text()
    hashtag = Text()
    user_id = Text()


class Category(Answer):
    """A category; the root, "All", has no parent."""

    id = Text(required=True)
    parent_id = Text()
    name = Text(required=True)


class Publisher(Answer):
    id = Text(required=True)
    name = Text(required=True)
    url = Text()


class PublishedEvent(Answer):
    """An event on a publisher's site; without `url` it has no live link yet."""

    publisher_id = Text(required=True)
    event_id = Text(required=True)
    url = Text()
    event_title = Text()
    event_start_time = Instant()


class PackageOption(Answer):
    """A package one can buy, at a price for each event."""

    id = Text(required=True)
    type = Text()
    broadcast_volume = Number()
    cost_per_event = WrittenPrice(currency_from="currency", required=True)
    currency = Text(required=True)


class Contract(Answer):
    package_options = fields.List(fields.Nested(PackageOption), required=True)


class Package(Answer):
    """A package bought. How many of its events are left evvnt does not tell."""

    uuid = Text(required=True)
    type = Text()
    broadcast_volume = Number()
    event_quantity = Number()
    purchase_order_id = Text()
    notes = Text()
    purchase_date = Text()
    user_id = Text()


class User(Answer):
    """A user. Read alone, it may come without its uuid: that is the id one asked for."""

    uuid = Text()
    name = Text()
    email = Text()


class BroadcastResults(Answer):
    num_sites_total = Number()
    num_sites_live = Number()
    num_sites_submitted = Number()


class AudienceReach(Answer):
    uniques = Number()
    local_reach = Number()
    mobile_apps = Number()


class SearchIndexing(Answer):
    google_url = Text()
    yahoo_url = Text()
    bing_url = Text()
    ask_url = Text()
    aol_url = Text()


class BroadcastPublisher(Answer):
    id = Text()
    name = Text()
    url = Text()
    location_type_description = Text()
    site_unique_users = Number()
    local_reach = Number()
    mobile_app = Flag()
    blog_post_url = Text()


class Broadcast(Answer):
    url = Text()
    category = Text()
    publisher = fields.Nested(BroadcastPublisher)


class Report(Answer):
    """How far an event got. `clicks_by_day` is a table whose first row names its columns; they vary."""

    event_id = Text(required=True)
    broadcast_results = fields.Nested(BroadcastResults)
    audience_reach = fields.Nested(AudienceReach)
    clicks_by_day = fields.Raw()
    referrers = fields.Dict()
    search_indexing = fields.Nested(SearchIndexing)
    broadcasts = fields.List(fields.Nested(Broadcast))


Events = listing("events", Event)
Categories = listing("categories", Category)
Publishers = listing("publishers", Publisher)
PublishedEvents = listing("published_events", PublishedEvent)
Packages = listing("packages", Package)
Users = listing("users", User)
