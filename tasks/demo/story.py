"""The story: what the demonstration sends, and what the sandbox's vendors must have received of it afterwards.

What must be received is written out here, not worked out from our own ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

Json = dict[str, Any]

TOUR: Final = "Spring tour tickets"
SINGLE: Final = "New single"
LOST: Final = "Lost video"

SCENARIOS: Final[Sequence[Json]] = (
    # A delivery sent twice in the same bytes, and a late word that the campaign is being processed.
    {
        "match": TOUR,
        "events": ["created", "processing", "completed", "completed", "processing"],
        "delays": [0, 0.4, 4, 0.4, 0.6],
    },
    {"match": SINGLE, "events": ["created", "processing", "completed"], "delays": [0, 0.4, 2]},
    {"match": LOST, "events": ["created", "processing", "failed"], "delays": [0, 0.4, 2.5]},
)
"""How the sandbox's Symphony sets the campaigns up, and what it tells us meanwhile; delays are in seconds."""

LIFECYCLE: Final[Mapping[str, Sequence[tuple[str, int]]]] = {
    TOUR: (
        ("campaign.created", 202),
        ("campaign.processing", 202),
        ("campaign.completed", 202),
        ("campaign.completed", 200),  # known already
        ("campaign.processing", 202),
    ),
    SINGLE: (("campaign.created", 202), ("campaign.processing", 202), ("campaign.completed", 202)),
    LOST: (("campaign.created", 202), ("campaign.processing", 202), ("campaign.failed", 202)),
}
"""The deliveries about each campaign, in their order, and how the door must answer."""


def registration(url: str) -> Json:
    """The inputs of symphony.register_webhook."""
    names = ("created", "updated", "processing", "completed", "failed")
    return {"url": url, "events": [f"campaign.{name}" for name in names]}


def campaigns(now: datetime) -> Sequence[Json]:
    """The inputs of symphony.create_campaign, one after the other; the ads begin tomorrow."""
    start = (now + timedelta(days=1)).replace(hour=5, minute=0, second=0, microsecond=0)
    flight = {
        "budget": {"value": 40, "currency": "USD"},
        "start_date": f"{start:%Y-%m-%dT%H:%M:%S.000Z}",
        "end_date": f"{start + timedelta(days=4):%Y-%m-%dT%H:%M:%S.000Z}",
    }
    link = {"link_to_boost": "https://tickets.example.com/spring-tour", "call_to_action": "SHOP_NOW"}
    return (
        _campaign("link_clicks", TOUR, {**flight, **link, "public_image_links": [_picture("poster")]}),
        _campaign(
            "record_streams",
            SINGLE,
            {
                **flight,
                "spotify_id": "2M4ujJtsYiiUISmuntBJn7",
                "instagram_post_id": "17921761666746619",
                "targeting_countries": [{"name": "Home", "budget": 1, "locations": [MADRID, VIRGINIA]}],
            },
        ),
        _campaign("link_clicks", LOST, {**flight, **link, "public_image_links": [_picture("still")]}),
    )


MADRID: Final[Json] = {"value": "689194", "label": "Madrid", "type": "city", "region_id": 1019, "country_code": "ES"}
VIRGINIA: Final[Json] = {"value": "3889", "label": "Virginia", "type": "region", "country_code": "US"}


def _campaign(kind: str, name: str, metadata: Json) -> Json:
    return {"provider": "facebook", "campaign_type": kind, "campaign_name": name, "metadata": metadata}


def _picture(name: str) -> Json:
    return {"name": name, "url": f"https://media.example.com/{name}.jpg"}


def box_office_order(order_id: str, email: str, name: tuple[str, str], *, opt_in_email: bool) -> Json:
    """An order in the shape Cymbal documents (Cymbal Partners API, Create orders)."""
    return {
        "id": order_id,
        "event_id": "12345",
        "customer": {"email": email, "first_name": name[0], "last_name": name[1]},
        "marketing_opt_ins": {"email": opt_in_email, "sms": False},
        "items": [
            {
                "ticket_type_name": "Standard Admission",
                "quantity": 2,
                "prefee_price": 60.0,
                "total_price": 80.0,
                "currency_code": "USD",
            }
        ],
        "created_at": "2026-03-02T15:30:00Z",
    }


ANA: Final = box_office_order("BO-1001", "ana@example.com", ("Ana", "Example"), opt_in_email=True)
"""Agreed to e-mail, and to nothing else."""
BEN: Final = box_office_order("BO-1002", "ben@example.com", ("Ben", "Example"), opt_in_email=False)
"""Wants no messages."""
FORGED: Final = box_office_order("BO-1003", "eve@example.com", ("Eve", "Example"), opt_in_email=True)
"""Sent with a wrong key."""
MALFORMED: Final = '{"orders": [{"id": "BO-1004", '
"""Cut off on the way."""

CLEO: Final[Json] = {
    "object": "order",
    "id": "or_737352",
    "status": "completed",
    "buyer_details": {
        "name": "Cleo Example",
        "first_name": "Cleo",
        "last_name": "Example",
        "email": "cleo@example.com",
        "phone": None,
    },
    "created_at": 1772465400,
    "currency": {"base_multiplier": 100, "code": "gbp"},
    "event_summary": {"event_id": "ev_12345", "name": "Spring show"},
    "line_items": [
        {"id": "li_1", "type": "ticket", "description": "Standing", "quantity": 2, "value": 2000, "total": 4300}
    ],
    "marketing_opt_in": None,
    "refund_amount": 0,
    "total": 4300,
}
"""Was never asked."""


@dataclass(frozen=True)
class Expected:
    """One call that must have been received, exactly once: `path` without the vendor's prefix, `body` as JSON."""

    operation: str
    path: str
    body: Json | None
    why: str


def expected_calls(now: datetime, webhook_url: str, ids: Mapping[str, str], market_id: str) -> Sequence[Expected]:
    """Every call the vendors must have received, and no other.

    `ids` are the campaigns' ids by name and `market_id` the single's market, both as the sandbox's Symphony has them.
    """
    all_campaigns = "/symphony/advertising/v1/campaign"
    one = all_campaigns + "/{}"
    created = (
        Expected(
            "symphony.create_campaign",
            "/symphony/advertising/v1/campaign",
            campaign,
            f"by hand: {campaign['campaign_name']}",
        )
        for campaign in campaigns(now)
    )
    return (
        Expected("symphony.register_webhook", "/symphony/webhook", registration(webhook_url), "by hand: our endpoint"),
        *created,
        Expected(
            "symphony.edit_campaign",
            one.format(ids[TOUR]),
            {"budget": {"value": 60, "currency": "USD"}},
            f"raise-budget: {TOUR}, to 60 USD in all",
        ),
        Expected("symphony.get_campaign", one.format(ids[SINGLE]), None, f"pause-location: {SINGLE}, its details"),
        Expected(
            "symphony.pause_location",
            one.format(ids[SINGLE]) + "/location/PAUSED",
            {"location_key": "689194", "market_id": market_id},
            f"pause-location: {SINGLE}, Madrid",
        ),
        _contact("ana@example.com", "Ana", email=True, sms=False, why="opt-in-buyer: agreed to e-mail only"),
        _contact("ben@example.com", "Ben", email=False, sms=False, why="opt-in-buyer: wants no messages"),
        _contact("cleo@example.com", "Cleo", email=None, sms=None, why="opt-in-buyer: was never asked"),
    )


def _contact(address: str, first_name: str, *, email: bool | None, sms: bool | None, why: str) -> Expected:
    return Expected(
        "cymbal.create_contact",
        "/cymbal/v1/partners/contact",
        {
            "contact": {"email": address, "first_name": first_name, "last_name": "Example"},
            "opt_ins": {"email": email, "sms": sms},
        },
        why,
    )
