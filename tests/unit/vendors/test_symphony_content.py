"""Symphony's lists: printed in four forms, read in one; what they give can be handed on."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError

from tests.unit.vendors.documented import LOCATIONS, catalogue, example
from tests.unit.vendors.mutations import changed, problems
from workflows.language.types import ListOf, fits, of_schema

LISTS = (
    *("list_instagram_posts", "search_locations", "search_interests", "search_languages", "list_releases"),
    "list_youtube_videos",
)


def read(name: str, answer: Any) -> Any:
    output = catalogue().operation(f"symphony.{name}").output
    assert output is not None
    return output().load(answer)


def item_of(name: str) -> dict[str, Any]:
    answer = json.loads(example(f"symphony.{name}").answer, parse_float=Decimal)
    item: dict[str, Any] = answer["data"][0] if "data" in answer else answer
    return item


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_in_whichever_form_it_comes(name: str) -> None:
    item = item_of(name)

    forms = [{"data": [item], "status": 200}, {"data": item}, [item], item]
    found = [read(name, form) for form in forms]

    assert all(one == found[0] for one in found)
    assert len(found[0]["data"]) == 1


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("answer", [{"data": []}, []])
def test_nothing_found_is_an_empty_list(name: str, answer: Any) -> None:
    assert read(name, answer) == {"data": []}


@pytest.mark.parametrize("name", [name for name in LISTS if name != "list_youtube_videos"])
@pytest.mark.parametrize("answer", [None, {}, {"data": None}, {"message": "no"}, [1], "text", {"data": [{}]}])
def test_an_answer_without_the_documented_items_is_not_read(name: str, answer: Any) -> None:
    with pytest.raises(ValidationError):
        read(name, answer)


def test_a_place_that_was_found_can_be_added_and_made_a_market_of_as_it_is() -> None:
    (place, country) = read("search_locations", json.loads(LOCATIONS))["data"]
    market = {"name": "Home", "budget": 1, "locations": [place, country]}

    added = changed(example("symphony.add_locations").inputs, {"locations": [place, country]})
    created = changed(example("symphony.create_campaign").inputs, {"metadata.targeting_countries": [market]})

    assert problems("symphony.add_locations", added) == {}
    assert problems("symphony.create_campaign", created) == {}


def test_a_workflow_may_hand_places_on_to_add_locations() -> None:
    search = catalogue().operation("symphony.search_locations").output
    assert search is not None
    found = of_schema(search).fields["data"].type
    taken = of_schema(catalogue().operation("symphony.add_locations").inputs, as_input=True).fields["locations"].type

    assert isinstance(found, ListOf)
    assert fits(found, taken)


def test_a_language_keeps_its_number_and_an_interest_its_id() -> None:
    languages = read("search_languages", json.loads(example("symphony.search_languages").answer))["data"]
    interests = read("search_interests", json.loads(example("symphony.search_interests").answer))["data"]

    assert languages == [{"key": 6, "name": "English (US)"}, {"key": 24, "name": "English (UK)"}]
    assert (interests[0]["id"], interests[0]["path"][-1]) == ("6003278637610", "Indie pop")
