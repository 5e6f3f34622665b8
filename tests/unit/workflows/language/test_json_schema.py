"""The schema for editors: made of the reader's own table, with the names of the configuration at hand."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.builders.catalogue import make_catalogue
from workflows.events import EVENT_TYPES
from workflows.language.json_schema import json_schema
from workflows.language.keys import BLOCKS, WORKFLOW
from workflows.language.surroundings import Contract, Surroundings
from workflows.language.types import ObjectOf
from workflows.yaml_nodes import read

SURROUNDINGS = Surroundings(
    make_catalogue(),
    brand_names=("main",),
    roles={"box-office": ("alice",)},
    workflows={"greet": Contract({}, None), "listen": Contract(None, None)},
    events={"stagedoor.greeted": ObjectOf({})},
)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema(SURROUNDINGS)


def complaints(schema: dict[str, Any], text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(read(text, "w.yml").plain())]


def test_it_is_a_schema_of_its_draft(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


def test_every_key_of_the_reader_is_in_it_and_explained(schema: dict[str, Any]) -> None:
    for block in BLOCKS.values():
        made = schema if block is WORKFLOW else schema["$defs"][block.name]
        assert list(made["properties"]) == [key.name for key in block.keys]
        assert all(key["description"] for key in made["properties"].values())
        assert made["additionalProperties"] is False


def test_the_names_of_the_configuration_are_offered(schema: dict[str, Any]) -> None:
    step, event = schema["$defs"]["step"]["properties"], schema["$defs"]["when"]["properties"]["event"]
    assert {"const": "shop.edit_show", "description": "shop.edit_show"} in step["call"]["oneOf"]
    assert step["run"]["enum"] == ["greet"]
    assert event["anyOf"][0]["enum"] == sorted([*EVENT_TYPES, "stagedoor.greeted"])
    assert schema["$defs"]["approve"]["properties"]["from"]["anyOf"][0]["enum"] == ["box-office"]
    assert schema["$defs"]["when"]["properties"]["brand"]["enum"] == ["main"]


HEAD = "workflow: w\nwhen: {event: order.placed}\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("steps: [{id: a, set: {x: 1}}]", ""),
        ("steps: [{id: a, set: {x: 1}, retries: 3}]", "'retries' was unexpected"),
        ("steps: [{id: a, set: {x: 1}, wait: {for: 1h}}]", "is valid under each of"),
        ("steps: [{id: a}]", "is not valid under any of the given schemas"),
        ("steps: [{id: a, call: shop.edit_shw}]", "is not valid under any of the given schemas"),
        ("steps: [{id: a, set: {x: 1}, with: {y: 1}}]", "is not valid under any of the given schemas"),
        ("steps: [{id: a, wait: {for: 3 days}}]", "is not valid under any of the given schemas"),
        ("steps: [{id: a, wait: {for: =1h * 2}}]", ""),
        ("steps: [{id: a, stop_unless: =1 == 1}]", "does not match"),
        ("steps: []", "should be non-empty"),
        ("run: {batch: {count: 1, within: 1h}, key: event.id}\nsteps: [{id: a, set: {x: 1}}]", "should not be valid"),
        ("run: {concurrency: {limit: 0}}\nsteps: [{id: a, set: {x: 1}}]", "less than the minimum"),
    ],
)
def test_shapes_are_told_apart(schema: dict[str, Any], text: str, complaint: str) -> None:
    found = complaints(schema, HEAD + text + "\n")
    assert any(complaint in message for message in found) if complaint else not found
