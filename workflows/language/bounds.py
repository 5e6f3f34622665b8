"""How much a value can be at most, as far as that is known before a run begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

from workflows.language.definition import Definition, Set, all_steps
from workflows.language.formulas.nodes import Arithmetic, Call, Constant, Default, If, ListNode, Node, Path
from workflows.language.trees import FormulaLeaf, ListTree, Literal, ObjectTree, Tree, read_as
from workflows.language.types import MoneyType
from workflows.values import Money, Percent

_AS_LONG_AS_ITS_LIST = ("map", "filter", "distinct", "sort", "sort_by")
"""Functions that give a list no longer than the one they are given."""


@dataclass(frozen=True)
class Bounds:
    """What is known beforehand about the values of one workflow: its `vars`, and the fields of all brands."""

    definition: Definition
    brands: Mapping[str, Mapping[str, Any]]

    def money(self, tree: Tree | None) -> Money | None:
        """The most money `tree` can be; None where nothing says."""
        match tree:
            case Literal(value=value):
                found = read_as(value, MoneyType())
                return found if isinstance(found, Money) else None
            case FormulaLeaf(formula=formula):
                return self._money(formula.root)
            case ObjectTree(entries=entries):
                return _written_money({name: item.value for name, item in entries if isinstance(item, Literal)})
        return None

    def length(self, tree: Tree | None) -> int | None:
        """The most items `tree` can have; an object counts as one."""
        match tree:
            case ListTree(items=items):
                return len(items)
            case ObjectTree():
                return 1
            case FormulaLeaf(formula=formula):
                return self._length(formula.root)
        return None

    def _money(self, node: Node) -> Money | None:
        match node:
            case Constant(value=Money() as value):
                return value
            case Path():
                return self._of_path(node)
            case Call() if node.function.name == "min":
                known = [found for part in node.arguments if (found := self._money(part)) is not None]
                return _extreme(known, least=True)
            case Call() if node.function.name == "max":
                return self._greatest(*node.arguments)
            case If(then=then, otherwise=otherwise):
                return self._greatest(then, otherwise)
            case Default(path=path, fallback=fallback):
                return self._greatest(path, fallback)
            case Arithmetic(first=first, rest=rest):
                return reduce(self._calculated, rest, self._money(first))
        return None

    def _calculated(self, so_far: Money | None, operand: tuple[str, Node]) -> Money | None:
        operator, node = operand
        if so_far is None:
            return None
        if operator == "+":
            other = self._money(node)
            same = other is not None and other.currency == so_far.currency
            return Money(so_far.amount + other.amount, so_far.currency) if same and other is not None else None
        factor = _factor(self._known(node))
        if factor is None or operator not in "*/" or so_far.amount < 0:
            return None
        return Money(so_far.amount * factor if operator == "*" else so_far.amount / factor, so_far.currency).floored()

    def _greatest(self, *nodes: Node) -> Money | None:
        known = [self._money(node) for node in nodes]
        return _extreme([found for found in known if found is not None]) if None not in known else None

    def _of_path(self, path: Path) -> Money | None:
        match path.key:
            case ("brand", str() as name):
                values = [fields[name] for fields in self.brands.values() if isinstance(fields.get(name), Money)]
                return _extreme(values)
            case ("vars", *_):
                found = self._known(path)
                return found if isinstance(found, Money) else None
            case (str() as step, str() as name):
                return self.money(self._set(step, name))
        return None

    def _set(self, step: str, name: str) -> Tree | None:
        """What a step `set` makes of a name."""
        for one in all_steps(self.definition.steps):
            if one.id == step and isinstance(one.verb, Set):
                return one.verb.values.get(name)
        return None

    def _known(self, node: Node) -> object:
        """The value of a constant, or of one in `vars`."""
        match node:
            case Constant(value=value):
                return value
            case Path(root="vars", steps=(str() as name,)):
                return self.definition.variables.get(name)
        return None

    def _length(self, node: Node) -> int | None:
        match node:
            case ListNode(items=items):
                return len(items)
            case Path() if node.key == ("event", "data", "events") and self.definition.batch is not None:
                return self.definition.batch.count
            case Path(root="vars"):
                value = self._known(node)
                return len(value) if isinstance(value, list) else None
            case Path(root=step, steps=(str() as name,)):
                return self.length(self._set(step, name))
            case Call() if node.function.name in _AS_LONG_AS_ITS_LIST:
                return self._length(node.arguments[0])
        return None


def _written_money(entries: Mapping[str, object]) -> Money | None:
    match entries:
        case {"value": (int() | Decimal()) as value, "currency": str() as currency}:
            return Money(Decimal(value), currency)
    return None


def _factor(value: object) -> Decimal | None:
    match value:
        case bool():
            return None
        case Percent(ratio=ratio) if ratio > 0:
            return ratio
        case (int() | Decimal()) as number if number > 0:
            return Decimal(number)
    return None


def _extreme(amounts: list[Money], *, least: bool = False) -> Money | None:
    """The greatest or least of amounts of one currency; None for none, and for several currencies."""
    if not amounts or len({money.currency for money in amounts}) > 1:
        return None
    return (min if least else max)(amounts, key=lambda money: money.amount)
