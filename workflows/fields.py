"""Marshmallow fields for the values of ours that JSON has no form for, and schemas for what others make.

They read what vendors send and give values of `workflows.values`; the language derives its types from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, ValidationError, fields

from workflows.values import Money, Percent, currency_exponent

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

MOST_DIGITS = 20
"""Numbers that reach further than this before or after the point are mistakes, and costly to calculate with."""


class OpenSchema(Schema):
    """An object that may hold more than is declared here; what else comes is kept."""

    class Meta:
        unknown = INCLUDE


class PartialSchema(Schema):
    """An object of which only what is declared here is read."""

    class Meta:
        unknown = EXCLUDE


class Text(fields.Field[str]):
    """Text; a whole number is read as its digits, because vendors print ids both ways (`1234`, `"5017"`)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise ValidationError("must be text")
        if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
            raise ValidationError("must be text; this number is too long for an id")
        text = str(value)
        if not text.isascii() and _LONE_SURROGATE.search(text):
            raise ValidationError("has characters that cannot be written as UTF-8")
        return text


class Flag(fields.Field[bool]):
    """true or false and nothing that merely looks like it; with `allow_none`, the third state null is kept."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true, false or null" if self.allow_none else "must be true or false")
        return value


class Number(fields.Field[Decimal]):
    """An exact number; text and booleans are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal, float)):
            raise ValidationError("must be a number")
        return _exact(value)


def _exact(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError) as error:
        raise ValidationError("must be a number") from error
    if not number.is_finite():
        raise ValidationError("must be a number")
    if abs(number.adjusted()) > MOST_DIGITS or len(number.as_tuple().digits) > 2 * MOST_DIGITS:
        raise ValidationError("has more digits than any amount")
    return number


class MoneyField(fields.Field[Money]):
    """Money as the object `{"value": 12.5, "currency": "USD"}`, major units, or already a Money."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        if isinstance(value, Money):
            money = value
        elif isinstance(value, Mapping) and set(value) == {"value", "currency"}:
            money = Money(Number()._deserialize(value["value"], None, None), str(value["currency"]))
        else:
            raise ValidationError("must be an amount of money, such as {value: 40, currency: USD}")
        try:
            exponent = currency_exponent(money.currency)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if money.amount != money.floored().amount:
            raise ValidationError(f"{money.currency} has {exponent} decimal places, {money.amount} has more")
        return money


class PercentField(fields.Field[Percent]):
    """A share given as a ratio (`unit="ratio"`: 0.012) or in percent (`unit="percent"`: 1.2)."""

    def __init__(self, *, unit: str = "ratio", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unit = unit

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Percent:
        if isinstance(value, Percent):
            return value
        number = _exact(value)
        return Percent(number if self.unit == "ratio" else number / 100)


class Instant(fields.Field[datetime]):
    """A moment: ISO 8601 with an offset. A time without one is refused, for nobody knows when it is."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise ValidationError("must be a date and time such as 2026-03-01T15:00:00Z") from error
        if moment.tzinfo is None:
            raise ValidationError("must say its offset, such as 2026-03-01T15:00:00Z")
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("is before the first or after the last year there is") from error
