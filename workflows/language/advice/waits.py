"""Waits that change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from workflows.language.advice.remark import Remark
from workflows.language.definition import (
    Approve,
    Call,
    Definition,
    Emit,
    Parallel,
    Step,
    SubRun,
    Wait,
    WaitFor,
    all_steps,
    inner_steps,
)
from workflows.language.formulas.nodes import Path
from workflows.language.names import asks_the_time, formulas_of_step
from workflows.language.trees import FormulaLeaf, Literal, Tree

_ALREADY = ("event.occurred_at", "event.data.due_at", "event.data.last_at")
"""Instants that have passed when a run begins."""


def needless(definition: Definition) -> Iterator[Remark]:
    """Waits behind which nothing depends on the time, and waits for what has passed by then."""
    # Whoever runs a workflow waits for its end, and so does the next in line where only some may be under way.
    end_matters = definition.trigger.manual is not None or definition.concurrency is not None
    yield from _sequence(definition.steps, end_matters, ())
    yield from _sequence(definition.on_failure, False, ())


def _sequence(steps: tuple[Step, ...], time_matters: bool, before: tuple[Wait, ...]) -> Iterator[Remark]:
    """`time_matters`: something behind the sequence depends on when it ends. `before`: waits that are over by then."""
    for number, step in enumerate(steps):
        matters = time_matters or any(_depends_on_time(other) for other in all_steps(steps[number + 1 :]))
        if isinstance(step.verb, Wait):
            if not matters:
                message = "nothing behind this wait depends on its being over: no call, no event, no question"
                yield Remark("W501", step.place, message, "leave the step out")
            elif _is_over(step.verb, before):
                yield Remark("W501", step.place, "what this waits for has passed by then", "leave the step out")
            if step.condition is None:
                before = (*before, step.verb)
        for inner in inner_steps(step.verb):
            # Where one branch is enough, a wait in another is a time limit.
            is_limit = isinstance(step.verb, Parallel) and step.verb.until == "any"
            yield from _sequence(inner, matters or is_limit, before)


def _depends_on_time(step: Step) -> bool:
    return isinstance(step.verb, (Call, SubRun, Emit, Approve, WaitFor)) or any(
        asks_the_time(formula) for formula in formulas_of_step(step)
    )


def _is_over(wait: Wait, before: tuple[Wait, ...]) -> bool:
    if _text(wait.until) in _ALREADY:
        return True
    return any(_covers(earlier, wait) for earlier in before)


def _covers(earlier: Wait, wait: Wait) -> bool:
    """Whether `wait` ends no later than `earlier` did, whatever the values."""
    if wait.until is not None:
        return bool(_path(wait.until)) and _path(wait.until) == _path(earlier.until)
    if wait.from_ is None or not _text(wait.from_) or _text(wait.from_) != _text(earlier.from_):
        return False
    here, there = _length(wait), _length(earlier)
    return here is not None and there is not None and here <= there


def _length(wait: Wait) -> timedelta | None:
    value = wait.for_.value if isinstance(wait.for_, Literal) else None
    return value if isinstance(value, timedelta) else None


def _text(tree: Tree | None) -> str:
    return tree.formula.text.strip() if isinstance(tree, FormulaLeaf) else ""


def _path(tree: Tree | None) -> str:
    """The path that gives an instant; a text such as brand.opens_at is a time of day, which comes again."""
    is_instant = isinstance(tree, FormulaLeaf) and isinstance(tree.formula.root, Path)
    return _text(tree) if is_instant and _text(tree).startswith("event.") else ""
