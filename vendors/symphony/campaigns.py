"""The inputs of Create campaign: five types in one envelope, each with fields of its own (Symphony, Create campaign).

Symphony names defaults for the three `targeting_` fields. They are its own to apply: what is not given is not sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, post_load

from vendors.entry import Configured
from vendors.fields import Identifier, OneOf, Words, about, amount_of, checks_whole, listed, web_address
from vendors.moments import PreciseMoment
from vendors.money import Amount
from vendors.symphony.targeting import MOST_MARKETS, Audience, Demographic, Market, whole_budget
from workflows.fields import Text
from workflows.values import Money

DAILY_FLOORS: Mapping[str, Decimal] = {"USD": Decimal(10)}
"""The least a campaign may spend a day, by currency. The document gives USD; others are the operator's to state."""
MEDIA = ("instagram_post_id", "public_video_links", "public_image_links")
"""What is advertised; where several are given, Symphony takes the first of these, so only that one is sent."""
MOST_LINKS = 3
TIERS = ("30000_followers",)
"""The only goal whose written form the document shows, though it lists five."""

_ALWAYS = ("budget", "start_date", "end_date")
_META = (
    *(*_ALWAYS, "call_to_action", *MEDIA),
    *("targeting_countries", "targeting_audiences", "targeting_demographic"),
)
_RELEASE = ("spotify_id", "spotify_external_platforms")


@dataclass(frozen=True)
class Kind:
    """A campaign type: who runs it and which metadata it takes.

    one_of   groups of which at least one field must be given, with the sentence that says so
    refused  why it cannot be created at all
    """

    provider: str
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    one_of: tuple[tuple[tuple[str, ...], str], ...] = ()
    refused: str = ""


_MEDIUM = (MEDIA, f"needs something to show: {listed(MEDIA)}")

KINDS: Mapping[str, Kind] = {
    "record_streams": Kind(
        "facebook", (*_META, *_RELEASE), _ALWAYS, (_MEDIUM, (_RELEASE, f"needs the release: {listed(_RELEASE)}"))
    ),
    "boost_instagram": Kind("facebook", _META, _ALWAYS, (_MEDIUM,)),
    "link_clicks": Kind("facebook", (*_META, "link_to_boost", "caption"), (*_ALWAYS, "link_to_boost"), (_MEDIUM,)),
    "get_playlisted": Kind("symphony", ("spotify_id", "tier", "pitch_notes"), ("spotify_id", "tier")),
    "increase_video_views": Kind(
        "symphony", refused="cannot be created here: Symphony does not document what increase_video_views has to send"
    ),
}


class VideoLink(Schema):
    """A video by its public address."""

    format_type = Text(validate=OneOf(("reel", "story", "feed")), metadata=about("Show it as reel, story or feed."))
    name = Words(required=True, metadata=about("The video's name."))
    thumbnail = Text(validate=web_address, metadata=about("Public address of a still picture."))
    url = Text(required=True, validate=web_address, metadata=about("Public address of the video."))


class ImageLink(Schema):
    """A picture by its public address."""

    name = Words(required=True, metadata=about("The picture's name."))
    thumbnail = Text(validate=web_address, metadata=about("Public address of a smaller picture."))
    url = Text(required=True, validate=web_address, metadata=about("Public address of the picture."))


class Metadata(Schema):
    """Every field any type takes; which belong to which is in KINDS."""

    budget = Amount(metadata=about("The total for the campaign's whole life, not a day's."))
    start_date = PreciseMoment(metadata=about("When the ads begin."))
    end_date = PreciseMoment(metadata=about("When they end."))
    call_to_action = Words(metadata=about("The button's word, such as LEARN_MORE or SHOP_NOW."))
    instagram_post_id = Identifier(metadata=about("The Instagram post to show."))
    public_video_links = fields.List(
        fields.Nested(VideoLink),
        validate=amount_of("video", 1, MOST_LINKS),
        metadata=about("Videos to show, at most three."),
    )
    public_image_links = fields.List(
        fields.Nested(ImageLink),
        validate=amount_of("picture", 1, MOST_LINKS),
        metadata=about("Pictures to show, at most three."),
    )
    spotify_id = Identifier(metadata=about("The release's id at Spotify."))
    spotify_external_platforms = fields.List(
        Text(validate=web_address),
        validate=amount_of("address", 1),
        metadata=about("The release's addresses on other platforms."),
    )
    link_to_boost = Text(validate=web_address, metadata=about("The address people should open."))
    caption = Words(metadata=about("The text beside the link."))
    tier = Text(
        validate=OneOf(TIERS, because="Symphony does not document how its other goals are written"),
        metadata=about("How many followers the playlists should have."),
    )
    pitch_notes = Words(metadata=about("What to tell the playlists' owners."))
    targeting_countries = fields.List(
        fields.Nested(Market),
        validate=[amount_of("market", 1, MOST_MARKETS), whole_budget],
        metadata=about(
            "Up to three markets; their shares of the budget sum to exactly 1. Left out: Symphony's seven countries."
        ),
    )
    targeting_audiences = fields.List(fields.Nested(Audience), metadata=about("Interests the audience has."))
    targeting_demographic = fields.Nested(
        Demographic, metadata=about("Age, gender, languages. Left out: 18 to 28, all, English.")
    )


class CreateCampaign(Schema):
    """The envelope of every type of campaign."""

    # `with_rules` puts in what the operator stated about money.
    floors: ClassVar[Mapping[str, Decimal]] = DAILY_FLOORS
    account_currency: ClassVar[str | None] = None

    provider = Text(
        required=True, validate=OneOf(("facebook", "symphony")), metadata=about("Who runs it: facebook or symphony.")
    )
    campaign_type = Text(required=True, validate=OneOf(tuple(KINDS)), metadata=about("What the campaign is to do."))
    campaign_name = Words(required=True, metadata=about("What the campaign is called."))
    metadata = fields.Nested(Metadata, required=True, metadata=about("The fields of its type."))

    @checks_whole
    def _fits_its_kind(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Each type has its provider and its own metadata.

        record_streams, boost_instagram and link_clicks are facebook's. They need budget, start_date, end_date and one
        of instagram_post_id, public_video_links and public_image_links; of several, the first in this order is sent.
        record_streams also needs spotify_id or spotify_external_platforms, link_clicks also link_to_boost. Their
        budget is at least 10 USD for each 24 hours begun; the least in another currency is configured.
        get_playlisted is symphony's and needs spotify_id and tier. increase_video_views is refused: what it has to
        send is not documented.
        """
        kind = KINDS.get(loaded.get("campaign_type", ""))
        if kind is None:
            return
        if kind.refused:
            raise ValidationError(kind.refused, "campaign_type")
        problems: dict[str, Any] = {}
        if loaded.get("provider", kind.provider) != kind.provider:
            problems["provider"] = [f"must be {kind.provider} for {loaded['campaign_type']}"]
        if isinstance(metadata := given.get("metadata"), Mapping):
            found = dict(_misfits(loaded["campaign_type"], kind, metadata))
            money = {} if found.keys() & {"budget"} else self._money_problems(loaded.get("metadata", {}))
            problems["metadata"] = {**found, **money}
        if any(problems.values()):
            raise ValidationError(problems)

    def _money_problems(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Check dates and budget, as far as they could be read."""
        start, end, budget = (metadata.get(name) for name in ("start_date", "end_date", "budget"))
        flight = None if start is None or end is None else end - start
        problems: dict[str, Any] = {}
        if flight is not None and flight <= timedelta(0):
            problems["end_date"], flight = ["must be after start_date"], None
        if budget is not None and (wrong := self._wrong_budget(budget, flight)):
            problems["budget"] = wrong
        return problems

    def _wrong_budget(self, budget: Money, flight: timedelta | None) -> dict[str, list[str]]:
        if self.account_currency not in (None, budget.currency):
            return {"currency": [wrong_currency(self.account_currency)]}
        floor = self.floors.get(budget.currency)
        if floor is None:
            return {"currency": [_no_floor(budget.currency)]}
        too_little = _too_little(budget, floor, flight) if flight is not None else ""
        return {"value": [too_little]} if too_little else {}

    @post_load
    def _one_medium(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        metadata = loaded["metadata"]
        given = [name for name in MEDIA if name in metadata]
        return {**loaded, "metadata": {name: value for name, value in metadata.items() if name not in given[1:]}}


def with_rules(configured: Configured) -> type[CreateCampaign]:
    """CreateCampaign with the operator's `ad_account_currency` and `currency_floors`; a floor can only be raised."""
    stated = {currency: Decimal(floor) for currency, floor in (configured.get("currency_floors") or {}).items()}
    documented = {currency: max(floor, stated.get(currency, floor)) for currency, floor in DAILY_FLOORS.items()}
    rules = {"floors": {**stated, **documented}, "account_currency": configured.get("ad_account_currency")}
    return type("CreateCampaign", (CreateCampaign,), rules)


def elapsed_days(flight: timedelta) -> int:
    """How many days Symphony counts: elapsed periods of 24 hours, a begun one whole.

    Its examples ask the minimum of one day for 24 h across two dates.
    """
    return -(-flight // timedelta(days=1))


def _too_little(budget: Money, floor: Decimal, flight: timedelta) -> str:
    days = elapsed_days(flight)
    if budget.amount >= floor * days:
        return ""
    so_long = f"{days} day" if days == 1 else f"{days} days"
    return f"must be at least {floor * days:f} {budget.currency}: {floor:f} a day for {so_long}"


def wrong_currency(currency: str | None) -> str:
    return f"must be {currency}, the currency of the connected ad account (Symphony answers others with 400)"


def _no_floor(currency: str) -> str:
    setting = f"vendors.symphony.currency_floors.{currency}"
    return f"no minimum per day is known in {currency}, and Symphony gives only USD; an engineer sets {setting}"


def _misfits(name: str, kind: Kind, metadata: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Fields the kind does not take or lacks."""
    for field in Metadata._declared_fields:
        if field in metadata and field not in kind.takes:
            yield field, [f"is not a field of {name}"]
    for field in kind.needs:
        if field not in metadata:
            yield field, ["is required"]
    lacking = [sentence for group, sentence in kind.one_of if not any(field in metadata for field in group)]
    if lacking:
        yield "_schema", lacking
