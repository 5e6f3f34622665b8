"""The names that formulas, values and steps speak of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from workflows.language.definition import (
    Approve,
    Call,
    Choose,
    Emit,
    ForEach,
    Set,
    Step,
    StopUnless,
    SubRun,
    Wait,
    WaitFor,
)
from workflows.language.formulas import Formula
from workflows.language.formulas.nodes import Node, Now, Path
from workflows.language.trees import FormulaLeaf, ListTree, ObjectTree, TemplateLeaf, Tree
from workflows.problems import Place


def roots_of(formula: Formula) -> Iterator[tuple[str, Place]]:
    """The first name of every path in `formula` and where it stands, in the order written."""
    for path in paths_of(formula):
        yield path.root, formula.place_of(path.at)


def paths_of(formula: Formula) -> Iterator[Path]:
    """Every path in `formula`, in the order written."""
    return _paths(formula.root)


def paths_in(node: Node) -> Iterator[Path]:
    """Every path in a part of a formula, in the order written."""
    return _paths(node)


def asks_the_time(formula: Formula) -> bool:
    """Whether it comes to something else at another time."""
    return any(isinstance(node, Now) for node in _nodes(formula.root))


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
    """Every formula of `step` itself: its condition, then those of what it does; not those of steps within it."""
    if step.condition is not None:
        yield step.condition
    match step.verb:
        case StopUnless(condition):
            yield condition
        case Call() as call:
            yield from _formulas_of(call.inputs, *(call.once.values if call.once else ()))
            yield from (expected.formula for expected in call.expects)
        case Set(values=values):
            yield from _formulas_of(*values.values())
        case Wait() as wait:
            yield from _formulas_of(wait.for_, wait.from_, wait.until, wait.zone)
        case WaitFor(awaited=awaited):
            yield from (one.match.value for one in awaited)
        case Approve() as ask:
            yield from _formulas_of(ask.title, *ask.show.values())
            yield from (expected.formula for expected in ask.expects)
        case Choose(branches=branches):
            yield from (branch.condition for branch in branches if branch.condition is not None)
        case ForEach() as loop:
            yield from _formulas_of(loop.items, loop.result)
        case SubRun(inputs=inputs):
            yield from formulas_of(inputs)
        case Emit() as emit:
            yield from _formulas_of(emit.data, emit.subject)


def _formulas_of(*trees: Tree | None) -> Iterator[Formula]:
    for tree in trees:
        if tree is not None:
            yield from formulas_of(tree)


def _paths(node: Node) -> Iterator[Path]:
    return (inner for inner in _nodes(node) if isinstance(inner, Path))


def _nodes(node: Node) -> Iterator[Node]:
    """A node and every node in it, in the order written."""
    yield node
    for item in fields(node):
        for inner in _inner(getattr(node, item.name)):
            yield from _nodes(inner)


def _inner(value: object) -> Iterator[Node]:
    """The nodes in an attribute of a node, which may be a node, a tuple of nodes or of pairs with nodes."""
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _inner(item)
