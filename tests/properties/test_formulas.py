"""Laws of the formula language over generated texts, formulas and values."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.builders.formulas import KINDS, MARK, REASONS, SCOPE, conforms, forms_of
from workflows.errors import DefinitionError, FormulaError
from workflows.language.codes import CODES
from workflows.language.formulas import Formula, check, parse
from workflows.language.trees import check_tree, render, tree_of
from workflows.language.trees.rendering import MAX_VALUE, size_of
from workflows.language.types import (
    Boolean,
    Duration,
    InstantType,
    ListOf,
    MoneyType,
    Nullable,
    Number,
    ObjectOf,
    PercentType,
    Text,
    Type,
    Unknown,
)
from workflows.problems import Place
from workflows.values import Money, Percent
from workflows.yaml_nodes import read

PLACE = Place("f.yml", 1, 1)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@st.composite
def texts_of(draw: st.DrawFn, kind: str, depth: int = 4, mixed: bool = False) -> str:
    """A formula of `kind` as text; where `mixed`, some of its parts are of any other kind instead."""

    def part(found: re.Match[str]) -> str:
        other = draw(st.sampled_from(KINDS)) if mixed and draw(st.integers(0, 5)) == 0 else found[1]
        return draw(texts_of(other, depth - 1, mixed))

    return MARK.sub(part, draw(st.sampled_from(forms_of(kind, depth))))


def formulas(*, mixed: bool = False) -> st.SearchStrategy[str]:
    return st.sampled_from(KINDS).flatmap(lambda kind: texts_of(kind, mixed=mixed))


NUMBERS = st.integers(-(10**6), 10**6) | st.decimals(allow_nan=False, allow_infinity=False) | st.integers()
INSTANTS = st.datetimes(timezones=st.just(UTC))
SIMPLE: dict[type[Type], st.SearchStrategy[Any]] = {
    Text: st.text(max_size=20) | st.sampled_from(["USD", "Europe/London", "a"]),
    Number: NUMBERS,
    Boolean: st.booleans(),
    MoneyType: st.builds(
        Money, st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["USD", "USD", "USD", "EUR", "JPY", "KWD"])
    ),
    PercentType: st.builds(Percent, st.decimals(-100, 100, places=4)),
    Duration: st.timedeltas(timedelta(days=-4000), timedelta(days=4000)),
    InstantType: st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)) | INSTANTS,
    Unknown: st.none() | st.text(max_size=3) | st.just({"a": [1]}),
}
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.floats() | st.times() | st.binary() | st.one_of(*SIMPLE.values()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list("tnmoabdi")), inner, max_size=4),
    max_leaves=8,
)


def values_of(kind: Type) -> st.SearchStrategy[Any]:
    """Values of a type."""
    match kind:
        case Nullable():
            return st.none() | values_of(kind.inner)
        case ListOf():
            return st.lists(values_of(kind.item), max_size=4)
        case ObjectOf():
            required = {name: values_of(item.type) for name, item in kind.fields.items() if not item.optional}
            optional = {name: values_of(item.type) for name, item in kind.fields.items() if item.optional}
            return st.fixed_dictionaries(required, optional=optional)
        case _:
            return SIMPLE[type(kind)]


def scopes() -> st.SearchStrategy[dict[str, Any]]:
    return values_of(SCOPE).map(lambda names: {**names, "now": NOW})


def outcome_of(work: Callable[[], object]) -> object:
    """What comes out, or the words of the refusal; anything else raised is the test's failure."""
    try:
        return work()
    except FormulaError as error:
        return str(error)


def parsed(text: str) -> Formula | None:
    try:
        return parse(text, PLACE)
    except DefinitionError as error:
        for problem in error.problems:
            assert problem.code in CODES
            assert problem.place is not None
        return None


WORDS = """
and or not in true false null if has default min sum any count each ( ) [ ] , . + - * / == != < <= > >= 'x' ''
0 1.5 10% 5 USD ZZZ 30m a b.c a['b-c'] a[0] __class__ % = ! " { } {a: : \\ 1e9 é t n o.n items
"""
SOUP = st.lists(st.sampled_from(["\n", *WORDS.split()]), max_size=14).map(" ".join)


@given(st.text(max_size=60) | SOUP)
def test_any_text_is_a_formula_or_is_refused_with_a_place(text):
    parsed(text)


@settings(max_examples=300)
@given(SOUP | formulas(mixed=True), st.dictionaries(st.sampled_from(sorted(SCOPE.fields)), ANYTHING, max_size=8))
def test_any_formula_over_any_values_gives_a_value_or_a_formula_error(text, scope):
    formula = parsed(text)
    assume(formula is not None)
    assert formula is not None
    outcome_of(lambda: formula.evaluate(scope))


@given(formulas(mixed=True) | SOUP)
def test_any_formula_has_a_type_or_documented_problems(text):
    formula = parsed(text)
    assume(formula is not None)
    assert formula is not None
    found, problems = check(formula, SCOPE)
    assert isinstance(found, Type)
    assert all(problem.code in CODES and problem.place for problem in problems)


@given(formulas())
def test_a_formula_made_by_the_rules_of_types_has_no_mistake_of_types(text):
    _, problems = check(parse(text, PLACE), SCOPE)
    # The generator knows neither that constants fail, nor that 'each' is not for two lists at once.
    assert {problem.code for problem in problems} <= {"E223", "E209"}


@settings(max_examples=300)
@given(formulas() | formulas(mixed=True), scopes())
def test_a_formula_without_mistakes_gives_a_value_of_its_type_or_fails_for_arithmetic_reasons(text, scope):
    formula = parsed(text)
    assume(formula is not None)
    assert formula is not None
    found, problems = check(formula, SCOPE)
    assume(not problems)
    outcome = outcome_of(lambda: ("a value", formula.evaluate(scope)))
    if isinstance(outcome, tuple):
        assert conforms(outcome[1], found)
    else:
        assert REASONS.search(str(outcome)), outcome


@given(texts_of("condition"), scopes())
def test_a_verdict_is_the_value_with_a_reason_where_it_is_false(text, scope):
    formula = parse(text, PLACE)
    first = outcome_of(lambda: formula.evaluate(scope))
    assert outcome_of(lambda: formula.evaluate(scope)) == first
    verdict = outcome_of(lambda: formula.verdict(scope))
    if isinstance(first, str):
        assert verdict == first
    else:
        assert verdict.holds is first
        assert bool(verdict.because) is not first
        assert verdict == formula.verdict(scope)


@given(formulas(), scopes())
def test_what_one_writes_with_more_space_or_brackets_means_the_same(text, scope):
    formula, spaced = parse(text, PLACE), parse(f"( {text.replace(',', ' , ')}\n)", PLACE)
    one, other = outcome_of(lambda: formula.evaluate(scope)), outcome_of(lambda: spaced.evaluate(scope))
    assert one == other
    assert type(one) is type(other)


@given(
    st.lists(formulas(mixed=True), min_size=1, max_size=5),
    scopes() | st.dictionaries(st.sampled_from("tnmi"), ANYTHING),
)
def test_a_tree_of_formulas_gives_a_value_of_bounded_size_or_a_formula_error(texts, scope):
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    lines = [f'a{number}: ["={text}", "so {{{{ {text} }}}}"]' for number, text in enumerate(quoted)]
    tree = tree_of(read("\n".join(lines), "f.yml"))
    found = outcome_of(lambda: render(tree, scope))
    assert isinstance(found, str) or size_of(found, at_most=MAX_VALUE) <= MAX_VALUE
    assert {problem.code for problem in check_tree(tree, SCOPE)[1]} <= CODES.keys()
