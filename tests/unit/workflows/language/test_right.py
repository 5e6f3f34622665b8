"""Workflows that are right, from one line to the hardest: no problem, no warning, and every key is in one of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from vendors.catalogue import build_catalogue
from workflows.catalogue import Catalogue
from workflows.engine.trials import hold_trials, props_of
from workflows.language.check import check_paths, examine_workflows, surroundings_of
from workflows.language.forms import BlockForm, EitherForm, Form, ListForm, NamedForm
from workflows.language.json_schema import json_schema
from workflows.language.keys import BLOCKS, WORKFLOW
from workflows.language.promises import Known, check_together
from workflows.language.surroundings import Surroundings
from workflows.settings import PersonSettings, Settings, examine_settings
from workflows.yaml_nodes import Node, read

RIGHT = Path(__file__).parent / "right"
FILES = sorted(RIGHT.glob("*.yml"))
PEOPLE = {"alice": ("budget-approvers",), "bob": ("budget-approvers", "directors"), "carol": ("directors",)}

FILE = BlockForm(WORKFLOW.name)

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@pytest.fixture(scope="module")
def settings() -> Settings:
    settings, _ = examine_settings({}, Path(__file__).parents[4] / "config")
    return replace(settings, people={name: PersonSettings(name, None, roles) for name, roles in PEOPLE.items()})


@pytest.fixture(scope="module")
def catalogue(settings: Settings) -> Catalogue:
    return build_catalogue(settings)


@pytest.fixture(scope="module")
def surroundings(settings: Settings, catalogue: Catalogue) -> Surroundings:
    workflows, _ = examine_workflows([RIGHT])
    known = [Known(one.definition) for one in workflows]
    return check_together(known, surroundings_of(settings, catalogue))[1]


def test_there_is_nothing_to_say_about_them(settings: Settings, catalogue: Catalogue) -> None:
    assert check_paths([RIGHT], settings, catalogue) == []


@each_file
def test_editors_find_nothing_wrong_with_them(file: Path, surroundings: Surroundings) -> None:
    validator = Draft202012Validator(json_schema(surroundings))
    assert [error.message for error in validator.iter_errors(plain(file))] == []


@each_file
def test_their_own_tests_hold(file: Path, settings: Settings, catalogue: Catalogue, surroundings: Surroundings) -> None:
    (examined,), _ = examine_workflows([file])
    report = hold_trials(examined.definition, props_of(surroundings, settings.brands))
    assert report.held
    assert [(one.trial.name, one.differences) for one in report.held if not one.is_ok] == []
    assert report.coverage.missed_steps == ()


def test_together_they_use_every_key_of_the_language() -> None:
    used = {pair for file in FILES for pair in keys_in(read(file.read_text(encoding="utf-8"), file.name), FILE)}
    assert {(block.name, key.name) for block in BLOCKS.values() for key in block.keys} - used == set()


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 25


def plain(file: Path) -> object:
    return read(file.read_text(encoding="utf-8"), file.name).plain()


def keys_in(node: Node, form: Form) -> Iterator[tuple[str, str]]:
    """The keys that are used, each with its block."""
    match form:
        case BlockForm(name):
            for key, entry in node.entries.items():
                yield name, key
                yield from keys_in(entry.node, BLOCKS[name].by_name[key].form)
        case ListForm(item=item):
            for one in node.items if node.kind == "list" else (node,):
                yield from keys_in(one, item)
        case NamedForm(item=item):
            for entry in node.entries.values():
                yield from keys_in(entry.node, item)
        case EitherForm(forms):
            for one in forms if node.kind == "map" else ():
                if isinstance(one, BlockForm):
                    yield from keys_in(node, one)
