"""The inputs of evvnt's smaller operations (evvnt Publisher, Event Organiser and Partner APIs)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError

from vendors.evvnt.ids import Country, Digits, Uuid, category_ids, discovery_id
from vendors.evvnt.times import LocalMoment
from vendors.fields import OneOf, Whole, Words, about, at_least, between, checks_whole, email_address, web_address
from workflows.fields import Text

MOST_RESULTS = 100
"""evvnt ignores a larger `max_results` and gives its usual 20."""
CATEGORY_FILTERS = ("all", "direct", "direct_to_root")

_PUBLISHER_ID = "The publisher's number (evvnt.list_publishers)."
_USER_ID = "The user's uuid (evvnt.list_users)."


class Nothing(Schema):
    """No inputs."""


class EventFilter(Schema):
    """Which events, and which page of them."""

    max_results = Whole(validate=between(1, MOST_RESULTS), metadata=about("Events a page, 1 to 100. Left out: 20."))
    newer_than = LocalMoment(metadata=about("Only events changed since then."))
    category_id = Text(validate=category_ids, metadata=about("Only of these categories and those below: 17 or 17,22."))
    country = Country(metadata=about("Only in this country, its two-letter code."))
    page = Whole(validate=at_least(1), metadata=about("Which page, from 1."))


class OurEventFilter(EventFilter):
    """Which events of your users."""

    user_id = Uuid(metadata=about("Only of this user, the uuid."))


class FoundEvent(Schema):
    """An event as found by a search."""

    event_id = Text(required=True, validate=discovery_id, metadata=about("The event's id, such as 12345 or 67890x."))


class OneEvent(Schema):
    """The event meant."""

    event_id = Digits(required=True, metadata=about("The event's id, its digits."))


class OnePublisher(Schema):
    """The publisher meant."""

    publisher_id = Digits(required=True, metadata=about(_PUBLISHER_ID))


class PublisherCategories(OnePublisher):
    """Which of a publisher's categories."""

    filter = Text(
        validate=OneOf(CATEGORY_FILTERS),
        metadata=about("all with those above and below, direct only those linked, direct_to_root with those above."),
    )


class PublishedEvents(OnePublisher):
    """Which of a publisher's events."""

    newer_than = LocalMoment(metadata=about("Only events changed since then."))


class PublishedEvent(OnePublisher):
    """An event on a publisher's site."""

    event_id = Digits(required=True, metadata=about("The event's id, its digits."))


class PublishedAddress(PublishedEvent):
    """Where a published event can be seen: a whole address, or what comes behind the publisher's own."""

    url = Text(validate=web_address, metadata=about("The page's whole address."))
    slug = Words(metadata=about("In place of url: what comes behind the publisher's address, such as foo/bar."))

    @checks_whole
    def _one_of_two(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Either url or slug: evvnt would drop the slug where both are sent."""
        if "url" not in given and "slug" not in given:
            raise ValidationError("needs a url or a slug")
        if "url" in given and "slug" in given:
            raise ValidationError("cannot stand beside url: evvnt would drop it", "slug")


class Purchase(Schema):
    """A package to buy: so many events of one of the contract's options."""

    id = Digits(
        required=True,
        as_number=True,
        metadata=about("The package option's number (evvnt.get_contract), not the uuid of a package."),
    )
    event_quantity = Whole(
        required=True, validate=at_least(1), metadata=about("For how many events; each costs the option's price.")
    )
    purchase_order_id = Words(
        metadata=about(
            "Your number for this purchase, never used before: by it a purchase in doubt is found again. Left out: one"
            " is made."
        )
    )
    notes = Text(metadata=about("A note for the purchase."))


class PurchaseForUser(Purchase):
    """A package to buy for a user of yours."""

    user_id = Uuid(required=True, metadata=about(_USER_ID))


class OnePackage(Schema):
    """The package meant."""

    package_id = Uuid(required=True, metadata=about("The package's uuid, as its purchase returned it."))


class NewUser(Schema):
    """A user of yours, to be there before any event of theirs."""

    name = Words(required=True, metadata=about("The user's name."))
    email = Text(required=True, validate=email_address, metadata=about("The user's e-mail address."))


class OneUser(Schema):
    """The user meant."""

    user_id = Uuid(required=True, metadata=about(_USER_ID))


class ChangedUser(OneUser):
    """Only what changes of a user."""

    name = Words(metadata=about("The user's name."))
    email = Text(validate=email_address, metadata=about("The user's e-mail address."))

    @checks_whole
    def _something(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Something has to change."""
        if "name" not in given and "email" not in given:
            raise ValidationError("needs something to change: name, email or both")
