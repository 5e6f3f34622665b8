"""Laws of reading workflow files: whatever is written, one gets a definition or problems with places."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.builders.catalogue import make_catalogue
from workflows.errors import DefinitionError
from workflows.language.advice import advise
from workflows.language.exposure import exposures
from workflows.language.forms import (
    Block,
    BlockForm,
    ChoiceForm,
    DurationForm,
    EitherForm,
    Form,
    FormulaForm,
    ListForm,
    NamedForm,
    PercentForm,
    PlainForm,
    TextForm,
    ValueForm,
    WholeNumberForm,
)
from workflows.language.json_schema import json_schema
from workflows.language.keys import BLOCKS, WORKFLOW
from workflows.language.promises import Known, check_together
from workflows.language.reader import examine_definition
from workflows.language.surroundings import Surroundings
from workflows.language.types import FieldType, Text
from workflows.problems import Problem
from workflows.yaml_nodes import read

ROOT = Path(__file__).parents[2]
WRITTEN = sorted(
    [*(ROOT / "config" / "workflows").glob("*.yml"), *(ROOT / "tests/unit/workflows/language/right").glob("*.yml")]
)
SURROUNDINGS = Surroundings(make_catalogue(), {"zone": FieldType(Text())}, ("main",), {"ones": ("alice",)})
PIECES = [
    "",
    " ",
    "\n",
    ":",
    "- ",
    "=",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    "(",
    ")",
    "~",
    "1",
    "event",
    "= ",
    "{{ x }}",
    "null",
]


FORMULAS = ("event.data.id", "event.data.id == 'x'", "event.subject != ''", "1 == 2", "a.x", "item", "1 ==", "vars.v")
NAMES = {
    "event": ("order.placed", "symphony.campaign.failed", "stagedoor.x"),
    "operation": ("shop.edit_show", "shop.sell_show", "shop.get_figures"),
    "emitted": ("stagedoor.x", "stagedoor.y"),
    "zone": ("UTC", "Europe/London"),
    "role": ("ones",),
    "workflow": ("w", "other"),
    "brand": ("main",),
}
VALUES = ("=event.data.id", "=a.x", "5 USD", "1.5", "true", "~", "[1, b]", "{x: =b.x}", "'{{ a.x }}'", "=1 +")
LIKE_BY_NAME = {"workflow": ("w",), "schedule": ("'0 9 * * mon'",), "match": ("it.data.id == event.data.id",)}
ID = st.text("abcdefgh", min_size=1, max_size=4)


def written(key: str, form: Form, depth: int) -> st.SearchStrategy[str]:
    """What stands under a key: nearly always something of its form, in flow style, so that it can stand anywhere."""
    if key == "id":
        return ID
    if key in LIKE_BY_NAME and not isinstance(form, BlockForm):
        return st.sampled_from(LIKE_BY_NAME[key]).map(lambda text: text if text[0] == "'" else f'"{text}"')
    return st.integers(0, 29).flatmap(lambda dice: right(form, depth) if dice else st.sampled_from(VALUES))


def right(form: Form, depth: int) -> st.SearchStrategy[str]:
    match form:
        case TextForm(names=names):
            return st.sampled_from(NAMES.get(names, ("words", "w")))
        case FormulaForm():
            return st.sampled_from(FORMULAS).map(lambda text: f'"{text}"')
        case ValueForm("object") | PlainForm("object"):
            return st.sampled_from(["{}", "{id: =event.data.id}", "{x: 1}"])
        case DurationForm():
            return st.sampled_from(["30m", "1h", "2d"])
        case PercentForm():
            return st.just("5%")
        case WholeNumberForm(least, most):
            return st.integers(least, most).map(str)
        case ChoiceForm(choices):
            return st.sampled_from(choices)
        case BlockForm(name):
            return block(BLOCKS[name], depth + 1)
        case ListForm(item=item):
            most = 1 if depth > 3 else 3
            items = st.lists(written("", item, depth + 1), min_size=1, max_size=most)
            return items.map(lambda items: f"[{', '.join(items)}]")
        case NamedForm(item=item):
            return st.dictionaries(ID, written("", item, depth + 1), min_size=1, max_size=2).map(as_map)
        case EitherForm(forms):
            return st.one_of([written("", one, depth) for one in forms])
    return st.sampled_from(VALUES)


def block(block: Block, depth: int) -> st.SearchStrategy[str]:
    """A block with the keys it needs, one of those it needs one of, and a few more."""
    entries = {key.name: st.deferred(lambda key=key: written(key.name, key.form, depth)) for key in block.keys}
    flat = [name for name in block.one_of if depth < 5 or name not in NESTING] or [""]
    return st.tuples(st.sampled_from(flat), st.lists(st.sampled_from(sorted(entries)), max_size=1)).flatmap(
        lambda chosen: st.fixed_dictionaries(
            {name: entries[name] for name in with_company(block, [*block.required, chosen[0], *chosen[1]])}
        ).map(as_map)
    )


NESTING = ("choose", "for_each", "parallel")


def with_company(block: Block, names: Sequence[str]) -> list[str]:
    """The keys of those names that go together, and those they need."""
    known = block.by_name
    needed = {other for name in names if name for other in known[name].needs}
    return [
        name
        for name in known
        if name in {*names, *needed} and (not known[name].goes_with or {*names} & {*known[name].goes_with})
    ]


def as_map(entries: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"


BLOCK_OF_ALL = block(WORKFLOW, 0)


def problems_of(text: str, file: str = "w.yml") -> list[Problem]:
    """Everything that is said of a workflow; whatever could be read of it is checked, advised on and added up."""
    try:
        examined = examine_definition(text, file)
    except DefinitionError as error:
        return list(error.problems)
    (checked,), surroundings = check_together([Known(examined.definition, examined.unread)], SURROUNDINGS)
    advice = advise([examined.definition], surroundings)[examined.definition.name]
    exposures([examined.definition], surroundings.catalogue, {})
    return [*examined.problems, *checked.problems, *advice]


@given(st.sampled_from(WRITTEN), st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 12), st.sampled_from(PIECES))))
def test_a_workflow_in_which_anything_was_changed_gives_a_definition_or_problems_with_places(
    path: Path, changes: list[tuple[int, int, str]]
) -> None:
    text = path.read_text(encoding="utf-8")
    for at, length, piece in changes:
        text = text[:at] + piece + text[at + length :]
    lines = text.count("\n") + 2
    assert all(problem.place and 1 <= problem.place.line <= lines for problem in problems_of(text, path.name))


@settings(max_examples=40)
@given(BLOCK_OF_ALL)
@example("{workflow: w, when: {event: [], where: a}, steps: [{id: a, set: {b: =a.b}}]}")
def test_any_arrangement_of_our_keys_gives_a_definition_or_problems_with_places(text: str) -> None:
    assert all(problem.place for problem in problems_of(text))


@settings(max_examples=40)
@given(BLOCK_OF_ALL)
def test_what_has_no_mistakes_has_none_in_an_editor(text: str) -> None:
    try:
        examined = examine_definition(text, "w.yml")
    except DefinitionError:
        return
    (checked,), surroundings = check_together([Known(examined.definition, examined.unread)], SURROUNDINGS)
    if not examined.problems and not checked.problems:
        shapes = Draft202012Validator(json_schema(surroundings))
        assert [error.message for error in shapes.iter_errors(read(text, "w.yml").plain())] == []
