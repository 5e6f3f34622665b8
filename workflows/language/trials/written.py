"""Values as a test writes them, read as what they stand for."""

from __future__ import annotations

from decimal import Decimal

from workflows.language.trees import Tree, read_as, render
from workflows.language.types import ListOf, MoneyType, Nullable, ObjectOf, Text, Type
from workflows.values import Money


def value_of(tree: Tree, goes_to: Type) -> object:
    """The value a tree without formulas stands for where a `goes_to` is needed, in the form formulas see."""
    return as_seen(render(tree, {}), goes_to)


def as_seen(value: object, goes_to: Type) -> object:
    """`value` as a formula would see it: `400 USD` and `{value: 400, currency: USD}` as money, the id 5017 as text."""
    return _settled(read_as(value, goes_to), goes_to)


def _settled(value: object, goes_to: Type) -> object:
    match value, goes_to:
        case _, Nullable():
            return _settled(value, goes_to.inner)
        case bool(), _:
            return value
        case int(), Text():
            return str(value)
        case {"value": (int() | Decimal()) as amount, "currency": str() as currency}, MoneyType():
            return Money(Decimal(amount), currency)
        case list(), ListOf():
            return [_settled(item, goes_to.item) for item in value]
        case dict(), ObjectOf():
            known = goes_to.fields
            return {name: _settled(item, known[name].type) if name in known else item for name, item in value.items()}
    return value
