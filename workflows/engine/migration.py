"""Migration: whether a run that is under way may go on with another version of its workflow.

It may where the new version could have brought it to where it is: nothing the new version says stands behind it, and
what is under way is under way there as well. So nobody's approval is ever passed over by an edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workflows.engine.snapshot import At
from workflows.engine.states import OVER, StepState
from workflows.language.definition import (
    Approve,
    Call,
    Cancel,
    Choose,
    Definition,
    ForEach,
    Parallel,
    Set,
    Step,
    SubRun,
    WaitFor,
    all_steps,
)

Reached = Mapping[At, StepState]
"""The steps of a run that were reached, items and branches included."""


def why_not_movable(old: Definition, new: Definition, reached: Reached) -> str:
    """Why a run of `old` cannot go on with `new`, for people; "" where it can.

    What has begun goes on as it began: a wait keeps its time, a question its words, a call its request.
    """
    return next(_reasons(old, new, reached), "")


def renamed_steps(old: Definition, new: Definition) -> dict[str, str]:
    """The steps of `old` that have another id in `new`: from the old id to the new one."""
    return {before: after for before, after in _same_steps(old, new).items() if before != after}


def _reasons(old: Definition, new: Definition, reached: Reached) -> Iterator[str]:
    yield from _begun_otherwise(old, new)
    same = _same_steps(old, new)
    before, after = _spots(old.steps), _spots(new.steps)
    yield from _left_behind(reached, before, after)
    steps = [at for at in sorted(reached, key=lambda at: _order(at, before)) if at.step in before]
    here = [at for at in steps if not before[at.step].is_part(at)]
    for at in here:
        yield from _moved(at, reached[at], before, after, same)
    for at in steps:
        yield from _lost_part(at, reached[at], before, after, same)
    yield from _passed_over(here, reached, before, after, same)


# How the run began.


def _begun_otherwise(old: Definition, new: Definition) -> Iterator[str]:
    """Why a run that `old` began is none that `new` would begin: the formulas of `new` count on its event."""
    was, is_now = old.trigger, new.trigger
    gone = [kind for kind in was.events if kind not in is_now.events]
    if gone:
        yield f"{gone[0]} does not start it any more"
    if (was.schedule is None) != (is_now.schedule is None) or (was.manual is None) != (is_now.manual is None):
        yield "it is started in another way now"
    if (old.batch is None) != (new.batch is None):
        yield "its runs begin with one event or with many, which has changed"
    asked = is_now.manual or {}
    given = was.manual or {}
    for name, item in asked.items():
        if name not in given or given[name].type != item.type:
            yield f"it was begun without the input {name} as it is now"
    if _cancelling(old.cancel_on) != _cancelling(new.cancel_on):
        yield "what cancels it has changed"


def _cancelling(cancel: Cancel | None) -> tuple[object, ...]:
    return () if cancel is None else (cancel.events, cancel.match.path, cancel.match.value.text)


# Which step is which.


@dataclass(frozen=True)
class _Spot:
    """Where a step stands: in which branch of which step (`("", "")`: in none), at which place, in how many loops."""

    step: Step
    within: tuple[str, str]
    number: int
    loops: int

    def is_part(self, at: At) -> bool:
        """Whether `at` is an item or a branch of this step, not the step itself."""
        return _depth(at.iteration) > self.loops


Spots = Mapping[str, _Spot]


def _spots(steps: Sequence[Step], within: tuple[str, str] = ("", ""), loops: int = 0) -> dict[str, _Spot]:
    found: dict[str, _Spot] = {}
    for number, step in enumerate(steps):
        found[step.id] = _Spot(step, within, number, loops)
        for branch, inner in _sequences(step):
            found |= _spots(inner, (step.id, branch), loops + isinstance(step.verb, ForEach))
    return found


def _sequences(step: Step) -> Iterable[tuple[str, tuple[Step, ...]]]:
    """The sequences within a step, by what tells them apart."""
    match step.verb:
        case Choose(branches):
            return ((str(number), branch.steps) for number, branch in enumerate(branches))
        case ForEach(steps=steps):
            return (("", steps),)
        case Parallel(branches=named):
            return named.items()
    return ()


def _same_steps(old: Definition, new: Definition) -> dict[str, str]:
    """Steps of `old` that are in `new`, by their ids there and here. A former id is never that of a step now."""
    known = {step.id for step in all_steps(old.steps)}
    same: dict[str, str] = {}
    for step in all_steps(new.steps):
        name = next((name for name in (step.id, *step.was) if name in known), None)
        if name is not None:
            same.setdefault(name, step.id)
    return same


def _left_behind(reached: Reached, before: Spots, after: Spots) -> Iterator[str]:
    """A step that the run reached with a version before `old`, and whose id means another step in `new`."""
    for at in reached:
        if at.step not in before and at.step in after:
            yield f"it has been at a step {at.step} before that was another one"


def _depth(iteration: str) -> int:
    return iteration.count(".") + 1 if iteration else 0


def _order(at: At, spots: Spots) -> tuple[int, At]:
    return (list(spots).index(at.step) if at.step in spots else -1, at)


# What was reached.


def _moved(at: At, state: StepState, before: Spots, after: Spots, same: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a reached step as it is in the new version."""
    spot, name = before[at.step], same.get(at.step)
    if name is None:
        if state not in OVER:
            yield f"it is at the step {at.step}, which is gone"
        return
    there = after[name]
    container, branch = spot.within
    if there.within != (same.get(container, container), branch) or there.loops != spot.loops:
        yield f"the step {name} has another place now"
        return
    difference = _difference(spot.step, there.step, state)
    if difference:
        yield f"the step {name} {difference}"
    elif state is StepState.FAILED and same.get(spot.step.on_error, spot.step.on_error) != there.step.on_error:
        yield f"the step {name} has failed, and what that brings has changed"


def _difference(old: Step, new: Step, state: StepState) -> str:
    """In what a step is another one than it was; "" where it can go on, or what it gave can still be read."""
    if type(old.verb) is not type(new.verb):
        return "does something else now"
    match old.verb, new.verb:
        case (Call(operation=was), Call(operation=now)) if was != now:
            return "calls something else now"
        case (SubRun(workflow=was), SubRun(workflow=now)) if was != now:
            return "runs another workflow now"
        case (Set(values=old_values), Set(values=new_values)) if state is StepState.DONE:
            missing = [name for name in new_values if name not in old_values]
            return f"has not given {missing[0]}, which it gives now" if missing else ""
        case (Approve() as was_asking, Approve() as asks) if state not in OVER:
            return "asks other people or other things now" if _asked(was_asking) != _asked(asks) else ""
        case (WaitFor() as was_waiting, WaitFor() as waits):
            return "waits for something else now" if _waited(was_waiting) != _waited(waits) else ""
        case (ForEach(result=old_result), ForEach(result=new_result)):
            return "keeps other results now" if (old_result is None) != (new_result is None) else ""
    return ""


def _waited(wait: WaitFor) -> tuple[object, ...]:
    awaited = [(item.name, item.events, item.match.path, item.match.value.text) for item in wait.awaited]
    return wait.mode, awaited


def _asked(approve: Approve) -> tuple[object, ...]:
    expected = [item.formula.text for item in approve.expects]
    return set(approve.roles), approve.count, approve.exclude, set(approve.show), expected


def _lost_part(at: At, state: StepState, before: Spots, after: Spots, same: Mapping[str, str]) -> Iterator[str]:
    """A branch that is under way and is gone in the new version."""
    spot = before[at.step]
    if not spot.is_part(at) or state in OVER or at.step not in same:
        return
    verb, branch = after[same[at.step]].step.verb, at.iteration.rpartition(".")[2]
    if isinstance(verb, Parallel) and branch not in verb.branches:
        yield f"it is in the branch {branch} of {at.step}, which is gone"


# What was not.


class _Sequence(NamedTuple):
    """Steps that a run takes one after the other: in which branch of which step, in which item."""

    container: str
    branch: str
    iteration: str


def _passed_over(
    here: Sequence[At], reached: Reached, before: Spots, after: Spots, same: Mapping[str, str]
) -> Iterator[str]:
    """Steps of the new version that stand behind the run, and were never taken."""
    sequences: dict[_Sequence, list[str]] = {}
    for at in here:
        sequences.setdefault(_Sequence(*before[at.step].within, at.iteration), []).append(at.step)
    for sequence, ids in sequences.items():
        kept = [same[name] for name in ids if name in same]
        numbers = [after[name].number for name in kept]
        if numbers != sorted(numbers):
            yield f"the step {kept[0]} comes in another order now"
        for spot in _of_sequence(after, (same.get(sequence.container, sequence.container), sequence.branch)):
            is_behind = spot.number < max(numbers, default=-1)
            if _is_over(sequence, before, reached):
                is_behind = spot.step.id not in same.values()
            if is_behind and spot.step.id not in kept:
                yield _skipping(spot.step)


def _is_over(sequence: _Sequence, before: Spots, reached: Reached) -> bool:
    """Whether nothing of a sequence is taken any more."""
    if not sequence.container:
        return False
    at = At(sequence.container, sequence.iteration)
    if isinstance(before[sequence.container].step.verb, Parallel):
        at = at.part(sequence.branch)
    return reached.get(at) in OVER


def _of_sequence(spots: Spots, within: tuple[str, str]) -> list[_Spot]:
    return [spot for spot in spots.values() if spot.within == within]


def _skipping(step: Step) -> str:
    asked = [inner.id for inner in all_steps((step,)) if isinstance(inner.verb, Approve)]
    return f"it would skip the approval {asked[0]}" if asked else f"it would pass over the step {step.id}"
