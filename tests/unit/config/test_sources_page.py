"""The page about sources is true: it has every preset with its options, and its examples can be used."""

import json
import re
from pathlib import Path
from textwrap import dedent

import pytest

from webhooks.signatures import Presented
from webhooks.sources import PRESETS, Content, build_sources
from workflows.settings.document import parse_document
from workflows.settings.sources import SCHEMES, SOURCE_PRESETS

PAGE = (Path(__file__).parents[3] / "docs" / "sources.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
BLOCKS = [dedent(block) for block in re.findall(r"(?:^    .*\n)+(?:\n(?:    .*\n)+)*", PAGE, re.MULTILINE)]
EXAMPLES = [block for block in BLOCKS if block.startswith("sources:")]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_presets_and_what_may_stand_under_them_are_the_same_everywhere() -> None:
    assert PRESETS.keys() == SOURCE_PRESETS.keys()


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_has_a_section_with_its_options_and_an_example(preset: str) -> None:
    section = SECTIONS[preset]
    for option in SOURCE_PRESETS[preset]:
        assert f"`{option}`" in section, option
    assert f"preset: {preset}" in section


def test_every_scheme_is_told_with_its_keys() -> None:
    for scheme, options in SCHEMES.items():
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{scheme}` |")]
        for option in options:
            assert f"`{option}`" in row, (scheme, option)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_makes_sources_that_are_open(example: str) -> None:
    text = example.partition("\n\n{")[0]
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), SECRET)
    document, problems = parse_document(f"{text}\nbrands: {{main: {{}}}}\n", "stagedoor.yml", environ)
    assert not problems
    assert all(source.scheme is not None for source in build_sources(document["sources"]).values())


def test_the_canonical_order_of_a_system_of_ones_own_is_an_order() -> None:
    example = next(block for block in EXAMPLES if "prefix: order" in block)
    text, _, order = example.partition("\n\n{")
    document, _ = parse_document(f"{text}\nbrands: {{main: {{}}}}\n", "stagedoor.yml", {"PARTNER_SECRET": "s"})
    (source,) = build_sources(document["sources"]).values()
    presented = Presented(b"{" + order.encode())
    (draft,) = source.preset.read(Content(json.loads(presented.body), {}, source.name, source.options))
    assert (draft.type, draft.subject) == ("order.placed", "order:partner:1001")
