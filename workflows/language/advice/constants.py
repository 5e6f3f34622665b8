"""Conditions whose answer is known before anything has happened."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.errors import FormulaError
from workflows.language.definition import Definition
from workflows.language.formulas import Formula
from workflows.language.formulas.evaluation import Budget, evaluate
from workflows.language.formulas.nodes import AllOf, AnyOf, Comparison, Constant, ListNode, Node, Not, Path
from workflows.language.names import paths_in


def answer_of(condition: Formula, definition: Definition) -> bool | None:
    """True or false where `condition` always is, as far as constants, `vars` and the event's type tell; else None."""
    names = {"vars": definition.variables}
    # The steps of a batch see an event of another type than those that `when` names.
    types = definition.trigger.events if definition.batch is None else ()
    return _answer(condition.root, names, types)


def _answer(node: Node, names: Mapping[str, object], types: tuple[str, ...]) -> bool | None:
    match node:
        case AllOf(parts=parts):
            answers = [_answer(part, names, types) for part in parts]
            return False if False in answers else None if None in answers else True
        case AnyOf(parts=parts):
            answers = [_answer(part, names, types) for part in parts]
            return True if True in answers else None if None in answers else False
        case Not(operand=operand):
            answer = _answer(operand, names, types)
            return None if answer is None else not answer
        case Comparison() if _is_event_type(node.left) and types:
            return _of_type(node, types)
    if any(path.root != "vars" for path in paths_in(node)):
        return None
    try:
        value = evaluate(node, names, Budget())
    except FormulaError:  # it asks for the time, or fails always, which is a mistake and told as one
        return None
    return value if isinstance(value, bool) else None


def _is_event_type(node: Node) -> bool:
    return isinstance(node, Path) and node.key == ("event", "type")


def _of_type(node: Comparison, types: tuple[str, ...]) -> bool | None:
    """The answer to `event.type == 'a'` or `event.type in ['a', 'b']` where all types of the trigger agree on it."""
    named = _texts(node.right)
    if named is None or node.operator not in ("==", "!=", "in"):
        return None
    answers = {(kind in named) == (node.operator != "!=") for kind in types}
    return answers.pop() if len(answers) == 1 else None


def _texts(node: Node) -> list[object] | None:
    match node:
        case Constant(value=str() as value):
            return [value]
        case ListNode(items=items) if all(isinstance(item, Constant) for item in items):
            return [item.value for item in items if isinstance(item, Constant)]
    return None
