"""YAML to trees.

As in a spreadsheet a text that begins with `=` is a formula and everything else is itself; in text `{{ formula }}`
inserts a value. Text that begins with `=` or holds `{{` is written as a formula: `='=5'`, `{{ '{{' }}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from workflows.errors import DefinitionError
from workflows.language.formulas import Formula, parse
from workflows.language.trees.values import (
    MAX_TEMPLATE,
    UNREAD,
    FormulaLeaf,
    ListTree,
    Literal,
    ObjectTree,
    TemplateLeaf,
    Tree,
)
from workflows.problems import Place, Problem
from workflows.yaml_nodes import Node

_MARKS = re.compile(r"'[^']*'|['{}]")


def tree_of(node: Node) -> Tree:
    """Read a YAML node. Raises DefinitionError with the problems of every formula in it."""
    tree, problems = examine_tree(node)
    if problems:
        raise DefinitionError(problems)
    return tree


def examine_tree(node: Node) -> tuple[Tree, list[Problem]]:
    """As `tree_of`, but with UNREAD in the place of what cannot be read, for those who look for further mistakes."""
    problems: list[Problem] = []
    return _read(node, problems), problems


def _read(node: Node, problems: list[Problem]) -> Tree:
    if node.kind == "map":
        entries = ((name, _read(entry.node, problems)) for name, entry in node.entries.items())
        return ObjectTree(tuple(entries), node.place, tuple(entry.key_place for entry in node.entries.values()))
    if node.kind == "list":
        return ListTree(tuple(_read(item, problems) for item in node.items), node.place)
    if not isinstance(node.value, str):
        assert not isinstance(node.value, (tuple, Mapping))
        return Literal(node.value, node.place)
    try:
        return _read_text(node.value, node.text_place)
    except DefinitionError as error:
        problems.extend(error.problems)
        return Literal(UNREAD, node.place)


def _read_text(text: str, place: Place) -> Tree:
    if text.startswith("="):
        return FormulaLeaf(parse(text[1:], _shifted(place, 1)))
    if "{{" not in text:
        return Literal(text, place)
    if len(text) > MAX_TEMPLATE:
        message = f"the template has {len(text)} characters, at most {MAX_TEMPLATE} are read"
        raise DefinitionError([Problem("E202", message, place=place)])
    return TemplateLeaf(tuple(_pieces(text, place)), place)


def _pieces(text: str, place: Place) -> Iterator[str | Formula]:
    at = 0
    while (begin := text.find("{{", at)) >= 0:
        if begin > at:
            yield text[at:begin]
        end = _end_of_formula(text, begin + 2)
        if end < 0:
            hint = "it ends with }}; to have {{ in the text write {{ '{{' }}"
            problem = Problem("E230", "'{{' opens a formula that does not end", place=_shifted(place, begin), hint=hint)
            raise DefinitionError([problem])
        inner = text[begin + 2 : end]
        formula = inner.strip()
        yield parse(formula, _shifted(place, begin + 2 + inner.find(formula)))
        at = end + 2
    if at < len(text):
        yield text[at:]


def _end_of_formula(text: str, at: int) -> int:
    """Where the `}}` stands that ends the formula beginning at `at`; -1 where there is none.

    Quoted text is skipped, and so are the braces of objects within the formula.
    """
    depth = 0
    for found in _MARKS.finditer(text, at):
        match found[0]:
            case "{":
                depth += 1
            case "}" if depth:
                depth -= 1
            case "}" if text.startswith("}}", found.start()):
                return found.start()
            case "'":
                return -1
    return -1


def _shifted(place: Place, count: int) -> Place:
    return Place(place.file, place.line, place.column + count)
