"""Trees to values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from workflows.errors import FormulaError
from workflows.language import literals
from workflows.language.formulas import ABSENT, Budget, Formula
from workflows.language.formulas.kinds import written
from workflows.language.trees.values import MAX_TEMPLATE, FormulaLeaf, ListTree, Literal, ObjectTree, TemplateLeaf, Tree
from workflows.language.types import Duration, InstantType, ListOf, MoneyType, Nullable, ObjectOf, PercentType, Type
from workflows.values import Money, Percent

MAX_VALUE = 1_000_000
"""Characters of what one step hands on, written out."""

MAX_NESTING = 200
"""Lists and objects within each other in what one step hands on; vendors send a handful."""

_SEPARATORS: Final = 4
"""Characters that JSON puts around a value: quotes, a comma or a colon."""


def render(tree: Tree, scope: Mapping[str, object], goes_to: Type | None = None) -> object:
    """The value of `tree` over the names in `scope`, with texts read as `goes_to` says (see `read_as`).

    An entry that is just a path leading nowhere is left out of its object. All formulas of the tree together may cost
    what one may, and what they give has a bounded size. Raises FormulaError.
    """
    value = _Rendering(scope).bounded(tree)
    return value if goes_to is None else read_as(value, goes_to)


def assigned(trees: Mapping[str, Tree], scope: Mapping[str, object], under: str) -> dict[str, object]:
    """The values of named trees, each of which sees those before it as fields of the name `under`.

    Bounded together, as one tree is. Raises FormulaError.
    """
    values: dict[str, object] = {}
    rendering = _Rendering(scope)
    for name, tree in trees.items():
        rendering.scope = {**scope, under: dict(values)}
        values[name] = rendering.bounded(tree)
    return values


def read_as(value: object, goes_to: Type) -> object:
    """`value` with the texts in it that stand where money, a percentage, a duration or an instant is needed read so.

    What cannot be read stays as it is: the schema it goes to has the last word.
    """
    match value, goes_to:
        case _, Nullable():
            return read_as(value, goes_to.inner)
        case str(), (MoneyType() | PercentType() | Duration() | InstantType()):
            try:
                return READERS[type(goes_to)](value)
            except ValueError:
                return value
        case list(), ListOf():
            return [read_as(item, goes_to.item) for item in value]
        case dict(), ObjectOf():
            known = goes_to.fields
            return {name: read_as(item, known[name].type) if name in known else item for name, item in value.items()}
    return value


class _Rendering:
    """Trees being worked out for one purpose: the names they see, and what they may still cost and hold."""

    def __init__(self, scope: Mapping[str, object]) -> None:
        self.scope = scope
        self._budget = Budget()
        self._room = MAX_VALUE

    def bounded(self, tree: Tree) -> object:
        value = self._value(tree)
        self._room -= size_of(value, at_most=self._room)
        if self._room < 0:
            raise FormulaError(f"more than {MAX_VALUE} characters are handed on: hand on only what is needed")
        return value

    def _value(self, tree: Tree) -> object:
        match tree:
            case Literal():
                return tree.value
            case FormulaLeaf():
                return tree.formula.evaluate(self.scope, self._budget)
            case TemplateLeaf():
                return self._filled(tree)
            case ListTree():
                return [self._value(item) for item in tree.items]
            case ObjectTree():
                entries = ((name, self._entry(entry)) for name, entry in tree.entries)
                return {name: value for name, value in entries if value is not ABSENT}

    def _entry(self, tree: Tree) -> object:
        return tree.formula.find(self.scope, self._budget) if isinstance(tree, FormulaLeaf) else self._value(tree)

    def _filled(self, template: TemplateLeaf) -> str:
        pieces: list[str] = []
        room = MAX_TEMPLATE
        for part in template.parts:
            pieces.append(part if isinstance(part, str) else self._inserted(part))
            room -= len(pieces[-1])
            if room < 0:
                raise FormulaError(f"{template.place}: a text of more than {MAX_TEMPLATE} characters")
        return "".join(pieces)

    def _inserted(self, formula: Formula) -> str:
        value = formula.evaluate(self.scope, self._budget)
        try:
            return written(value)
        except FormulaError as error:
            raise FormulaError(f"{formula.place}: {error}") from error


def size_of(value: object, *, at_most: int) -> int:
    """Roughly the characters of `value` written out, however often it holds a thing; counted until above `at_most`.

    Raises FormulaError for what is nested deeper than can be written out.
    """
    size, left = 0, [(value, 0)]
    while left and size <= at_most:
        item, depth = left.pop()
        if depth > MAX_NESTING:
            raise FormulaError(f"what is handed on is nested deeper than {MAX_NESTING}")
        match item:
            case str():
                size += len(item)
            case Mapping():
                size += sum(map(len, item))
                left += ((inner, depth + 1) for inner in item.values())
            case list() | tuple():
                left += ((inner, depth + 1) for inner in item)
            case int():
                size += item.bit_length() // 3
            case Decimal() | Money() | Percent():
                size += len(str(item))
        size += _SEPARATORS
    return size


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant has its offset, such as 2026-03-01T15:00:00Z")
    return moment


READERS: Mapping[type[Type], Callable[[str], object]] = {
    MoneyType: literals.money,
    PercentType: literals.percent,
    Duration: literals.duration,
    InstantType: _instant,
}
"""The types a text can be read as; each reader raises ValueError."""
