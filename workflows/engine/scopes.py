"""Scopes: the names formulas see, and what steps add to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from workflows.engine.correlation import event_scope
from workflows.engine.snapshot import READING, At, Snapshot, StepView
from workflows.engine.states import StepState
from workflows.events import Event
from workflows.language.definition import Approve, Choose, Definition, Parallel, Step, inner_steps

Scope = dict[str, Any]


def trigger_scope(definition: Definition, event: Event, brand: Mapping[str, Any], now: datetime) -> Scope:
    """The names `where`, `by` and `run.key` see: event, brand and vars."""
    return {"event": event_scope(event), "brand": brand, "vars": definition.variables, "now": now}


def first_scope(definition: Definition, snapshot: Snapshot, now: datetime) -> Scope:
    """The names a formula sees before any step has an output."""
    return {
        **trigger_scope(definition, snapshot.event, snapshot.brand, now),
        "run": {"id": snapshot.run_id, "key": snapshot.key, "workflow": definition.name},
    }


def learn(scope: Scope, steps: Iterable[Step], views: Mapping[At, StepView], iteration: str) -> None:
    """Add what steps that are over gave, and what steps within them gave that can be read outside."""
    for step in steps:
        view = views.get(At(step.id, iteration))
        if view is None:
            continue
        if isinstance(step.verb, (Choose, Parallel)):
            for inner in inner_steps(step.verb):
                learn(scope, inner, views, iteration)
        if view.state is StepState.DONE and view.output is not None and not isinstance(step.verb, Choose):
            scope[step.id] = view.output
            if isinstance(step.verb, Approve) and READING in view.output:
                scope[step.verb.expects[0].step] = view.output[READING]
