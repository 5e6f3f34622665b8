"""Money on the wire: the one place where amounts take the form a vendor writes them in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from marshmallow import ValidationError

from workflows.fields import MoneyField, Number
from workflows.values import Money, Percent, currency_exponent

_T = TypeVar("_T")

_DECIMAL = re.compile(r"\d+(\.\d+)?", re.ASCII)


class Amount(MoneyField):
    """`{"value": 40, "currency": "USD"}` in major units, or a Money; more than nothing.

    Each of the two parts has its own problem path. Whole amounts are written as integers, as Symphony's examples are.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        if isinstance(value, Money):
            value = {"value": value.amount, "currency": value.currency}
        if not isinstance(value, Mapping):
            raise ValidationError("must be an amount of money, such as {value: 40, currency: USD}")
        problems = {str(name): "Unknown field." for name in value if name not in ("value", "currency")}
        number = _part("value", _positive, value, problems)
        currency = _part("currency", check_currency, value, problems)
        if number is not None and currency is not None and not fits_currency(number, currency):
            problems["value"] = too_fine(number, currency)
        if problems or number is None or currency is None:
            raise ValidationError({name: [message] for name, message in problems.items()})
        return Money(number, currency)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, Any] | None:
        return None if value is None else {"value": plain(value.amount), "currency": value.currency}


class Price(Number):
    """An amount in major units, not below 0; its currency stands beside it, or comes along with a Money.

    It loads as a Decimal or a Money: only the schema around it can bring price and currency together.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        amount = super()._deserialize(value.amount if isinstance(value, Money) else value, attr, data, **kwargs)
        if amount < 0:
            raise ValidationError("must not be less than 0")
        return Money(amount, check_currency(value.currency)) if isinstance(value, Money) else amount


class WrittenPrice(MoneyField):
    """An amount in major units that a vendor writes as text (`"500.0"`); its currency stands beside it.

    `currency_from` names the field it stands in.
    """

    def __init__(self, *, currency_from: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency_from = currency_from

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        written = isinstance(value, str) and _DECIMAL.fullmatch(value)
        amount = Number()._deserialize(Decimal(value) if written else value, attr, data, **kwargs)
        return super()._deserialize(Money(amount, str(data.get(self.currency_from))), attr, data, **kwargs)


class Share(Number):
    """A part of a whole: more than 0, at most 1, as the ratio (`0.6`) or a Percent."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        number = super()._deserialize(value.ratio if isinstance(value, Percent) else value, attr, data, **kwargs)
        if not 0 < number <= 1:
            raise ValidationError("must be a share of the whole: more than 0 and at most 1")
        return number

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> int | Decimal | None:
        return None if value is None else plain(value)


def plain(number: Decimal) -> int | Decimal:
    """The number as one would write it by hand: 40 rather than 40.00, 0.6 rather than 0.60."""
    return int(number) if number == number.to_integral_value() else number.normalize()


def with_decimals(number: Decimal, currency: str) -> Decimal:
    """The number with all decimals of its currency: 60.00 in USD, 60 in JPY. It must fit (`fits_currency`)."""
    return number.quantize(Decimal(1).scaleb(-currency_exponent(currency)))


def fits_currency(number: Decimal, currency: str) -> bool:
    """Whether the currency has as many decimal places as the number needs."""
    return Money(number, currency).floored().amount == number


def too_fine(number: Decimal, currency: str) -> str:
    return f"{currency} has {currency_exponent(currency)} decimal places, {number:f} has more"


def check_currency(value: Any) -> str:
    """The ISO 4217 code `value` is. Raises ValidationError."""
    if not isinstance(value, str):
        raise ValidationError("must be a currency code, such as USD")
    try:
        currency_exponent(value)
    except ValueError as error:
        raise ValidationError(f"{value[:20]!r} is not a currency code, such as USD") from error
    return value


def _part(name: str, check: Callable[[Any], _T], value: Mapping[str, Any], problems: dict[str, str]) -> _T | None:
    """Check one part of an amount; what is wrong with it is added to `problems`."""
    if name not in value:
        problems[name] = "Missing data for required field."
        return None
    try:
        return check(value[name])
    except ValidationError as error:
        problems[name] = str(error.messages[0])
        return None


def _positive(value: Any) -> Decimal:
    number = Number()._deserialize(value, None, None)
    if number <= 0:
        raise ValidationError("must be more than 0")
    return number
