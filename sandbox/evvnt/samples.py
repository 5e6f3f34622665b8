"""What the stand-in evvnt knows from the start: the page's own examples, and enough events for a second page."""

from __future__ import annotations

from typing import Any, Final

Row = dict[str, Any]

CATEGORIES: Final[tuple[Row, ...]] = (
    {"id": 26, "parent_id": None, "name": "All"},
    {"id": 2, "parent_id": 26, "name": "Education"},
    {"id": 126, "parent_id": 2, "name": "Academic / Learning"},
    {"id": 48, "parent_id": 26, "name": "Finance"},
    {"id": 49, "parent_id": 48, "name": "Accounting"},
    {"id": 17, "parent_id": 26, "name": "Music"},
    {"id": 22, "parent_id": 17, "name": "Rock"},
    {"id": 23, "parent_id": 17, "name": "Pop"},
)

PUBLISHERS: Final[tuple[Row, ...]] = ({"id": 324, "name": "Accounting news", "url": "https://news.example.com"},)
PUBLISHER_CATEGORY: Final = 48
"""The one category our publisher is linked to."""

PUBLISHED: Final[Row] = {
    "publisher_id": 324,
    "event_id": 1385,
    "url": None,
    "event_title": "Accounting Conf 2",
    "event_start_time": "2014-05-10T15:00:00+01:00",
}
PUBLISHED_AT: Final = "2014-01-01T00:00:00Z"

PACKAGE_OPTIONS: Final[tuple[Row, ...]] = (
    {"id": 50, "type": "SinglePackage", "broadcast_volume": 60, "currency": "GBP", "cost_per_event": "500.0"},
)

USER: Final[Row] = {
    "uuid": "550e8400-e29b-41d4-a716-446655440000",
    "name": "Richard Green",
    "email": "richard@example.com",
}
PACKAGE: Final[Row] = {
    "uuid": "6f1c1a52-0000-4000-8000-000000000001",
    "type": "SinglePackage",
    "broadcast_volume": 60,
    "event_quantity": 5,
    "purchase_order_id": "PO235",
    "notes": "",
    "purchase_date": "2014-01-01",
}

EVENT: Final[Row] = {
    "id": 12345,
    "title": "The Event Title",
    "capacity": 100,
    "category_id": 17,
    "sub_category_ids": [22, 23],
    "timestamp": "2013-02-07T17:35:22Z",
    "start_time": "2013-02-23T22:00:00Z",
    "end_time": "2013-02-24T03:00:00Z",
    "summary": "First line\r\nSecond line\r\n",
    "description": "Full text.\r\n",
    "image_urls": ["http://example.com/image.jpg"],
    "organiser_name": "John Smith Event Organisers Ltd",
    "contact": {"name": "John Smith", "email": "johnsmith@example.com", "tel": "020 1111 2222"},
    "venue": {
        "id": "15",
        "name": "Venue name",
        "address_1": "Venue Address Line 1",
        "address_2": "Venue Address Line 2",
        "town": "Venue town / city",
        "country": "GB",
        "postcode": "W1T 1PD",
        "latitude": 52.1234,
        "longitude": -0.5678,
    },
    "links": {
        "Website": "https://go.evvnt.com/UUnkit",
        "Twitter": "https://go.evvnt.com/fswtgv",
        "Booking": "https://go.evvnt.com/ergy42",
    },
    "prices": {"price 1": "GBP 3.5", "price 2": "GBP 1.0"},
    "artists": "Richard Green, Groucho Marx",
    "keywords": "Example, event, keywords",
    "hashtag": "event2013",
}

OTHERS = 24
FIRST_OTHER_ID = 20_001


def other_events() -> list[Row]:
    """Make up events of other organisers: every third in the US, their categories in turn."""
    return [_other(number) for number in range(OTHERS)]


def _other(number: int) -> Row:
    country, postcode = ("US", "94110") if number % 3 == 0 else ("GB", "W1T 1PD")
    return {
        "id": FIRST_OTHER_ID + number,
        "title": f"Another show {number + 1}",
        "category_id": (17, 22, 23, 126)[number % 4],
        "sub_category_ids": [],
        "timestamp": f"2014-03-{number + 1:02}T12:00:00Z",
        "start_time": f"2014-06-{number + 1:02}T19:30:00Z",
        "end_time": f"2014-06-{number + 1:02}T22:30:00Z",
        "summary": "Another show.",
        "description": "Another show, described.",
        "contact": {"name": "Jo Field", "email": "jo@example.com", "tel": "020 1111 2222"},
        "venue": {
            "id": number + 1,
            "name": "The Hall",
            "address_1": "1 High Street",
            "town": "London",
            "country": country,
            "postcode": postcode,
        },
        "prices": {"General": "GBP 20"},
    }


REPORT: Final[Row] = {
    "broadcast_results": {"num_sites_total": 90, "num_sites_live": 30, "num_sites_submitted": 60},
    "audience_reach": {"uniques": 79_302_819, "local_reach": 790_108, "mobile_apps": 29},
    "clicks_by_day": [
        ["x", "Twitter", "Myspace", "Total clicks"],
        ["1 Mar", 5, 22, 27],
        ["2 Mar", 0, 0, 0],
        ["3 Mar", 9, 0, 9],
        ["4 Mar", 0, 3, 3],
    ],
    "referrers": {"facebook.com": 3, "twitter.com": 4},
    "search_indexing": {
        "google_url": "https://www.google.co.uk/search?q=My+Event+Title",
        "yahoo_url": "http://search.yahoo.com/search?p=My+Event+Title",
        "bing_url": "http://www.bing.com/search?q=My+Event+Title",
        "ask_url": "http://www.ask.com/web?q=My+Event+Title",
        "aol_url": "http://search.aol.com/aol/search?q=My+Event+Title",
    },
    "broadcasts": [
        {
            "url": "",
            "category": "Targeted",
            "publisher": {
                "id": 133,
                "name": "- Finance: Financial Conferences",
                "url": "http://www.financial-conferences.com/",
                "location_type_description": "Global",
                "site_unique_users": 15_000,
                "local_reach": 150,
                "mobile_app": False,
                "blog_post_url": ("http://evvnt.com/2012/10/the-guide-to-financial-conference-events-listing-site/"),
            },
        }
    ],
}
