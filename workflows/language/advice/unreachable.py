"""Steps that are never carried out, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.language.advice.constants import answer_of
from workflows.language.advice.remark import Remark
from workflows.language.definition import Choose, Definition, Step, StopUnless, inner_steps
from workflows.language.keys import ENDS


def unreachable(definition: Definition) -> Iterator[Remark]:
    """The first step of each stretch that no way leads to."""
    where = definition.trigger.where
    if where is not None and answer_of(where, definition) is False:
        yield Remark("W505", where.place, "no event ever fits this, so the workflow never starts")
        return
    yield from _sequence(definition.steps, definition)
    yield from _sequence(definition.on_failure, definition)


def _sequence(steps: tuple[Step, ...], definition: Definition) -> Iterator[Remark]:
    ended_at = ""
    targets: set[str] = set()
    for step in steps:
        if step.id in targets:
            ended_at = ""
        if ended_at:
            message = f"this step and those behind it are never reached: {ended_at!r} always ends it here"
            yield Remark("W505", step.place, message)
            return
        answer = True if step.condition is None else answer_of(step.condition, definition)
        if answer is False and step.condition is not None:
            yield Remark("W505", step.condition.place, f"this never holds, so {step.id!r} is never carried out")
            continue
        if step.on_error not in ENDS:
            targets.add(step.on_error)
        match step.verb:
            case StopUnless(condition) if answer and answer_of(condition, definition) is False:
                ended_at = step.id
            case Choose() as choose:
                yield from _branches(choose, definition)
            case verb:
                for inner in inner_steps(verb):
                    yield from _sequence(inner, definition)


def _branches(choose: Choose, definition: Definition) -> Iterator[Remark]:
    taken = False
    for branch in choose.branches:
        answer = True if branch.condition is None else answer_of(branch.condition, definition)
        if taken:
            yield Remark("W505", branch.place, "this branch is never taken: one before it always holds")
            return
        if answer is False and branch.condition is not None:
            yield Remark("W505", branch.condition.place, "this never holds, so the branch is never taken")
            continue
        taken = answer is True
        yield from _sequence(branch.steps, definition)
