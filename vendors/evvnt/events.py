"""What an event is created or changed with (evvnt Event Organiser API and Partner API, Create event; Update event).

An update is partial: what is left out stays as it is. Whether evvnt would merge an object that is sent in part is not
documented, so an object that is sent must be whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, post_load

from vendors.evvnt.ids import Country, Digits, Uuid
from vendors.evvnt.prices import Prices
from vendors.evvnt.times import LocalMoment, ZoneName, in_zone
from vendors.fields import Whole, Words, about, amount_of, at_least, between, checks_whole, email_address, web_address
from workflows.fields import Number, Text

LONGEST_SUMMARY, LONGEST_DESCRIPTION = 200, 2000
MOST_IMAGES = 2
LINKS = (
    *("Website", "Booking", "Inquiries", "Tickets", "Facebook", "Twitter", "MySpace", "YouTube", "Brochure"),
    *("MobileApp", "Periscope"),
)
POSTCODE_COUNTRIES = ("GB", "US")
TIMES = ("start_time", "end_time", "door_time", "last_entry_time")
NEEDED = (
    *("title", "category_id", "start_time", "end_time", "summary", "description"),
    *("contact", "venue", "prices"),
)
"""What an event cannot be created without. The Organiser's table lets `contact` be missing for a time in 2013."""

_EVENT_ID = "The event's id at evvnt, its digits."
_PACKAGE_ID = "The package that pays for the listing, its uuid: it uses one of the package's events."
_USER_ID = "The user whose event it is, the uuid."


class Prose(Words):
    """Text with a longest length. evvnt turns a line break into two characters, so it is counted as two."""

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest = longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).replace("\r\n", "\n").replace("\r", "\n")
        length = len(text) + text.count("\n")
        if length > self.longest:
            counted = ", each line break counted as two" if "\n" in text else ""
            raise ValidationError(f"must not be longer than {self.longest} characters, but has {length}{counted}")
        return text


class CommaList(Words):
    """Several things in one text, with commas between them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, list):
            raise ValidationError("must be one text with commas, such as First Act, Second Act; not a list")
        return super()._deserialize(value, attr, data, **kwargs)


def hashtag(value: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_]+", value):
        raise ValidationError("must be letters, digits and underscores only, without #; evvnt removes everything else")


class Person(Schema):
    """Whom to ask about the event; all three or none."""

    name = Words(required=True, metadata=about("The name of a person or an office."))
    email = Text(required=True, validate=email_address, metadata=about("The e-mail address."))
    tel = Words(required=True, metadata=about("The phone number, as people write it."))


class Venue(Schema):
    """Where it is."""

    name = Words(required=True, metadata=about("The venue's name."))
    address_1 = Words(required=True, metadata=about("The first line of its address."))
    address_2 = Words(metadata=about("The second line of its address."))
    town = Words(required=True, metadata=about("The town or city."))
    country = Country(required=True, metadata=about("The country's two-letter code: GB, not UK."))
    postcode = Words(metadata=about("The postcode; in GB and US there must be one."))
    latitude = Number(validate=between(-90, 90), metadata=about("Degrees north, such as 51.517337."))
    longitude = Number(validate=between(-180, 180), metadata=about("Degrees east, such as -0.135175."))

    @checks_whole
    def _postcode(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """In GB and US a postcode is required."""
        country = loaded.get("country")
        if country in POSTCODE_COUNTRIES and "postcode" not in given:
            raise ValidationError(f"is required for a venue in {country}", "postcode")


class _Links(Schema):
    """Addresses by what they are for."""

    @checks_whole
    def _something(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """At least one link."""
        if not given:
            raise ValidationError("must have at least 1 link")


Links = _Links.from_dict(
    {name: Text(validate=web_address, metadata=about(f"The address for {name}.")) for name in LINKS}, name="Links"
)


class Event(Schema):
    """The fields both APIs share. `needs` names what is required; `zone` alone is not evvnt's, and is not sent."""

    needs: ClassVar[tuple[str, ...]] = ()

    title = Words(metadata=about("What the event is called."))
    capacity = Whole(validate=at_least(1), metadata=about("How many people fit in."))
    category_id = Digits(as_number=True, metadata=about("The category's number (evvnt.list_categories)."))
    start_time = LocalMoment(
        metadata=about("When it begins: the local time with the offset valid on that date, 2026-06-20T20:00:00+01:00.")
    )
    end_time = LocalMoment(metadata=about("When it ends, written as start_time."))
    door_time = LocalMoment(metadata=about("When the doors open, written as start_time."))
    last_entry_time = LocalMoment(metadata=about("Until when people are let in, written as start_time."))
    summary = Prose(longest=LONGEST_SUMMARY, metadata=about("At most 200 characters; a line break counts as two."))
    description = Prose(
        longest=LONGEST_DESCRIPTION, metadata=about("At most 2,000 characters; a line break counts as two.")
    )
    image_urls = fields.List(
        Text(validate=web_address),
        validate=amount_of("picture", 1, MOST_IMAGES),
        metadata=about("Public addresses of pictures, at most two."),
    )
    organiser_name = Words(metadata=about("Who organises it."))
    contact = fields.Nested(Person, metadata=about("Whom to ask about it."))
    venue = fields.Nested(Venue, metadata=about("Where it is."))
    links = fields.Nested(Links, metadata=about("Addresses, by what they are for."))
    prices = Prices(metadata=about("Prices by their labels, such as General: GBP 20."))
    artists = CommaList(metadata=about("Who plays: one text with commas between."))
    keywords = CommaList(metadata=about("Words to find it by: one text with commas between."))
    hashtag = Text(validate=hashtag, metadata=about("Letters, digits and underscores, without #."))
    zone = ZoneName(
        metadata=about(
            "The venue's time zone, such as Europe/London. Given it, all times are written by the clocks there, summer"
            " time included; times from a webhook or another step need it. It is not sent."
        )
    )

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        if field_name in self.needs:
            field_obj.required = True

    def door_problems(self, times: Mapping[str, datetime]) -> Iterator[str]:
        """What is wrong with `door_time`: the two APIs disagree."""
        raise NotImplementedError

    @checks_whole
    def _times_in_order(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """It ends after it starts, and people are let in last between the two."""
        times = {name: loaded[name] for name in TIMES if name in loaded}
        problems = {name: list(found) for name, found in self._time_problems(times).items()}
        if found := {name: messages for name, messages in problems.items() if messages}:
            raise ValidationError(found)

    def _time_problems(self, times: Mapping[str, datetime]) -> Mapping[str, Iterator[str]]:
        return {
            "end_time": _end_problems(times),
            "last_entry_time": _last_entry_problems(times),
            "door_time": self.door_problems(times) if "door_time" in times else iter(()),
        }

    @checks_whole
    def _local_times(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """An instant from a webhook or another step needs `zone`: by itself it does not say the local time."""
        problems = {name: why for name in TIMES if name in loaded and (why := _not_local(loaded, given, name))}
        if problems:
            raise ValidationError({name: [why] for name, why in problems.items()})

    @post_load
    def _by_local_clocks(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        zone = loaded.pop("zone", None)
        if zone is None:
            return loaded
        return {name: in_zone(value, zone) if name in TIMES else value for name, value in loaded.items()}


class OrganiserEvent(Event):
    """What the Organiser's table has besides."""

    sub_category_ids = fields.List(
        Digits(as_number=True), metadata=about("Further categories below the category, by number.")
    )
    package_id = Uuid(metadata=about(_PACKAGE_ID))

    def door_problems(self, times: Mapping[str, datetime]) -> Iterator[str]:
        for name in ("end_time", "last_entry_time"):
            if name in times and times["door_time"] >= times[name]:
                yield f"must be before {name}"


class CreateEvent(OrganiserEvent):
    """A new event of your own."""

    needs = (*NEEDED, "package_id")


class _Update(Event):
    """Only what changes."""

    event_id = Digits(required=True, metadata=about(_EVENT_ID))

    @checks_whole
    def _something(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Something has to change; an object that is sent is sent whole."""
        if not given.keys() & self.fields.keys() - {"event_id", "user_id", "zone"}:
            raise ValidationError("needs something to change, such as title or start_time")


class UpdateEvent(_Update, OrganiserEvent):
    """Only what changes of an event of your own."""


class PartnerEvent(Event):
    """An event of a user of yours."""

    user_id = Uuid(required=True, metadata=about(_USER_ID))

    def door_problems(self, times: Mapping[str, datetime]) -> Iterator[str]:
        if "start_time" in times and times["door_time"] < times["start_time"]:
            yield (
                "must not be before start_time: evvnt's Partner API takes doors from the start on, so leave door_time"
                " out and say it in the description"
            )
        if "end_time" in times and times["door_time"] > times["end_time"]:
            yield "must not be after end_time"


class CreateEventForUser(PartnerEvent):
    """A new event of a user of yours."""

    needs = (*NEEDED, "package_id")

    publisher_id = Digits(metadata=about("The publisher the event comes from, its number."))
    package_id = Uuid(metadata=about(_PACKAGE_ID))


class UpdateEventForUser(_Update, PartnerEvent):
    """Only what changes of a user's event."""


def _end_problems(times: Mapping[str, datetime]) -> Iterator[str]:
    if {"start_time", "end_time"} <= times.keys() and times["end_time"] <= times["start_time"]:
        yield "must be after start_time"


def _last_entry_problems(times: Mapping[str, datetime]) -> Iterator[str]:
    last_entry = times.get("last_entry_time")
    if last_entry is None:
        return
    if "start_time" in times and last_entry < times["start_time"]:
        yield "must not be before start_time"
    if "end_time" in times and last_entry > times["end_time"]:
        yield "must not be after end_time"


def _not_local(loaded: Mapping[str, Any], given: Mapping[str, Any], name: str) -> str:
    """Why a time cannot be written by the venue's clocks; "" where it can."""
    if "zone" in loaded:
        try:
            in_zone(loaded[name], loaded["zone"])
        except ValidationError as error:
            return str(error.messages[0])
    elif "zone" not in given and isinstance(given.get(name), datetime) and not given[name].utcoffset():
        return "does not say what time that is at the venue: give zone as well, such as Europe/London"
    return ""
