"""Create campaign: every limit its document states, caught before anything leaves, in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.vendors.documented import BOOST_INSTAGRAM, GET_PLAYLISTED, LINK_CLICKS, RECORD_STREAMS, catalogue
from tests.unit.vendors.mutations import GONE, changed, problems
from workflows.values import Money, Percent

CREATE = "symphony.create_campaign"
LINK = json.loads(LINK_CLICKS)
BOOST = json.loads(BOOST_INSTAGRAM)
RECORD = json.loads(RECORD_STREAMS)
PLAYLIST = json.loads(GET_PLAYLISTED)

BUDGET = "metadata.budget.value"
MARKETS = "metadata.targeting_countries"
SPAIN = {"value": "ES", "label": "Spain", "type": "country"}
VIDEO = {"url": "https://media.example.com/a.mp4", "name": "a"}


def body_of(inputs: Any, operation: Any = None) -> Any:
    request = (operation or catalogue().operation(CREATE)).prepare(inputs)
    return json.loads(request.body, parse_float=Decimal)


def market(share: object) -> dict[str, Any]:
    return {"name": f"m{share}", "budget": share, "locations": [SPAIN]}


@pytest.mark.parametrize(
    ("example", "changes", "path", "words"),
    [
        (LINK, {"provider": "symphony"}, "$.provider", "must be facebook for link_clicks"),
        (PLAYLIST, {"provider": "facebook"}, "$.provider", "must be symphony for get_playlisted"),
        (LINK, {"provider": "Facebook"}, "$.provider", "did you mean 'facebook'?"),
        (LINK, {"campaign_type": "link_click"}, "$.campaign_type", "did you mean 'link_clicks'?"),
        (LINK, {"campaign_type": "increase_video_views"}, "$.campaign_type", "does not document"),
        (LINK, {"campaign_name": ""}, "$.campaign_name", "must not be empty"),
        (LINK, {"campaign_name": GONE}, "$.campaign_name", "is required"),
        (LINK, {"metadata": GONE}, "$.metadata", "is required"),
        (LINK, {"metadata": []}, "$.metadata", "must be an object"),
        (LINK, {"metadata": None}, "$.metadata", "must not be null"),
        (LINK, {"metadata.media": "instagram_post_id"}, "$.metadata.media", "is not a field here"),
        # money
        (LINK, {"metadata.budget": GONE}, "$.metadata.budget", "is required"),
        (LINK, {"metadata.budget": 40}, "$.metadata.budget", "must be an amount of money"),
        (LINK, {BUDGET: 39.99}, "$.metadata.budget.value", "must be at least 40 USD: 10 a day for 4 days"),
        (LINK, {BUDGET: 0}, "$.metadata.budget.value", "must be more than 0"),
        (LINK, {BUDGET: -40}, "$.metadata.budget.value", "must be more than 0"),
        (LINK, {BUDGET: "40"}, "$.metadata.budget.value", "must be a number"),
        (LINK, {BUDGET: True}, "$.metadata.budget.value", "must be a number"),
        (LINK, {BUDGET: float("nan")}, "$.metadata.budget.value", "must be a number"),
        (LINK, {BUDGET: Decimal("1E+400")}, "$.metadata.budget.value", "more digits than any amount"),
        (LINK, {BUDGET: Decimal("40.001")}, "$.metadata.budget.value", "USD has 2 decimal places, 40.001 has more"),
        (LINK, {BUDGET: GONE}, "$.metadata.budget.value", "is required"),
        (LINK, {"metadata.budget.daily": 3}, "$.metadata.budget.daily", "is not a field here"),
        (LINK, {"metadata.budget.currency": "usd"}, "$.metadata.budget.currency", "not a currency code"),
        (LINK, {"metadata.budget.currency": "EUR"}, "$.metadata.budget.currency", "currency_floors.EUR"),
        (BOOST, {BUDGET: 189}, "$.metadata.budget.value", "must be at least 190 MXN: 190 a day for 1 day"),
        # dates
        (LINK, {"metadata.start_date": GONE}, "$.metadata.start_date", "is required"),
        (LINK, {"metadata.end_date": "2026-03-01T05:00:00Z"}, "$.metadata.end_date", "must be after start_date"),
        (LINK, {"metadata.end_date": "2026-03-05T05:00:00"}, "$.metadata.end_date", "must say its offset"),
        (LINK, {"metadata.end_date": "2026-03-05"}, "$.metadata.end_date", "must say its offset"),
        (LINK, {"metadata.end_date": "soon"}, "$.metadata.end_date", "must be a date and time"),
        (LINK, {"metadata.end_date": "2026-03-05T05:00:01Z"}, "$.metadata.budget.value", "10 a day for 5 days"),
        # media
        (LINK, {"metadata.instagram_post_id": GONE}, "$.metadata", "needs something to show"),
        (
            LINK,
            {"metadata.public_video_links": [VIDEO] * 4},
            "$.metadata.public_video_links",
            "must have 1 to 3 videos",
        ),
        (LINK, {"metadata.public_image_links": [VIDEO] * 4}, "$.metadata.public_image_links", "1 to 3 pictures"),
        (LINK, {"metadata.public_video_links": []}, "$.metadata.public_video_links", "must have 1 to 3 videos"),
        (
            BOOST,
            {"metadata.public_video_links.0.url": "ftp://x"},
            "$.metadata.public_video_links[0].url",
            "must be a web address",
        ),
        (
            BOOST,
            {"metadata.public_video_links.0.format_type": "square"},
            "$.metadata.public_video_links[0].format_type",
            "must be reel, story or feed",
        ),
        (
            BOOST,
            {"metadata.public_video_links.0.thumbnail?": "https://x.example.com"},
            "$.metadata.public_video_links[0]['thumbnail?']",
            "did you mean 'thumbnail'?",
        ),
        # markets
        (LINK, {MARKETS: [market(0.25)] * 4}, "$.metadata.targeting_countries", "must have 1 to 3 markets"),
        (LINK, {MARKETS: []}, "$.metadata.targeting_countries", "must have 1 to 3 markets"),
        (LINK, {MARKETS: [market(0.33)] * 3}, "$.metadata.targeting_countries", "exactly 1, not 0.99"),
        (LINK, {MARKETS: [market(0.9)]}, "$.metadata.targeting_countries", "exactly 1, not 0.9"),
        (LINK, {f"{MARKETS}.0.budget": 0}, "$.metadata.targeting_countries[0].budget", "more than 0 and at most 1"),
        (LINK, {f"{MARKETS}.0.budget": 60}, "$.metadata.targeting_countries[0].budget", "more than 0 and at most 1"),
        (LINK, {f"{MARKETS}.1.name": GONE}, "$.metadata.targeting_countries[1].name", "is required"),
        (LINK, {f"{MARKETS}.0.locations": []}, "$.metadata.targeting_countries[0].locations", "at least 1 location"),
        (
            LINK,
            {f"{MARKETS}.0.locations.0": {"value": "ES", "name": "Spain", "type": "country"}},
            "$.metadata.targeting_countries[0].locations[0].name",
            "beside value it cannot stand",
        ),
        (
            LINK,
            {f"{MARKETS}.0.locations.0": {"key": "ES", "type": "country"}},
            "$.metadata.targeting_countries[0].locations[0].name",
            "is required",
        ),
        (
            LINK,
            {f"{MARKETS}.0.locations.0.type": "zip"},
            "$.metadata.targeting_countries[0].locations[0].type",
            "must be country, region or city",
        ),
        (
            LINK,
            {f"{MARKETS}.0.locations.0.region_id": True},
            "$.metadata.targeting_countries[0].locations[0].region_id",
            "must be text",
        ),
        # people
        (RECORD, {"metadata.targeting_audiences": ["Bad Bunny"]}, "$.metadata.targeting_audiences[0]", "an object"),
        (
            RECORD,
            {"metadata.targeting_audiences": [{"id": "6003", "name": "x"}]},
            "$.metadata.targeting_audiences[0].id",
            "fbId",
        ),
        (
            LINK,
            {"metadata.targeting_demographic.languages": ["English"]},
            "$.metadata.targeting_demographic.languages[0]",
            "an object",
        ),
        (LINK, {"metadata.targeting_demographic.gender": "male"}, "$.metadata.targeting_demographic.gender", "'Male'"),
        (LINK, {"metadata.targeting_demographic.age.min": 17}, "$.metadata.targeting_demographic.age.min", "18 to 65"),
        (LINK, {"metadata.targeting_demographic.age.max": 66}, "$.metadata.targeting_demographic.age.max", "18 to 65"),
        (LINK, {"metadata.targeting_demographic.age.min": 36}, "$.metadata.targeting_demographic.age.max", "below min"),
        (LINK, {"metadata.targeting_demographic.age.min": 18.5}, "$.metadata.targeting_demographic.age.min", "whole"),
        # by type
        (LINK, {"metadata.link_to_boost": GONE}, "$.metadata.link_to_boost", "is required"),
        (LINK, {"metadata.link_to_boost": "tickets.example.com"}, "$.metadata.link_to_boost", "must be a web address"),
        (LINK, {"metadata.spotify_id": "x"}, "$.metadata.spotify_id", "is not a field of link_clicks"),
        (BOOST, {"metadata.spotify_id": "x"}, "$.metadata.spotify_id", "is not a field of boost_instagram"),
        (RECORD, {"metadata.link_to_boost": "https://x.example.com"}, "$.metadata.link_to_boost", "record_streams"),
        (RECORD, {"metadata.spotify_link": "https://x"}, "$.metadata.spotify_link", "did you mean 'spotify_id'?"),
        (
            RECORD,
            {"metadata.spotify_id": GONE, "metadata.spotify_external_platforms": GONE},
            "$.metadata",
            "needs the release",
        ),
        (PLAYLIST, {"metadata.tier": "100000_followers"}, "$.metadata.tier", "did you mean '30000_followers'?"),
        (PLAYLIST, {"metadata.tier": "1M"}, "$.metadata.tier", "does not document how its other goals are written"),
        (PLAYLIST, {"metadata.tier": GONE}, "$.metadata.tier", "is required"),
        (
            PLAYLIST,
            {"metadata.budget": {"value": 10, "currency": "USD"}},
            "$.metadata.budget",
            "is not a field of get_playlisted",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(
    example: dict[str, Any], changes: dict[str, Any], path: str, words: str
) -> None:
    found = problems(CREATE, changed(example, changes))

    assert set(found) == {path}
    assert words in found[path]


@pytest.mark.parametrize(
    ("example", "changes"),
    [
        (RECORD, {BUDGET: 10}),
        (RECORD, {BUDGET: 30, "metadata.end_date": "2024-08-23T05:00:00Z"}),
        (RECORD, {BUDGET: 10, "metadata.end_date": "2024-08-20T05:00:01Z"}),
        (LINK, {MARKETS: [market(0.7), market(0.2), market(0.1)]}),
        (LINK, {MARKETS: [market(1)]}),
        (LINK, {MARKETS: [market(Percent(Decimal("0.6"))), market(Decimal("0.40"))]}),
        (LINK, {MARKETS: GONE, "metadata.targeting_demographic": GONE}),
        (LINK, {"metadata.targeting_demographic.age": {"min": 18, "max": 65}}),
        (LINK, {"metadata.targeting_demographic.age": {"min": 30}}),
        (LINK, {"metadata.caption": GONE, "metadata.call_to_action": GONE}),
        (RECORD, {"metadata.spotify_id": GONE}),
        (RECORD, {"metadata.spotify_external_platforms": GONE}),
        (PLAYLIST, {"metadata.pitch_notes": GONE}),
        (LINK, {"metadata.budget": Money(Decimal("40.50"), "USD")}),
        (LINK, {"metadata.start_date": datetime(2026, 3, 1, 5, tzinfo=UTC)}),
    ],
)
def test_what_the_document_allows_is_allowed(example: dict[str, Any], changes: dict[str, Any]) -> None:
    assert problems(CREATE, changed(example, changes)) == {}


def test_all_mistakes_are_told_at_once() -> None:
    changes = {
        "provider": "symphony",
        BUDGET: 5,
        "metadata.instagram_post_id": GONE,
        "metadata.targeting_demographic.gender": "all",
        f"{MARKETS}.0.locations.0.type": "planet",
        "metadata.link_to_boost": "nowhere",
        "extra": 1,
    }

    assert set(problems(CREATE, changed(LINK, changes))) == {
        "$.provider",
        "$.metadata",
        "$.metadata.budget.value",
        "$.metadata.link_to_boost",
        "$.metadata.targeting_demographic.gender",
        "$.metadata.targeting_countries[0].locations[0].type",
        "$.extra",
    }


def test_symphonys_flat_list_of_default_countries_is_not_a_list_of_markets() -> None:
    found = problems(CREATE, changed(LINK, {MARKETS: [SPAIN]}))

    assert found["$.metadata.targeting_countries[0].locations"] == "is required"
    assert "is not a field here" in found["$.metadata.targeting_countries[0].value"]


def test_of_several_media_only_the_first_in_symphonys_order_is_sent() -> None:
    media = {"metadata.public_video_links": [VIDEO], "metadata.public_image_links": [VIDEO]}

    with_post = body_of(changed(LINK, media))["metadata"]
    without_post = body_of(changed(LINK, {**media, "metadata.instagram_post_id": GONE}))["metadata"]

    assert "instagram_post_id" in with_post
    assert not {"public_video_links", "public_image_links"} & with_post.keys()
    assert "public_video_links" in without_post
    assert "public_image_links" not in without_post


@pytest.mark.parametrize(
    ("found", "sent"),
    [
        (
            {"key": "2420379", "name": "Los Ángeles", "type": "city", "country_code": "US", "country_name": "EE. UU.",
             "region": "California", "region_id": 3847, "supports_region": True, "supports_city": True},
            {"value": "2420379", "label": "Los Ángeles", "type": "city", "region_id": 3847, "country_code": "US"},
        ),
        (
            {"key": "SE", "name": "Suecia", "type": "country", "country_code": "SE", "country_name": "Suecia",
             "supports_region": True, "supports_city": True},
            {"value": "SE", "label": "Suecia", "type": "country", "country_code": "SE"},
        ),
        (
            {"value": "US", "label": "United States", "type": "country", "region_id": None, "country_code": None},
            {"value": "US", "label": "United States", "type": "country", "region_id": None, "country_code": None},
        ),
    ],
)  # fmt: skip
def test_a_search_result_is_renamed_to_what_create_takes(found: dict[str, Any], sent: dict[str, Any]) -> None:
    body = body_of(changed(LINK, {f"{MARKETS}.0.locations.0": found}))

    assert body["metadata"]["targeting_countries"][0]["locations"] == [sent]


def test_symphonys_own_defaults_are_never_filled_in() -> None:
    gone = {f"metadata.{name}": GONE for name in ("targeting_countries", "targeting_demographic")}

    assert not [name for name in body_of(changed(LINK, gone))["metadata"] if name.startswith("targeting")]


def test_another_offset_is_sent_as_the_same_instant_in_utc() -> None:
    body = body_of(changed(LINK, {"metadata.end_date": "2026-03-05T06:59:59.123456+02:00"}))

    assert body["metadata"]["end_date"] == "2026-03-05T04:59:59.123Z"


def test_money_may_come_as_money_and_is_written_without_needless_decimals() -> None:
    whole = body_of(changed(LINK, {"metadata.budget": Money(Decimal("40.00"), "USD")}))
    broken = body_of(changed(LINK, {"metadata.budget": Money(Decimal("40.50"), "USD")}))

    assert whole["metadata"]["budget"] == {"value": 40, "currency": "USD"}
    assert isinstance(whole["metadata"]["budget"]["value"], int)
    assert broken["metadata"]["budget"] == {"value": Decimal("40.5"), "currency": "USD"}


def test_the_currency_of_the_ad_account_is_the_only_one_where_it_is_configured() -> None:
    strict = catalogue(symphony={"ad_account_currency": "USD"}).operation(CREATE)

    assert "must be USD" in problems(strict, BOOST)["$.metadata.budget.currency"]
    assert problems(strict, LINK) == {}


def test_the_documented_minimum_in_usd_cannot_be_configured_away() -> None:
    lenient = catalogue(symphony={"currency_floors": {"USD": Decimal(1)}}).operation(CREATE)

    assert "10 a day" in problems(lenient, changed(LINK, {BUDGET: 5}))["$.metadata.budget.value"]


def test_a_higher_minimum_than_the_documented_one_holds() -> None:
    careful = catalogue(symphony={"currency_floors": {"USD": 12}}).operation(CREATE)

    assert "12 a day" in problems(careful, LINK)["$.metadata.budget.value"]


def test_wrong_dates_do_not_hide_a_wrong_currency() -> None:
    changes = {"metadata.end_date": "2026-02-01T05:00:00Z", "metadata.budget.currency": "EUR"}

    assert set(problems(CREATE, changed(LINK, changes))) == {"$.metadata.end_date", "$.metadata.budget.currency"}
