import time

import pytest

from workflows.errors import DefinitionError
from workflows.language.codes import CODES
from workflows.language.formulas import Formula, parse
from workflows.problems import Place, Problem

PLACE = Place("boost.yml", 31, 9)


def problem_of(text: str) -> Problem:
    with pytest.raises(DefinitionError) as caught:
        parse(text, PLACE)
    (problem,) = caught.value.problems
    return problem


def test_a_formula_is_a_value_that_can_be_compared_and_hashed():
    one, other = parse("event.id == '1'", PLACE), parse("event.id == '1'", PLACE)
    assert one == other
    assert len({one, other}) == 1
    assert one != parse("event.id == '1'", Place("boost.yml", 32, 9))
    assert repr(one).startswith("Formula(text=\"event.id == '1'\"")


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("", 1, "the formula is empty", ""),
        ("   ", 1, "the formula is empty", ""),
        ("a +", 4, "the formula ends before it is complete", ""),
        ("(a", 3, "the formula ends before it is complete", ""),
        ("a = 1", 3, "'=' cannot stand here", "equality is written =="),
        ("a === 1", 5, "'=' cannot stand here", "equality is written =="),
        ('a == "x"', 6, "'\"' cannot stand here", "text stands in straight single quotes: 'facebook'"),
        ("a == ‘x’", 6, "'‘' cannot stand here", "text stands in straight single quotes: 'facebook'"),
        ("a && b", 3, "'&' cannot stand here", "write 'and'"),
        ("a || b", 3, "'|' cannot stand here", "write 'or'"),
        ("!a", 1, "'!' cannot stand here", "write != for unequal and 'not' before what is not to hold"),
        ("a <> b", 4, "'>' cannot stand here", "write != for unequal"),
        ("7 % 3", 5, "'3' cannot stand here", "there is no modulo"),
        ("a % 3", 3, "'%' cannot stand here", "there is no modulo and no power"),
        ("a ** 3", 4, "'*' cannot stand here", "there is no modulo and no power"),
        ("a == b == c", 8, "'==' cannot stand here", "a comparison has two sides"),
        ("a < b < c", 7, "'<' cannot stand here", "a comparison has two sides"),
        ("'abc", 1, '"\'" cannot stand here', "a text ends with a quote"),
        ("{{ a }}", 2, "'{' cannot stand here", "braces make an object: {name: value}"),
        ("${a}", 1, "'$' cannot stand here", ""),
        ("a > $500", 5, "'$' cannot stand here", "money is written like 500 USD"),
        ("a > 500USD", 8, "'USD' cannot stand here", "money is written like 500 USD"),
        ("a > 500 usd", 9, "'usd' cannot stand here", "money is written like 500 USD"),
        ("a > USD 500", 9, "'500' cannot stand here", "money is written like 500 USD"),
        ("a > 1,500 USD", 6, "',' cannot stand here", "a number is written like 1500.50"),
        ("a > 3 days", 7, "'days' cannot stand here", "a duration is written like"),
        ("a contains 'x'", 3, "'contains' cannot stand here", "it is a function, written contains(text, other)"),
        ("a.contains('x')", 11, "'(' cannot stand here", "a function stands in front"),
        ("first(a).name", 9, "'.' cannot stand here", "fields and positions stand behind names"),
        ("filter(a, b)[0]", 13, "'[' cannot stand here", "fields and positions stand behind names"),
        ("a is null", 3, "'is' cannot stand here", "equality is written =="),
        ("a not in ['x']", 3, "'not' cannot stand here", "'not' stands before all"),
        ("a in ('x', 'y')", 10, "',' cannot stand here", "a list stands in square brackets"),
        ("If(a, 1, 2)", 1, "there is no function 'If'", "did you mean 'if'?"),
        ("{name = a}", 7, "'=' cannot stand here", "a name in { } is followed by a colon"),
        ("{first-name: 1}", 7, "'-' cannot stand here", "a name in { } is followed by a colon"),
        ("{'a' 1}", 6, "'1' cannot stand here", "a name in { } is followed by a colon"),
        ("{a: 1, 'a': 2}", 8, "the object has 'a' already", ""),
        ("{a: }", 5, "'}' cannot stand here", ""),
        ("a b", 3, "'b' cannot stand here", ""),
        ("a.b.", 5, "the formula ends before it is complete", ""),
        ("lower(a)(b)", 9, "'(' cannot stand here", ""),
        ("a[b]", 3, "'b' cannot stand here", ""),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place_and_a_hint(text, column, message, hint):
    problem = problem_of(text)
    assert problem.message == message
    assert problem.place == Place("boost.yml", 31, 8 + column)
    assert problem.hint.startswith(hint)


def test_a_problem_behind_a_line_end_is_placed_at_the_formula_for_nobody_knows_the_indentation():
    assert problem_of("a and\nb c").place == PLACE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a" * 2_001, "E202"),
        ("(" * 33 + "1" + ")" * 33, "E203"),
        ("not " * 33 + "true", "E203"),
        ("-" * 33 + "1", "E203"),
        ("[" * 33 + "]" * 33, "E203"),
        ("lower(" * 33 + "'a'" + ")" * 33, "E203"),
        ("1" * 29, "E204"),
        ("0.001 USD", "E204"),
        ("5 ZZZ", "E204"),
        ("a[1.5]", "E204"),
        ("a[9999999999]", "E204"),
        ("999999999999999w", "E204"),
        ("minimum(1, 2)", "E206"),
        ("round(1, 2, 3)", "E207"),
        ("has(1)", "E208"),
        ("default(lower(a), 'x')", "E208"),
    ],
)
def test_each_refusal_has_its_code_and_the_code_is_documented(text, code):
    assert problem_of(text).code == code
    assert code in CODES


def test_an_unknown_function_is_answered_with_the_nearest():
    assert problem_of("start_with(a, 'x')").hint == "did you mean 'starts_with'?"


def test_a_wrong_number_of_arguments_is_answered_with_how_it_is_written():
    assert problem_of("min()").hint == "it is written min(list) or min(a, …)"


def test_what_is_just_within_the_limits_is_read():
    assert isinstance(parse("(" * 31 + "1" + ")" * 31, PLACE), Formula)
    assert isinstance(parse(" + ".join(["1"] * 500), PLACE), Formula)
    assert isinstance(parse("9" * 28, PLACE), Formula)


def test_words_of_the_language_are_fields_behind_a_dot_and_parts_of_longer_names():
    scope = {"android": {"in": {"not": 1}}, "note": 2, "nullable": 3}
    assert parse("android.in.not + note + nullable", PLACE).evaluate(scope) == 6


@pytest.mark.parametrize(
    "text",
    [
        "event.__class__",
        "__import__('os')",
        "().__class__.__bases__[0]",
        "'a'.format(b)",
        "9**9**9**9",
        "1e999999999",
        "(" * 2_000,
        "'" * 1_999,
        "[" * 1_000 + "]" * 1_000,
        "-" * 2_000,
        "not " * 500,
        "a" * 1_000_000,
        "lambda: 1",
        "a if b else c",
        "[x for x in y]",
        "a := 1",
        "open('/etc/passwd')",
        "eval('1')",
        "a;b",
        "\x00",
        "\ud800",
        "1_000",
        "٣",
        "ａ",
    ],
)
def test_attacks_are_refused_and_fast(text):
    begin = time.perf_counter()
    problem = problem_of(text)
    assert time.perf_counter() - begin < 0.5
    assert len(str(problem)) < 300
