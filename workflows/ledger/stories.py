"""Stories: the steps of a run in the order of its definition, with those within them, and what became of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.engine.snapshot import At, within
from workflows.engine.states import StepState
from workflows.errors import ProblemsError
from workflows.language.definition import Choose, Definition, ForEach, Parallel, Step, inner_steps
from workflows.language.reader import read_definition
from workflows.ledger.details import EffectDetail, RunDetail, StepDetail
from workflows.ledger.lines import RunLine, WaitLine
from workflows.redaction import redact, redact_text

SUMMARY_LENGTH = 160
MOST_ITEMS = 12
"""So many items of a loop are told one by one, those that are not done first; the others are counted."""

AHEAD = "ahead"
"""The word for a step that was not reached; such a step has no state in the ledger."""


@dataclass(frozen=True)
class StepStory:
    """A step, an item of a loop or a branch, with what became of it; all but the name is empty while it is ahead.

    depth     within how many others it stands
    progress  of a loop: "12 of 100"
    child     the run it began
    cleans_up it is a step of on_failure
    """

    step: str
    state: str
    reason: str = ""
    output: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    effect: EffectDetail | None = None
    wait: WaitLine | None = None
    iteration: str = ""
    depth: int = 0
    progress: str = ""
    child: RunLine | None = None
    cleans_up: bool = False


def stories(run: RunDetail) -> tuple[StepStory, ...]:
    """The steps of a run; only those reached, in their order, if nobody here can read the definition any more."""
    teller = _Teller(run)
    try:
        written = read_definition(run.definition, f"{run.line.workflow}.yml")
    except ProblemsError:
        return tuple(teller.reached_only())
    return tuple(teller.all(written))


def summary(value: Any) -> str:
    """A value in one short line of JSON, without secrets and personal data."""
    if value is None:
        return ""
    text = json.dumps(redact(value), default=str, ensure_ascii=False)
    return text if len(text) <= SUMMARY_LENGTH else f"{text[: SUMMARY_LENGTH - 1]}…"


class _Teller:
    def __init__(self, run: RunDetail) -> None:
        self._reached = {At(step.step, step.iteration): step for step in run.steps}
        # The last of each: a step may have called, asked or begun more than once.
        effects = sorted(run.effects, key=lambda effect: effect.line.round)
        self._effects = {At(item.line.step or "", item.line.iteration): item for item in effects}
        waits = sorted(run.waits, key=lambda wait: wait.round)
        self._waits = {At(wait.step, wait.iteration): wait for wait in waits}
        self._children = {At(child.parent_step or "", child.parent_iteration or ""): child for child in run.children}

    def all(self, definition: Definition) -> Iterator[StepStory]:
        yield from self._sequence(definition.steps, "", 0, cleans_up=False)
        if any(At(step.id) in self._reached for step in definition.on_failure):
            yield from self._sequence(definition.on_failure, "", 0, cleans_up=True)

    def reached_only(self) -> Iterator[StepStory]:
        yield from (self._story(at, record, 0) for at, record in self._reached.items())

    def _sequence(self, steps: Sequence[Step], iteration: str, depth: int, *, cleans_up: bool) -> Iterator[StepStory]:
        for step in steps:
            at = At(step.id, iteration)
            record = self._reached.get(at)
            if record is None:
                yield StepStory(step.id, AHEAD, iteration=iteration, depth=depth, cleans_up=cleans_up)
                continue
            progress = self._progress(at, record) if isinstance(step.verb, ForEach) else ""
            yield self._story(at, record, depth, progress=progress, cleans_up=cleans_up)
            yield from self._within(step, at, depth + 1, cleans_up=cleans_up)

    def _within(self, step: Step, at: At, depth: int, *, cleans_up: bool) -> Iterator[StepStory]:
        match step.verb:
            case Choose() as choose:
                for steps in inner_steps(choose):
                    if any(At(inner.id, at.iteration) in self._reached for inner in steps):
                        yield from self._sequence(steps, at.iteration, depth, cleans_up=cleans_up)
            case Parallel(branches=branches):
                for name, steps in branches.items():
                    yield from self._part(at.part(name), f"branch {name}", steps, at.iteration, depth, cleans_up)
            case ForEach(steps=steps):
                for number in self._told(at):
                    where = within(at.iteration, str(number))
                    yield from self._part(At(at.step, where), f"item {number + 1}", steps, where, depth, cleans_up)

    def _part(
        self, part: At, name: str, steps: Sequence[Step], iteration: str, depth: int, cleans_up: bool
    ) -> Iterator[StepStory]:
        record = self._reached.get(part)
        if record is None:
            return
        yield self._story(part, record, depth, name=name, cleans_up=cleans_up)
        yield from self._sequence(steps, iteration, depth + 1, cleans_up=cleans_up)

    def _items(self, loop: At) -> dict[int, StepDetail]:
        """The items of a loop that were begun, by their number from 0."""
        begun = ((at, step) for at, step in self._reached.items() if at.step == loop.step and at != loop)
        named = ((at.iteration.rpartition("."), step) for at, step in begun)
        return {int(number): step for (before, _, number), step in named if before == loop.iteration}

    def _told(self, loop: At) -> list[int]:
        items = self._items(loop)
        in_need = sorted(items, key=lambda number: (items[number].state == StepState.DONE, number))
        return sorted(in_need[:MOST_ITEMS])

    def _progress(self, loop: At, record: StepDetail) -> str:
        output = record.output if isinstance(record.output, dict) else {}
        total = len(output["items"]) if "items" in output else None
        over = sum(item.ended_at is not None for item in self._items(loop).values())
        return f"{over} of {over if total is None else total}"

    def _story(
        self, at: At, record: StepDetail, depth: int, *, name: str = "", progress: str = "", cleans_up: bool = False
    ) -> StepStory:
        is_loop = bool(progress)
        return StepStory(
            step=name or record.step,
            state=record.state,
            reason=redact_text(record.reason or ""),
            output="" if is_loop and record.ended_at is None else summary(record.output),
            started_at=record.started_at,
            ended_at=record.ended_at,
            effect=None if name else self._effects.get(at),
            wait=None if name else self._waits.get(at),
            iteration=at.iteration,
            depth=depth,
            progress=progress,
            child=None if name else self._children.get(at),
            cleans_up=cleans_up,
        )
