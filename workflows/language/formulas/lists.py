"""What the functions of lists do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from workflows.errors import FormulaError
from workflows.language.formulas.arithmetic import calculate
from workflows.language.formulas.kinds import compare, kind_of

MAX_ITEMS = 10_000
"""Items of a list made of several lists, or of a text."""

Values = Sequence[object]


def extreme(values: Values, operator: str) -> object:
    """The least (`<`) or the greatest (`>`)."""
    if not values:
        raise FormulaError("an empty list has neither least nor greatest")
    return reduce(lambda best, value: value if compare(operator, value, best) else best, values)


def total(values: Values) -> object:
    """The sum."""
    if not values:
        # 0, 0 % or no money of which currency? Nothing says.
        raise FormulaError("an empty list has no sum")
    return reduce(lambda so_far, value: calculate("+", so_far, value, (kind_of(so_far), kind_of(value))), values)


def first(values: Values) -> object:
    """The first item."""
    if not values:
        raise FormulaError("an empty list has no first item")
    return values[0]


def last(values: Values) -> object:
    """The last item."""
    if not values:
        raise FormulaError("an empty list has no last item")
    return values[-1]


def unique(items: Values, keys: Values) -> list[object]:
    """The items whose key is not that of an item before."""
    seen = set()
    found = []
    for item, key in zip(items, keys, strict=True):
        known = (kind_of(key), key)
        if known not in seen:
            seen.add(known)
            found.append(item)
    return found


def flat(lists: Sequence[Values]) -> list[object]:
    """The items of all lists."""
    if sum(map(len, lists)) > MAX_ITEMS:
        raise FormulaError(f"a list of more than {MAX_ITEMS} items")
    return [item for items in lists for item in items]
