"""YAML becomes nodes with places; what YAML makes of `NO` or of two equal keys surprises nobody."""

from decimal import Decimal

import pytest

from workflows.errors import DefinitionError
from workflows.problems import Place
from workflows.yaml_nodes import MAX_BYTES, MAX_DEPTH, decode, read


def problems_of(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(DefinitionError) as caught:
        read(text, "f.yml")
    return [(item.place.line, item.place.column, item.code) for item in caught.value.problems if item.place]


@pytest.mark.parametrize(
    "written",
    ["NO", "no", "on", "off", "yes", "10:00", "2026-03-01", "1_000", "0o17", "0x1f", "007", "+5", ".5", "1e3"],
)
def test_what_yaml_1_1_would_change_stays_text(written: str) -> None:
    assert read(f"a: {written}", "f.yml").plain() == {"a": written}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("-12", -12),
        ("1.50", Decimal("1.50")),
    ],
)
def test_plain_words_and_numbers_are_values(written: str, value: object) -> None:
    plain = read(f"a: {written}", "f.yml").plain()["a"]
    assert (type(plain), plain) == (type(value), value)


@pytest.mark.parametrize("written", ["'true'", '"12"', "'~'", "|-\n  true"])
def test_what_stands_in_quotes_or_a_block_is_text(written: str) -> None:
    node = read(f"a: {written}", "f.yml").entries["a"].node
    assert isinstance(node.value, str)
    assert node.quoted


def test_a_number_keeps_its_digits_as_written() -> None:
    assert str(read("a: 1.20", "f.yml").plain()["a"]) == "1.20"


def test_places_count_lines_and_characters_from_one() -> None:
    root = read("é: 'x'\nlist:\n  - ünï: [a, b]\n", "f.yml")
    assert root.entries["é"].key_place == Place("f.yml", 1, 1)
    assert root.entries["é"].node.place == Place("f.yml", 1, 4)
    assert root.entries["é"].node.text_place == Place("f.yml", 1, 5)
    inner = root.entries["list"].node.items[0].entries["ünï"].node
    assert [item.place for item in inner.items] == [Place("f.yml", 3, 11), Place("f.yml", 3, 14)]


def test_the_text_of_a_block_stands_below_its_sign() -> None:
    assert read("a: |\n\n   text\n", "f.yml").entries["a"].node.text_place == Place("f.yml", 3, 4)


def test_a_repeated_key_is_refused_with_both_places() -> None:
    with pytest.raises(DefinitionError) as caught:
        read("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "f.yml")
    (problem,) = caught.value.problems
    assert str(problem) == "f.yml:5:3: E105 the key 'c' stands here twice, first at 3:3"


@pytest.mark.parametrize("key", ["12", "true", "~", "1.5", "? [a]\n", "? {a: b}\n"])
def test_a_key_that_is_not_text_is_refused(key: str) -> None:
    assert [code for _, _, code in problems_of(f"{key}: x")] == ["E106"]


def test_all_mistakes_of_structure_are_reported_at_once() -> None:
    text = "a: &x 1\nb: *x\nc: !!int '3'\n1: x\na: 2\n"
    assert problems_of(text) == [(1, 4, "E107"), (2, 4, "E107"), (3, 4, "E108"), (4, 1, "E106"), (5, 1, "E105")]


def test_mistakes_before_one_in_yaml_itself_are_reported_with_it() -> None:
    assert problems_of("a: 1\na: 2\nb: [1, 2\n") == [(2, 1, "E105"), (4, 1, "E104")]


@pytest.mark.parametrize(
    ("text", "line", "column", "hint"),
    [
        ("a: 1\n\tb: 2\n", 2, 1, "indent with spaces, not with tabs"),
        ("a:\n\t- b\n", 2, 1, "indent with spaces, not with tabs"),
        ("a: {b: ${NAME}}\n", 1, 9, "within { } or [ ] put text that holds braces in quotes"),
        (
            "a: {b: =default(c, 'none'), d: 1}\n",
            *(1, 26),
            "within { } or [ ] put a formula with commas, and text with quotes in it, in quotes",
        ),
        ("a: b: c\n", 1, 5, "put text that holds ': ' in quotes, and give the keys of one map the same indentation"),
        ("x: 1\na: @b\n", 2, 4, "put text that begins with a sign such as @ ` % in quotes"),
        ("x: 1\na: 'never closed\n", 2, 4, ""),
    ],
)
def test_a_mistake_in_yaml_has_a_place_and_where_possible_a_hint(text: str, line: int, column: int, hint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(text, "f.yml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.place, problem.hint) == ("E104", Place("f.yml", line, column), hint)


def test_a_tab_between_key_and_value_is_allowed() -> None:
    assert read("a:\tb", "f.yml").plain() == {"a": "b"}


def test_billion_laughs_end_at_the_first_anchor() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    assert {code for _, _, code in problems_of("\n".join(lines))} == {"E107"}


def test_deep_nesting_is_refused_once_and_costs_nothing() -> None:
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f.yml").kind == "list"
    assert problems_of("[" * 1000 + "]" * 1000) == [(1, MAX_DEPTH + 1, "E110")]
    assert problems_of("[" * 100_000)[0] == (1, MAX_DEPTH + 1, "E110")


def test_a_file_too_large_is_refused() -> None:
    assert problems_of("#" * (MAX_BYTES + 1)) == [(1, 1, "E102")]
    assert read("#" * MAX_BYTES, "f.yml").plain() is None


def test_characters_that_hide_or_break_lines_are_refused_each_with_its_place() -> None:
    assert problems_of("a: \x00\nb: x\u2028y\x85\nc: \ud800\n") == [
        (1, 4, "E103"),
        (2, 5, "E103"),
        (2, 7, "E103"),
        (3, 4, "E103"),
    ]
    assert problems_of('a: "\\0"\n') == [(1, 4, "E103")]


def test_a_second_document_is_refused() -> None:
    assert problems_of("a: 1\n---\nb: 2\n") == [(2, 1, "E109")]


def test_a_number_of_endless_digits_is_refused() -> None:
    assert problems_of("a: " + "9" * 5000) == [(1, 4, "E111")]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_null(text: str) -> None:
    assert read(text, "f.yml").plain() is None


def test_bytes_are_utf_8_with_or_without_a_mark() -> None:
    assert decode("é".encode(), "f.yml") == decode(b"\xef\xbb\xbf" + "é".encode(), "f.yml") == "é"


def test_a_byte_that_is_not_utf_8_is_reported_where_it_stands() -> None:
    with pytest.raises(DefinitionError, match=r"f\.yml:2:4: E101 the file is not UTF-8: byte 0xe9"):
        decode(b"a: 1\nb: \xe9\n", "f.yml")
