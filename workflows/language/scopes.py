"""Scopes: which names there are at some place of a workflow, their types, and whether they may be absent there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from workflows.language.formulas import Formula
from workflows.language.formulas.facts import facts_when, narrowed_by
from workflows.language.types import FieldType, Mistaken, Nullable, ObjectOf, Type


def knowing(scope: ObjectOf, names: Mapping[str, FieldType]) -> ObjectOf:
    """`scope` with further names, or others in their place."""
    return replace(scope, fields={**scope.fields, **names})


def narrowed(scope: ObjectOf, condition: Formula | None) -> ObjectOf:
    """`scope` where `condition` holds: what it says is there, or is not null, need not be asked for again."""
    return scope if condition is None else narrowed_by(facts_when(condition.root, True), scope)


def weaker(one: ObjectOf, other: ObjectOf) -> ObjectOf:
    """What holds in both: where two ways through a workflow meet, only what either of them knows is known."""
    fields = {}
    for name in [*one.fields, *(name for name in other.fields if name not in one.fields)]:
        here, there = one.fields.get(name), other.fields.get(name)
        if here is not None and there is not None:
            fields[name] = FieldType(_weaker(here.type, there.type), here.optional or there.optional)
        else:
            only = here or there
            assert only is not None
            # A name nothing is known of stands for one whose absence is a mistake of its own.
            fields[name] = only if isinstance(only.type, Mistaken) else FieldType(only.type, optional=True)
    return replace(one, fields=fields)


def _weaker(one: Type, other: Type) -> Type:
    if isinstance(one, ObjectOf) and isinstance(other, ObjectOf):
        return one if one == other else weaker(one, other)
    return one if isinstance(one, Nullable) else other
