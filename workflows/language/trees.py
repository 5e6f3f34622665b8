"""Values with formulas in them, as `with` and `set` hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflows.language.formulas import Formula
from workflows.language.types import ObjectOf, Type
from workflows.problems import Place, Problem

if TYPE_CHECKING:
    from workflows.yaml_nodes import Node


@dataclass(frozen=True)
class Literal:
    """A value that is itself: text, number, true, false or null."""

    value: object
    place: Place


@dataclass(frozen=True)
class FormulaLeaf:
    """A scalar that began with `=`."""

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
    """Named trees, in the order written."""

    entries: tuple[tuple[str, Tree], ...]
    place: Place


Tree = Literal | FormulaLeaf | TemplateLeaf | ListTree | ObjectTree


def tree_of(node: Node) -> Tree:
    """Read a YAML node: a text that begins with `=` is a formula, one with `{{ }}` a template, else it is itself.

    Raises DefinitionError with every problem in it.
    """
    raise NotImplementedError


def render(tree: Tree, scope: Mapping[str, object], goes_to: Type | None = None) -> object:
    """The value of `tree`. Raises FormulaError."""
    raise NotImplementedError


def check_tree(tree: Tree, scope: ObjectOf, goes_to: Type | None = None) -> tuple[Type, list[Problem]]:
    """The type of `tree` and everything wrong with it."""
    raise NotImplementedError
