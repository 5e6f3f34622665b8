"""What Symphony's Create campaign and Edit campaign pages ask of a body.

Where the pages contradict themselves, their examples count: audiences and languages are objects, `spotify_id` is as
good as `spotify_link`, several media fields may come together. Fields no page names are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from math import ceil
from typing import Final

from sandbox.checks import Checker, web_address

PROVIDER_OF_TYPE: Final = {
    "record_streams": "facebook",
    "boost_instagram": "facebook",
    "link_clicks": "facebook",
    "get_playlisted": "symphony",
    "increase_video_views": "symphony",
}

MEDIA: Final = ("instagram_post_id", "public_video_links", "public_image_links")
META_FIELDS: Final = (
    *("budget", "start_date", "end_date", "call_to_action"),
    *MEDIA,
    *("targeting_countries", "targeting_audiences", "targeting_demographic"),
)
SPOTIFY_FIELDS: Final = ("spotify_id", "spotify_link", "spotify_external_platforms")
OWN_FIELDS: Final = {
    "record_streams": SPOTIFY_FIELDS,
    "boost_instagram": ("spotify_id", "spotify_external_platforms"),  # its own example carries them
    "link_clicks": ("link_to_boost", "caption"),
}
LOCATION_TYPES: Final = ("country", "region", "city")
RAW_LOCATION: Final = (
    *("key", "name", "type", "region", "region_id"),
    *("country_code", "country_name", "supports_city", "supports_region"),
)
PLAYLIST_TIERS: Final = ("30000_followers",)  # other goals are listed, but this is the only value shown

MOST_LINKS = 3
MOST_MARKETS = 3
ISO_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?")


class Money:
    """What a budget has to be: the ad account's currency, and so much a day."""

    def __init__(self, currency: str, daily_minimum: Mapping[str, Decimal]) -> None:
        self.currency = currency
        self.daily_minimum = daily_minimum.get(currency, Decimal(0))


def check_campaign(check: Checker, money: Money) -> None:
    """Check the whole of a Create campaign body."""
    check.known("campaign_type", "provider", "campaign_name", "metadata")
    kind = check.choice("campaign_type", tuple(PROVIDER_OF_TYPE), required=True)
    provider = check.choice("provider", ("facebook", "symphony"), required=True)
    check.text("campaign_name", required=True)
    metadata = check.child("metadata", required=True)
    if kind is None or metadata is None:
        return
    if provider is not None and provider != PROVIDER_OF_TYPE[kind]:
        check.problem("provider", f"must be {PROVIDER_OF_TYPE[kind]} for {kind}")
    if kind == "get_playlisted":
        _check_playlisted(metadata)
    elif kind == "increase_video_views":
        check.problem("campaign_type", "increase_video_views has no documented body yet")
    else:
        _check_meta(metadata, kind, money)


def check_edit(check: Checker, money: Money, *, start_date: str, end_date: str) -> None:
    """Check an Edit campaign body against the campaign's present dates."""
    check.known("end_date", "budget")
    if not check.has("end_date") and not check.has("budget"):
        check.problem("", "must have an end_date, a budget or both")
    new_end = _instant(check, "end_date")
    end = new_end or instant(end_date)
    start = instant(start_date)
    if new_end is not None and new_end <= start:
        check.problem("end_date", "must be after the campaign's start")
    _check_budget(check, money, start, end)


def check_raw_location(check: Checker) -> None:
    """Check a location as the search gives it, which is how Add location takes it."""
    check.known(*RAW_LOCATION)
    for name in ("key", "name"):
        check.text(name, required=True)
    check.choice("type", LOCATION_TYPES, required=True)
    for name in ("region", "country_name"):
        check.text(name)
    for name in ("supports_city", "supports_region"):
        check.boolean(name)
    _check_region(check)


def instant(text: str) -> datetime:
    """Read an ISO date or instant; a bare date is its UTC midnight. Raises ValueError."""
    if not ISO_INSTANT.fullmatch(text):
        raise ValueError(f"{text!r} is not an ISO date")
    read = datetime.fromisoformat(text)
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def _check_playlisted(metadata: Checker) -> None:
    metadata.known("spotify_id", "tier", "pitch_notes")
    metadata.text("spotify_id", required=True)
    metadata.choice("tier", PLAYLIST_TIERS, required=True)
    metadata.text("pitch_notes")


def _check_meta(metadata: Checker, kind: str, money: Money) -> None:
    metadata.known(*META_FIELDS, *OWN_FIELDS[kind])
    start, end = _instant(metadata, "start_date", True), _instant(metadata, "end_date", True)
    if start is not None and end is not None and end <= start:
        metadata.problem("end_date", "must be after start_date")
        end = None
    metadata.child("budget", required=True)
    _check_budget(metadata, money, start, end)
    metadata.text("call_to_action")
    _check_media(metadata)
    _check_markets(metadata)
    _check_audience(metadata)
    _check_own(metadata, kind)


def _check_budget(parent: Checker, money: Money, start: datetime | None, end: datetime | None) -> None:
    """Check a lifetime budget: at least the minimum for each elapsed day, a begun one counting whole."""
    budget = parent.child("budget") if parent.has("budget") else None
    if budget is None:
        return
    budget.known("value", "currency")
    value = budget.number("value", required=True, above=0)
    currency = budget.text("currency", required=True)
    if currency is not None and currency != money.currency:
        budget.problem("currency", f"must match the currency of the ad account, {money.currency}")
    elif currency is not None and value is not None and start is not None and end is not None:
        days = ceil((end - start).total_seconds() / 86_400)
        if value < money.daily_minimum * days:
            least = f"{money.daily_minimum} {currency}"
            budget.problem("value", f"must be at least {least} a day, {money.daily_minimum * days} in all")


def _check_media(metadata: Checker) -> None:
    if not any(metadata.has(name) for name in MEDIA):
        metadata.problem("", f"must have one of {', '.join(MEDIA)}")
    metadata.text("instagram_post_id")
    for name in MEDIA[1:]:
        for link in metadata.children(name, at_least=1, at_most=MOST_LINKS):
            is_video = name == "public_video_links"
            link.known("url", "name", "thumbnail", *(("format_type",) if is_video else ()))
            link.text("url", required=True, rule=web_address)
            link.text("name", required=True)
            link.text("thumbnail", rule=web_address)
            if is_video:
                link.choice("format_type", ("reel", "story", "feed"))


def _check_markets(metadata: Checker) -> None:
    markets = metadata.children("targeting_countries", at_least=1, at_most=MOST_MARKETS)
    shares: list[Decimal | None] = []
    for market in markets:
        market.known("name", "budget", "locations")
        market.text("name", required=True)
        shares.append(market.number("budget", required=True, at_least=0, at_most=1))
        for location in market.children("locations", required=True, at_least=1):
            _check_renamed_location(location)
    given = [share for share in shares if share is not None]
    if len(markets) > 1 and len(given) == len(markets) and sum(given) != 1:
        metadata.problem("targeting_countries", f"the markets' budgets must sum to 1, not {sum(given)}")


def _check_renamed_location(check: Checker) -> None:
    """Check a location as Create campaign takes it: the search's `key` and `name` are `value` and `label` here."""
    check.known("value", "label", "type", "region_id", "country_code")
    for name in ("value", "label"):
        check.text(name, required=True)
    check.choice("type", LOCATION_TYPES, required=True)
    _check_region(check)


def _check_region(check: Checker) -> None:
    """Check the two fields the examples show as text, number, null or absent."""
    region = check.value.get("region_id")
    if isinstance(region, bool) or not isinstance(region, int | str | None):
        check.problem("region_id", "must be a number, a text or null")
    if not isinstance(check.value.get("country_code"), str | None):
        check.problem("country_code", "must be a text or null")


def _check_audience(metadata: Checker) -> None:
    for audience in metadata.children("targeting_audiences"):
        audience.known("fbId", "name")
        audience.text("fbId")
        audience.text("name", required=True)
    people = metadata.child("targeting_demographic")
    if people is None:
        return
    people.known("age", "gender", "languages")
    people.choice("gender", ("All", "Male", "Female"))
    _check_age(people)
    for language in people.children("languages"):
        language.known("key", "name", "selected")
        language.integer("key", required=True)
        language.text("name", required=True)
        language.boolean("selected")


def _check_age(people: Checker) -> None:
    age = people.child("age")
    if age is None:
        return
    age.known("min", "max")
    youngest = age.integer("min", at_least=18, at_most=65)
    oldest = age.integer("max", at_least=18, at_most=65)
    if youngest is not None and oldest is not None and youngest > oldest:
        age.problem("max", "must not be below min")


def _check_own(metadata: Checker, kind: str) -> None:
    if kind == "link_clicks":
        metadata.text("link_to_boost", required=True, rule=web_address)
        metadata.text("caption")
        return
    metadata.text("spotify_id")
    metadata.text("spotify_link", rule=web_address)
    metadata.texts("spotify_external_platforms")
    if kind == "record_streams" and not any(metadata.value.get(name) for name in SPOTIFY_FIELDS):
        metadata.problem("", "must name the release on at least one platform")


def _instant(check: Checker, name: str, required: bool = False) -> datetime | None:
    text = check.text(name, required=required)
    if text is None:
        return None
    try:
        return instant(text)
    except ValueError:
        check.problem(name, "must be an ISO date, as in 2026-03-01T05:00:00.000Z")
        return None
