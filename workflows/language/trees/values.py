"""Values with formulas in them, as `with` and `set` hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workflows.language.formulas import Formula
from workflows.problems import Place

MAX_TEMPLATE = 20_000
"""Characters of a text with values inserted."""


class _Unread:
    """What stands for a formula that could not be read, so that the rest of a file can still be checked."""


UNREAD: Final = _Unread()


@dataclass(frozen=True)
class Literal:
    """A value that is itself: text, a number, true, false or null."""

    value: object
    place: Place


@dataclass(frozen=True)
class FormulaLeaf:
    """A text that begins with `=`; the formula is what follows."""

    formula: Formula


@dataclass(frozen=True)
class TemplateLeaf:
    """Text with `{{ formula }}` in it: its pieces in order."""

    parts: tuple[str | Formula, ...]
    place: Place


@dataclass(frozen=True)
class ListTree:
    """A list of trees."""

    items: tuple[Tree, ...]
    place: Place


@dataclass(frozen=True)
class ObjectTree:
    """Named trees, in the order written; `key_places` says where each name stands."""

    entries: tuple[tuple[str, Tree], ...]
    place: Place
    key_places: tuple[Place, ...] = ()


Tree = Literal | FormulaLeaf | TemplateLeaf | ListTree | ObjectTree
