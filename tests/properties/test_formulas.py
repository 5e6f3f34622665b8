"""Laws of the formula language over generated texts, formulas and values."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from workflows.errors import DefinitionError, FormulaError
from workflows.language.codes import CODES
from workflows.language.formulas import Formula, check, parse
from workflows.language.formulas.kinds import kind_of
from workflows.language.types import (
    Boolean,
    Duration,
    FieldType,
    InstantType,
    ListOf,
    Mistaken,
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

PLACE = Place("f.yml", 1, 1)

ITEM = ObjectOf({"t": FieldType(Text()), "n": FieldType(Number()), "m": FieldType(MoneyType(), optional=True)})
SCOPE = ObjectOf(
    {
        "t": FieldType(Text()),
        "n": FieldType(Number()),
        "b": FieldType(Boolean()),
        "m": FieldType(MoneyType()),
        "p": FieldType(PercentType()),
        "d": FieldType(Duration()),
        "i": FieldType(InstantType()),
        "items": FieldType(ListOf(ITEM)),
        "ts": FieldType(ListOf(Text())),
        "ns": FieldType(ListOf(Number())),
        "nb": FieldType(Nullable(Boolean())),
        "o": FieldType(
            ObjectOf({"n": FieldType(Number(), optional=True), "t": FieldType(Nullable(Text()), optional=True)}),
            optional=True,
        ),
        "no": FieldType(Nullable(ObjectOf({"n": FieldType(Number())}))),
        "raw": FieldType(Unknown()),
    }
)

FORMS: dict[str, tuple[str, ...]] = {
    "number": (
        "n", "0", "7", "2.50", "default(o.n, {number})", "default(no.n, {number})", "default(items[0].n, {number})",
        "({number} + {number})", "({number} - {number})", "({number} * {number})", "({number} / {number})", "-{number}",
        "({money} / {money})", "({percent} / {percent})", "({number} * {percent})", "({duration} / {duration})",
        "if({condition}, {number}, {number})", "if(has(o.n), o.n, {number})", "if(no == null, {number}, no.n)",
        "sum(items, each.n)", "sum(ns)", "min(ns)", "max({number}, {number})", "count(items)", "count({texts})",
        "count(items, each.n > {number} and each.t != {text})", "round({number})", "round({number}, {number})",
        "round_up({number})", "round_down({number})", "amount({money})", "ratio({percent})", "length({text})",
        "days_between({instant}, {instant})",
    ),
    "text": (
        "t", "''", "'it''s'", "default(o.t, {text})", "({text} + {text})", "lower({text})", "upper({text})",
        "trim({text})", "replace({text}, {text}, {text})", "text({number})", "text({money})", "text({percent})",
        "text({duration})", "text({instant})", "text({condition})", "join({texts}, {text})", "currency({money})",
        "if({condition}, {text}, {text})", "default(ts[0], {text})", "date_in({instant}, 'Europe/London')",
        "weekday_in({instant}, {text})", "if(has(o.t) and o.t != null, o.t, {text})",
    ),
    "texts": ("ts", "['a', {text}]", "map(items, each.t)", "filter(ts, contains(each, {text}))"),
    "money": (
        "m", "0 USD", "12.34 USD", "5 EUR", "({money} + {money})", "({money} - {money})", "({money} * {percent})",
        "({number} * {money})", "({money} / {number})", "-{money}", "min({money}, {money})", "money({number}, 'USD')",
        "money({number}, {text})", "sum(items, default(each.m, {money}))", "if({condition}, {money}, {money})",
    ),
    "percent": (
        "p", "0%", "12.5%", "({percent} + {percent})", "({percent} * {percent})", "({percent} / {number})",
        "-{percent}",
        "percent({number})", "max({percent}, {percent})",
    ),
    "duration": (
        "d", "0s", "30m", "1.5d", "({duration} + {duration})", "({duration} - {duration})", "({duration} * {number})",
        "({duration} * {percent})", "({duration} / {number})", "({instant} - {instant})", "-{duration}",
    ),
    "instant": ("i", "instant('2026-03-01T15:00:00Z')", "({instant} + {duration})", "({instant} - {duration})"),
    "condition": (
        "b", "true", "false", "default(nb, {condition})", "(nb != null and nb)", "(nb == null or nb)", "raw == null",
        "({condition} and {condition})", "({condition} or {condition})", "(not {condition})", "has(o)", "has(o.t)",
        "(has(o.n) and o.n > {number})", "(not has(no.n) or no.n > {number})", "({number} < {number})",
        "({money} >= {money})", "({percent} == {percent})", "({text} == {text})", "({text} in {texts})",
        "({duration} > {duration})", "({instant} <= {instant})", "contains({text}, {text})",
        "(has(o.t) and o.t == null)",
        "(has(o.t) and (o.t == null or o.t == {text}))", "starts_with({text}, {text})", "ends_with({text}, {text})",
        "any(items, has(each.m) and each.m > {money})", "all(items, each.n > {number})", "any(map(items, each.n == 1))",
        "(time_in({instant}, 'Europe/London') < time_of_day('09:00'))", "if({condition}, {condition}, {condition})",
    ),
}  # fmt: skip

# Reasons a formula without a mistake may still fail: arithmetic, sizes, and texts that must name something.
ARITHMETIC = re.compile(
    r"division by zero|too large|cannot be compared or added|an empty list has|more than 10000 characters"
    r"|lists are too long|too long to be written|an instant is a text|a zone is|not an ISO 4217|decimals are a whole"
    r"|nothing to replace"
)


@st.composite
def texts_of(draw: st.DrawFn, kind: str, depth: int = 4, mixed: bool = False) -> str:
    """A formula of `kind` as text; where `mixed`, some of its parts are of any other kind instead."""
    forms = [form for form in FORMS[kind] if depth > 0 or "{" not in form]

    def part(found: re.Match[str]) -> str:
        other = draw(st.sampled_from(sorted(FORMS))) if mixed and draw(st.integers(0, 5)) == 0 else found[1]
        return draw(texts_of(other, depth - 1, mixed))

    return re.sub(r"{(\w+)}", part, draw(st.sampled_from(forms)))


def formulas(*, mixed: bool = False) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(FORMS)).flatmap(lambda kind: texts_of(kind, mixed=mixed))


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


def conforms(value: object, kind: Type) -> bool:
    """Whether a value is one of a type."""
    match kind:
        case Unknown() | Mistaken():
            return True
        case Nullable():
            return value is None or conforms(value, kind.inner)
        case ListOf():
            return isinstance(value, list) and all(conforms(item, kind.item) for item in value)
        case ObjectOf():
            return isinstance(value, dict) and all(
                conforms(value[name], item.type) if name in value else item.optional
                for name, item in kind.fields.items()
            )
        case _:
            return kind_of(value) == kind.kind


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
0 1.5 10% 5 USD ZZZ 30m a b.c a['b-c'] a[0] __class__ % = ! " { } \\ 1e9 é t n o.n items
"""
SOUP = st.lists(st.sampled_from(["\n", *WORDS.split()]), max_size=14).map(" ".join)


@given(st.text(max_size=60) | SOUP)
def test_any_text_is_a_formula_or_is_refused_with_a_place(text):
    parsed(text)


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


@given(formulas() | formulas(mixed=True), values_of(SCOPE))
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
        assert ARITHMETIC.search(str(outcome)), outcome


@given(texts_of("condition"), values_of(SCOPE))
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


@given(formulas(), values_of(SCOPE))
def test_what_one_writes_with_more_space_or_brackets_means_the_same(text, scope):
    formula, spaced = parse(text, PLACE), parse(f"( {text.replace(',', ' , ')}\n)", PLACE)
    one, other = outcome_of(lambda: formula.evaluate(scope)), outcome_of(lambda: spaced.evaluate(scope))
    assert one == other
    assert type(one) is type(other)
