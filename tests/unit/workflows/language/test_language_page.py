"""docs/language.md: its generated parts are current, its examples are right, and they show every key."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.workflows.language.test_right import FILE, PEOPLE, keys_in
from vendors.catalogue import build_catalogue
from workflows.engine.trials import hold_trials, props_of
from workflows.language.check import check_paths, read_together
from workflows.language.codes import CODES
from workflows.language.keys import BLOCKS
from workflows.language.reference import filled
from workflows.settings import PersonSettings, examine_settings
from workflows.yaml_nodes import read

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "language.md"
TEXT = PAGE.read_text(encoding="utf-8")
WRONG = Path(__file__).parent / "wrong"


def test_the_generated_parts_are_current() -> None:
    """`python -m workflows.language.reference docs/language.md WRONG` writes them anew, with the folder of those."""
    assert filled(TEXT, WRONG) == TEXT


def test_every_block_and_every_code_of_a_workflow_has_its_place() -> None:
    assert set(re.findall(r"<!-- keys (\w+) -->", TEXT)) == set(BLOCKS)
    listed = set(re.findall(r"^\| ([EW]\d{3}) \|", TEXT, re.MULTILINE))
    assert listed == {code for code in CODES if not code.startswith("E4")}


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    for name, text in whole_workflows():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def test_the_examples_have_no_mistakes(examples: Path) -> None:
    settings, _ = examine_settings({}, ROOT / "config")
    settings = replace(settings, people={name: PersonSettings(name, None, roles) for name, roles in PEOPLE.items()})
    found = check_paths([examples], settings, build_catalogue(settings))
    assert [str(problem).replace(f"{examples}/", "") for problem in found] == []


def test_the_examples_pass_their_own_tests(examples: Path) -> None:
    settings, _ = examine_settings({}, ROOT / "config")
    definitions, _, surroundings = read_together([examples], settings, build_catalogue(settings))
    reports = [hold_trials(item, props_of(surroundings, settings.brands, definitions)) for item in definitions]
    assert [(one.trial.name, one.differences) for report in reports for one in report.held if not one.is_ok] == []


def test_the_examples_show_every_key() -> None:
    shown = {pair for name, text in whole_workflows() for pair in keys_in(read(text, name), FILE)}
    assert {(block.name, key.name) for block in BLOCKS.values() for key in block.keys} - shown == set()


def whole_workflows() -> Iterator[tuple[str, str]]:
    """Every example with its name; what is only a part of a workflow has the rest added."""
    for number, text in enumerate(re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)):
        named = re.search(r"^workflow: (\S+)", text)
        name = named[1] if named else f"example-{number}"
        yield name, text + "".join(rest for key, rest in REST.items() if f"\n{key}:" not in f"\n{text}").format(name)


REST = {
    "workflow": "workflow: {}\n",
    "when": "when: {{event: symphony.campaign.completed}}\n",
    "steps": "steps:\n  - {{id: note, set: {{text: hello}}}}\n",
}
