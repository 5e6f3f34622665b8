"""The type of a value as settings and `vars` hold it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import reduce

from workflows.language.types import (
    Boolean,
    Duration,
    ListOf,
    Mistaken,
    MoneyType,
    Number,
    PercentType,
    Text,
    Type,
    Unknown,
    common,
)
from workflows.values import Money, Percent

_TYPES: Mapping[type, Type] = {
    str: Text(),
    bool: Boolean(),
    int: Number(),
    Decimal: Number(),
    Money: MoneyType(),
    Percent: PercentType(),
    timedelta: Duration(),
    type(None): Mistaken(),
}


def type_of_value(value: object) -> Type:
    """The type of a value that was written out; a list of several kinds is a list of Unknown.

    None stands for a value that could not be read.
    """
    if isinstance(value, list):
        nothing: Type = Mistaken()
        return ListOf(reduce(lambda one, other: common(one, other) or Unknown(), map(type_of_value, value), nothing))
    return _TYPES.get(type(value), Unknown())
