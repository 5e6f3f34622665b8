"""Repetition: which steps of a run are taken once more when a person retries it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workflows.engine.snapshot import At, StepView
from workflows.engine.states import StepState
from workflows.errors import StagedoorError
from workflows.language.definition import Choose, Definition, ForEach, Parallel, Step, all_steps, inner_steps

_WENT_WELL = frozenset({StepState.DONE, StepState.SKIPPED, StepState.STOPPED})


class CannotRetry(StagedoorError):
    """A run cannot be taken up again, or not from there; the message says why."""


@dataclass(frozen=True)
class Repetition:
    """`forgotten` are taken once more, as if they had not been reached; `kept` are done and stay so."""

    first: str | None
    forgotten: tuple[At, ...]
    kept: tuple[At, ...] = ()


def repetition(
    definition: Definition, views: Mapping[At, StepView], done: frozenset[At], start: str | None
) -> Repetition:
    """What is taken once more: from the step `start`, or from where the run ended early (None).

    `done` are the calls that vendors have acted on: they are never made again, and what they gave stays. The steps of
    `on_failure` are carried out again, should the run fail again. Raises CannotRetry.
    """
    planner = _Planner(views, done)
    ended_at = planner.last_reached(definition.steps, "")
    if start is None or (ended_at is not None and start == ended_at.id):
        planner.resume(definition.steps, "")
        first = None if ended_at is None or views[At(ended_at.id)].state in _WENT_WELL else ended_at.id
    else:
        planner.repeat(_from(definition, views, start), ended_at)
        first = start
    for step in definition.on_failure:
        planner.forget_all(step)
    return Repetition(first, tuple(planner.forgotten), tuple(planner.kept))


def _from(definition: Definition, views: Mapping[At, StepView], start: str) -> Sequence[Step]:
    """The steps from there on."""
    names = [step.id for step in definition.steps]
    if start in names and At(start) in views:
        return definition.steps[names.index(start) :]
    if start in names:
        raise CannotRetry(f"the run has not come to the step {start}")
    if start in {step.id for step in all_steps(definition.steps)}:
        raise CannotRetry(f"the step {start} stands within another, and only a step that does not can be begun at")
    raise CannotRetry(f"there is no step {start!r} in what the run began with; its steps are {', '.join(names)}")


class _Planner:
    def __init__(self, views: Mapping[At, StepView], done: frozenset[At]) -> None:
        self.forgotten: list[At] = []
        self.kept: list[At] = []
        self._views = views
        self._done = done

    def last_reached(self, steps: Sequence[Step], iteration: str) -> Step | None:
        """Where a sequence stands, or ended: nothing behind it was reached."""
        reached = [step for step in steps if At(step.id, iteration) in self._views]
        return reached[-1] if reached else None

    def resume(self, steps: Sequence[Step], iteration: str) -> None:
        """Take a sequence up where it ended early: of steps within steps only those parts that did not go well."""
        step = self.last_reached(steps, iteration)
        if step is None or self._views[At(step.id, iteration)].state in _WENT_WELL:
            return
        self._forget(At(step.id, iteration))
        for part, inner, where in self._parts(step, iteration):
            if part is not None and self._views[part].state in _WENT_WELL:
                continue
            if part is not None:
                self._forget(part)
            self.resume(inner, where)

    def repeat(self, steps: Sequence[Step], ended_at: Step | None) -> None:
        """Take whole steps once more."""
        for step in steps:
            calls = [at for at in self._within(step) if at in self._done]
            if calls and isinstance(step.verb, ForEach):
                # Its list may come out another one, and then what was done would count for other items.
                last = "" if ended_at is None else f", or from {ended_at.id}"
                raise CannotRetry(f"the loop {step.id} has made calls that are done: retry from behind it{last}")
            self.forget_all(step)

    def forget_all(self, step: Step) -> None:
        """A step and all within it, but for calls that are done."""
        for at in self._within(step):
            if at in self._done:
                self.kept.append(at)
            else:
                self._forget(at)

    def _forget(self, at: At) -> None:
        if at in self._done:
            self.kept.append(at)
        else:
            self.forgotten.append(at)

    def _within(self, step: Step) -> list[At]:
        ids = {inner.id for inner in all_steps((step,))}
        return [at for at in self._views if at.step in ids]

    def _parts(self, step: Step, iteration: str) -> Iterator[tuple[At | None, Sequence[Step], str]]:
        """The sequences within a step that were begun: the record of each, its steps, and where they stand."""
        at = At(step.id, iteration)
        match step.verb:
            case Choose() as choose:
                yield from ((None, steps, iteration) for steps in inner_steps(choose))
            case Parallel(branches=branches):
                named = ((at.part(name), steps, iteration) for name, steps in branches.items())
                yield from (found for found in named if found[0] in self._views)
            case ForEach(steps=steps):
                for part in [part for part in self._views if self._is_item(part, at)]:
                    yield part, steps, part.iteration

    def _is_item(self, part: At, loop: At) -> bool:
        before, _, number = part.iteration.rpartition(".")
        return part.step == loop.step and number != "" and before == loop.iteration
