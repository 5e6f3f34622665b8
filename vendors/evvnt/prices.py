"""evvnt's prices: a label for each, with text such as `GBP 50` (evvnt API, Create event, `prices`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields

from vendors.fields import Words
from vendors.money import check_currency, fits_currency, too_fine
from workflows.fields import Number
from workflows.values import Money

_WRITTEN = re.compile(r"([A-Z]{3}) (\d+(?:\.\d+)?)", re.ASCII)


class Prices(fields.Field[dict[str, Money]]):
    """`{"General": "GBP 20", "VIP": "GBP 45"}`, at least one; a price may come as money, too."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Money]:
        if not isinstance(value, Mapping):
            raise ValidationError('must be prices by their labels, such as {"General": "GBP 20"}')
        if not value:
            raise ValidationError("must have at least 1 price")
        prices: dict[str, Money] = {}
        problems: dict[str, list[str]] = {}
        for label, given in value.items():
            try:
                prices[Words()._deserialize(label, None, None)] = _price(given)
            except ValidationError as error:
                problems[str(label)] = [str(error.messages[0])]
        if problems:
            raise ValidationError(problems)
        return prices

    def _serialize(self, value: dict[str, Money] | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value and {label: f"{price.currency} {price.amount:f}" for label, price in value.items()}


def _price(given: Any) -> Money:
    if isinstance(given, Money):
        price = Money(Number()._deserialize(given.amount, None, None), given.currency)
    else:
        price = _read(given)
    check_currency(price.currency)
    if price.amount < 0:
        raise ValidationError("must not be less than 0")
    if not fits_currency(price.amount, price.currency):
        raise ValidationError(too_fine(price.amount, price.currency))
    return price


def _read(given: Any) -> Money:
    written = _WRITTEN.fullmatch(given) if isinstance(given, str) else None
    if written is not None:
        return Money(Number()._deserialize(Decimal(written[2]), None, None), written[1])
    message = "must be a currency code, a blank and an amount, such as GBP 50"
    if isinstance(given, str) and given.strip().casefold() == "free":
        message += "; how a free event is written is not documented by evvnt"
    raise ValidationError(message)
