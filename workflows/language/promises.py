"""Workflows held against each other: what one emits another listens to, what one gives another reads.

What a workflow promises follows from what it reads, which may be what another promises. So all of them are checked
again until nothing changes. That this ends is seen to by a bound on how deep a promised type may go: what lies deeper,
as where an event holds the event before it, is an undocumented value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from workflows.language.checker import Checked, check_definition
from workflows.language.circles import run_in_circles
from workflows.language.definition import Definition
from workflows.language.surroundings import Contract, Emission, Surroundings
from workflows.language.types import FieldType, ListOf, Mistaken, Nullable, ObjectOf, Type, Unknown, common, nullable
from workflows.problems import Problem

MAX_DEPTH = 8
"""Levels of objects and lists in what is promised."""
MAX_ROUNDS = 50


@dataclass(frozen=True)
class Known:
    """A definition, and the ids of its steps of which nothing could be read."""

    definition: Definition
    unread: Collection[str] = ()


def check_together(workflows: Sequence[Known], surroundings: Surroundings) -> tuple[list[Checked], Surroundings]:
    """What was found out about each of `workflows`, and the surroundings with what they promise each other."""
    definitions = [one.definition for one in workflows]
    contracts = {one.name: Contract(one.trigger.manual, Mistaken() if one.result else None) for one in definitions}
    surroundings = replace(surroundings, workflows=contracts, events={})
    for _ in range(MAX_ROUNDS):
        checked = [check_definition(one.definition, surroundings, one.unread) for one in workflows]
        found = _promised(workflows, checked, surroundings)
        if found == surroundings:
            break
        surroundings = found
    return _without_circles(workflows, checked), surroundings


def _without_circles(workflows: Sequence[Known], checked: Sequence[Checked]) -> list[Checked]:
    """What was found out, and where a workflow runs itself."""
    circles: dict[str, list[Problem]] = {}
    for name, problem in run_in_circles([one.definition for one in workflows]):
        circles.setdefault(name, []).append(problem)
    return [
        replace(found, problems=(*found.problems, *circles.get(one.definition.name, ())))
        for one, found in zip(workflows, checked, strict=True)
    ]


def _promised(workflows: Sequence[Known], checked: Sequence[Checked], surroundings: Surroundings) -> Surroundings:
    contracts = {
        one.definition.name: replace(result.contract, result=_result(result.contract.result))
        for one, result in zip(workflows, checked, strict=True)
    }
    events: dict[str, Type] = {}
    for result in checked:
        for emission in result.emissions:
            events[emission.event] = _with(events, emission)
    return replace(surroundings, workflows=contracts, events=events)


def _with(events: Mapping[str, Type], emission: Emission) -> Type:
    data = bounded(emission.data)
    before = events.get(emission.event)
    merged = data if before is None else either_of(before, data)
    return replace(merged, name=emission.event) if isinstance(merged, ObjectOf) else merged


def _result(result: Type | None) -> Type | None:
    return None if result is None else bounded(result)


def either_of(one: Type, other: Type) -> Type:
    """The type of a value that is one of two; where nothing is known of one yet, the other."""
    match one, other:
        case Mistaken(), _:
            return other
        case _, Mistaken():
            return one
        case ObjectOf(), ObjectOf():
            return _either_object(one, other)
        case ListOf(), ListOf():
            return ListOf(either_of(one.item, other.item))
        case (Nullable(inner=ObjectOf() | ListOf()), _) | (_, Nullable(inner=ObjectOf() | ListOf())):
            return nullable(either_of(_plain(one), _plain(other)))
    return common(one, other) or Unknown()


def bounded(promised: Type, depth: int = MAX_DEPTH) -> Type:
    """`promised` down to `depth` levels; what lies deeper is an undocumented value."""
    match promised:
        case ObjectOf() | ListOf() if depth == 0:
            return Unknown()
        case ObjectOf(fields=fields):
            inner = {name: FieldType(bounded(found.type, depth - 1), found.optional) for name, found in fields.items()}
            return replace(promised, fields=inner)
        case ListOf(item=item):
            return ListOf(bounded(item, depth - 1))
        case Nullable(inner=inside):
            return nullable(bounded(inside, depth))
    return promised


def _either_object(one: ObjectOf, other: ObjectOf) -> ObjectOf:
    fields = {}
    for name in [*one.fields, *(name for name in other.fields if name not in one.fields)]:
        sides = [side for side in (one.fields.get(name), other.fields.get(name)) if side is not None]
        optional = len(sides) == 1 or any(side.optional for side in sides)
        fields[name] = FieldType(either_of(sides[0].type, sides[-1].type), optional)
    return ObjectOf(fields, one.open or other.open, one.name if one.name == other.name else "")


def _plain(given: Type) -> Type:
    return given.inner if isinstance(given, Nullable) else given
