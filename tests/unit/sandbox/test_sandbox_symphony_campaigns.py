"""What Symphony does with a campaign: the gate before completion, the edits, and the webhooks it sends by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from time import time
from typing import Any

import pytest

from sandbox.postman import Letter, Postman
from sandbox.scheduler import Scheduler
from sandbox.settings import LIFECYCLE_DELAYS
from sandbox.store import Shelf, Store
from sandbox.symphony.campaigns import load_campaign, new_campaign
from sandbox.symphony.lifecycle import Lifecycle

CAMPAIGN = "/advertising/v1/campaign"
MADRID = {
    "key": "689194",
    "name": "Madrid",
    "type": "city",
    "region": "Comunidad de Madrid",
    "region_id": 1019,
    "country_code": "ES",
    "country_name": "España",
    "supports_city": True,
    "supports_region": True,
}


class Due(Scheduler):
    """A scheduler whose time is the test's: actions wait to be run by hand."""

    def __init__(self) -> None:
        self.actions: list[Callable[[], object]] = []

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        self.actions.append(action)


class Posted(Postman):
    """A postman who only notes what he was given."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def post(self, lane: str, letter: Letter) -> None:
        self.events.append(letter.event)


def details(client: Any, campaign: int) -> Any:
    return client.symphony("GET", f"{CAMPAIGN}/{campaign}").json()["data"]


def markets(client: Any, campaign: int) -> Any:
    return details(client, campaign)["campaign_metadata"]["platform_details"]["campaignsMapping"]["markets"]


def completed(client: Any, receiver: Any, name: str = "Spring tour tickets") -> int:
    """Create a campaign and wait until Symphony has said that it is completed."""
    client.registered(receiver.url, ["campaign.completed"])
    campaign: int = client.created(name)
    receiver.wait(1)
    return campaign


def never_completing(client: Any) -> int:
    client.control("POST", "/_scenarios", json={"match": "stuck", "events": ["created", "processing"]})
    campaign: int = client.created("stuck in review")
    return campaign


def heard(bodies: list[bytes]) -> list[str]:
    return [json.loads(body)["event"].removeprefix("campaign.") for body in bodies]


def test_details_show_the_markets_with_ids_and_location_keys(client: Any) -> None:
    data = details(client, never_completing(client))
    mapping = data["campaign_metadata"]["platform_details"]["campaignsMapping"]
    assert (data["id"], data["status"], data["budget"]) == (5017, "IN_REVIEW", {"value": 40, "currency": "USD"})
    assert data["end_date"] == "2026-03-05T05:00:00.000Z"
    assert [market["name"] for market in mapping["markets"]] == ["Home", "Coast"]
    assert mapping["fbCampaign"] == mapping["markets"][0]
    assert mapping["markets"][1]["id"].isdigit()
    assert mapping["markets"][1]["locations"] == [
        {
            "key": "2420379",
            "name": "Los Angeles",
            "type": "city",
            "region_id": 3847,
            "country_code": "US",
            "status": "ACTIVE",
        }
    ]


def test_a_campaign_without_markets_gets_the_documented_default(client: Any, link_clicks: dict[str, Any]) -> None:
    del link_clicks["metadata"]["targeting_countries"]
    campaign = client.symphony("POST", CAMPAIGN, json=link_clicks).json()["data"]["id"]
    (market,) = markets(client, campaign)
    assert [place["key"] for place in market["locations"]] == ["AU", "CA", "DE", "FR", "GB", "NZ", "US"]


def test_analytics_give_the_click_rate_as_a_ratio(client: Any) -> None:
    client.control("POST", "/_scenarios", json={"match": "weak", "events": ["created"], "analytics": {"ctr": 0.009}})
    usual = client.symphony("GET", f"{CAMPAIGN}/{client.created()}/analytics").json()["data"]
    weak = client.symphony("GET", f"{CAMPAIGN}/{client.created('a weak one')}/analytics").json()["data"]
    assert (usual["ctr"], usual["clicks"] / usual["impressions"], weak["ctr"]) == (0.021, 0.021, 0.009)
    assert usual["budget"] == {"value": 40, "currency": "USD"}


def test_edits_before_completion_are_refused(client: Any) -> None:
    campaign = never_completing(client)
    for path, body in [
        ("", {"budget": {"value": 50, "currency": "USD"}}),
        ("/location/add", {"market_id": "1", "locations": [MADRID]}),
        ("/location/PAUSED", {"market_id": "1", "location_key": "US"}),
    ]:
        reply = client.symphony("PUT", f"{CAMPAIGN}/{campaign}{path}", json=body)
        assert reply.status_code == 400
        assert "campaign.completed" in reply.json()["error"]["message"]
    assert details(client, campaign)["budget"]["value"] == 40


def test_after_completion_the_budget_and_the_end_date_can_be_edited(client: Any, receiver: Any) -> None:
    campaign = completed(client, receiver)
    body = {"end_date": "2026-03-06T05:00:00Z", "budget": {"currency": "USD", "value": 55.5}}
    reply = client.symphony("PUT", f"{CAMPAIGN}/{campaign}", json=body)
    data = details(client, campaign)
    assert (reply.status_code, data["budget"], data["end_date"]) == (200, body["budget"], body["end_date"])


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, ""),
        ({"budget": {"value": 50}}, "budget.currency"),
        ({"budget": {"value": 50, "currency": "MXN"}}, "budget.currency"),
        ({"budget": {"value": 39, "currency": "USD"}}, "budget.value"),
        ({"end_date": "2026-03-20T05:00:00Z", "budget": {"value": 50, "currency": "USD"}}, "budget.value"),
        ({"end_date": "2026-02-20T05:00:00Z"}, "end_date"),
        ({"end_date": "soon"}, "end_date"),
        ({"start_date": "2026-03-02T05:00:00Z"}, "start_date"),
        ({"campaign_name": "Other"}, "campaign_name"),
    ],
)
def test_an_edit_obeys_the_rules_of_creation(client: Any, receiver: Any, body: dict[str, Any], at: str) -> None:
    campaign = completed(client, receiver)
    reply = client.symphony("PUT", f"{CAMPAIGN}/{campaign}", json=body)
    assert reply.status_code == 400
    assert at in [problem["path"] for problem in reply.json()["error"]["problems"]]


def test_locations_are_added_as_the_search_gives_them_and_a_repeat_shows(client: Any, receiver: Any) -> None:
    campaign = completed(client, receiver)
    market = markets(client, campaign)[0]["id"]
    for _ in range(2):
        body = {"market_id": market, "locations": [MADRID]}
        assert client.symphony("PUT", f"{CAMPAIGN}/{campaign}/location/add", json=body).status_code == 200
    assert [place["key"] for place in markets(client, campaign)[0]["locations"]] == ["US", "689194", "689194"]


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"market_id": "999"}, "market_id"),
        ({"market_id": 6676212031486}, "market_id"),
        ({"locations": []}, "locations"),
        ({"locations": [{"value": "689194", "label": "Madrid", "type": "city"}]}, "locations[0].key"),
        ({"budget": 1}, "budget"),
    ],
)
def test_locations_of_another_shape_or_market_are_refused(
    client: Any, receiver: Any, change: dict[str, Any], at: str
) -> None:
    campaign = completed(client, receiver)
    body = {"market_id": markets(client, campaign)[0]["id"], "locations": [MADRID], **change}
    reply = client.symphony("PUT", f"{CAMPAIGN}/{campaign}/location/add", json=body)
    assert reply.status_code == 400
    assert at in [problem["path"] for problem in reply.json()["error"]["problems"]]


def test_one_location_can_be_paused_and_only_by_the_documented_path(client: Any, receiver: Any) -> None:
    campaign = completed(client, receiver)
    body = {"location_key": "2420379", "market_id": markets(client, campaign)[1]["id"]}
    path = f"{CAMPAIGN}/{campaign}/location"
    assert client.symphony("PUT", f"{path}/ACTIVE", json=body).status_code == 404
    assert client.symphony("PUT", f"{path}/PAUSED", json={**body, "location_key": "US"}).status_code == 400
    assert client.symphony("PUT", f"{path}/PAUSED", json=body).status_code == 200
    assert [market["locations"][0]["status"] for market in markets(client, campaign)] == ["ACTIVE", "PAUSED"]


def test_a_location_can_be_resumed_only_where_that_was_switched_on(client: Any, receiver: Any) -> None:
    campaign = completed(client, receiver)
    body = {"location_key": "2420379", "market_id": markets(client, campaign)[1]["id"]}
    path = f"{CAMPAIGN}/{campaign}/location"
    client.symphony("PUT", f"{path}/PAUSED", json=body)
    assert client.symphony("PUT", f"{path}/ACTIVE", json=body).status_code == 404
    client.control("POST", "/_settings/symphony", json={"resume_location": 1})
    assert client.symphony("PUT", f"{path}/ACTIVE", json=body).status_code == 200
    assert markets(client, campaign)[1]["locations"][0]["status"] == "ACTIVE"
    rows = client.journal(operation="symphony.resume_location")
    assert [row["processed"] for row in rows] == [False, True]


def test_a_campaign_is_paused_and_resumed_without_a_gate(client: Any, receiver: Any) -> None:
    campaign = completed(client, receiver)
    for word, status in [("PAUSE", "PAUSE"), ("ACTIVE", "ACTIVE")]:
        reply = client.symphony("PUT", f"{CAMPAIGN}/{campaign}/{word}")
        assert (reply.status_code, reply.json()["data"]["status"]) == (200, status)
    assert client.symphony("PUT", f"{CAMPAIGN}/{campaign}/PAUSED").status_code == 404
    assert client.symphony("PATCH", f"{CAMPAIGN}/{campaign}/location/add", json={}).status_code == 404


def test_a_campaign_paused_before_completion_is_not_processed_until_resumed(link_clicks: dict[str, Any]) -> None:
    due, posted, store = Due(), Posted(), Store()
    campaigns = Shelf(store, "campaigns", load=load_campaign, dump=asdict)
    lifecycle = Lifecycle(store, campaigns, due, posted, usual_delays=LIFECYCLE_DELAYS, clock=time)
    lifecycle.register("http://127.0.0.1/hook", ["campaign.created", "campaign.processing", "campaign.completed"])
    campaign = new_campaign(5017, link_clicks, {})
    campaigns.put(campaign.key, campaign)
    lifecycle.begin(campaign, lifecycle.scenario_for(campaign.name))
    due.actions.pop()()
    campaign.is_paused = True
    due.actions.pop()()
    assert (posted.events, due.actions) == (["campaign.created"], [])
    campaign.is_paused = False
    lifecycle.resume(campaign)
    while due.actions:
        due.actions.pop()()
    assert posted.events == ["campaign.created", "campaign.processing", "campaign.completed"]


def test_resuming_a_campaign_lets_its_setup_go_on(client: Any, receiver: Any) -> None:
    client.registered(receiver.url, ["campaign.completed"])
    campaign = client.created()
    for word in ("PAUSE", "ACTIVE"):
        client.symphony("PUT", f"{CAMPAIGN}/{campaign}/{word}")
    assert json.loads(receiver.wait(1)[0])["id"] == campaign


def test_unknown_campaigns_are_not_found(shared_client: Any) -> None:
    for method, path in [("GET", ""), ("GET", "/analytics"), ("PUT", ""), ("PUT", "/PAUSE"), ("PUT", "/location/add")]:
        assert shared_client.symphony(method, f"{CAMPAIGN}/{'9' * 5000}{path}", json={}).status_code == 404


def test_a_new_campaign_is_told_of_in_order(client: Any, receiver: Any) -> None:
    client.registered(receiver.url)
    campaign = client.created()
    bodies = receiver.wait(3)
    assert heard(bodies) == ["created", "processing", "completed"]
    assert json.loads(bodies[0]) == {
        "event": "campaign.created",
        "id": campaign,
        "provider": "facebook",
        "type": "link_clicks",
        "status": "IN_REVIEW",
    }
    assert receiver.received[0][0]["content-type"] == "application/json"


def test_a_registration_is_told_only_of_the_events_it_named(client: Any, receiver: Any) -> None:
    client.registered(receiver.url, ["campaign.completed"])
    client.created()
    assert heard(receiver.wait(1)) == ["completed"]


def test_a_scenario_repeats_bytes_and_tells_late_processing_without_a_relapse(client: Any, receiver: Any) -> None:
    events = ["created", "processing", "completed", "completed", "processing"]
    client.control("POST", "/_scenarios", json={"match": "rocky", "events": events, "delays": [0, 0.01, 0.01, 0, 0]})
    client.registered(receiver.url)
    campaign = client.created("a rocky start")
    bodies = receiver.wait(5)
    assert heard(bodies) == events
    assert bodies[2] == bodies[3]
    assert json.loads(bodies[4])["status"] == "ACTIVE"
    budget = {"budget": {"value": 50, "currency": "USD"}}
    assert client.symphony("PUT", f"{CAMPAIGN}/{campaign}", json=budget).status_code == 200


def test_a_scenario_can_fail_a_campaign(client: Any, receiver: Any) -> None:
    client.control(
        "POST", "/_scenarios", json={"match": "doomed", "events": ["campaign.created", "processing", "failed"]}
    )
    client.registered(receiver.url)
    campaign = client.created("doomed")
    assert heard(receiver.wait(3)) == ["created", "processing", "failed"]
    assert details(client, campaign)["status"] == "FAILED"
    budget = {"budget": {"value": 50, "currency": "USD"}}
    assert client.symphony("PUT", f"{CAMPAIGN}/{campaign}", json=budget).status_code == 400


def test_the_newest_matching_scenario_counts_until_cleared(client: Any, receiver: Any) -> None:
    client.registered(receiver.url)
    client.control("POST", "/_scenarios", json={"match": "", "events": ["created", "failed"]})
    client.control("POST", "/_scenarios", json={"match": "x", "events": ["updated"]})
    client.created("x")
    assert heard(receiver.wait(1)) == ["updated"]
    assert client.control("DELETE", "/_scenarios") == {"cleared": 2}
    client.created("x")
    assert heard(receiver.wait(4)) == ["updated", "created", "processing", "completed"]


@pytest.mark.parametrize(
    "body",
    [
        {"events": ["created"]},
        {"match": "x"},
        {"match": "x", "events": []},
        {"match": "x", "events": ["paused"]},
        {"match": "x", "events": ["created"], "delays": [0, 1]},
        {"match": "x", "events": ["created"], "delays": [-1]},
        {"match": "x", "events": ["created"], "delays": ["1"]},
        {"match": "x", "events": ["created"], "speed": 2},
    ],
)
def test_a_scenario_that_cannot_be_read_is_refused(shared_client: Any, body: dict[str, Any]) -> None:
    reply = shared_client.session.post(shared_client.url + "/_scenarios", json=body, timeout=10)
    assert (reply.status_code, len(reply.json()["problems"])) == (400, 1)


def test_a_delivery_is_repeated_until_taken_and_later_ones_wait_for_it(client: Any, receiver: Any) -> None:
    receiver.answers = [503, 302]
    client.registered(receiver.url)
    client.created()
    bodies = receiver.wait(5)
    assert heard(bodies) == ["created", "created", "created", "processing", "completed"]
    assert bodies[0] == bodies[1] == bodies[2]
    rows = client.delivered(event="campaign.created", count=3)
    assert [(row["attempt"], row["status"]) for row in rows] == [(1, 503), (2, 302), (3, 202)]


def test_a_delivery_nobody_takes_is_given_up_and_the_next_one_sent(client: Any, receiver: Any) -> None:
    receiver.answers = [500] * 4
    client.registered(receiver.url, ["campaign.created", "campaign.completed"])
    client.created()
    assert heard(receiver.wait(5)) == ["created"] * 4 + ["completed"]


def test_a_receiver_that_is_not_there_is_journaled_with_the_error(client: Any) -> None:
    client.registered("http://127.0.0.1:1/hook", ["campaign.created"])
    campaign = client.created()
    rows = client.delivered(about=str(campaign), count=4)
    assert {(row["status"], row["error"]) for row in rows} == {(None, "NewConnectionError")}
