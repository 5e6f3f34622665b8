"""The formula language as a grammar that writes formulas of a type, over names of which much may be absent or null."""

from __future__ import annotations

import re
from random import Random

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

ITEM = ObjectOf({"t": FieldType(Text()), "n": FieldType(Number()), "m": FieldType(MoneyType(), optional=True)})
ORDER = ObjectOf(
    {"items": FieldType(ListOf(ITEM)), "buyer": FieldType(ObjectOf({"t": FieldType(Text(), optional=True)}))}
)
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
        "orders": FieldType(ListOf(ORDER)),
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
        "sum(orders, count(each.items))", "sum(orders, sum(each.items, each.n + {number}))", "first(ns)",
        "last(ns, {number})", "count({items})", "sum(unique(items, each.t), each.n)", "count(unique({texts}))",
        "count(flatten(map(orders, each.items)))", "count(filter(orders, any(each.items, each.n > {number})))", "n",
        "0", "7", "2.50", "default(o.n, {number})", "default(no.n, {number})", "default(items[0].n, {number})",
        "({number} + {number})", "({number} - {number})", "({number} * {number})", "({number} / {number})",
        "-{number}", "({money} / {money})", "({percent} / {percent})", "({number} * {percent})",
        "({duration} / {duration})", "if({condition}, {number}, {number})", "if(has(o.n), o.n, {number})",
        "if(no == null, {number}, no.n)", "sum(items, each.n)",
        "amount(sum(filter(items, has(each.m)), each.m))", "sum(ns)", "min(ns)", "max({number}, {number})",
        "count(items)", "count({texts})", "count(items, each.n > {number} and each.t != {text})", "round({number})",
        "round({number}, {number})", "round_up({number})", "round_down({number})", "amount({money})",
        "ratio({percent})", "length({text})", "days_between({instant}, {instant})",
    ),
    "text": (
        "first(split({text}, ' '), {text})", "last({texts}, {text})", "first(ts)",
        "join(map(items, text({number})), '-')", "t", "''", "'it''s'", "default(o.t, {text})", "({text} + {text})",
        "lower({text})", "upper({text})", "trim({text})", "replace({text}, {text}, {text})", "text({number})",
        "text({money})", "text({percent})", "text({duration})", "text({instant})", "text({condition})",
        "join({texts}, {text})", "currency({money})", "if({condition}, {text}, {text})", "default(ts[0], {text})",
        "date_in({instant}, 'Europe/London')", "weekday_in({instant}, {text})",
        "if(has(o.t) and o.t != null, o.t, {text})",
    ),
    "texts": (
        "ts", "split({text}, {text})", "unique({texts})", "flatten([{texts}, {texts}])", "map({items}, each.t)",
        "flatten(map(orders, map(each.items, each.t + default(outer.buyer.t, {text}))))",
        "map(filter(orders, has(each.buyer.t)), default(each.buyer.t, {text}))", "['a', {text}]",
        "map(items, each.t)", "filter(ts, contains(each, {text}))",
    ),
    "item": (
        "{t: {text}, n: {number}}", "if({condition}, first(items, {item}), last({items}, {item}))",
        "first(items, {item})",
    ),
    "items": (
        "items", "[{item}]", "[]", "map(items, {t: each.t, n: each.n, m: each.m})",
        "filter(items, each.n > {number})", "unique({items}, each.t)", "flatten([{items}, items])",
        "flatten(map(orders, each.items))", "map(ts, {t: each, n: {number}})",
    ),
    "money": (
        "m", "0 USD", "12.34 USD", "5 EUR", "({money} + {money})", "({money} - {money})", "({money} * {percent})",
        "({number} * {money})", "({money} / {number})", "-{money}", "min({money}, {money})", "money({number}, 'USD')",
        "money({number}, {text})", "sum(items, default(each.m, {money}))", "if({condition}, {money}, {money})",
    ),
    "percent": (
        "p", "0%", "12.5%", "({percent} + {percent})", "({percent} * {percent})", "({percent} / {number})",
        "-{percent}", "percent({number})", "max({percent}, {percent})",
    ),
    "duration": (
        "d", "0s", "30m", "1.5d", "({duration} + {duration})", "({duration} - {duration})", "({duration} * {number})",
        "({duration} * {percent})", "({duration} / {number})", "({instant} - {instant})", "-{duration}",
    ),
    "instant": (
        "now()", "at_time({instant}, time_of_day('09:30'), 'Europe/London')",
        "at_time({instant}, time_in({instant}, 'Asia/Tokyo'), {text})", "i", "instant('2026-03-01T15:00:00Z')",
        "({instant} + {duration})", "({instant} - {duration})",
    ),
    "condition": (
        "matches({text}, {text})", "matches({text}, '*a?#')",
        "any(orders, any(each.items, each.t == default(outer.buyer.t, {text})))",
        "(has(items[0].m) and items[0].m > {money})", "b", "true", "false", "default(nb, {condition})",
        "(nb != null and nb)", "(nb == null or nb)", "raw == null", "({condition} and {condition})",
        "({condition} or {condition})", "(not {condition})", "has(o)", "has(o.t)", "(has(o.n) and o.n > {number})",
        "(not has(no.n) or no.n > {number})", "({number} < {number})", "({money} >= {money})",
        "({percent} == {percent})", "({text} == {text})", "({text} in {texts})", "({duration} > {duration})",
        "({instant} <= {instant})", "contains({text}, {text})", "(has(o.t) and o.t == null)",
        "(has(o.t) and (o.t == null or o.t == {text}))", "starts_with({text}, {text})", "ends_with({text}, {text})",
        "any(items, has(each.m) and each.m > {money})", "all(items, each.n > {number})",
        "any(map(items, each.n == 1))", "(time_in({instant}, 'Europe/London') < time_of_day('09:00'))",
        "if({condition}, {condition}, {condition})",
    ),
}  # fmt: skip

KINDS = tuple(FORMS)
_PLAINEST = {"item": "{t: 'a', n: 1}"}

MARK = re.compile(r"{(number|text|texts|item|items|money|percent|duration|instant|condition)}")
"""Where a form has a part of some kind."""

REASONS = re.compile(
    r"division by zero|too large|cannot be compared or added|an empty list has|more than 10000 characters"
    r"|too long to be written|an instant is a text|a zone is|not an ISO 4217|decimals are a whole"
    r"|nothing to (?:replace|split)"
    r"|has no (?:first|last) item|a pattern (?:of|that)|more than 10000 items|too much work"
)
"""Why a formula without a mistake may still fail: arithmetic, sizes, and texts that must name something."""


def formula(random: Random, kind: str, *, depth: int = 4, mixed: bool = False) -> str:
    """A formula of `kind`; where `mixed`, some of its parts are of any other kind instead."""

    def part(found: re.Match[str]) -> str:
        other = random.choice(KINDS) if mixed and random.random() < 0.2 else found[1]
        return formula(random, other, depth=depth - 1, mixed=mixed)

    return MARK.sub(part, random.choice(forms_of(kind, depth)))


def forms_of(kind: str, depth: int) -> list[str]:
    """The forms of a kind, without parts where no deeper ones may follow."""
    return [form for form in FORMS[kind] if depth > 0 or not MARK.search(form)] or [_PLAINEST[kind]]


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
