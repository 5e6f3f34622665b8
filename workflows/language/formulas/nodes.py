"""What a parsed formula is made of. Frozen values; what they mean is in `evaluation` and `checking`.

Every node knows `at`, the offset of its first character in the formula's text, and `depth`, how many nodes or
brackets deep it goes.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflows.language.formulas.declarations import Function

MAX_LENGTH = 2_000
MAX_DEPTH = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    at: int
    depth: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Constant(Node):
    """A literal: text, number, true, false, null, percentage, money or duration."""

    value: object


@dataclass(frozen=True, kw_only=True, slots=True)
class Path(Node):
    """A name of the scope and the way down from it: `event.data.items[0]['show-id']`.

    `steps` are field names and list positions; `places` the offset of each.
    """

    root: str
    steps: tuple[str | int, ...] = ()
    places: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[str | int, ...]:
        """Root and steps in one, equal for equal paths."""
        return (self.root, *self.steps)

    def __str__(self) -> str:
        return self.upto(len(self.steps))

    def upto(self, count: int) -> str:
        """The path as written, to its first `count` steps."""
        return self.root + "".join(_written(step) for step in self.steps[:count])


@dataclass(frozen=True, kw_only=True, slots=True)
class ListNode(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectNode(Node):
    """`{email: each.buyer.email, 'first-name': 'Ada'}`; `places` is the offset of each name."""

    entries: tuple[tuple[str, Node], ...]
    places: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AllOf(Node):
    """`a and b and c`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AnyOf(Node):
    """`a or b or c`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Not(Node):
    operand: Node


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison(Node):
    """`left == right` and its kin, `in` among them."""

    left: Node
    operator: str
    right: Node

    @property
    def tests_null(self) -> bool:
        """Whether a side is the word null, the one thing a value of another type may be compared with."""
        return any(isinstance(side, Constant) and side.value is None for side in (self.left, self.right))


@dataclass(frozen=True, kw_only=True, slots=True)
class Arithmetic(Node):
    """`first + a - b` or `first * a / b`, worked out from left to right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Negative(Node):
    operand: Node


@dataclass(frozen=True, kw_only=True, slots=True)
class Has(Node):
    """`has(path)`: whether every name on the way is there."""

    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Default(Node):
    """`default(path, fallback)`: the value, or the fallback where it is absent or null."""

    path: Path
    fallback: Node


@dataclass(frozen=True, kw_only=True, slots=True)
class If(Node):
    """`if(condition, then, otherwise)`: only the branch taken is worked out."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, kw_only=True, slots=True)
class Now(Node):
    """`now()`: the instant of the decision the formula is worked out for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call(Node):
    """A function of the table with its arguments."""

    function: Function
    arguments: tuple[Node, ...]


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if step.isascii() and step.isidentifier() and not step.startswith("__"):
        return f".{step}"
    return "['{}']".format(step.replace("'", "''"))
