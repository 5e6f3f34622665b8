"""Symphony's searches and lists: the documents' own examples, filtered by keyword.

Two answers have no `data` around them, as the documents print them: an Instagram post and a release.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from sandbox.calls import Answer, Call, Operation

Item = dict[str, Any]


def _city(key: str, name: str, country: tuple[str, str], region: tuple[str, int], *, has_regions: bool = True) -> Item:
    code, country_name = country
    return {
        "key": key,
        "name": name,
        "type": "city",
        "country_code": code,
        "country_name": country_name,
        "region": region[0],
        "region_id": region[1],
        "supports_region": has_regions,
        "supports_city": True,
    }


def _place(key: str, name: str, kind: str, code: str, country_name: str) -> Item:
    return {
        "key": key,
        "name": name,
        "type": kind,
        "country_code": code,
        "country_name": country_name,
        "supports_region": True,
        "supports_city": True,
    }


UNITED_STATES = ("US", "Estados Unidos")
LOCATIONS: Final = (
    _city("2420379", "Los Ángeles", UNITED_STATES, ("California", 3847)),
    _place("3889", "Virginia", "region", *UNITED_STATES),
    _place("SE", "Suecia", "country", "SE", "Suecia"),
    _city(
        "2708436",
        "Saint John",
        ("VI", "Islas Vírgenes de Estados Unidos"),
        ("US Virgin Islands", 5045),
        has_regions=False,
    ),
    _city("689194", "Madrid", ("ES", "España"), ("Comunidad de Madrid", 1019)),
)

INTERESTS: Final[tuple[Item, ...]] = (
    {
        "id": "6003278637610",
        "name": "Indie pop",
        "audience_size_lower_bound": 74_537_074,
        "audience_size_upper_bound": 87_655_600,
        "path": ["Intereses", "Otros intereses", "Indie pop"],
        "description": None,
        "topic": "News and entertainment",
    },
)

LANGUAGES: Final[tuple[Item, ...]] = ({"name": "English (US)", "key": 6}, {"name": "English (UK)", "key": 24})

INSTAGRAM_POST: Final[Item] = {
    "id": "17921761666746619",
    "ig_id": "3550000000000000000",
    "permalink": "https://www.instagram.com/p/example/",
    "caption": "On sale now",
    "media_product_type": "FEED",
    "media_type": "IMAGE",
    "media_url": "https://media.example.com/post.jpg",
    "is_shared_to_feed": True,
    "like_count": 0,
    "comments_count": 0,
    "thumbnail_url": "https://media.example.com/post-small.jpg",
    "timestamp": "2025-01-25T21:41:30.107Z",
    "username": "example",
}

RELEASE: Final[Item] = {
    "id": 41_388,
    "brand_id": 358,
    "type": "record_streams",
    "name": "Entre Roma y Viena",
    "slug": "entre-roma-y-viena",
    "createdAt": "2023-01-09T08:11:53.986Z",
    "updatedAt": "2024-03-27T18:20:18.388Z",
    "url": "skrlth-entre-roma-y-viena",
    "spotify_id": "78TWg6fTRLxGKYN5RiSsQt",
    "record_url": "https://open.spotify.com/album/78TWg6fTRLxGKYN5RiSsQt",
    "release_date": "2023-01-11",
    "thumbnail_url": "https://i.scdn.co/image/ab67616d0000b273b6cada9f4c723d8645647508",
    "external_links": [
        {
            "url": "https://music.amazon.com/albums/B0BRXRQ3BF",
            "name": "amazon_music",
            "type": "amazon_music",
            "enabled": True,
        }
    ],
}

VIDEO: Final[Item] = {"id": "EpAkZtsYU3U", "title": "Example video"}  # the answer's shape is not documented


def operations() -> Sequence[Operation]:
    """List the operations, with paths below `{{ADVERTISING_API}}`."""
    return (
        _get("list_instagram_posts", "/v1/meta/instagram/posts", lambda call: Answer(200, INSTAGRAM_POST)),
        _get("search_locations", "/v1/meta/locations/search", partial(_search, LOCATIONS)),
        _get("search_interests", "/v1/meta/interest/search", partial(_search, INTERESTS)),
        _get("search_languages", "/v1/meta/language/search", partial(_search, LANGUAGES)),
        _get("list_releases", "/v1/brand_content/record_streams", _list_releases),
        _get("list_youtube_videos", "/youtube/videos", partial(_search, (VIDEO,))),
    )


def _get(name: str, path: str, handle: Callable[[Call], Answer]) -> Operation:
    return Operation(f"symphony.{name}", "GET", path, handle)


def _search(items: Sequence[Item], call: Call) -> Answer:
    return Answer(200, {"data": [item for item in items if _matches(item, call)], "status": 200})


def _list_releases(call: Call) -> Answer:
    return Answer(200, RELEASE if _matches(RELEASE, call) else {"data": [], "status": 200})


def _matches(item: Item, call: Call) -> bool:
    """Tell whether the keyword is part of any text of the item; no keyword finds everything."""
    keyword = (call.query_value("keyword") or "").casefold()
    return any(keyword in value.casefold() for value in item.values() if isinstance(value, str))
