"""The names a formula speaks of, and what is known about them once it has been found true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from workflows.language.definition import Call, Set, Step, StopUnless, Wait
from workflows.language.formulas import Formula
from workflows.language.formulas.facts import facts_when, narrowed_by
from workflows.language.formulas.nodes import Node, Path
from workflows.language.trees import FormulaLeaf, ListTree, ObjectTree, TemplateLeaf, Tree
from workflows.language.types import ObjectOf
from workflows.problems import Place


def roots_of(formula: Formula) -> Iterator[tuple[str, Place]]:
    """The first name of every path in `formula` and where it stands, in the order written."""
    for path in paths_of(formula):
        yield path.root, formula.place_of(path.at)


def paths_of(formula: Formula) -> Iterator[Path]:
    """Every path in `formula`, in the order written."""
    return _paths(formula.root)


def formulas_of(tree: Tree) -> Iterator[Formula]:
    """Every formula in `tree`, in the order written."""
    match tree:
        case FormulaLeaf():
            yield tree.formula
        case TemplateLeaf():
            yield from (part for part in tree.parts if isinstance(part, Formula))
        case ListTree():
            for item in tree.items:
                yield from formulas_of(item)
        case ObjectTree():
            for _, item in tree.entries:
                yield from formulas_of(item)


def formulas_of_step(step: Step) -> Iterator[Formula]:
    """Every formula in `step`: its condition, then those of what it does."""
    if step.condition is not None:
        yield step.condition
    match step.verb:
        case StopUnless(condition):
            yield condition
        case Call(inputs=inputs):
            yield from formulas_of(inputs)
        case Set(values=values):
            for tree in values.values():
                yield from formulas_of(tree)
        case Wait() as wait:
            for part in (wait.for_, wait.from_, wait.until, wait.zone):
                yield from formulas_of(part) if part is not None else ()


def narrowed(scope: ObjectOf, condition: Formula | None) -> ObjectOf:
    """`scope` where `condition` holds: what it says is there, or is not null, need not be asked for again."""
    return scope if condition is None else narrowed_by(facts_when(condition.root, True), scope)


def _paths(node: Node) -> Iterator[Path]:
    if isinstance(node, Path):
        yield node
    for item in fields(node):
        value = getattr(node, item.name)
        for inner in _inner(value):
            yield from _paths(inner)


def _inner(value: object) -> Iterator[Node]:
    """The nodes in an attribute of a node, which may be a node, a tuple of nodes or of pairs with nodes."""
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _inner(item)
