"""The functions of the language: one table. Nothing outside it can be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from workflows.language.formulas import arithmetic, lists, texts, times
from workflows.language.formulas.declarations import Form, Function, Kinds, Like, Parameter
from workflows.language.formulas.kinds import EQUATED, ORDERED, WRITABLE, written
from workflows.language.formulas.patterns import looks_regular, pattern
from workflows.language.types import (
    Boolean,
    InstantType,
    ListOf,
    MoneyType,
    Number,
    PercentType,
    Text,
    TimeOfDay,
)
from workflows.values import Percent
from workflows.zones import nearest_zone

SUMMABLE: Kinds = ("number", "money", "percentage", "duration")


def find(name: str, count: int) -> Function | None:
    """The form of `name` that takes `count` arguments."""
    return next((function for function in FORMS.get(name, ()) if function.takes(count)), None)


def _rounding(mode: str) -> Callable[..., object]:
    return lambda number, decimals=0: arithmetic.rounded(number, decimals, mode)


def _one(name: str, *kinds: str, form: Form | None = None) -> Parameter:
    return Parameter(name, "one", kinds, form)


def _list(*kinds: str) -> Parameter:
    return Parameter("list", "list", kinds)


def _each(name: str, *kinds: str) -> Parameter:
    return Parameter(name, "each", kinds)


_TEXT, _OTHER = _one("text", "text"), _one("other", "text")
_INSTANT = _one("instant", "instant")
_ZONE = _one("zone", "text", form=Form(times.zone, nearest_zone))
_NUMBER, _DECIMALS = _one("number", "number"), _one("decimals", "number")
_CONDITION = _each("condition", "true or false")
_VALUE = _each("value", *SUMMABLE)
_PATH = Parameter("name", "path")
_INSTEAD = Parameter("otherwise", "instead")

FUNCTIONS: tuple[Function, ...] = (
    Function("has", (_PATH,), Boolean(), "Whether the name is there; null counts as there.", None),
    Function(
        "default",
        (_PATH, Parameter("otherwise", "any")),
        Like(1),
        "The value of the name, or the other value where it is absent or null.",
        None,
    ),
    Function(
        "if",
        (_one("condition", "true or false"), Parameter("then", "any"), Parameter("otherwise", "any")),
        Like(1),
        "One of two values; the other one is not worked out.",
        None,
    ),
    Function("min", (_list(*ORDERED),), Like(0, "item"), "The least of a list.", lambda v: lists.extreme(v, "<")),
    Function(
        "min", (Parameter("a", "many", ORDERED),), Like(0), "The least of the values.", lambda *v: lists.extreme(v, "<")
    ),
    Function("max", (_list(*ORDERED),), Like(0, "item"), "The greatest of a list.", lambda v: lists.extreme(v, ">")),
    Function(
        "max",
        (Parameter("a", "many", ORDERED),),
        Like(0),
        "The greatest of the values.",
        lambda *v: lists.extreme(v, ">"),
    ),
    Function("sum", (_list(*SUMMABLE),), Like(0, "item"), "The sum of a list that is not empty.", lists.total),
    Function(
        "sum",
        (_list(), _VALUE),
        Like(1),
        "The sum of a formula over each item: sum(event.data.items, each.quantity).",
        lambda items, values: lists.total(values),
    ),
    Function("count", (_list(),), Number(), "How many items a list has.", len),
    Function(
        "count",
        (_list(), _CONDITION),
        Number(),
        "How many items meet a condition: count(event.data.items, each.name == 'VIP').",
        lambda items, values: values.count(True),
    ),
    Function("any", (_list("true or false"),), Boolean(), "Whether one of a list is true.", any),
    Function(
        "any",
        (_list(), _CONDITION),
        Boolean(),
        "Whether one item meets a condition.",
        lambda items, values: any(values),
    ),
    Function("all", (_list("true or false"),), Boolean(), "Whether all of a list are true.", all),
    Function(
        "all",
        (_list(), _CONDITION),
        Boolean(),
        "Whether every item meets a condition; true of an empty list.",
        lambda items, values: all(values),
    ),
    Function(
        "map",
        (_list(), _each("value")),
        Like(1, "list"),
        "A list of a formula over each item: map(event.data.items, each.name).",
        lambda items, values: values,
    ),
    Function(
        "filter",
        (_list(), _CONDITION),
        Like(0, "kept"),
        "The items that meet a condition.",
        lambda items, values: [item for item, keep in zip(items, values, strict=True) if keep],
    ),
    Function("first", (_list(),), Like(0, "item"), "The first item of a list that is not empty.", lists.first),
    Function(
        "first",
        (_list(), _INSTEAD),
        Like(1),
        "The first item of a list, or the other value where there is none.",
        lambda items, otherwise: items[0] if items else otherwise,
    ),
    Function("last", (_list(),), Like(0, "item"), "The last item of a list that is not empty.", lists.last),
    Function(
        "last",
        (_list(), _INSTEAD),
        Like(1),
        "The last item of a list, or the other value where there is none.",
        lambda items, otherwise: items[-1] if items else otherwise,
    ),
    Function(
        "unique",
        (_list(*EQUATED),),
        Like(0),
        "The items of a list, each once, in the order they come.",
        lambda items: lists.unique(items, items),
    ),
    Function(
        "unique",
        (_list(), _each("value", *EQUATED)),
        Like(0),
        "The first item for each value: unique(event.data.orders, lower(each.email)).",
        lists.unique,
    ),
    Function(
        "flatten",
        (Parameter("lists", "list", ("list",)),),
        Like(0, "item"),
        "The items of all lists of a list as one list: flatten(map(event.data.orders, each.items)).",
        lists.flat,
    ),
    Function(
        "split",
        (_TEXT, _one("separator", "text")),
        ListOf(Text()),
        "The pieces of a text: first(split('Ada Lovelace', ' '), '') is 'Ada'.",
        texts.parts,
    ),
    Function(
        "join",
        (_list("text"), _one("separator", "text")),
        Text(),
        "The texts of a list as one: join(map(event.data.items, each.name), ', ').",
        texts.joined,
    ),
    Function(
        "round", (_NUMBER,), Number(), "The nearest whole number; a half goes away from zero.", _rounding(ROUND_HALF_UP)
    ),
    Function("round", (_NUMBER, _DECIMALS), Number(), "Rounded to that many decimals.", _rounding(ROUND_HALF_UP)),
    Function("round_down", (_NUMBER,), Number(), "The whole number at or below.", _rounding(ROUND_FLOOR)),
    Function("round_up", (_NUMBER,), Number(), "The whole number at or above.", _rounding(ROUND_CEILING)),
    Function(
        "money",
        (_one("amount", "number"), _one("currency", "text", form=Form(arithmetic.minor_unit))),
        MoneyType(),
        "Money, rounded down to its minor unit: money(40, 'USD').",
        arithmetic.money_of,
    ),
    Function("amount", (_one("money", "money"),), Number(), "The amount of money as a number.", lambda m: m.amount),
    Function("currency", (_one("money", "money"),), Text(), "The currency of money: 'USD'.", lambda m: m.currency),
    Function(
        "percent",
        (_one("ratio", "number"),),
        PercentType(),
        "A ratio as a percentage: percent(0.1) is 10%.",
        lambda ratio: Percent(Decimal(ratio)),
    ),
    Function(
        "ratio",
        (_one("percent", "percentage"),),
        Number(),
        "A percentage as a number: ratio(10%) is 0.1.",
        lambda p: p.ratio,
    ),
    Function("lower", (_TEXT,), Text(), "In small letters.", lambda text: text.lower()),
    Function("upper", (_TEXT,), Text(), "In capital letters.", lambda text: text.upper()),
    Function("trim", (_TEXT,), Text(), "Without blanks at both ends.", lambda text: text.strip()),
    Function("contains", (_TEXT, _OTHER), Boolean(), "Whether a text contains another.", lambda a, b: b in a),
    Function("starts_with", (_TEXT, _OTHER), Boolean(), "Whether a text begins so.", lambda a, b: a.startswith(b)),
    Function("ends_with", (_TEXT, _OTHER), Boolean(), "Whether a text ends so.", lambda a, b: a.endswith(b)),
    Function(
        "matches",
        (_TEXT, _one("pattern", "text", form=Form(pattern, doubt=looks_regular))),
        Boolean(),
        "Whether a whole text is as a pattern says: matches(event.data.code, 'ORD-####*').",
        texts.fits_pattern,
        weight=20,
    ),
    Function("length", (_TEXT,), Number(), "How many characters a text has.", len),
    Function(
        "replace",
        (_TEXT, _one("old", "text"), _one("new", "text")),
        Text(),
        "With every occurrence of one text replaced by another.",
        texts.replaced,
    ),
    Function(
        "text",
        (_one("value", *WRITABLE),),
        Text(),
        "A value as text: text(500 USD) is '500 USD', text(1.5h) is '90m'.",
        written,
    ),
    Function(
        "instant",
        (_one("text", "text", form=Form(times.instant)),),
        InstantType(),
        "The instant a text names: instant('2026-03-01T15:00:00Z').",
        times.instant,
    ),
    Function(
        "time_of_day",
        (_one("text", "text", form=Form(times.time_of_day)),),
        TimeOfDay(),
        "The time of day a text names: time_of_day('09:00').",
        times.time_of_day,
    ),
    Function("now", (), InstantType(), "The instant of the decision: one and the same all over a step.", None),
    Function(
        "days_between",
        (_one("from", "instant"), _one("to", "instant")),
        Number(),
        "Whole days of 24 hours from one instant to another, rounded down; negative when the second is earlier.",
        lambda start, end: (end - start) // times.DAY,
    ),
    Function("date_in", (_INSTANT, _ZONE), Text(), "The date in a zone: '2026-03-01'.", times.date_in),
    Function("time_in", (_INSTANT, _ZONE), TimeOfDay(), "The time of day in a zone.", times.time_in),
    Function(
        "weekday_in", (_INSTANT, _ZONE), Text(), "The day of the week in a zone: 'mon', 'tue' …", times.weekday_in
    ),
    Function(
        "at_time",
        (_INSTANT, _one("time", "time of day"), _ZONE),
        InstantType(),
        "When clocks in a zone show a time, on the day the instant falls on there: "
        "at_time(event.data.starts_at - 1d, time_of_day('10:00'), brand.zone).",
        times.at_time,
        weight=5,
    ),
)

FORMS: Mapping[str, tuple[Function, ...]] = {
    function.name: tuple(form for form in FUNCTIONS if form.name == function.name) for function in FUNCTIONS
}
"""name -> its forms"""
