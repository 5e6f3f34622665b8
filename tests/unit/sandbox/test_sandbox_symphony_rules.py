"""Symphony's documented rules, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

CREATE = "/advertising/v1/campaign"
MARKETS = "metadata.targeting_countries"


def video(**fields: Any) -> dict[str, Any]:
    return {"url": "https://media.example.com/v.mp4", "name": "v", **fields}


FORBIDDEN: list[tuple[str, Any, str]] = [
    ("campaign_type", ..., "campaign_type"),
    ("campaign_type", "boost_facebook", "campaign_type"),
    ("campaign_type", "increase_video_views", "campaign_type"),
    ("provider", "symphony", "provider"),
    ("provider", "tiktok", "provider"),
    ("campaign_name", ..., "campaign_name"),
    ("campaign_name", " ", "campaign_name"),
    ("campaign_name", 12, "campaign_name"),
    ("metadata", ..., "metadata"),
    ("metadata", [], "metadata"),
    ("status", "ACTIVE", "status"),
    ("metadata.media", "instagram_post_id", "metadata.media"),
    ("metadata.budget", ..., "metadata.budget"),
    ("metadata.budget", 40, "metadata.budget"),
    ("metadata.budget.value", "40", "metadata.budget.value"),
    ("metadata.budget.value", True, "metadata.budget.value"),
    ("metadata.budget.value", 39.99, "metadata.budget.value"),
    ("metadata.budget.value", 0, "metadata.budget.value"),
    ("metadata.budget.currency", "MXN", "metadata.budget.currency"),
    ("metadata.budget.currency", ..., "metadata.budget.currency"),
    ("metadata.start_date", ..., "metadata.start_date"),
    ("metadata.start_date", "1 March 2026", "metadata.start_date"),
    ("metadata.start_date", "2026-03-01T05:00:00", "metadata.start_date"),
    ("metadata.end_date", "2026-03-01T05:00:00.000Z", "metadata.end_date"),
    ("metadata.end_date", None, "metadata.end_date"),
    ("metadata.end_date", "2026-03-05T05:00:01.000Z", "metadata.budget.value"),  # a fifth day has begun
    ("metadata.call_to_action", "", "metadata.call_to_action"),
    ("metadata.instagram_post_id", ..., "metadata"),
    ("metadata.instagram_post_id", 17921761666746619, "metadata.instagram_post_id"),
    ("metadata.public_video_links", [video()] * 4, "metadata.public_video_links"),
    ("metadata.public_video_links", [video(format_type="square")], "metadata.public_video_links[0].format_type"),
    ("metadata.public_video_links", [{**video(), "thumbnail?": "x"}], "metadata.public_video_links[0].thumbnail?"),
    ("metadata.public_video_links", [{"url": "https://media.example.com"}], "metadata.public_video_links[0].name"),
    ("metadata.public_image_links", [video(format_type="feed")], "metadata.public_image_links[0].format_type"),
    ("metadata.public_image_links", [video(url="ftp://media")], "metadata.public_image_links[0].url"),
    ("metadata.link_to_boost", ..., "metadata.link_to_boost"),
    ("metadata.link_to_boost", "tickets.example.com", "metadata.link_to_boost"),
    ("metadata.spotify_id", "2M4ujJtsYiiUISmuntBJn7", "metadata.spotify_id"),
    (f"{MARKETS}.0.budget", 0.7, MARKETS),
    (f"{MARKETS}.0.budget", 1.6, f"{MARKETS}[0].budget"),
    (f"{MARKETS}.0.budget", "0.6", f"{MARKETS}[0].budget"),
    (f"{MARKETS}.0.name", ..., f"{MARKETS}[0].name"),
    (f"{MARKETS}.0.locations", [], f"{MARKETS}[0].locations"),
    (f"{MARKETS}.0.locations.0", {"key": "US", "name": "US", "type": "country"}, f"{MARKETS}[0].locations[0].key"),
    (f"{MARKETS}.0.locations.0.type", "continent", f"{MARKETS}[0].locations[0].type"),
    (f"{MARKETS}.0.locations.0.region_id", True, f"{MARKETS}[0].locations[0].region_id"),
    (MARKETS, [{"type": "country", "label": "Canada", "value": "CA"}], f"{MARKETS}[0].name"),
    ("metadata.targeting_audiences", ["Bad Bunny"], "metadata.targeting_audiences[0]"),
    ("metadata.targeting_audiences", [{"fbId": "1"}], "metadata.targeting_audiences[0].name"),
    ("metadata.targeting_demographic.gender", "all", "metadata.targeting_demographic.gender"),
    ("metadata.targeting_demographic.age.min", 17, "metadata.targeting_demographic.age.min"),
    ("metadata.targeting_demographic.age.max", 66, "metadata.targeting_demographic.age.max"),
    ("metadata.targeting_demographic.age.min", 36, "metadata.targeting_demographic.age.max"),
    ("metadata.targeting_demographic.age.min", 18.5, "metadata.targeting_demographic.age.min"),
    ("metadata.targeting_demographic.languages", ["English"], "metadata.targeting_demographic.languages[0]"),
    ("metadata.targeting_demographic.languages.0.key", "6", "metadata.targeting_demographic.languages[0].key"),
]


@pytest.mark.parametrize(("path", "value", "at"), FORBIDDEN, ids=lambda part: str(part)[:40])
def test_create_campaign_refuses_what_the_document_forbids(
    shared_client: Any, link_clicks: dict[str, Any], changed: Any, path: str, value: Any, at: str
) -> None:
    reply = shared_client.symphony("POST", CREATE, json=changed(link_clicks, path, value))
    assert reply.status_code == 400
    assert at in [problem["path"] for problem in reply.json()["error"]["problems"]]
    last = shared_client.journal()[-1]
    assert (last["operation"], last["status"], last["processed"]) == ("symphony.create_campaign", 400, False)


ALLOWED: list[tuple[str, Any]] = [
    ("metadata.targeting_countries", ...),
    ("metadata.targeting_demographic", ...),
    ("metadata.caption", ...),
    ("metadata.call_to_action", ...),
    ("metadata.start_date", "2026-03-02"),
    ("metadata.end_date", "2026-03-05T07:00:00+02:00"),
    ("metadata.public_video_links", [video(format_type="story", thumbnail="https://media.example.com/v.jpg")] * 3),
    ("metadata.targeting_countries.0.locations.0.region_id", "3847"),
    ("metadata.targeting_audiences", [{"fbId": "6003317001363", "name": "Zendaya"}, {"name": "Indie pop"}]),
    ("metadata.targeting_demographic.languages.0.selected", True),
]


@pytest.mark.parametrize(("path", "value"), ALLOWED, ids=lambda part: str(part)[:40])
def test_create_campaign_takes_what_the_document_leaves_open(
    shared_client: Any, link_clicks: dict[str, Any], changed: Any, path: str, value: Any
) -> None:
    reply = shared_client.symphony("POST", CREATE, json=changed(link_clicks, path, value))
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize(("shares", "status"), [((0.7, 0.2, 0.1), 200), ((0.33, 0.33, 0.33), 400)])
def test_markets_shares_are_summed_in_decimals(
    shared_client: Any, link_clicks: dict[str, Any], shares: tuple[float, ...], status: int
) -> None:
    market = link_clicks["metadata"]["targeting_countries"][0]
    link_clicks["metadata"]["targeting_countries"] = [{**market, "budget": share} for share in shares]
    assert shared_client.symphony("POST", CREATE, json=link_clicks).status_code == status


DAY = {"start_date": "2024-08-20T05:00:00.000Z", "end_date": "2024-08-21T05:00:00.000Z", "call_to_action": "LEARN_MORE"}
EXAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "boost_instagram": (
        "MXN",
        {
            "provider": "facebook",
            "metadata": {"budget": {"value": 190, "currency": "MXN"}, **DAY, "public_video_links": [video()]},
        },
    ),
    "record_streams": (
        "USD",
        {
            "provider": "facebook",
            "metadata": {
                "budget": {"value": 12, "currency": "USD"},
                **DAY,
                "instagram_post_id": "17921761666746619",
                "public_video_links": [video()],
                "public_image_links": [video()],
                "spotify_id": "2M4ujJtsYiiUISmuntBJn7",
                "spotify_external_platforms": ["https://www.youtube.com/watch?v=EpAkZtsYU3U"],
            },
        },
    ),
    "get_playlisted": (
        "USD",
        {
            "provider": "symphony",
            "metadata": {
                "spotify_id": "3rmGAbshQvQHhy3sgHidNT",
                "tier": "30000_followers",
                "pitch_notes": "test pitch notes",
            },
        },
    ),
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_create_campaign_takes_the_documents_own_examples(serve: Callable[..., Any], kind: str) -> None:
    currency, body = EXAMPLES[kind]
    client = serve(account_currency=currency)
    reply = client.symphony("POST", CREATE, json={"campaign_type": kind, "campaign_name": "Example", **body})
    assert reply.json() == {
        "data": {"id": 5017, "type": kind, "status": "IN_REVIEW", "provider": body["provider"]},
        "status": 200,
    }


def test_get_playlisted_has_no_budget_and_one_known_tier(shared_client: Any) -> None:
    metadata = {"spotify_id": "3rm", "tier": "5_followers", "budget": {"value": 12, "currency": "USD"}}
    body = {"campaign_type": "get_playlisted", "provider": "symphony", "campaign_name": "x", "metadata": metadata}
    reply = shared_client.symphony("POST", CREATE, json=body)
    assert {problem["path"] for problem in reply.json()["error"]["problems"]} == {"metadata.budget", "metadata.tier"}


def test_record_streams_names_the_release_somewhere(shared_client: Any) -> None:
    metadata = {"budget": {"value": 12, "currency": "USD"}, **DAY, "instagram_post_id": "1"}
    body = {"campaign_type": "record_streams", "provider": "facebook", "campaign_name": "x", "metadata": metadata}
    assert shared_client.symphony("POST", CREATE, json=body).status_code == 400
    metadata["spotify_link"] = "https://open.spotify.com/album/78TWg6fTRLxGKYN5RiSsQt"
    assert shared_client.symphony("POST", CREATE, json=body).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"campaign_name": NaN}', b"[" * 100_000],
    ids=["empty", "cut", "list", "null", "no UTF-8", "NaN", "deep"],
)
def test_a_body_that_is_no_json_object_is_refused(shared_client: Any, body: bytes) -> None:
    assert shared_client.symphony("POST", CREATE, data=body).status_code == 400


def test_a_body_not_declared_as_json_is_refused(shared_client: Any) -> None:
    reply = shared_client.symphony(
        "POST", CREATE, data=b"{}", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (reply.status_code, "Content-Type" in reply.json()["error"]["message"]) == (400, True)


@pytest.mark.parametrize("key", ["", "sandbox-cymbal-key"])
def test_every_call_needs_the_key(shared_client: Any, key: str) -> None:
    for method, path in [("POST", CREATE), ("GET", f"{CREATE}/1"), ("PUT", f"{CREATE}/1/PAUSE"), ("POST", "/webhook")]:
        assert shared_client.symphony(method, path, key=key).status_code == 401


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"events": ["campaign.created"]}, "url"),
        ({"url": "not a url", "events": ["campaign.created"]}, "url"),
        ({"url": "https://example.com"}, "events"),
        ({"url": "https://example.com", "events": []}, "events"),
        ({"url": "https://example.com", "events": ["campaign.paused"]}, "events"),
        ({"url": "https://example.com", "events": ["campaign.created"], "secret": "x"}, "secret"),
    ],
)
def test_registering_a_webhook_needs_a_url_and_known_events(shared_client: Any, body: dict[str, Any], at: str) -> None:
    reply = shared_client.symphony("POST", "/webhook", json=body)
    assert (reply.status_code, reply.json()["error"]["problems"][0]["path"]) == (400, at)


def test_searches_answer_as_the_document_prints_them(shared_client: Any) -> None:
    def search(path: str) -> Any:
        return shared_client.symphony("GET", "/advertising" + path).json()

    assert search("/v1/meta/locations/search?keyword=US")["data"][0]["key"] == "2420379"
    assert search("/v1/meta/interest/search?keyword=indie%20pop")["data"][0]["id"] == "6003278637610"
    assert [one["key"] for one in search("/v1/meta/language/search?keyword=english")["data"]] == [6, 24]
    assert search("/v1/brand_content/record_streams?keyword=entre-roma")["spotify_id"] == "78TWg6fTRLxGKYN5RiSsQt"
    assert search("/v1/meta/instagram/posts")["id"] == "17921761666746619"
    assert search("/youtube/videos")["data"]
    assert shared_client.journal(operation="symphony.search_interests")[0]["query"] == "keyword=indie%20pop"
