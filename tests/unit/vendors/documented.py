"""For every operation, requests the vendors' documents show: what goes in, and what must stand on the wire.

Where a document shows only a body, the inputs are that body with the path's names beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from vendors.catalogue import catalogue_of
from workflows.catalogue import Catalogue
from workflows.settings import Secret, Settings

CONFIGURED: Mapping[str, Mapping[str, Any]] = {
    "symphony": {
        "api_key": Secret("symphony-key-123"),
        "currency_floors": {"MXN": 190},
        "operations": {
            "get_campaign": {
                "path": "/v1/campaign/{id}",
                "fields": {
                    "market_id": {
                        "from": "data.campaign_metadata.platform_details.campaignsMapping.fbCampaign.id",
                        "type": "text",
                    },
                    "budget": {"from": "data.budget", "type": "money"},
                },
            }
        },
    },
    "cymbal": {"api_key": Secret("cymbal-key-123")},
    "constant_contact": {
        "api_key": Secret("cc-key-123"),
        "client_id": Secret("cc-client-123"),
        "client_secret": Secret("cc-secret-123"),
    },
    "partner_api": {"project_id": Secret("ab cd"), "private_key": Secret("x&y")},
}


def settings_for(address: str, **changes: Mapping[str, Any]) -> Settings:
    """Settings whose vendors are all at `address`; `changes` are added to the vendor they name."""
    bases = {"symphony": ("advertising_api", "partner_api")}
    token_url = {"constant_contact": {"token_url": address and f"{address}/token"}}
    vendors = {
        name: {
            **dict.fromkeys(bases.get(name, ("base_url",)), address),
            **token_url.get(name, {}),
            **configured,
            **changes.get(name, {}),
        }
        for name, configured in CONFIGURED.items()
    }
    return Settings(data_dir=Path(), config_dir=Path(), database_url="", broker_url="", vendors=vendors)


def catalogue(**changes: Mapping[str, Any]) -> Catalogue:
    """The catalogue with every operation usable."""
    return catalogue_of(settings_for("http://127.0.0.1:1", **changes).vendors)


@dataclass(frozen=True)
class Documented:
    """One documented request, and an answer the document (or, for none, common sense) gives to it."""

    operation: str
    inputs: Mapping[str, Any]
    wire: tuple[str, str, str]
    """Method, path after the base URL, body."""
    answer: bytes = b'{"status": 200}'

    def __str__(self) -> str:
        return self.operation


def _same(
    operation: str, method: str, path: str, body: str, answer: bytes = b'{"status": 200}', **also: Any
) -> Documented:
    return Documented(operation, {**also, **json.loads(body, parse_float=Decimal)}, (method, path, body), answer)


CREATED = (
    b'{"data": {"id": 1234, "type": "boost_instagram", "status": "ACTIVE", "provider": "facebook"}, "status": 200}'
)
DETAILS = (
    b'{"data": {"id": 5017, "budget": {"value": 40, "currency": "USD"}, "campaign_metadata": {"platform_details":'
    b' {"campaignsMapping": {"fbCampaign": {"id": "6676212031486"}}}}}, "status": 200}'
)
QUEUED = b'{"code": 0, "message": "success"}'
LOGGED_IN = b'{"result": "OK", "access_token": "t-1", "create_time": 1700000000, "expire_time": 1700003600}'
USER = (
    b'{"result": "OK", "user": {"id": 4021, "username": "ana", "auth_method": "email", "enabled": true,'
    b' "extra": {"country": "US", "language": "en"}}}'
)

LINK_CLICKS = """{"provider": "facebook", "campaign_type": "link_clicks", "campaign_name": "Spring tour tickets",
 "metadata": {
  "budget": {"value": 40, "currency": "USD"},
  "start_date": "2026-03-01T05:00:00.000Z", "end_date": "2026-03-05T05:00:00.000Z",
  "call_to_action": "LEARN_MORE", "instagram_post_id": "17921761666746619",
  "link_to_boost": "https://tickets.example.com/show", "caption": "On sale now",
  "targeting_countries": [
   {"name": "Home", "budget": 0.6, "locations": [{"value": "US", "label": "United States of America",
     "type": "country", "region_id": null, "country_code": null}]},
   {"name": "Coast", "budget": 0.4, "locations": [{"value": "2420379", "label": "Los Angeles", "type": "city",
     "region_id": 3847, "country_code": "US"}]}],
  "targeting_demographic": {"age": {"min": 18, "max": 35}, "gender": "All",
   "languages": [{"key": 6, "name": "English (US)"}]}}}"""

BOOST_INSTAGRAM = """{"provider": "facebook", "campaign_type": "boost_instagram",
 "campaign_name": "test create campaign boost",
 "metadata": {
  "budget": {"value": 190, "currency": "MXN"},
  "start_date": "2024-10-04T05:00:00.000Z", "end_date": "2024-10-05T05:00:00.000Z",
  "call_to_action": "LEARN_MORE",
  "public_video_links": [{"format_type": "story", "name": "phoneVideo",
    "thumbnail": "https://media.example.com/phoneVideo.jpg", "url": "https://media.example.com/phoneVideo.mp4"}]}}"""

RECORD_STREAMS = """{"provider": "facebook", "campaign_type": "record_streams",
 "campaign_name": "campaign Record Stream from API",
 "metadata": {
  "budget": {"value": 12, "currency": "USD"},
  "start_date": "2024-08-20T05:00:00.000Z", "end_date": "2024-08-21T05:00:00.000Z",
  "call_to_action": "LEARN_MORE", "instagram_post_id": "17921761666746619",
  "spotify_id": "2M4ujJtsYiiUISmuntBJn7",
  "spotify_external_platforms": ["https://www.youtube.com/watch?v=EpAkZtsYU3U",
   "https://geo.music.apple.com/tr/album/_/1541250609?i=1541250816&mt=1&app=music&ls=1"],
  "targeting_audiences": [{"fbId": "6003317001363", "name": "Zendaya"}, {"fbId": "6003278637610", "name": "Indie pop"}],
  "targeting_demographic": {"age": {"min": 18, "max": 35}, "gender": "All", "languages": [
   {"key": 6, "name": "English (US)", "selected": true}, {"key": 24, "name": "English (UK)", "selected": true}]}}}"""

GET_PLAYLISTED = """{"provider": "symphony", "campaign_type": "get_playlisted",
 "campaign_name": "campaign getPlaylisted API",
 "metadata": {"spotify_id": "3rmGAbshQvQHhy3sgHidNT", "tier": "30000_followers", "pitch_notes": "test pitch notes"}}"""

ADDED = """{"market_id": "6676212031486", "locations": [{"key": "689194", "name": "Madrid", "type": "city",
 "region": "Comunidad de Madrid", "region_id": 1019, "country_code": "ES", "country_name": "España",
 "supports_city": true, "supports_region": true}]}"""

ORDERS = """{"orders": [{"id": "12345", "event_id": "12345",
 "customer": {"email": "john.smith@cymbal.co", "phone": "12345678900", "first_name": "John", "last_name": "Smith",
  "address": "123 Main Street, San Francisco, CA, 94110", "ip_address": "216.24.84.248"},
 "marketing_opt_ins": {"email": true, "sms": false},
 "items": [{"ticket_type_name": "Standard Admission", "quantity": 2, "prefee_price": 60.00, "total_price": 80.00,
  "currency_code": "USD"}],
 "created_at": "2024-03-02T15:30:00Z"}]}"""

CONTACT = """{"contact": {"full_name": "John Smith", "first_name": "John", "last_name": "Smith",
  "email": "john.smith@cymbal.co", "phone": "+19594746360", "list_id": 1, "tags": ["Tag 1", "Tag 2"],
  "genres": ["Rock", "Dance/Electronic"]},
 "opt_ins": {"email": true, "sms": null},
 "interested_in_event": {"event_id": "123456", "ticketer": "eventbrite"}}"""

CONTACT_LEAST = (
    '{"contact": {"first_name": "Ana", "email": "fan@example.com"}, "opt_ins": {"email": true, "sms": null}}'
)

WEBHOOK = """{"url": "https://receiver.example.com/hooks/symphony", "events": ["campaign.created", "campaign.updated",
 "campaign.processing", "campaign.completed", "campaign.failed"]}"""

DOCUMENTED: tuple[Documented, ...] = (
    _same("symphony.register_webhook", "POST", "/webhook", WEBHOOK),
    _same("symphony.create_campaign", "POST", "/v1/campaign", LINK_CLICKS, CREATED),
    _same("symphony.create_campaign", "POST", "/v1/campaign", BOOST_INSTAGRAM, CREATED),
    _same("symphony.create_campaign", "POST", "/v1/campaign", RECORD_STREAMS, CREATED),
    _same("symphony.create_campaign", "POST", "/v1/campaign", GET_PLAYLISTED, CREATED),
    Documented("symphony.get_campaign", {"id": 5017}, ("GET", "/v1/campaign/5017", ""), DETAILS),
    _same(
        "symphony.edit_campaign",
        "PUT",
        "/v1/campaign/5017",
        '{"end_date": "2025-05-05T00:00:00Z", "budget": {"value": 2010, "currency": "MXN"}}',
        id=5017,
    ),
    _same("symphony.add_locations", "PUT", "/v1/campaign/5017/location/add", ADDED, id="5017"),
    _same(
        "symphony.pause_location",
        "PUT",
        "/v1/campaign/5017/location/PAUSED",
        '{"location_key": "689194", "market_id": "6676212031486"}',
        id="5017",
    ),
    Documented("symphony.pause_campaign", {"id": "5017"}, ("PUT", "/v1/campaign/5017/PAUSE", "")),
    Documented("symphony.resume_campaign", {"id": "5017"}, ("PUT", "/v1/campaign/5017/ACTIVE", "")),
    _same("cymbal.create_orders", "POST", "/orders", ORDERS, QUEUED),
    _same("cymbal.create_contact", "POST", "/contact", CONTACT, QUEUED),
    _same("cymbal.create_contact", "POST", "/contact", CONTACT_LEAST, QUEUED),
    Documented("partner_api.login", {}, ("POST", "/partner/login", "login=ab+cd&password=x%26y"), LOGGED_IN),
    _same("partner_api.get_user", "POST", "/partner/v2/getUser", '{"username": "ana"}', USER),
    _same("partner_api.get_user", "POST", "/partner/v2/getUser", '{"user_id": 4021}', USER),
)


def example(operation: str) -> Documented:
    """The first documented request of an operation."""
    return next(one for one in DOCUMENTED if one.operation == operation)
