"""Coverage: the steps of a workflow, the ways each can go, and which of them rehearsals went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workflows.engine.rehearsal import Rehearsal
from workflows.engine.snapshot import At, StepView, WaitView
from workflows.engine.states import StepState, WaitState
from workflows.engine.walk import OUT_OF_TIME, PASSED_OVER
from workflows.language.definition import (
    Approve,
    Choose,
    Definition,
    ForEach,
    Step,
    StopUnless,
    WaitFor,
    all_steps,
    inner_steps,
)


@dataclass(frozen=True)
class Way:
    """One way a step can go: `if true`, `branch 2`, `on_error`; of the trigger `step` is `where`."""

    step: str
    way: str

    def __str__(self) -> str:
        return f"{self.step}: {self.way}"


@dataclass(frozen=True)
class Coverage:
    """What there is of a workflow, and what of it was never carried out; each in the order written."""

    steps: tuple[str, ...]
    ways: tuple[Way, ...]
    missed_steps: tuple[str, ...]
    missed_ways: tuple[Way, ...]


def coverage_of(definition: Definition, rehearsals: Iterable[Rehearsal]) -> Coverage:
    """What `rehearsals` of this workflow, those that started no run included, carried out."""
    steps = tuple(all_steps((*definition.steps, *definition.on_failure)))
    depths = dict(_depths((*definition.steps, *definition.on_failure), 0))
    reached: set[str] = set()
    gone: set[Way] = set()
    for rehearsal in rehearsals:
        if rehearsal.event is not None and definition.trigger.where is not None:
            gone.add(Way("where", "does not hold" if rehearsal.run == "" else "holds"))
        for step in steps:
            for at, view in rehearsal.steps.items():
                if at.step != step.id or _depth(at) != depths[step.id]:
                    continue
                if view.state is not StepState.SKIPPED:
                    reached.add(step.id)
                gone.update(Way(step.id, way) for way in _ways_gone(step, view, rehearsal.answers.get(at)))
    ways = tuple(_ways(definition, steps))
    return Coverage(
        steps=tuple(step.id for step in steps),
        ways=ways,
        missed_steps=tuple(step.id for step in steps if step.id not in reached),
        missed_ways=tuple(way for way in ways if way not in gone),
    )


def _ways(definition: Definition, steps: Iterable[Step]) -> Iterator[Way]:
    if definition.trigger.where is not None:
        yield from (Way("where", "holds"), Way("where", "does not hold"))
    for step in steps:
        yield from (Way(step.id, way) for way in _ways_of(step))


def _ways_of(step: Step) -> Iterator[str]:
    if step.condition is not None:
        yield from ("if true", "if false")
    match step.verb:
        case StopUnless():
            yield from ("goes on", "stops")
        case Choose(branches):
            yield from (_branch(number, branch.condition is None) for number, branch in enumerate(branches))
            if branches[-1].condition is not None:
                yield "no branch"
        case WaitFor():
            yield from ("comes", "does not come in time")
        case Approve():
            yield from ("approved", "denied", "nobody decides in time")
    if step.on_error != "fail":
        yield f"on_error: {step.on_error}"
    if step.timeout is not None:
        yield "out of time"


def _ways_gone(step: Step, view: StepView, wait: WaitView | None) -> Iterator[str]:
    """The ways a step of a rehearsal went."""
    if view.state is StepState.SKIPPED:
        if view.reason.startswith(PASSED_OVER):
            return
        yield "if false"  # a call that was skipped for its `once` has entered, which its wait or attempt would say
    elif step.condition is not None:
        yield "if true"
    if view.state is StepState.FAILED:
        yield f"on_error: {step.on_error}"
        if view.reason.startswith(OUT_OF_TIME):
            yield "out of time"
    match step.verb:
        case StopUnless():
            yield "goes on" if view.state is StepState.DONE else "stops"
        case Choose(branches):
            chosen = view.output["branch"] if isinstance(view.output, dict) and "branch" in view.output else -1
            if chosen is None:
                yield "no branch"
            elif chosen >= 0:
                yield _branch(chosen, branches[chosen].condition is None)
        case WaitFor() if wait is not None and view.state is not StepState.CANCELLED:
            yield "comes" if wait.state is WaitState.DONE else "does not come in time"
        case Approve() if wait is not None and view.state is not StepState.CANCELLED:
            if wait.state is not WaitState.DONE:
                yield "nobody decides in time"
            else:
                yield "approved" if wait.output["approved"] else "denied"


def _branch(number: int, is_otherwise: bool) -> str:
    return "otherwise" if is_otherwise else f"branch {number + 1}"


def _depth(at: At) -> int:
    return len(at.iteration.split(".")) if at.iteration else 0


def _depths(steps: Iterable[Step], depth: int) -> Iterator[tuple[str, int]]:
    """In how many loops each step lies. What a loop notes of its items lies one deeper than the loop itself."""
    for step in steps:
        yield step.id, depth
        for inner in inner_steps(step.verb):
            yield from _depths(inner, depth + isinstance(step.verb, ForEach))
