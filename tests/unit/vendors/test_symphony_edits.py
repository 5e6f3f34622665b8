"""Symphony's edits, webhooks and details: what they take, what they need first, what they change."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.vendors.documented import CONFIGURED, catalogue, example
from tests.unit.vendors.mutations import GONE, changed, problems
from vendors.catalogue import catalogue_of
from workflows.catalogue import Read, Repeat
from workflows.details import details_of
from workflows.errors import ConfigurationError, InputError
from workflows.values import Money, Percent

GATED = ("symphony.edit_campaign", "symphony.add_locations", "symphony.pause_location")
RAW = example("symphony.add_locations").inputs["locations"][0]


@pytest.mark.parametrize(
    ("name", "changes", "path", "words"),
    [
        ("edit_campaign", {"end_date": GONE, "budget": GONE}, "$", "needs something to change"),
        ("edit_campaign", {"budget.value": 0}, "$.budget.value", "must be more than 0"),
        ("edit_campaign", {"budget.currency": "EURO"}, "$.budget.currency", "not a currency code"),
        ("edit_campaign", {"end_date": "2025-05-05T00:00:00"}, "$.end_date", "must say its offset"),
        (
            "edit_campaign",
            {"start_date": "2025-05-05T00:00:00Z"},
            "$.start_date",
            "fields are id, end_date, budget",
        ),
        ("edit_campaign", {"id": GONE}, "$.id", "is required"),
        ("edit_campaign", {"id": ""}, "$.id", "must not be empty"),
        ("edit_campaign", {"id": ".."}, "$.id", "must be an id"),
        ("edit_campaign", {"id": "50 17"}, "$.id", "must be an id"),
        ("edit_campaign", {"id": 5.0}, "$.id", "must be text"),
        ("edit_campaign", {"id": True}, "$.id", "must be text"),
        ("edit_campaign", {"id": "\ud800"}, "$.id", "cannot be written as UTF-8"),
        ("add_locations", {"locations": []}, "$.locations", "must have at least 1 location"),
        ("add_locations", {"market_id": "home"}, "$.market_id", "must be digits only"),
        ("add_locations", {"market_id": GONE}, "$.market_id", "is required"),
        ("add_locations", {"locations.0.key": GONE}, "$.locations[0].key", "is required"),
        ("add_locations", {"locations.0.type": "town"}, "$.locations[0].type", "must be country, region or city"),
        ("add_locations", {"locations.0.value": "x"}, "$.locations[0].value", "its fields are key, name, type"),
        ("pause_location", {"location_key": GONE}, "$.location_key", "is required"),
        ("pause_location", {"market_id": ""}, "$.market_id", "must be digits only"),
        ("pause_campaign", {"status": "PAUSED"}, "$.status", "is not a field here"),
        ("register_webhook", {"url": "receiver.example.com"}, "$.url", "must be a web address"),
        ("register_webhook", {"url": "https://a b"}, "$.url", "must be a web address"),
        ("register_webhook", {"events": []}, "$.events", "must have at least 1 event"),
        ("register_webhook", {"events.0": "campaign.complete"}, "$.events[0]", "did you mean 'campaign.completed'?"),
        ("register_webhook", {"events.0": "campaign.updated"}, "$.events", "must not name the same thing twice"),
        ("get_campaign", {"id": None}, "$.id", "must not be null"),
        ("get_campaign_analytics", {"id": GONE}, "$.id", "is required"),
        ("resume_location", {"location_key": GONE}, "$.location_key", "is required"),
        ("search_locations", {"keyword": GONE}, "$.keyword", "is required"),
        ("search_interests", {"keyword": " "}, "$.keyword", "must not be empty"),
    ],
)
def test_a_mistake_is_told_with_its_place(name: str, changes: dict[str, Any], path: str, words: str) -> None:
    found = problems(f"symphony.{name}", changed(example(f"symphony.{name}").inputs, changes))

    assert set(found) == {path}
    assert words in found[path]


def test_a_location_to_add_is_refused_in_the_shape_that_create_takes() -> None:
    renamed = {"value": "689194", "label": "Madrid", "type": "city", "region_id": 1019, "country_code": "ES"}

    found = problems("symphony.add_locations", {"id": "1", "market_id": "2", "locations": [RAW, renamed]})

    assert set(found) == {f"$.locations[1].{name}" for name in ("key", "name", "value", "label")}


def test_an_edit_may_have_either_value_alone() -> None:
    inputs = example("symphony.edit_campaign").inputs

    assert problems("symphony.edit_campaign", changed(inputs, {"budget": GONE})) == {}
    assert problems("symphony.edit_campaign", changed(inputs, {"end_date": GONE})) == {}


def test_an_edit_in_a_currency_without_a_known_floor_is_allowed_for_its_days_are_not_known() -> None:
    assert problems("symphony.edit_campaign", {"id": 1, "budget": {"value": 1, "currency": "JPY"}}) == {}


def test_the_ad_accounts_currency_holds_for_edits_too() -> None:
    strict = catalogue(symphony={"ad_account_currency": "USD"}).operation("symphony.edit_campaign")

    found = problems(strict, {"id": 1, "budget": {"value": 100, "currency": "MXN"}})

    assert "must be USD" in found["$.budget.currency"]


def test_ids_are_opaque_and_percent_encoded_in_the_path() -> None:
    pause = catalogue().operation("symphony.pause_campaign")

    assert pause.prepare({"id": "a/b?c#%é"}).path == "/v1/campaign/a%2Fb%3Fc%23%25%C3%A9/PAUSE"
    assert pause.prepare({"id": 5017}) == pause.prepare({"id": "5017"})


def test_a_campaign_is_put_on_pause_and_a_location_is_paused() -> None:
    words = {name: catalogue().operation(f"symphony.{name}").path.rpartition("/")[2] for name in (
        "pause_campaign", "resume_campaign", "pause_location"
    )}  # fmt: skip

    assert words == {"pause_campaign": "PAUSE", "resume_campaign": "ACTIVE", "pause_location": "PAUSED"}


def test_edits_wait_for_completion_and_pausing_a_campaign_never_does() -> None:
    found = catalogue()
    gated = {name for name, operation in found.operations.items() if operation.requires}

    assert gated == {*GATED, "symphony.resume_location"}
    for name in gated:
        (requirement,) = found.operation(name).requires
        assert requirement.event == "symphony.campaign.completed"
        assert requirement.never_after == "symphony.campaign.failed"
        assert requirement.subject.format(id=5017) == "symphony:campaign:5017"


def test_what_sets_a_state_may_be_repeated_and_what_creates_may_not() -> None:
    by_repeat = {repeat: set[str]() for repeat in Repeat}
    for name, operation in catalogue().operations.items():
        if operation.vendor in ("symphony", "cymbal"):
            by_repeat[operation.repeat].add(name.partition(".")[2])

    assert by_repeat[Repeat.SAFE] == {
        *("get_campaign", "edit_campaign", "pause_location", "pause_campaign", "resume_campaign", "resume_location"),
        *("get_campaign_analytics", "list_instagram_posts", "list_releases", "list_youtube_videos"),
        *("search_locations", "search_interests", "search_languages"),
    }
    assert by_repeat[Repeat.ASK] == {
        *("create_campaign", "add_locations", "register_webhook"),
        *("create_events", "create_orders", "create_contact"),
    }


def test_only_pauses_reduce() -> None:
    ours = (operation for operation in catalogue().operations.values() if operation.vendor == "symphony")
    reducing = {operation.name for operation in ours if operation.reduces}

    assert reducing == {"symphony.pause_location", "symphony.pause_campaign"}


def test_every_change_of_a_campaign_claims_that_campaign() -> None:
    changing = (*GATED, "symphony.pause_campaign", "symphony.resume_campaign")

    for name in changing:
        assert catalogue().operation(name).subjects_of({"id": 5017}) == ("symphony:campaign:5017",)
    assert catalogue().operation("symphony.get_campaign").subjects_of({"id": 5017}) == ()


@pytest.mark.parametrize("name", ["get_campaign", "get_campaign_analytics", "resume_location"])
def test_what_has_no_documented_path_is_there_and_says_that_it_is_not_configured(name: str) -> None:
    operation = catalogue_of({}).operation(f"symphony.{name}")

    assert f"vendors.symphony.operations.{name}" in operation.unavailable
    with pytest.raises(InputError, match="not configured"):
        operation.prepare(example(f"symphony.{name}").inputs)


@pytest.mark.parametrize(
    ("path", "is_right"),
    [
        ("/v1/campaign/{id}", True),
        ("/v1/{id}/details", True),
        ("/v1/campaign", False),
        ("/v1/campaign/{campaign}", False),
        ("/v1/{id}/{id}", False),
        ("/v1/{id}/{", False),
        ("/v1/{id.real}", False),
    ],
)
def test_a_configured_path_names_the_campaign_once(path: str, is_right: bool) -> None:
    configured = {**CONFIGURED["symphony"], "operations": {"get_campaign": {"path": path, "fields": {}}}}

    if is_right:
        assert catalogue_of({"symphony": configured}).operation("symphony.get_campaign").prepare({"id": 7}).path
    else:
        with pytest.raises(ConfigurationError, match=r"operations\.get_campaign\.path"):
            catalogue_of({"symphony": configured})


def test_configured_fields_are_read_by_their_places_and_types() -> None:
    schema = details_of(
        {
            "market": {"from": "data.markets.1.id", "type": "text"},
            "budget": {"from": "data.budget", "type": "money"},
            "ctr": {"from": "data.ctr", "type": "percent", "unit": "percent"},
            "clicks": {"from": "data.clicks", "type": "number"},
            "live": {"from": "data.live", "type": "boolean"},
            "ends": {"from": "data.ends", "type": "instant"},
        }
    )
    answer = {
        "data": {
            "markets": [{"id": 1}, {"id": 6676212031486}],
            "budget": {"value": 40, "currency": "USD"},
            "ctr": Decimal("2.1"),
            "clicks": 420,
            "live": True,
            "ends": "2026-03-05T07:00:00+02:00",
        }
    }

    output = schema().load(answer)

    assert output["market"] == "6676212031486"
    assert output["budget"] == Money(Decimal(40), "USD")
    assert output["ctr"] == Percent(Decimal("0.021"))
    assert output["clicks"] == 420
    assert output["live"] is True
    assert output["ends"].isoformat() == "2026-03-05T05:00:00+00:00"


@pytest.mark.parametrize(
    "answer", [{}, [], None, "text", {"data": []}, {"data": {"markets": []}}, {"data": {"markets": 3}}]
)
def test_an_answer_without_a_configured_field_lacks_it(answer: object) -> None:
    schema = details_of({"market": {"from": "data.markets.1.id", "type": "text"}})

    assert schema().validate(answer) == {"market": ["Missing data for required field."]}  # type: ignore[arg-type]


def test_an_operation_stays_what_it_is_whatever_else_is_configured() -> None:
    configured = {"brand_id": "b-1", "api_key": None, "operations": None, "currency_floors": None}

    plain = catalogue_of({"symphony": configured}).operation("symphony.edit_campaign")

    assert replace(plain, inputs=object) == replace(catalogue().operation("symphony.edit_campaign"), inputs=object)  # type: ignore[arg-type]


def test_an_edit_is_taken_back_by_what_was_read_before_it():
    edit = catalogue().operation("symphony.edit_campaign")
    former = Money(Decimal(40), "USD")
    reads = [
        Read("symphony.get_campaign", {"id": "6000"}, {"budget": Money(Decimal(1), "USD")}),
        Read("symphony.get_campaign_analytics", {"id": "5017"}, {"ctr": Percent(Decimal("0.01"))}),
        Read("symphony.get_campaign", {"id": "5017"}, {"budget": former}),
    ]
    inputs = edit.undo.inputs({"id": "5017", "budget": Money(Decimal(60), "USD")}, reads)
    assert inputs == {"id": "5017", "budget": former}
    assert edit.prepare(inputs).body == '{"budget":{"value":40,"currency":"USD"}}'
    assert edit.undo.inputs({"id": "5017", "end_date": "2031-03-05T05:00:00Z"}, reads) is None


def test_what_takes_a_call_back_is_an_operation_there_is():
    operations = catalogue().operations
    assert {item.undo.operation for item in operations.values() if item.undo} <= operations.keys()
