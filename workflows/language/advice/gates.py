"""Calls that never leave, because what their vendor requires cannot come any more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.catalogue import Catalogue, Operation, Requirement
from workflows.language.advice.remark import Remark
from workflows.language.definition import Call, Definition, Step, WaitFor, all_steps, inner_steps
from workflows.language.trees import FormulaLeaf, ObjectTree

_INPUT = re.compile(r"\{(\w+)\}")


def closed_for_good(definition: Definition, catalogue: Catalogue) -> Iterator[Remark]:
    """Calls about what an event was about that says the required one will not come."""
    awaited = {kind for step in all_steps(definition.steps) for kind in _kinds(step)}
    for step, known in _with_known(definition.steps, _of_trigger(definition)):
        operation = catalogue.operations.get(step.verb.operation) if isinstance(step.verb, Call) else None
        if operation is None or not isinstance(step.verb, Call):
            continue
        for need in operation.requires:
            root = next((root for root, kinds in known.items() if kinds == {need.never_after}), None)
            if root is not None and need.event not in awaited and _is_about(step.verb, need, root):
                yield _remark(operation, need, step.verb)


Kinds = dict[str, set[str | None]]
"""What events are there, by how formulas name them: `{"event": {"symphony.campaign.failed"}}`."""


def _of_trigger(definition: Definition) -> Kinds:
    return {} if definition.batch is not None else {"event": set(definition.trigger.events)}


def _with_known(steps: tuple[Step, ...], known: Kinds) -> Iterator[tuple[Step, Kinds]]:
    """Every step with the events that have come for certain when it is carried out."""
    for step in steps:
        yield step, known
        for inner in inner_steps(step.verb):
            yield from _with_known(inner, known)
        if isinstance(step.verb, WaitFor) and step.verb.mode == "one" and step.condition is None:
            known = {**known, step.id: set(_kinds(step))}


def _kinds(step: Step) -> Iterator[str]:
    if isinstance(step.verb, WaitFor):
        for one in step.verb.awaited:
            yield from one.events


def _is_about(call: Call, need: Requirement, root: str) -> bool:
    """Whether the call is for what the event named `root` is about: every input of the subject is taken from it."""
    entries = dict(call.inputs.entries) if isinstance(call.inputs, ObjectTree) else {}
    names = _INPUT.findall(need.subject)
    given = [entries.get(name) for name in names]
    return bool(names) and all(
        isinstance(tree, FormulaLeaf) and tree.formula.text.strip() == f"{root}.data.{name}"
        for name, tree in zip(names, given, strict=True)
    )


def _remark(operation: Operation, need: Requirement, call: Call) -> Remark:
    message = f"{operation.name} needs {need.event}, which does not come after {need.never_after}: it is never made"
    return Remark("W502", call.operation_place, message, f"listen to {need.event}")
