"""What a formula comes to over values: a walk over its nodes, total but for FormulaError, bounded in cost.

The scope is read by key and position only; no attribute of any object is ever looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from workflows.errors import FormulaError
from workflows.language.formulas import arithmetic
from workflows.language.formulas.declarations import Function, Parameter
from workflows.language.formulas.kinds import compare, kind_of, named
from workflows.language.formulas.nodes import (
    AllOf,
    AnyOf,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Default,
    Has,
    If,
    ListNode,
    Negative,
    Node,
    Not,
    Now,
    ObjectNode,
    Path,
)

MAX_WORK = 50_000
"""What one step, or one condition, may cost: nodes worked out, items of lists gone through, hundreds of characters read
or made. At most some 100 ms."""
MAX_ARGUMENT = 100_000
"""Characters of a text handed to a function."""
CHARACTERS = 100
"""Characters that are read or made for the price of a node."""


class Absent:
    """What is found where a path leads nowhere."""


ABSENT: Final = Absent()


class Budget:
    """What is left of the work that may be done for one purpose, such as all formulas of one step."""

    __slots__ = ("left",)

    def __init__(self, left: int = MAX_WORK) -> None:
        self.left = left


class Frame:
    """One evaluation: the names it sees and the work it has left."""

    __slots__ = ("left", "names")

    def __init__(self, names: Mapping[str, object], left: int) -> None:
        self.names = names
        self.left = left

    def charge(self, work: int) -> None:
        """Pay for something. Raises FormulaError once there is nothing left."""
        self.left -= work
        if self.left < 0:
            raise FormulaError(TOO_MUCH)


TOO_MUCH = "this is too much work: the lists or the texts are too long for it"


def evaluate(node: Node, names: Mapping[str, object], budget: Budget) -> object:
    """Work `node` out at the expense of `budget`. Raises FormulaError."""
    frame = Frame(names, budget.left)
    try:
        return _evaluate(node, frame)
    finally:
        budget.left = frame.left


def look_up(path: Path, names: Mapping[str, object]) -> object:
    """What stands at `path`: ABSENT where a name on the way is missing, or leads through null."""
    value = names.get(path.root, ABSENT)
    for step in path.steps:
        value = _further_in(value, step)
    # Some vendors' schemas give binary fractions; the shortest decimal is what the vendor wrote.
    return Decimal(repr(value)) if type(value) is float else value


def _further_in(value: object, step: str | int) -> object:
    if isinstance(step, str):
        return value.get(step, ABSENT) if isinstance(value, (dict, Mapping)) else ABSENT
    return value[step] if isinstance(value, (list, tuple)) and -len(value) <= step < len(value) else ABSENT


def truth(node: Node, frame: Frame) -> bool:
    """Work out a node that must be true or false."""
    value = _evaluate(node, frame)
    if value is True or value is False:
        return value
    raise FormulaError(f"{_called(node)} must be true or false, and is {kind_of(value)}")


def _evaluate(node: Node, frame: Frame) -> object:
    frame.left -= 1
    if frame.left < 0:
        raise FormulaError(TOO_MUCH)
    return _EVALUATE[type(node)](node, frame)


def _constant(node: Constant, frame: Frame) -> object:
    return node.value


def _path(node: Path, frame: Frame) -> object:
    value = look_up(node, frame.names)
    if value is ABSENT:
        raise FormulaError(f"{_first_missing(node, frame.names)} is missing")
    return value


def _first_missing(path: Path, names: Mapping[str, object]) -> str:
    value = names.get(path.root, ABSENT)
    for count, step in enumerate(path.steps):
        if value is ABSENT:
            return path.upto(count)
        value = _further_in(value, step)
    return str(path)


def _list(node: ListNode, frame: Frame) -> object:
    return [_evaluate(item, frame) for item in node.items]


def _object(node: ObjectNode, frame: Frame) -> object:
    """An entry that is just a path leading nowhere is left out, as in the trees of a file."""
    entries = ((name, _entry(value, frame)) for name, value in node.entries)
    return {name: value for name, value in entries if value is not ABSENT}


def _entry(node: Node, frame: Frame) -> object:
    if isinstance(node, Path):
        frame.charge(1)
        return look_up(node, frame.names)
    return _evaluate(node, frame)


def _all_of(node: AllOf, frame: Frame) -> object:
    return all(truth(part, frame) for part in node.parts)


def _any_of(node: AnyOf, frame: Frame) -> object:
    return any(truth(part, frame) for part in node.parts)


def _not(node: Not, frame: Frame) -> object:
    return not truth(node.operand, frame)


def _comparison(node: Comparison, frame: Frame) -> object:
    left, right = _evaluate(node.left, frame), _evaluate(node.right, frame)
    if node.operator == "in":
        return _is_in(node, left, right, frame)
    if node.tests_null:
        if node.operator not in ("==", "!="):
            raise FormulaError("null has no order")
        return (left is None and right is None) == (node.operator == "==")
    _refuse_null(node.left, left)
    _refuse_null(node.right, right)
    if type(left) is str and len(left) > CHARACTERS:
        frame.charge(len(left) // CHARACTERS)
    return compare(node.operator, left, right)


def _is_in(node: Comparison, left: object, right: object, frame: Frame) -> bool:
    _refuse_null(node.left, left)
    if not isinstance(right, (list, tuple)):
        raise FormulaError(f"{_called(node.right)} must be a list, and is {kind_of(right)}")
    frame.charge(len(right) * (1 + len(left) // CHARACTERS) if isinstance(left, str) else len(right))
    return any(compare("==", left, item) for item in right)


def _arithmetic(node: Arithmetic, frame: Frame) -> object:
    value = _plain(node.first, frame)
    for operator, operand in node.rest:
        other = _plain(operand, frame)
        value = arithmetic.calculate(operator, value, other, (kind_of(value), kind_of(other)))
    if type(value) is str:
        frame.charge(len(value) // CHARACTERS)
    return value


def _negative(node: Negative, frame: Frame) -> object:
    return arithmetic.guarded(arithmetic.negate, _plain(node.operand, frame))


def _has(node: Has, frame: Frame) -> object:
    return look_up(node.path, frame.names) is not ABSENT


def _default(node: Default, frame: Frame) -> object:
    value = look_up(node.path, frame.names)
    return _evaluate(node.fallback, frame) if value is ABSENT or value is None else value


def _if(node: If, frame: Frame) -> object:
    return _evaluate(node.then if truth(node.condition, frame) else node.otherwise, frame)


def _now(node: Now, frame: Frame) -> object:
    moment = frame.names.get("now")
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment
    raise FormulaError("now() is not known here")


def _call(node: Call, frame: Frame) -> object:
    function = node.function
    if function.per_item:
        return _call_per_item(node, frame)
    frame.charge(function.weight)
    values = [_evaluate(argument, frame) for argument in node.arguments]
    for position, value in enumerate(values):
        _expect(value, function, function.parameter(position), frame)
    if function.parameters[-1].shape == "many" and len({kind_of(value) for value in values}) > 1:
        raise FormulaError(f"the values of {function.name}() are of several kinds")
    return _applied(function, values, frame)


def _call_per_item(node: Call, frame: Frame) -> object:
    listed, body = node.arguments
    function, parameter = node.function, node.function.parameters[1]
    items = _evaluate(listed, frame)
    _expect(items, function, function.parameters[0], frame)
    assert isinstance(items, (list, tuple))
    values = _worked_out_for_each(items, body, frame)
    for value in values if parameter.kinds else ():
        _expect(value, function, parameter, frame)
    return _applied(function, (items, values), frame)


def _worked_out_for_each(items: Sequence[object], body: Node, frame: Frame) -> list[object]:
    names = frame.names
    frame.charge(len(names))
    inner = {**names, "each": None}
    if "each" in names:
        inner["outer"] = names["each"]
    values = []
    frame.names = inner
    for item in items:
        inner["each"] = item
        values.append(_evaluate(body, frame))
    frame.names = names
    return values


def _applied(function: Function, values: Sequence[object], frame: Frame) -> object:
    assert function.apply is not None
    result = arithmetic.guarded(function.apply, *values)
    if isinstance(result, str):
        frame.charge(len(result) // CHARACTERS)
    elif isinstance(result, list):
        frame.charge(len(result))
    return result


def _expect(value: object, function: Function, parameter: Parameter, frame: Frame) -> None:
    if parameter.shape == "list":
        _expect_list(value, function, parameter, frame)
    else:
        _expect_one(value, function, parameter, frame)


def _expect_list(value: object, function: Function, parameter: Parameter, frame: Frame) -> None:
    if not isinstance(value, (list, tuple)):
        raise FormulaError(f"{function.name}() needs a list, and was given {kind_of(value)}")
    frame.charge(len(value))
    for item in value if parameter.kinds else ():
        _expect_one(item, function, parameter, frame)


def _expect_one(value: object, function: Function, parameter: Parameter, frame: Frame) -> None:
    kind = kind_of(value)
    if parameter.kinds and kind not in parameter.kinds:
        raise FormulaError(f"{function.name}() needs {named(parameter.kinds)}, and was given {kind}")
    if isinstance(value, str):
        if len(value) > MAX_ARGUMENT:
            raise FormulaError(f"{function.name}() takes a text of at most {MAX_ARGUMENT} characters")
        frame.charge(function.weight * len(value) // CHARACTERS)


def _plain(node: Node, frame: Frame) -> object:
    value = _evaluate(node, frame)
    _refuse_null(node, value)
    return value


def _refuse_null(node: Node, value: object) -> None:
    if value is None:
        raise FormulaError(f"{_called(node)} is null")


def _called(node: Node) -> str:
    return str(node) if isinstance(node, Path) else "a value"


_EVALUATE: Mapping[type[Node], Callable[[Any, Frame], object]] = {
    Constant: _constant,
    Path: _path,
    ListNode: _list,
    ObjectNode: _object,
    AllOf: _all_of,
    AnyOf: _any_of,
    Not: _not,
    Comparison: _comparison,
    Arithmetic: _arithmetic,
    Negative: _negative,
    Has: _has,
    Default: _default,
    If: _if,
    Now: _now,
    Call: _call,
}
