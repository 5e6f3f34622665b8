"""Trees to values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from workflows.errors import FormulaError
from workflows.language import literals
from workflows.language.formulas import ABSENT, Formula
from workflows.language.formulas.kinds import written
from workflows.language.trees.values import MAX_TEMPLATE, FormulaLeaf, ListTree, Literal, ObjectTree, TemplateLeaf, Tree
from workflows.language.types import Duration, InstantType, ListOf, MoneyType, Nullable, ObjectOf, PercentType, Type


def render(tree: Tree, scope: Mapping[str, object], goes_to: Type | None = None) -> object:
    """The value of `tree` over the names in `scope`, with texts read as `goes_to` says (see `read_as`).

    An entry that is just a path leading nowhere is left out of its object. Raises FormulaError.
    """
    value = _render(tree, scope)
    return value if goes_to is None else read_as(value, goes_to)


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


def _render(tree: Tree, scope: Mapping[str, object]) -> object:
    match tree:
        case Literal():
            return tree.value
        case FormulaLeaf():
            return tree.formula.evaluate(scope)
        case TemplateLeaf():
            return _fill(tree, scope)
        case ListTree():
            return [_render(item, scope) for item in tree.items]
        case ObjectTree():
            entries = ((name, _render_entry(entry, scope)) for name, entry in tree.entries)
            return {name: value for name, value in entries if value is not ABSENT}


def _render_entry(tree: Tree, scope: Mapping[str, object]) -> object:
    return tree.formula.find(scope) if isinstance(tree, FormulaLeaf) else _render(tree, scope)


def _fill(template: TemplateLeaf, scope: Mapping[str, object]) -> str:
    pieces = [part if isinstance(part, str) else _inserted(part, scope) for part in template.parts]
    if sum(map(len, pieces)) > MAX_TEMPLATE:
        raise FormulaError(f"{template.place}: a text of more than {MAX_TEMPLATE} characters")
    return "".join(pieces)


def _inserted(formula: Formula, scope: Mapping[str, object]) -> str:
    value = formula.evaluate(scope)
    try:
        return written(value)
    except FormulaError as error:
        raise FormulaError(f"{formula.place}: {error}") from error


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
