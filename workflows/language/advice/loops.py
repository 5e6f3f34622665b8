"""Workflows that start each other in a circle, by the events they emit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from workflows.language.advice.remark import Remark
from workflows.language.definition import Definition, Emit, Step, all_steps


def loops_of_events(definitions: Sequence[Definition]) -> Iterator[tuple[Definition, Remark]]:
    """Every step whose event comes back to its own workflow, each with the way round."""
    listening: dict[str, list[Definition]] = {}
    for definition in definitions:
        for kind in definition.trigger.events:
            listening.setdefault(kind, []).append(definition)
    for definition in definitions:
        for step in _emitting(definition):
            assert isinstance(step.verb, Emit)
            way = _way_back(step.verb.event, definition.name, listening)
            if way:
                message = f"this event starts {' → '.join(way)} again, round and round"
                hint = "the engine ends such a loop after a while; a condition should end it before"
                yield definition, Remark("W506", step.verb.event_place, message, hint)


def _emitting(definition: Definition) -> Iterator[Step]:
    for step in all_steps((*definition.steps, *definition.on_failure)):
        if isinstance(step.verb, Emit):
            yield step


def _way_back(event: str, home: str, listening: Mapping[str, Sequence[Definition]]) -> tuple[str, ...]:
    """The workflows on the shortest way from `event` to the workflow `home`; none where there is no way."""
    seen: set[str] = set()
    ways: list[tuple[str, tuple[str, ...]]] = [(event, ())]
    for kind, way in ways:  # grows while it is gone through
        for definition in listening.get(kind, ()):
            if definition.name == home:
                return (*way, home)
            if definition.name not in seen:
                seen.add(definition.name)
                onward = (*way, definition.name)
                ways += [(step.verb.event, onward) for step in _emitting(definition) if isinstance(step.verb, Emit)]
    return ()
