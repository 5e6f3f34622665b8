"""Laws of reading workflow files: whatever is written, one gets a definition or problems with places."""

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from tests.builders.catalogue import make_catalogue
from workflows.errors import DefinitionError
from workflows.language.checker import check_definition
from workflows.language.reader import read_definition
from workflows.language.types import FieldType, Text
from workflows.problems import Problem

SHIPPED = sorted((Path(__file__).parents[2] / "config" / "workflows").glob("*.yml"))
CATALOGUE = make_catalogue()
BRAND = {"zone": FieldType(Text())}
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

KEYS = ["workflow", "vars", "when", "event", "where", "run", "key", "expires", "steps", "id", "if", "on_error", "call"]
KEYS += ["with", "retry", "attempts", "within", "set", "wait", "for", "from", "until", "zone", "stop_unless", "odd"]
leaves = st.sampled_from(
    ["w", "", "=event.data.id", "order.placed", "1", "true", "~", "30m", "'09:00'", "brand.zone", "a"]
)
shapes = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5).map(
            lambda entries: "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"
        )
    ),
    max_leaves=25,
)
tops = st.fixed_dictionaries({}, optional=dict.fromkeys(("vars", "when", "run", "steps"), shapes))


def problems_of(text: str) -> list[Problem]:
    try:
        definition = read_definition(text, "w.yml")
    except DefinitionError as error:
        return list(error.problems)
    return check_definition(definition, CATALOGUE, BRAND)


@given(st.sampled_from(SHIPPED), st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 12), st.sampled_from(PIECES))))
def test_a_workflow_in_which_anything_was_changed_gives_a_definition_or_problems_with_places(
    path: Path, changes: list[tuple[int, int, str]]
) -> None:
    text = path.read_text(encoding="utf-8")
    for at, length, piece in changes:
        text = text[:at] + piece + text[at + length :]
    lines = text.count("\n") + 2
    assert all(problem.place and 1 <= problem.place.line <= lines for problem in problems_of(text))


@given(tops)
@example({"when": "{event: [], where: a}", "steps": "[{id: a, set: {b: =a.b}}]"})
def test_any_arrangement_of_our_keys_gives_a_definition_or_problems_with_places(top: dict[str, str]) -> None:
    text = "workflow: w\n" + "".join(f"{key}: {value}\n" for key, value in top.items())
    assert all(problem.place for problem in problems_of(text))
