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

from tests.unit.vendors import evvnt_documents as evvnt
from tests.unit.vendors.documented_constant_contact import ROWS
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
            },
            "get_campaign_analytics": {
                "path": "/v1/campaign/{id}/analytics",
                "fields": {"ctr": {"from": "data.ctr", "type": "percent", "unit": "ratio"}},
            },
            "resume_location": {"path": "/v1/campaign/{id}/location/ACTIVE", "fields": {}},
        },
    },
    "cymbal": {"api_key": Secret("cymbal-key-123")},
    "constant_contact": {
        "api_key": Secret("cc-key-123"),
        "client_id": Secret("cc-client-123"),
        "client_secret": Secret("cc-secret-123"),
    },
    "evvnt": {"api_key": Secret("evvnt-key-123"), "api_secret": Secret("evvnt-secret-123")},
    "partner_api": {"project_id": Secret("ab cd"), "private_key": Secret("x&y")},
    "eventbrite": {"token": Secret("eventbrite-token-123")},
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


def _read(operation: str, path: str, answer: bytes | str, **inputs: Any) -> Documented:
    return Documented(operation, inputs, ("GET", path, ""), answer if isinstance(answer, bytes) else answer.encode())


CREATED = (
    b'{"data": {"id": 1234, "type": "boost_instagram", "status": "ACTIVE", "provider": "facebook"}, "status": 200}'
)
DETAILS = (
    b'{"data": {"id": 5017, "budget": {"value": 40, "currency": "USD"}, "campaign_metadata": {"platform_details":'
    b' {"campaignsMapping": {"fbCampaign": {"id": "6676212031486"}}}}}, "status": 200}'
)
ANALYTICS = b'{"data": {"id": 5017, "impressions": 20000, "clicks": 420, "ctr": 0.021}, "status": 200}'
LOCATIONS = """{"data": [{"key": "2420379", "name": "Los Ángeles", "type": "city", "country_code": "US",
 "country_name": "Estados Unidos", "region": "California", "region_id": 3847, "supports_region": true,
 "supports_city": true}, {"key": "SE", "name": "Suecia", "type": "country", "country_code": "SE",
 "country_name": "Suecia", "supports_region": true, "supports_city": true}], "status": 200}""".encode()
INTERESTS = b"""{"data": [{"id": "6003278637610", "name": "Indie pop", "audience_size_lower_bound": 74537074,
 "audience_size_upper_bound": 87655600, "path": ["Intereses", "Otros intereses", "Indie pop"], "description": null,
 "topic": "News and entertainment"}], "status": 200}"""
LANGUAGES = b'{"data": [{"name": "English (US)", "key": 6}, {"name": "English (UK)", "key": 24}], "status": 200}'
POST = b"""{"id": "17921761666746619", "ig_id": "string", "permalink": "string", "caption": "string",
 "media_product_type": "string", "media_type": "string", "media_url": "string", "is_shared_to_feed": true,
 "like_count": 0, "comments_count": 0, "thumbnail_url": "string", "timestamp": "2025-01-25T21:41:30.107Z",
 "username": "string"}"""
RELEASE = b"""{"id": 41388, "brand_id": 358, "type": "record_streams", "name": "Entre Roma y Viena",
 "slug": "entre-roma-y-viena", "createdAt": "2023-01-09T08:11:53.986Z", "updatedAt": "2024-03-27T18:20:18.388Z",
 "url": "skrlth-entre-roma-y-viena", "spotify_id": "78TWg6fTRLxGKYN5RiSsQt",
 "record_url": "https://open.spotify.com/album/78TWg6fTRLxGKYN5RiSsQt", "release_date": "2023-01-11",
 "thumbnail_url": "https://i.scdn.co/image/ab67616d0000b273b6cada9f4c723d8645647508", "external_links": [
 {"url": "https://music.amazon.com/albums/B0BRXRQ3BF", "name": "amazon_music", "type": "amazon_music",
  "enabled": true}]}"""
QUEUED = b'{"code": 0, "message": "success"}'
NEW_PACKAGE = f'{{"id": "{evvnt.PACKAGE_ID}"}}'.encode()
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

SHOWS = """{"events": [{"id": "12345", "url": "https://bellyupaspen.com/head-and-the-heart/tickets",
 "name": "The Head & The Heart",
 "image_url": "https://bellyupaspen.com/wp-content/uploads/2023/08/THATH_960x540_See.jpg",
 "description": "Head & the Heart performing live at the Belly Up Aspen.", "tags": ["Folk", "Accoustic"],
 "status": "live", "start_datetime": "2024-03-02T15:30:00Z", "end_datetime": "2024-03-02T18:00:00Z",
 "doors_open_datetime": "2024-03-02T14:30:00Z",
 "location": {"name": "Belly Up Aspen", "address": "450 S Galena St, Aspen, CO 81611"},
 "performers": ["The Head & The Heart"],
 "ticket_types": [{"name": "Standard Admission", "prefee_price": 30.00, "total_price": 40.00, "currency_code": "USD",
  "quantity": 150}]}]}"""

CAMPAIGNS = b"""{"code": 0, "message": "success", "response": [
 {"campaign_id": 1, "campaign_name": "My campaign", "campaign_subject_line": "Subject Line", "campaign_type": "email",
  "delivered_at": "2026-01-02T19:44:19.738783Z", "num_recipients": 100, "num_opens": 50, "num_links_clicked": 40,
  "num_unsubscribes": 1, "num_undelivered": 0, "attributed_tickets_sold": 4, "attributed_revenue": 1000}]}"""

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
    Documented("symphony.get_campaign_analytics", {"id": 5017}, ("GET", "/v1/campaign/5017/analytics", ""), ANALYTICS),
    _same(
        "symphony.resume_location",
        "PUT",
        "/v1/campaign/5017/location/ACTIVE",
        '{"location_key": "689194", "market_id": "6676212031486"}',
        id="5017",
    ),
    _read("symphony.list_instagram_posts", "/v1/meta/instagram/posts", POST),
    _read("symphony.search_locations", "/v1/meta/locations/search?keyword=US", LOCATIONS, keyword="US"),
    _read("symphony.search_interests", "/v1/meta/interest/search?keyword=indie%20pop", INTERESTS, keyword="indie pop"),
    _read("symphony.search_languages", "/v1/meta/language/search?keyword=English", LANGUAGES, keyword="English"),
    _read(
        "symphony.list_releases",
        "/v1/brand_content/record_streams?keyword=entre-roma-y-viena",
        RELEASE,
        keyword="entre-roma-y-viena",
    ),
    _read("symphony.list_youtube_videos", "/youtube/videos", b'{"data": [{"id": "EpAkZtsYU3U"}], "status": 200}'),
    _same("cymbal.create_events", "POST", "/events", SHOWS, QUEUED),
    _read(
        "cymbal.get_campaign_analytics",
        "/campaigns/analytics?page=1&per_page=10&type=email",
        CAMPAIGNS,
        page=1,
        per_page=10,
        type="email",
    ),
    _same("cymbal.create_orders", "POST", "/orders", ORDERS, QUEUED),
    _same("cymbal.create_contact", "POST", "/contact", CONTACT, QUEUED),
    _same("cymbal.create_contact", "POST", "/contact", CONTACT_LEAST, QUEUED),
    _read(
        "evvnt.list_events",
        "/events?max_results=50&newer_than=2026-06-01T00%3A00%3A00%2B0100&category_id=17%2C22&country=GB&page=2",
        f"[{evvnt.FOUND}]",
        max_results=50,
        newer_than="2026-06-01T00:00:00+01:00",
        category_id="17,22",
        country="GB",
        page=2,
    ),
    _read("evvnt.get_event", "/events/67890x", evvnt.FOUND, event_id="67890x"),
    _read("evvnt.list_categories", "/categories", evvnt.CATEGORIES),
    _read("evvnt.list_publishers", "/publishers", '[{"id": 324, "name": "internal"}]'),
    _read(
        "evvnt.list_publisher_categories",
        "/publishers/324/categories?filter=direct_to_root",
        evvnt.CATEGORIES,
        publisher_id=324,
        filter="direct_to_root",
    ),
    _read(
        "evvnt.list_published_events",
        "/publishers/324/published_events?newer_than=2014-05-10T15%3A00%3A00%2B0100",
        f"[{evvnt.PUBLISHED}]",
        publisher_id=324,
        newer_than="2014-05-10T15:00:00+01:00",
    ),
    _read(
        "evvnt.get_published_event",
        "/publishers/324/published_events/1385",
        evvnt.PUBLISHED,
        publisher_id=324,
        event_id=1385,
    ),
    _same(
        "evvnt.set_published_event_url",
        "PUT",
        "/publishers/324/published_events/1385",
        '{"url": "https://site.example.com/events/1385"}',
        publisher_id=324,
        event_id=1385,
    ),
    _same(
        "evvnt.set_published_event_url",
        "PUT",
        "/publishers/324/published_events/1385",
        '{"slug": "foo/bar"}',
        publisher_id=324,
        event_id=1385,
    ),
    _read("evvnt.get_contract", "/contract", evvnt.CONTRACT),
    _same("evvnt.buy_package", "POST", "/packages", evvnt.PURCHASE, NEW_PACKAGE),
    _read("evvnt.list_packages", "/packages/mine", f"[{evvnt.PACKAGE}]"),
    _read("evvnt.get_package", f"/packages/{evvnt.PACKAGE_ID}", evvnt.PACKAGE, package_id=evvnt.PACKAGE_ID),
    _same("evvnt.create_event", "POST", "/events", evvnt.OWN_EVENT, b'{"id": 12345}'),
    _same("evvnt.update_event", "PUT", "/events/12345", evvnt.CHANGES, b"{}", event_id=12345),
    _read("evvnt.list_my_events", "/events/mine", f"[{evvnt.OURS}]"),
    _read("evvnt.get_event_report", "/events/1234/report", evvnt.REPORT, event_id=1234),
    _same(
        "evvnt.create_user",
        "POST",
        "/users",
        '{"name": "Richard Green", "email": "richard@example.com"}',
        f'{{"id": "{evvnt.USER_ID}"}}'.encode(),
    ),
    _read("evvnt.list_users", "/users", f"[{evvnt.USER}]"),
    _read("evvnt.get_user", f"/users/{evvnt.USER_ID}", evvnt.USER, user_id=evvnt.USER_ID),
    _same(
        "evvnt.update_user",
        "PUT",
        f"/users/{evvnt.USER_ID}",
        '{"email": "richard2@example.com"}',
        b"",
        user_id=evvnt.USER_ID,
    ),
    _same(
        "evvnt.buy_package_for_user",
        "POST",
        f"/packages?user_id={evvnt.USER_ID}",
        evvnt.PURCHASE,
        NEW_PACKAGE,
        user_id=evvnt.USER_ID,
    ),
    _read("evvnt.list_user_packages", f"/users/{evvnt.USER_ID}/packages", f"[{evvnt.PACKAGE}]", user_id=evvnt.USER_ID),
    _same(
        "evvnt.create_event_for_user",
        "POST",
        f"/events?user_id={evvnt.USER_ID}&package_id={evvnt.PACKAGE_ID}",
        evvnt.EVENT,
        b'{"id": 12345}',
        user_id=evvnt.USER_ID,
        package_id=evvnt.PACKAGE_ID,
    ),
    _same(
        "evvnt.update_event_for_user",
        "PUT",
        f"/events/12345?user_id={evvnt.USER_ID}",
        evvnt.CHANGES,
        b"{}",
        user_id=evvnt.USER_ID,
        event_id="12345",
    ),
    _read("evvnt.list_our_events", f"/events/ours?user_id={evvnt.USER_ID}", f"[{evvnt.OURS}]", user_id=evvnt.USER_ID),
    _read("evvnt.get_our_event", "/events/ours/12345", evvnt.OURS, event_id=12345),
    Documented("partner_api.login", {}, ("POST", "/partner/login", "login=ab+cd&password=x%26y"), LOGGED_IN),
    _same("partner_api.get_user", "POST", "/partner/v2/getUser", '{"username": "ana"}', USER),
    _same("partner_api.get_user", "POST", "/partner/v2/getUser", '{"user_id": 4021}', USER),
    _read(
        "eventbrite.get_order",
        "/orders/1034608029/?expand=attendees%2Cevent",
        b'{"id": "1034608029", "event_id": "77001", "status": "placed"}',
        id=1034608029,
    ),
    *(Documented(f"constant_contact.{name}", inputs, wire, answer) for name, inputs, wire, answer in ROWS),
)


def example(operation: str) -> Documented:
    """The first documented request of an operation."""
    return next(one for one in DOCUMENTED if one.operation == operation)
