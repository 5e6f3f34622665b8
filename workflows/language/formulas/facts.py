"""What is known about paths at some place of a formula: behind `has(x) and` it is known that x is there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workflows.language.formulas.nodes import AllOf, AnyOf, Comparison, Has, Node, Not, Path
from workflows.language.types import FieldType, Nullable, ObjectOf

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Facts:
    """Paths known to be there, and paths known not to be null."""

    there: frozenset[Key] = frozenset()
    not_null: frozenset[Key] = frozenset()

    def __or__(self, other: Facts) -> Facts:
        return Facts(self.there | other.there, self.not_null | other.not_null)

    def one_list_further_in(self) -> Facts:
        """The same where a list is gone through: what was `each` is `outer` there."""
        return Facts(_further_in(self.there), _further_in(self.not_null))


NOTHING = Facts()


def facts_when(node: Node, value: bool) -> Facts:
    """What follows from `node` having come to `value`."""
    match node:
        case AllOf(parts=parts) if value:
            return _together(parts, True)
        case AnyOf(parts=parts) if not value:
            return _together(parts, False)
        case Not(operand=operand):
            return facts_when(operand, not value)
        case Has(path=path) if value:
            # What leads through null leads nowhere, so everything on the way is something.
            return Facts(_prefixes(path.key), _prefixes(path.key[:-1]))
        case Comparison(operator=operator) if node.tests_null and operator == ("!=" if value else "=="):
            return _not_null(node.left) | _not_null(node.right)
    return NOTHING


def narrowed_by(facts: Facts, scope: ObjectOf) -> ObjectOf:
    """`scope` where the facts hold: what is there, or is not null, need not be asked for again."""
    for key in sorted(facts.there | facts.not_null, key=len):
        scope = _known(scope, key, is_not_null=key in facts.not_null)
    return scope


def _known(scope: ObjectOf, key: Key, *, is_not_null: bool) -> ObjectOf:
    """`scope` with the name at `key` there for certain; an item of a list is not a name of its own."""
    name, rest = key[0], key[1:]
    declared = scope.fields.get(name) if isinstance(name, str) else None
    if declared is None or not isinstance(name, str):
        return scope
    found = declared
    if not rest:
        type_ = declared.type
        found = FieldType(type_.inner if is_not_null and isinstance(type_, Nullable) else type_)
    elif isinstance(declared.type, ObjectOf):
        found = replace(declared, type=_known(declared.type, rest, is_not_null=is_not_null))
    return replace(scope, fields={**scope.fields, name: found})


def _further_in(keys: frozenset[Key]) -> frozenset[Key]:
    return frozenset(("outer", *key[1:]) if key[0] == "each" else key for key in keys if key[0] != "outer")


def _together(parts: tuple[Node, ...], value: bool) -> Facts:
    known = NOTHING
    for part in parts:
        known |= facts_when(part, value)
    return known


def _not_null(side: Node) -> Facts:
    if not isinstance(side, Path):
        return NOTHING
    return Facts(_prefixes(side.key), _prefixes(side.key))


def _prefixes(key: Key) -> frozenset[Key]:
    return frozenset(key[: count + 1] for count in range(len(key)))
