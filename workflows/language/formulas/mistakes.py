"""Mistakes in formulas, and what would be right: what the check says where it finds that types do not go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeGuard

from workflows.language.formulas.declarations import Like
from workflows.language.formulas.nodes import Call, Constant, ListNode, Node, ObjectNode, Path
from workflows.language.types import Boolean, ListOf, Nullable, ObjectOf, Type, Unknown, fits, misfit
from workflows.problems import nearest

_MAX_NAMES = 10
"""Names a hint lists."""

# How to make the two sides of a comparison alike.
_ALIKE: Mapping[frozenset[str], str] = {
    frozenset({"text", "number"}): "text(…) makes text of a number; a number stands without quotes",
    frozenset({"money", "number"}): "an amount of money has its currency, such as 500 USD; amount(…) gives its number",
    frozenset({"percentage", "number"}): "a percentage is written like 1.2%; ratio(…) gives its number",
    frozenset({"duration", "number"}): "a duration is written like 30m",
    frozenset({"instant", "number"}): "instant('2026-03-01T15:00:00Z') makes an instant of text",
    frozenset({"instant", "text"}): "instant('2026-03-01T15:00:00Z') makes an instant of text",
    frozenset({"time of day", "text"}): "time_of_day('09:00') makes a time of day of text",
    frozenset({"true or false", "text"}): "true and false stand without quotes",
}


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong, `at` an offset in the formula's text."""

    code: str
    message: str
    at: int
    hint: str = ""
    severity: Literal["error", "warning"] = "error"


def misfits(node: Node, found: Type, expected: Type) -> Iterator[Mistake]:
    """Why what `node` comes to does not fit where it goes, each at the innermost part that is to blame."""
    if fits(found, expected):
        return
    wanted = expected.inner if isinstance(expected, Nullable) else expected
    if isinstance(node, ObjectNode) and isinstance(found, ObjectOf) and isinstance(wanted, ObjectOf):
        yield from _misfits_of_entries(node, found, wanted)
    elif isinstance(node, ListNode) and isinstance(found, ListOf) and isinstance(wanted, ListOf):
        yield from misfits(node.items[0], found.item, wanted.item)
    elif _makes_items(node) and isinstance(found, ListOf) and isinstance(wanted, ListOf):
        yield from misfits(node.arguments[1], found.item, wanted.item)
    elif isinstance(found, Nullable) and fits(found.inner, expected):
        yield may_be_null(node)
    elif isinstance(expected, Boolean):
        yield Mistake("E218", f"a condition is true or false, this is {found}", node.at, as_condition(node, found))
    elif isinstance(found, Unknown):
        yield undocumented(node)
    else:
        hint = misfit(found, expected) or alike(found, expected)
        yield Mistake("E219", f"this is {found}, where {expected} is needed", node.at, hint)


def _misfits_of_entries(node: ObjectNode, found: ObjectOf, wanted: ObjectOf) -> Iterator[Mistake]:
    called_so = wanted.name or "what it goes to"
    for (name, value), at in zip(node.entries, node.places, strict=True):
        given, needed = found.fields[name], wanted.fields.get(name)
        if needed is None:
            if not wanted.open:
                yield Mistake("E213", f"{name!r} is not a field of {called_so}", at, nearest(name, wanted.fields))
        elif given.optional and not needed.optional:
            yield Mistake("E211", f"{value} may be absent", value.at, f"use default({value}, …)")
        else:
            yield from misfits(value, given.type, needed.type)
    for name, needed in wanted.fields.items():
        if name not in found.fields and not needed.optional:
            yield Mistake("E224", f"{name!r} is missing, a field of {called_so}", node.at, f"it is {needed.type}")


def _makes_items(node: Node) -> TypeGuard[Call]:
    """Whether the items of the list that `node` comes to are made by its second argument."""
    return isinstance(node, Call) and isinstance(node.function.result, Like) and node.function.result.form == "list"


def may_be_null(node: Node) -> Mistake:
    """A value that may be null stands where nothing works with null."""
    if not isinstance(node, Path):
        return Mistake("E212", "this may be null, and nothing works with null", node.at)
    return Mistake("E212", f"{node} may be null", node.at, f"use default({node}, …), or {node} != null and …")


def undocumented(node: Node) -> Mistake:
    """Something is to be done with a value nobody describes."""
    return Mistake("E220", f"nothing documents what {called(node)} holds; it can only be handed on whole", node.at)


def alike(one: Type, other: Type) -> str:
    """The hint how a value of one type is made one of the other."""
    return _ALIKE.get(frozenset({one.kind, other.kind}), "")


def known(found: ObjectOf) -> str:
    """The hint for a name that is like none of those there."""
    names = list(found.fields)
    return f"known are {', '.join(names[:_MAX_NAMES])}{' …' if len(names) > _MAX_NAMES else ''}" if names else ""


def as_condition(node: Node, found: Type) -> str:
    """The hint for what stands where a condition is needed."""
    if isinstance(node, Constant):
        return "each side of 'and' and 'or' is a condition; to compare with several: x in ['a', 'b']"
    if not isinstance(node, Path):
        return ""
    return f"count({node}) > 0 asks whether there is any" if isinstance(found, ListOf) else f"compare it: {node} == …"


def called(node: Node) -> str:
    """How a message calls a part of a formula."""
    return str(node) if isinstance(node, Path) else "this"
