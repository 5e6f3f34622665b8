"""Formulas written over several lines.

A formula counts its places from its first character along one line. YAML folds lines into one, so what stands on the
second line of the file is somewhere behind the end of the first; here it is put back to where it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from workflows.problems import Place, Problem
from workflows.yaml_nodes import Node


def unfolded(problems: Iterable[Problem], root: Node) -> list[Problem]:
    """`problems` in document order, with the places they have in the file of `root`."""
    folded = {node.text_place.line: node for node in _folded(root)}
    moved = (replace(item, place=_unfolded(item.place, folded)) if item.place else item for item in problems)
    return sorted(moved, key=lambda problem: (problem.place is not None, problem.place))


def _unfolded(place: Place, folded: dict[int, Node]) -> Place:
    node = folded.get(place.line)
    offset = place.column - node.text_place.column if node else -1
    if node is None or offset < 0:
        return place
    begin, first = max(((at, found) for at, found in node.folds if at <= offset), default=(0, node.text_place))
    return replace(first, column=first.column + offset - begin)


def _folded(node: Node) -> Iterator[Node]:
    if node.folds:
        yield node
    for item in node.items:
        yield from _folded(item)
    for entry in node.entries.values():
        yield from _folded(entry.node)
