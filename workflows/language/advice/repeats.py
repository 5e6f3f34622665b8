"""Calls that cannot be taken back and that nothing keeps from being made twice."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.catalogue import Catalogue, Repeat
from workflows.language.advice.remark import Remark
from workflows.language.definition import Call, Definition, all_steps


def unguarded(definition: Definition, catalogue: Catalogue) -> Iterator[Remark]:
    """Calls that end in another state when repeated, and that do not say `once`.

    One event never makes a call twice. Two events about one thing do, and so does a replay under another name.
    """
    for step in all_steps((*definition.steps, *definition.on_failure)):
        if not isinstance(step.verb, Call) or step.verb.once is not None:
            continue
        operation = catalogue.operations.get(step.verb.operation)
        if operation is not None and operation.repeat is not Repeat.SAFE:
            message = f"{operation.name} made twice acts twice, and a second event would make it again"
            is_single = bool(definition.trigger.events) and definition.batch is None
            hint = "say what it is made for" + (": once: [=event.data.id]" if is_single else " by 'once'")
            yield Remark("W503", step.verb.operation_place, message, hint)
