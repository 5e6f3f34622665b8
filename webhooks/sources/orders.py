"""What the readers of shops have in common."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import Schema

from webhooks.errors import PayloadError
from webhooks.sources.payload import money, without_nulls
from workflows.problems import Problem
from workflows.values import Money, currency_exponent


def others(payload: Mapping[str, Any], schema: type[Schema]) -> dict[str, Any]:
    """The fields of a payload that a schema does not name, as they came."""
    return {name: value for name, value in payload.items() if name not in schema._declared_fields}


def in_minor_units(units: int, currency: str, path: str, problems: list[Problem]) -> Money:
    """An amount in the currency's minor unit as Money; what is wrong with it is added to `problems`."""
    try:
        exponent = currency_exponent(currency)
    except ValueError:
        exponent = 0  # said by `money`
    return money(Decimal(units).scaleb(-exponent), currency, path, problems)


def canonical(order: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The canonical order without what is not there. Raises PayloadError with the problems found on the way."""
    if problems:
        raise PayloadError(problems)
    return without_nulls(order, ("show_id", "placed_at", "total", "is_paid", "is_test", "other"))
