"""What kind a value is at run time, in the words of `types`; how values are compared, shown and turned into text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from workflows.errors import FormulaError
from workflows.language.formulas.arithmetic import same_currency
from workflows.values import Money, Percent

MAX_SHOWN = 80
"""Characters of a value that a verdict shows."""
MAX_WRITTEN = 100
"""Places before or behind the point of a number that is written out."""

_LONGEST = 10**MAX_WRITTEN
_LOOKED_AT = ("number", "money", "percentage", "instant")
# Some thousand digits. What formulas come to has 34, and 120 on the way; a vendor's number has a dozen.
_LONGEST_INT = 10**1_000
_LONGEST_DECIMAL = 104 + 500

_KINDS: Mapping[type, str] = {
    str: "text",
    int: "number",
    Decimal: "number",
    bool: "true or false",
    type(None): "null",
    Money: "money",
    Percent: "percentage",
    timedelta: "duration",
    datetime: "instant",
    time: "time of day",
    list: "list",
    tuple: "list",
    dict: "object",
}
# bool before int, datetime alone: the order of isinstance for subclasses such as StrEnum and mapping proxies.
_BASES: tuple[tuple[type, str], ...] = (
    (str, "text"),
    (bool, "true or false"),
    (int, "number"),
    (Decimal, "number"),
    (datetime, "instant"),
    (time, "time of day"),
    (timedelta, "duration"),
    (Mapping, "object"),
    (list, "list"),
    (tuple, "list"),
)

ORDERED = ("number", "money", "percentage", "duration", "instant", "time of day")
EQUATED = ("text", "true or false", *ORDERED)
WRITABLE = EQUATED

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_UNITS = ((604800, "w"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def kind_of(value: object) -> str:
    """The kind of `value`.

    Raises FormulaError for one the language has no word for, and for what nobody can work with: numbers without end or
    of so many digits that every product is work, and instants without their offset.
    """
    known = _KINDS.get(type(value))
    if known is not None:
        if known in _LOOKED_AT:
            _refuse_unworkable(value)
        return known
    for base, name in _BASES:
        if isinstance(value, base):
            return name
    raise FormulaError(f"a {type(value).__name__} is no value of a formula")


def _refuse_unworkable(value: object) -> None:
    number = value.amount if isinstance(value, Money) else value.ratio if isinstance(value, Percent) else value
    if isinstance(number, datetime):
        if number.tzinfo is None:
            raise FormulaError("an instant without its offset")
        return
    if isinstance(number, Decimal):
        if not number.is_finite():
            raise FormulaError("a number that is none")
        # Counting the digits would take a while for each of many; the memory they take is known.
        too_long = number.__sizeof__() > _LONGEST_DECIMAL
    else:
        too_long = isinstance(number, int) and not -_LONGEST_INT < number < _LONGEST_INT
    if too_long:
        raise FormulaError("a number of too many digits to work with")


def named(kinds: tuple[str, ...]) -> str:
    """Kinds in words: `number or money`."""
    return "a value that can be compared" if kinds == EQUATED else " or ".join(kinds)


def compare(operator: str, left: object, right: object) -> bool:
    """Compare two values of one kind. Raises FormulaError for two kinds, two currencies, or no order."""
    kind, other = kind_of(left), kind_of(right)
    if kind != other:
        raise FormulaError(f"{kind} cannot be compared with {other}")
    if kind not in (EQUATED if operator in ("==", "!=") else ORDERED):
        raise FormulaError(f"{kind} cannot be compared with {operator}")
    if isinstance(left, Money) and isinstance(right, Money):
        same_currency(left, right)
        left, right = left.amount, right.amount
    elif isinstance(left, Percent) and isinstance(right, Percent):
        left, right = left.ratio, right.ratio
    return _COMPARE[operator](left, right)


def written(value: object) -> str:
    """`value` as text, as `text()` and templates insert it: `550 USD`, `1.2%`, `2026-03-01T15:00:00Z`.

    Raises FormulaError for lists, objects and null, and for numbers that would take more than 100 places.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return str(value)
        case int() | Decimal():
            return _digits(value)
        case Money():
            return f"{_digits(value.amount)} {value.currency}"
        case Percent():
            # Percent's own text writes the share as a percentage without needless zeros.
            _digits(value.ratio)
            return str(value)
        case timedelta():
            return _duration(value)
        case datetime():
            return _instant(value)
        case time():
            return value.isoformat("minutes" if value.second == value.microsecond == 0 else "auto")
    raise FormulaError(f"{kind_of(value)} has no form as text")


def shown(value: object) -> str:
    """`value` as an operator reads it in a verdict, cut after 80 characters. Never fails."""
    text = f"[{', '.join(_shown(item) for item in value[:MAX_SHOWN])}]" if isinstance(value, list) else _shown(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _shown(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            # Cut first: doubling the quotes of a long text would be work for nothing.
            return "'{}'".format(value[:MAX_SHOWN].replace("'", "''"))
        case list() | tuple():
            return f"a list of {len(value)}"
        case Mapping():
            return f"an object of {len(value)}"
    try:
        return written(value)
    except (FormulaError, ArithmeticError, OverflowError):
        return f"a {type(value).__name__}"


def _digits(number: int | Decimal) -> str:
    _refuse_unworkable(number)
    if isinstance(number, int):
        writable = -_LONGEST < number < _LONGEST
    else:
        exponent = number.as_tuple().exponent
        writable = isinstance(exponent, int) and exponent >= -MAX_WRITTEN and number.adjusted() < MAX_WRITTEN
    if not writable:
        raise FormulaError("a number too long to be written out")
    return f"{number:f}" if isinstance(number, Decimal) else str(number)


def _instant(value: datetime) -> str:
    _refuse_unworkable(value)
    try:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError as error:
        raise FormulaError("an instant that no calendar has in UTC") from error


def _duration(value: timedelta) -> str:
    microseconds = value // timedelta(microseconds=1)
    for seconds, unit in _UNITS:
        if microseconds % (seconds * 1_000_000) == 0:
            return f"{microseconds // (seconds * 1_000_000)}{unit}" if microseconds else "0s"
    return f"{Decimal(microseconds).scaleb(-6).normalize():f}s"
