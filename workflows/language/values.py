"""The type of a value as settings and `vars` hold it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce

from workflows.language.types import (
    Boolean,
    Duration,
    InstantType,
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
    datetime: InstantType(),
    type(None): Mistaken(),
}


def type_of_value(value: object) -> Type:
    """The type of a value that was written out; a list of several kinds is a list of Unknown.

    None stands for a value that could not be read; an empty list is one of anything.
    """
    if isinstance(value, list):
        kinds = map(type_of_value, value or [None])
        return ListOf(reduce(lambda one, other: common(one, other) or Unknown(), kinds))
    return _TYPES.get(type(value), Unknown())
