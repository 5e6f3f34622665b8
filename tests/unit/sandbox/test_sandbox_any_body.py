"""Whatever body a caller sends, a stand-in answers as its vendor would; and what it took is there after a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.server import House, build
from sandbox.settings import LIFECYCLE_DELAYS, Settings
from tests.unit.sandbox.conftest import LINK_CLICKS, changed

BUYERS = "66d9b5f0-5a95-11eb-a9a2-fa163e5bf31a"
PARTNER = "/constant_contact/v3/partner"
SYNC = f"{PARTNER}/accounts/a07e1lxqqqo0/account_operations/sync"
USER = "550e8400-e29b-41d4-a716-446655440000"
CRITERIA = '{"version": "1.0.0", "criteria": {"type": "and", "group": [{"source": "tags", "field": "a", "op": "b"}]}}'
EVENT = {
    "title": "Show",
    "category_id": 17,
    "start_time": "2026-06-20T20:00:00+0100",
    "end_time": "2026-06-20T23:00:00+0100",
    "door_time": "2026-06-20T20:00:00+0100",
    "summary": "One night\nonly.",
    "description": "Full text.",
    "hashtag": "#show",
    "image_urls": ["https://img.example.com/1.jpg"],
    "contact": {"name": "Jo Field", "email": "jo@example.com", "tel": "020 1111 2222"},
    "venue": {"name": "The Hall", "address_1": "1 High Street", "town": "London", "country": "GB", "postcode": "W1"},
    "prices": {"General": "GBP 20"},
}
CONTACT = {
    "email_address": {"address": "ana@example.com", "permission_to_send": "explicit"},
    "first_name": "Ana",
    "create_source": "Account",
    "list_memberships": [BUYERS],
    "sms_channel": {"sms_address": "1231231234"},
    "birthday_month": 1,
    "birthday_day": 2,
}
IMPORT = {"import_data": [{"email": "joe@example.com", "anniversary": "2006-11-15"}], "list_ids": [BUYERS]}
CANCEL = {"effective_date": "2036-01-01T00:00:00Z", "reason_id": 1}
UNSUBSCRIBE = {"update_source": "Account", "email_addresses": ["fan@example.com"], "global_unsubscribe": True}
ORDER = {
    "id": "1",
    "event_id": "2",
    "customer": {"email": "fan@example.com"},
    "marketing_opt_ins": {"email": True, "sms": False},
    "items": [{"ticket_type_name": "Standing", "quantity": 2, "total_price": 80.0, "currency_code": "USD"}],
    "created_at": "2024-03-02T15:30:00Z",
}

CALLS: list[tuple[str, str, Any]] = [
    ("POST", "/symphony/advertising/v1/campaign", LINK_CLICKS),
    ("POST", "/symphony/webhook", {"url": "http://127.0.0.1:1/", "events": ["campaign.updated"]}),
    ("POST", "/cymbal/v1/partners/contact", {"contact": {"email": "a@b.c"}, "opt_ins": {"email": None}}),
    ("POST", "/cymbal/v1/partners/orders", {"orders": [ORDER]}),
    ("POST", "/evvnt/packages", {"id": 50, "event_quantity": 5, "notes": ""}),
    ("POST", f"/evvnt/events?user_id={USER}", EVENT),
    ("PUT", "/evvnt/events/12345", EVENT),
    ("PUT", "/evvnt/publishers/324/published_events/1385", {"url": "https://example.com", "slug": "a"}),
    ("POST", f"{PARTNER}/accounts/a07e1lxqqqo0/contacts/unsubscribe", UNSUBSCRIBE),
    ("PUT", f"{PARTNER}/accounts/a07e1my9tbw0/status/cancel", CANCEL),
    ("POST", "POST /contacts", CONTACT),
    ("POST", "POST /segments", {"name": "Lapsed", "segment_criteria": CRITERIA}),
    ("POST", "POST /activities/contacts_json_import", IMPORT),
    ("POST", "POST /activities/add_list_memberships", {"source": {"list_ids": [BUYERS]}, "list_ids": [BUYERS]}),
    ("POST", "/partner_api/partner/v2/getUser", {"username": "ana"}),
    ("POST", "/_faults", {"operation": "none", "fault": "slow", "seconds": 1}),
    ("POST", "/_scenarios", {"match": "none", "events": ["created"], "delays": [1]}),
    ("POST", "/_settings/partner_api", {"token_seconds": 3600}),
]

ODD = [None, True, 0, -1, 1.5, 10**30, 1e300, "", "é\u2028", "\ud800", "²", "{", "UK", "a@b", "http://[", "9" * 40]
ODD += ["2026-13-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", [], [None], {}, {"": 1}, ...]


def paths(value: Any, above: str = "") -> Iterator[str]:
    """List where there is a value, as `venue.name` or `orders.0.id`."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield f"{above}{key}"
        yield from paths(part, f"{above}{key}.")


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, str, Any]:
    """Draw a documented call with up to three odd values in its body, or with another body altogether."""
    method, path, body = draw(st.sampled_from(CALLS))
    for _ in range(draw(st.integers(0, 3))):
        if not (places := list(paths(body))):
            break
        body = changed(body, draw(st.sampled_from(places)), draw(st.sampled_from(ODD)))
    scalars = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    other = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
    return method, path, draw(other) if draw(st.integers(0, 9)) == 0 else body


class Caller:
    """Calls a sandbox without a socket, with every vendor's credentials at once."""

    def __init__(self, house: House) -> None:
        self._client: FlaskClient = house.app.test_client()
        lifted = {"requests_per_second": None, "requests_per_day": None, "activity_seconds": 0}
        assert self.call("POST", "/_settings/constant_contact", lifted).status_code == 200
        self._client.environ_base |= {
            "HTTP_X_API_KEY": "sandbox-symphony-key",
            "HTTP_CYMBAL_PARTNER_API_KEY": "sandbox-cymbal-key",
            "HTTP_ACCEPT": "application/json",
        }
        query = "grant_type=client_credentials&scope=v3api/general.partner"
        answer = self._client.post(
            f"/constant_contact/token?{query}",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            auth=("sandbox-cc-client", "sandbox-cc-secret"),
        )
        self._token = answer.get_json()["access_token"]

    def call(self, method: str, path: str, body: Any) -> Any:
        headers: dict[str, str] = {}
        auth = ("sandbox-evvnt-key", "sandbox-evvnt-secret") if path.startswith("/evvnt") else None
        if not path.startswith("/"):  # a V3 call for an account
            verb, url = path.split()
            envelope = {"account_operation_method": verb, "account_operation_url": url}
            path, body = SYNC, {**envelope, "account_operation_payload": json.dumps(body)}
        if path.startswith("/constant_contact"):
            headers = {"X-Api-Key": "sandbox-cc-key", "Authorization": f"Bearer {self._token}"}
        return self._client.open(path, method=method, json=body, headers=headers, auth=auth)

    def states(self) -> dict[str, Any]:
        vendors = ("symphony", "cymbal", "constant_contact", "evvnt")
        states = {vendor: self._client.get(f"/_state/{vendor}").get_json() for vendor in vendors}
        for of_this_caller in ("tokens", "requests_today"):
            del states["constant_contact"][of_this_caller]
        return states


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.db"


def ended(house: House) -> None:
    house.stop()
    house.store.close()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(calls(), min_size=1, max_size=5))
def test_no_body_makes_a_stand_in_fall_over(any_house: Caller, wanted: list[tuple[str, str, Any]]) -> None:
    statuses = {any_house.call(*call).status_code for call in wanted}
    assert statuses <= {200, 201, 400, 401, 404, 409}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(calls(), min_size=5, max_size=30))
def test_what_was_taken_reads_the_same_after_a_restart(data: Path, wanted: list[tuple[str, str, Any]]) -> None:
    data.unlink(missing_ok=True)
    slow = Settings(data=data, lifecycle_delays=dict.fromkeys(LIFECYCLE_DELAYS, 3600.0))
    house = build(slow)
    caller = Caller(house)
    for call in wanted:
        caller.call(*call)
    before = caller.states()
    ended(house)
    again = build(slow)
    assert Caller(again).states() == before
    ended(again)


@pytest.fixture(scope="module")
def any_house() -> Iterator[Caller]:
    house = build(Settings())
    yield Caller(house)
    ended(house)
