"""Workflows that start each other in a circle, by the events they emit and the workflows they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workflows.language.advice.remark import Remark
from workflows.language.circles import runs_in, way_back
from workflows.language.definition import Definition, Emit, all_steps


def loops_of_events(definitions: Sequence[Definition]) -> Iterator[tuple[str, Remark]]:
    """Every step whose event comes back to its own workflow, with the name of that."""
    listening: dict[str, list[str]] = {}
    for definition in definitions:
        for kind in definition.trigger.events:
            listening.setdefault(kind, []).append(definition.name)
    onward = {
        one.name: [
            *(name for emit in _emitted(one) for name in listening.get(emit.event, ())),
            *(run.workflow for run in runs_in(one)),
        ]
        for one in definitions
    }
    for definition in definitions:
        for emit in _emitted(definition):
            way = way_back(listening.get(emit.event, ()), definition.name, onward)
            if way:
                message = f"this event starts {' → '.join(way)} again, round and round"
                hint = "a condition should end it before the engine does"
                yield definition.name, Remark("W506", emit.event_place, message, hint)


def _emitted(definition: Definition) -> Iterator[Emit]:
    for step in all_steps((*definition.steps, *definition.on_failure)):
        if isinstance(step.verb, Emit):
            yield step.verb
