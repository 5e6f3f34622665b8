"""Laws of reading YAML: what was written comes back, places point at it, nothing but our own error gets out."""

import contextlib
import json
import re
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import DefinitionError
from workflows.problems import Place
from workflows.yaml_nodes import Entry, Node, decode, read

visible = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\u2028\u2029\ufeff\uffff\ufffe")
)
integers = st.integers(-(10**38), 10**38)
documents = st.recursive(
    st.none() | st.booleans() | integers | visible,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(visible, inner, max_size=4),
    max_leaves=20,
)
yaml_like = st.text(st.sampled_from(list("ab1 :-[]{},&*!|>'\"%@`#?~\n\t=.$\\é\u2028\x00")), max_size=60)


@given(documents)
def test_json_comes_back_as_it_was_written(value: object) -> None:
    assert read(json.dumps(value, ensure_ascii=False), "f").plain() == value


@given(st.lists(st.from_regex(r"[a-zé]{1,8}", fullmatch=True), unique=True, max_size=8), st.integers(0, 6))
def test_a_place_points_at_what_it_is_the_place_of(keys: list[str], indent: int) -> None:
    text = "top:\n" + "".join(f"{' ' * (indent + 1)}{key}: [x, '{key}']\n" for key in keys)
    lines = text.splitlines()
    for key, entry in read(text, "f").entries["top"].node.entries.items():
        assert _at(lines, entry.key_place).startswith(key + ":")
        assert _at(lines, entry.node.items[1].text_place).startswith(key + "'")


@given(yaml_like | st.text())
def test_any_text_gives_nodes_or_problems_within_the_text(text: str) -> None:
    lines = re.split("\r\n|\r|\n", text)
    places = list(_places_in(text))
    assert places
    assert all(place and 1 <= place.line <= len(lines) + 1 and place.column >= 1 for place in places)


@given(yaml_like, st.sampled_from(["a: {}", "a: |\n  {}", "- >-\n  {}", "[{}]"]))
def test_each_line_of_a_text_begins_where_its_fold_says(text: str, around: str) -> None:
    text = around.replace("{}", text.replace("\n", "\n  "))
    lines = re.split("\r\n|\r|\n", text)
    with contextlib.suppress(DefinitionError):
        for node in _walk(read(text, "f")):
            value = (
                str(node.value) if not node.quoted or lines[node.place.line - 1][node.place.column - 1] in "|>" else ""
            )
            assert all(_at(lines, place).startswith(value[at]) for at, place in node.folds if value)


@given(st.binary())
def test_any_bytes_give_text_or_a_problem(raw: bytes) -> None:
    with contextlib.suppress(DefinitionError):
        decode(raw, "f")


def _places_in(text: str) -> Iterator[Place | None]:
    try:
        yield from (node.place for node in _walk(read(text, "f")))
    except DefinitionError as error:
        yield from (problem.place for problem in error.problems)


def _at(lines: list[str], place: Place) -> str:
    return lines[place.line - 1][place.column - 1 :]


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for item in node.items:
        yield from _walk(item)
    for entry in node.entries.values():
        assert isinstance(entry, Entry)
        yield from _walk(entry.node)
