"""Values as one writes them: `1.2%`, `500 USD`, `24h`, `40.50`. Each reader raises ValueError with a reason.

The forms are those of the formula grammar; `literal` reads them where a file holds a value and no formula.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Context, Decimal

from workflows.values import Money, Percent, currency_exponent

MAX_DIGITS = 28
MAX_AMOUNT = 10**18

SECONDS_OF_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

# Not the thread's context, which others may have set: a literal means the same wherever it is read.
_EXACT = Context(prec=2 * MAX_DIGITS)

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
_MONEY = re.compile(rf"({_NUMBER})\s+([A-Z]{{3}})")
_DURATION = re.compile(rf"({_NUMBER})([smhdw])")


def literal(text: str) -> Percent | Money | timedelta | str:
    """`text` as the value its form says it is: a percentage, money, a duration, else the text itself.

    Numbers are not read: YAML has done that, so a number that arrives here as text was quoted to be text.
    Raises ValueError for a form that means nothing, such as `5 ZZZ` or `0.001 USD`.
    """
    if _PERCENT.fullmatch(text):
        return percent(text)
    if _MONEY.fullmatch(text):
        return money(text)
    if _DURATION.fullmatch(text):
        return duration(text)
    return text


def number(text: str) -> int | Decimal:
    """`40` or `40.50`, exact."""
    if sum(character.isdigit() for character in text) > MAX_DIGITS:
        raise ValueError(f"a number has at most {MAX_DIGITS} digits")
    return Decimal(text) if "." in text else int(text)


def percent(text: str) -> Percent:
    """`1.2%` or `1.2 %`."""
    found = _PERCENT.fullmatch(text)
    if not found:
        raise ValueError("a percentage is written like 1.2%")
    return Percent(Decimal(number(found[1])).scaleb(-2, _EXACT))


def money(text: str) -> Money:
    """`500 USD`: major units and an ISO 4217 code, no finer than the currency's minor unit."""
    found = _MONEY.fullmatch(text)
    if not found:
        raise ValueError("money is written like 500 USD")
    amount, currency = Decimal(number(found[1])), found[2]
    exponent = currency_exponent(currency)
    if abs(amount) >= MAX_AMOUNT:
        raise ValueError(f"an amount of money stays below {MAX_AMOUNT}")
    if amount != amount.quantize(Decimal(1).scaleb(-exponent), context=_EXACT):
        raise ValueError(f"{currency} has {exponent} decimal places, {amount} has more")
    return Money(amount, currency)


def duration(text: str) -> timedelta:
    """`90s`, `30m`, `24h`, `1.5d`, `2w`."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError("a duration is written like 30m, with s, m, h, d or w")
    microseconds = _EXACT.multiply(number(found[1]), SECONDS_OF_UNIT[found[2]] * 1_000_000)
    if microseconds != microseconds.to_integral_value():
        raise ValueError("a duration is no finer than a microsecond")
    try:
        return timedelta(microseconds=int(microseconds))
    except OverflowError as error:
        raise ValueError("a duration this long cannot be counted") from error
