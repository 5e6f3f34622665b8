"""What `+ - * /` do to which kinds of values: one table, read by the checker and by the evaluation alike.

Numbers are exact to 34 digits (IEEE 754 decimal128). Money is rounded down to its minor unit after each operation.
A percentage of something is a share of it: `200 * 10%` is 20, `500 USD * 110%` is 550 USD, `50% * 10%` is 5%.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

from workflows.errors import FormulaError
from workflows.language.literals import MAX_AMOUNT
from workflows.values import Money, Percent, currency_exponent

MAX_TEXT = 10_000
"""Characters a text made by a formula may have."""

MAX_DECIMALS = 10
"""Decimals a number may be rounded to."""

_TRAPS = [InvalidOperation, DivisionByZero, Overflow]
_CONTEXT = Context(prec=34, Emax=999, Emin=-999, traps=_TRAPS)
# Wide enough for the product of any two numbers to be exact, so that money is rounded once, and downwards.
_WIDE = Context(prec=120, Emax=999, Emin=-999, rounding=ROUND_FLOOR, traps=_TRAPS)
_LARGEST_INT = 10**34
_MICROSECOND = timedelta(microseconds=1)

Numeric = int | Decimal


@dataclass(frozen=True)
class Operation:
    """What an operator does to two kinds: the kind that comes out, and how."""

    result: str
    apply: Callable[[Any, Any], object]


def calculate(operator: str, left: object, right: object, kinds: tuple[str, str]) -> object:
    """Apply `operator`. Raises FormulaError for kinds it does not work with, and for results nobody can count."""
    operation = OPERATIONS.get((kinds[0], operator, kinds[1]))
    if operation is None:
        raise FormulaError(f"{operator} does not work with {kinds[0]} and {kinds[1]}")
    return guarded(operation.apply, left, right)


def guarded(apply: Callable[..., object], *values: object) -> object:
    """Call `apply`, and let it fail in one way only. Raises FormulaError."""
    try:
        return apply(*values)
    except (DivisionByZero, ZeroDivisionError) as error:
        raise FormulaError("division by zero") from error
    except InvalidOperation as error:
        # 0 / 0 is an invalid operation to the decimal module.
        raise FormulaError("division by zero, or a number too large to work with") from error
    except (ArithmeticError, OverflowError) as error:
        raise FormulaError("the result is too large") from error


def negate(value: object) -> object:
    """`-value`. Raises FormulaError for a kind that has no sign."""
    match value:
        case bool():
            pass
        case int() | timedelta():
            return -value
        case Decimal():
            return value.copy_negate()
        case Money():
            return Money(value.amount.copy_negate(), value.currency)
        case Percent():
            return Percent(value.ratio.copy_negate())
    raise FormulaError("- needs a number, money, a percentage or a duration behind it")


def money_of(amount: Numeric, currency: str) -> Money:
    """Money rounded down to its minor unit. Raises FormulaError for an amount too large or no currency."""
    exact = Decimal(amount)
    if not exact.is_finite() or exact.copy_abs() >= MAX_AMOUNT:
        raise FormulaError("an amount of money too large to work with")
    return Money(exact.quantize(minor_unit(currency), context=_WIDE), currency)


def minor_unit(currency: str) -> Decimal:
    """The least amount of a currency. Raises FormulaError for a text that is no currency."""
    try:
        return Decimal(1).scaleb(-currency_exponent(currency))
    except ValueError as error:
        raise FormulaError("not an ISO 4217 currency code such as USD") from error


def rounded(number: Numeric, decimals: Numeric, mode: str) -> Numeric:
    """`number` with that many decimals; a whole number where there are none."""
    if not 0 <= decimals <= MAX_DECIMALS or decimals != int(decimals):
        raise FormulaError(f"decimals are a whole number from 0 to {MAX_DECIMALS}")
    exact = Decimal(number)
    if not exact.is_finite() or exact.copy_abs() >= MAX_AMOUNT:
        raise FormulaError("a number too large to be rounded")
    result = exact.quantize(Decimal(1).scaleb(-int(decimals)), mode, _WIDE)
    return result if decimals else int(result)


def same_currency(one: Money, other: Money) -> str:
    """The currency both share. Raises FormulaError: amounts of two currencies never meet."""
    if one.currency != other.currency:
        raise FormulaError(f"{one.currency} and {other.currency} cannot be compared or added")
    return one.currency


def add(left: Numeric, right: Numeric) -> Numeric:
    """The sum of two numbers; whole if both are."""
    if type(left) is int and type(right) is int:
        return _countable(left + right)
    return _CONTEXT.add(left, right)


def add_money(left: Money, right: Money) -> Money:
    """The sum of two amounts of one currency."""
    return money_of(_WIDE.add(left.amount, right.amount), same_currency(left, right))


def add_percent(left: Percent, right: Percent) -> Percent:
    """The sum of two shares of the same thing."""
    return Percent(_CONTEXT.add(left.ratio, right.ratio))


def divide(left: Numeric, right: Numeric) -> Numeric:
    """A quotient of up to 34 digits; whole where it comes out even. Raises for zero."""
    quotient = _CONTEXT.divide(left, right)
    return int(quotient) if type(left) is int and type(right) is int and quotient == int(quotient) else quotient


def _countable(number: int) -> int:
    if -_LARGEST_INT < number < _LARGEST_INT:
        return number
    raise OverflowError


def _subtract(left: Numeric, right: Numeric) -> Numeric:
    if type(left) is int and type(right) is int:
        return _countable(left - right)
    return _CONTEXT.subtract(left, right)


def _multiply(left: Numeric, right: Numeric) -> Numeric:
    if type(left) is int and type(right) is int:
        return _countable(left * right)
    return _CONTEXT.multiply(left, right)


def _subtract_money(left: Money, right: Money) -> Money:
    return money_of(_WIDE.subtract(left.amount, right.amount), same_currency(left, right))


def _times(money: Money, factor: Numeric) -> Money:
    return money_of(_WIDE.multiply(money.amount, factor), money.currency)


def _over(money: Money, divisor: Numeric) -> Money:
    return money_of(_WIDE.divide(money.amount, divisor), money.currency)


def _money_ratio(left: Money, right: Money) -> Numeric:
    same_currency(left, right)
    return _CONTEXT.divide(left.amount, right.amount)


def _append(left: str, right: str) -> str:
    if len(left) + len(right) > MAX_TEXT:
        raise FormulaError(f"a text of more than {MAX_TEXT} characters")
    return left + right


def _stretch(duration: timedelta, factor: Numeric) -> timedelta:
    return timedelta(microseconds=_whole(_WIDE.multiply(duration // _MICROSECOND, factor)))


def _shorten(duration: timedelta, divisor: Numeric) -> timedelta:
    return timedelta(microseconds=_whole(_WIDE.divide(duration // _MICROSECOND, divisor)))


def _whole(number: Decimal) -> int:
    # Before int(), which would write out a number of any size.
    if abs(number) >= MAX_AMOUNT:
        raise OverflowError
    return int(number.to_integral_value(ROUND_FLOOR))


def _later(instant: datetime, duration: timedelta) -> datetime:
    # In UTC, for Python counts days in a zone by its wall clock.
    return instant.astimezone(UTC) + duration


_NUMBER, _TEXT, _MONEY, _PERCENT, _DURATION, _INSTANT = "number", "text", "money", "percentage", "duration", "instant"

OPERATIONS: Mapping[tuple[str, str, str], Operation] = {
    (_NUMBER, "+", _NUMBER): Operation(_NUMBER, add),
    (_MONEY, "+", _MONEY): Operation(_MONEY, add_money),
    (_PERCENT, "+", _PERCENT): Operation(_PERCENT, add_percent),
    (_DURATION, "+", _DURATION): Operation(_DURATION, lambda a, b: a + b),
    (_INSTANT, "+", _DURATION): Operation(_INSTANT, _later),
    (_DURATION, "+", _INSTANT): Operation(_INSTANT, lambda a, b: _later(b, a)),
    (_TEXT, "+", _TEXT): Operation(_TEXT, _append),
    (_NUMBER, "-", _NUMBER): Operation(_NUMBER, _subtract),
    (_MONEY, "-", _MONEY): Operation(_MONEY, _subtract_money),
    (_PERCENT, "-", _PERCENT): Operation(_PERCENT, lambda a, b: Percent(_CONTEXT.subtract(a.ratio, b.ratio))),
    (_DURATION, "-", _DURATION): Operation(_DURATION, lambda a, b: a - b),
    (_INSTANT, "-", _DURATION): Operation(_INSTANT, lambda a, b: _later(a, -b)),
    (_INSTANT, "-", _INSTANT): Operation(_DURATION, lambda a, b: a - b),
    (_NUMBER, "*", _NUMBER): Operation(_NUMBER, _multiply),
    (_MONEY, "*", _NUMBER): Operation(_MONEY, _times),
    (_NUMBER, "*", _MONEY): Operation(_MONEY, lambda a, b: _times(b, a)),
    (_MONEY, "*", _PERCENT): Operation(_MONEY, lambda a, b: _times(a, b.ratio)),
    (_PERCENT, "*", _MONEY): Operation(_MONEY, lambda a, b: _times(b, a.ratio)),
    (_NUMBER, "*", _PERCENT): Operation(_NUMBER, lambda a, b: _multiply(a, b.ratio)),
    (_PERCENT, "*", _NUMBER): Operation(_NUMBER, lambda a, b: _multiply(a.ratio, b)),
    (_PERCENT, "*", _PERCENT): Operation(_PERCENT, lambda a, b: Percent(_CONTEXT.multiply(a.ratio, b.ratio))),
    (_DURATION, "*", _NUMBER): Operation(_DURATION, _stretch),
    (_NUMBER, "*", _DURATION): Operation(_DURATION, lambda a, b: _stretch(b, a)),
    (_DURATION, "*", _PERCENT): Operation(_DURATION, lambda a, b: _stretch(a, b.ratio)),
    (_PERCENT, "*", _DURATION): Operation(_DURATION, lambda a, b: _stretch(b, a.ratio)),
    (_NUMBER, "/", _NUMBER): Operation(_NUMBER, divide),
    (_MONEY, "/", _NUMBER): Operation(_MONEY, _over),
    (_MONEY, "/", _MONEY): Operation(_NUMBER, _money_ratio),
    (_PERCENT, "/", _NUMBER): Operation(_PERCENT, lambda a, b: Percent(_CONTEXT.divide(a.ratio, b))),
    (_PERCENT, "/", _PERCENT): Operation(_NUMBER, lambda a, b: _CONTEXT.divide(a.ratio, b.ratio)),
    (_DURATION, "/", _NUMBER): Operation(_DURATION, _shorten),
    (_DURATION, "/", _DURATION): Operation(
        _NUMBER, lambda a, b: _CONTEXT.divide(Decimal(a // _MICROSECOND), Decimal(b // _MICROSECOND))
    ),
}
"""(left, operator, right) -> what comes out. A combination that is not here is a mistake."""
