"""Texts that were hardly meant to be any: `set` takes a value as it stands, and only a formula for more than that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from workflows.language.advice.remark import Remark
from workflows.language.definition import Definition, Set, all_steps
from workflows.language.literals import literal
from workflows.language.trees import ListTree, Literal, ObjectTree, Tree
from workflows.values import Money, Percent

_KINDS: Mapping[type, str] = {Money: "money", Percent: "a percentage", timedelta: "a duration"}


def mistakable(definition: Definition) -> Iterator[Remark]:
    """Texts in `set` that are written as money, percentages and durations are in formulas."""
    for step in all_steps((*definition.steps, *definition.on_failure)):
        if isinstance(step.verb, Set):
            for tree in step.verb.values.values():
                yield from _in_tree(tree)


def _in_tree(tree: Tree) -> Iterator[Remark]:
    match tree:
        case Literal(value=str() as text, place=place):
            kind = _kind_of(text)
            if kind is not None:
                hint = f"write ={text}; as a text it is written ='{text}'"
                yield Remark("W507", place, f"{text!r} is text here and not {kind}", hint)
        case ListTree(items=items):
            for item in items:
                yield from _in_tree(item)
        case ObjectTree(entries=entries):
            for _, entry in entries:
                yield from _in_tree(entry)


def _kind_of(text: str) -> str | None:
    """What a formula would read in `text`; None where it is a text like any other."""
    try:
        return _KINDS.get(type(literal(text)))
    except ValueError:
        return None
