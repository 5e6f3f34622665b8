"""The functions of the language: one table. Nothing outside it can be called."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import reduce
from typing import Any, Literal
from zoneinfo import ZoneInfo

from workflows.errors import FormulaError
from workflows.language.formulas import arithmetic
from workflows.language.formulas.kinds import ORDERED, WRITABLE, compare, kind_of, written
from workflows.language.literals import MAX_AMOUNT
from workflows.language.types import (
    Boolean,
    InstantType,
    MoneyType,
    Number,
    PercentType,
    Text,
    TimeOfDay,
    Type,
)
from workflows.values import Percent

Kinds = tuple[str, ...]
Shape = Literal["one", "many", "list", "each", "path", "any"]

SUMMABLE: Kinds = ("number", "money", "percentage", "duration")
MAX_DECIMALS = 10
_DAY = timedelta(days=1)
_HOUR_AND_MINUTE = re.compile("(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Parameter:
    """What one place between the brackets takes.

    shape  one: a value of one of `kinds`; many: one or more such, all of one kind; list: a list of such;
           each: a formula worked out for every item of the list before it, where the item is called `each`;
           path: a name that may be absent; any: a value of any type
    kinds  empty: anything
    """

    name: str
    shape: Shape = "one"
    kinds: Kinds = ()


@dataclass(frozen=True)
class Like:
    """The result's type follows that of an argument: the argument itself, an item of it, or a list of such."""

    argument: int
    form: Literal["itself", "item", "list"] = "itself"


@dataclass(frozen=True)
class Function:
    """One function, or one form of it: forms of a name differ in how many arguments they take.

    `apply` is None where there is more to it than values of arguments (`has`, `default`, `if`, `now`).
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Type | Like
    doc: str
    apply: Callable[..., object] | None

    @property
    def signature(self) -> str:
        """How it is written: `days_between(from, to)`, `min(a, …)`."""
        return f"{self.name}({', '.join(p.name + (', …' if p.shape == 'many' else '') for p in self.parameters)})"

    def takes(self, count: int) -> bool:
        """Whether this form takes that many arguments."""
        if self.parameters and self.parameters[-1].shape == "many":
            return count > len(self.parameters)
        return count == len(self.parameters)

    def parameter(self, position: int) -> Parameter:
        """The parameter the argument at `position` goes to."""
        return self.parameters[min(position, len(self.parameters) - 1)]

    @property
    def per_item(self) -> bool:
        """Whether the last argument is worked out for every item of the first."""
        return self.parameters[-1].shape == "each"


def find(name: str, count: int) -> Function | None:
    """The form of `name` that takes `count` arguments."""
    return next((function for function in FORMS.get(name, ()) if function.takes(count)), None)


def _extreme(values: Sequence[object], operator: str) -> object:
    if not values:
        raise FormulaError("an empty list has neither least nor greatest")
    return reduce(lambda best, value: value if compare(operator, value, best) else best, values)


def _sum(values: Sequence[object]) -> object:
    if not values:
        # 0, 0 % or no money of which currency? Nothing says.
        raise FormulaError("an empty list has no sum")
    return reduce(
        lambda total, value: arithmetic.calculate("+", total, value, (kind_of(total), kind_of(value))), values
    )


def _rounding(mode: str) -> Callable[..., object]:
    def apply(number: Any, decimals: Any = 0) -> object:
        if not 0 <= decimals <= MAX_DECIMALS or decimals != int(decimals):
            raise FormulaError(f"decimals are a whole number from 0 to {MAX_DECIMALS}")
        if abs(number) >= MAX_AMOUNT:
            raise FormulaError("a number too large to be rounded")
        exact = Decimal(number).quantize(Decimal(1).scaleb(-int(decimals)), mode)
        return exact if decimals else int(exact)

    return apply


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise FormulaError("an instant is a text such as '2026-03-01T15:00:00Z', with its offset")


def _time_of_day(text: str) -> time:
    if not _HOUR_AND_MINUTE.fullmatch(text):
        raise FormulaError("a time of day is a text such as '09:00'")
    return time.fromisoformat(text)


def _local(instant: datetime, zone: str) -> datetime:
    try:
        return instant.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError, OverflowError) as error:
        # What zoneinfo raises for names that are no file, no zone, a folder, or lead out of its folder.
        raise FormulaError("a zone is an IANA name such as 'Europe/London'") from error


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        raise FormulaError("nothing to replace: the text looked for is empty")
    if len(text) + text.count(old) * (len(new) - len(old)) > max(len(text), arithmetic.MAX_TEXT):
        raise FormulaError(f"a text of more than {arithmetic.MAX_TEXT} characters")
    return text.replace(old, new)


def _join(texts: Sequence[str], separator: str) -> str:
    if sum(len(text) + len(separator) for text in texts) > arithmetic.MAX_TEXT:
        raise FormulaError(f"a text of more than {arithmetic.MAX_TEXT} characters")
    return separator.join(texts)


def _one(name: str, *kinds: str) -> Parameter:
    return Parameter(name, "one", kinds)


def _list(*kinds: str) -> Parameter:
    return Parameter("list", "list", kinds)


def _each(name: str, *kinds: str) -> Parameter:
    return Parameter(name, "each", kinds)


_TEXT, _OTHER = _one("text", "text"), _one("other", "text")
_INSTANT, _ZONE = _one("instant", "instant"), _one("zone", "text")
_NUMBER, _DECIMALS = _one("number", "number"), _one("decimals", "number")
_CONDITION = _each("condition", "true or false")
_VALUE = _each("value", *SUMMABLE)
_PATH = Parameter("name", "path")
_ANY = Parameter("value", "any")

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
    Function("min", (_list(*ORDERED),), Like(0, "item"), "The least of a list.", lambda v: _extreme(v, "<")),
    Function(
        "min", (Parameter("a", "many", ORDERED),), Like(0), "The least of the values.", lambda *v: _extreme(v, "<")
    ),
    Function("max", (_list(*ORDERED),), Like(0, "item"), "The greatest of a list.", lambda v: _extreme(v, ">")),
    Function(
        "max", (Parameter("a", "many", ORDERED),), Like(0), "The greatest of the values.", lambda *v: _extreme(v, ">")
    ),
    Function("sum", (_list(*SUMMABLE),), Like(0, "item"), "The sum of a list that is not empty.", _sum),
    Function(
        "sum",
        (_list(), _VALUE),
        Like(1),
        "The sum of a formula over each item: sum(event.data.items, each.quantity).",
        lambda items, values: _sum(values),
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
        Like(0),
        "The items that meet a condition.",
        lambda items, values: [item for item, keep in zip(items, values, strict=True) if keep],
    ),
    Function(
        "join",
        (_list("text"), _one("separator", "text")),
        Text(),
        "The texts of a list as one: join(map(event.data.items, each.name), ', ').",
        _join,
    ),
    Function(
        "round", (_NUMBER,), Number(), "The nearest whole number; a half goes away from zero.", _rounding(ROUND_HALF_UP)
    ),
    Function("round", (_NUMBER, _DECIMALS), Number(), "Rounded to that many decimals.", _rounding(ROUND_HALF_UP)),
    Function("round_down", (_NUMBER,), Number(), "The whole number at or below.", _rounding(ROUND_FLOOR)),
    Function("round_up", (_NUMBER,), Number(), "The whole number at or above.", _rounding(ROUND_CEILING)),
    Function(
        "money",
        (_one("amount", "number"), _one("currency", "text")),
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
    Function("length", (_TEXT,), Number(), "How many characters a text has.", len),
    Function(
        "replace",
        (_TEXT, _one("old", "text"), _one("new", "text")),
        Text(),
        "With every occurrence of one text replaced by another.",
        _replace,
    ),
    Function(
        "text",
        (_one("value", *WRITABLE),),
        Text(),
        "A value as text: text(500 USD) is '500 USD', text(1.5h) is '90m'.",
        written,
    ),
    Function(
        "instant", (_TEXT,), InstantType(), "The instant a text names: instant('2026-03-01T15:00:00Z').", _instant
    ),
    Function("time_of_day", (_TEXT,), TimeOfDay(), "The time of day a text names: time_of_day('09:00').", _time_of_day),
    Function("now", (), InstantType(), "The instant of the decision: one and the same all over a step.", None),
    Function(
        "days_between",
        (_one("from", "instant"), _one("to", "instant")),
        Number(),
        "Whole days of 24 hours from one instant to another, rounded down; negative when the second is earlier.",
        lambda start, end: (end - start) // _DAY,
    ),
    Function(
        "date_in",
        (_INSTANT, _ZONE),
        Text(),
        "The date in a zone: '2026-03-01'.",
        lambda i, z: _local(i, z).date().isoformat(),
    ),
    Function(
        "time_in",
        (_INSTANT, _ZONE),
        TimeOfDay(),
        "The time of day in a zone.",
        lambda i, z: _local(i, z).time(),
    ),
    Function(
        "weekday_in",
        (_INSTANT, _ZONE),
        Text(),
        "The day of the week in a zone: 'mon', 'tue' …",
        lambda i, z: _WEEKDAYS[_local(i, z).weekday()],
    ),
)

FORMS: Mapping[str, tuple[Function, ...]] = {
    function.name: tuple(form for form in FUNCTIONS if form.name == function.name) for function in FUNCTIONS
}
"""name -> its forms"""
