"""Explanation: one run told whole: what started it, what happened, what it waits for and what would release it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from workflows.engine.states import EffectState, RunState
from workflows.errors import ProblemsError
from workflows.language.definition import all_steps
from workflows.language.reader import read_definition
from workflows.ledger import details
from workflows.ledger.details import AttemptDetail, EffectDetail, RunDetail, StepDetail
from workflows.ledger.lines import WaitLine
from workflows.ledger.waiting import Waiting, clock, waiting_of
from workflows.redaction import redact, redact_text

SUMMARY_LENGTH = 160

AHEAD = "ahead"
"""The word for a step that was not reached; such a step has no state in the ledger."""


@dataclass(frozen=True)
class StepStory:
    """A step of the definition, in its order, with what became of it; all but `step` is empty while it is ahead."""

    step: str
    state: str
    reason: str = ""
    output: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    effect: EffectDetail | None = None
    wait: WaitLine | None = None


@dataclass(frozen=True)
class Explanation:
    """A run explained. `next_look_at` is the next instant anything happens by itself."""

    run: RunDetail
    steps: tuple[StepStory, ...]
    waiting: tuple[Waiting, ...]
    next_look_at: datetime | None
    now: datetime

    @property
    def lines(self) -> list[str]:
        """The explanation as text, one thought a line, without personal data."""
        return list(_lines(self))


def explain_run(connection: Connection, run_id: str, now: datetime) -> Explanation:
    """Explain the run with that id. Raises NotFound."""
    run = details.run(connection, run_id)
    open_ = tuple(waiting_of(connection, run_id, now)) if run.line.state == RunState.RUNNING else ()
    looks = [item.until for item in open_ if item.until is not None]
    looks += [run.line.wake_at] if open_ and run.line.wake_at is not None else []
    return Explanation(run, tuple(_stories(run)), open_, min(looks, default=None), now)


def summary(value: Any) -> str:
    """A value in one short line of JSON, without secrets and personal data."""
    if value is None:
        return ""
    text = json.dumps(redact(value), default=str, ensure_ascii=False)
    return text if len(text) <= SUMMARY_LENGTH else f"{text[: SUMMARY_LENGTH - 1]}…"


def _stories(run: RunDetail) -> Iterator[StepStory]:
    reached = {step.step: step for step in run.steps}
    effects = {effect.line.step: effect for effect in run.effects}
    waits = {wait.step: wait for wait in run.waits}
    for name in _in_order(run):
        if name in reached:
            yield _story(reached[name], effects.get(name), waits.get(name))
        else:
            yield StepStory(name, AHEAD)


def _in_order(run: RunDetail) -> list[str]:
    """Steps as the definition has them; only those reached, if nobody here can read the definition any more."""
    try:
        definition = read_definition(run.definition, f"{run.line.workflow}.yml")
    except ProblemsError:
        written = []
    else:
        written = [step.id for step in all_steps((*definition.steps, *definition.on_failure))]
    return list(dict.fromkeys([*written, *(step.step for step in run.steps)]))


def _story(step: StepDetail, effect: EffectDetail | None, wait: WaitLine | None) -> StepStory:
    return StepStory(
        step=step.step,
        state=step.state,
        reason=redact_text(step.reason or ""),
        output=summary(step.output),
        started_at=step.started_at,
        ended_at=step.ended_at,
        effect=effect,
        wait=wait,
    )


def _lines(told: Explanation) -> Iterator[str]:
    line, event = told.run.line, told.run.event
    key, subject = redact_text(line.key), redact_text(event.subject)
    yield f"run {line.id} of {line.workflow}, key {key}: {line.state}{_why(line.reason, line.at_step)}"
    began = clock(line.created_at, line.zone, told.now)
    yield f"began at {began} by {event.type} about {subject} (event {event.id}, delivery {line.delivery_id})"
    yield from _end(told)
    for item in told.waiting:
        yield from _waits_for(item, told)
    yield "steps:"
    for step in told.steps:
        yield from _step_lines(step, told)


def _why(reason: str | None, at_step: str | None = None) -> str:
    at = f" at {at_step}" if at_step else ""
    return f"{at}, {redact_text(reason)}" if reason else at


def _end(told: Explanation) -> Iterator[str]:
    line = told.run.line
    if line.ended_at is not None:
        yield f"ended at {clock(line.ended_at, line.zone, told.now)}"
        return
    if told.next_look_at is not None and told.next_look_at > told.now:
        yield f"looked at again by itself at {clock(told.next_look_at, line.zone, told.now)}"
    yield f"expires at {clock(line.expires_at, line.zone, told.now)}"


def _waits_for(item: Waiting, told: Explanation) -> Iterator[str]:
    yield f"waits at {item.step or item.what}: {item.why}"
    yield f"  since {clock(item.since, told.run.line.zone, told.now)}; released by {item.opens}"


def _step_lines(step: StepStory, told: Explanation) -> Iterator[str]:
    called = f" {step.effect.line.operation}" if step.effect else ""
    gives = f" -> {step.output}" if step.output else ""
    yield f"  {step.step}:{called} {step.state}{_why(step.reason)}{gives}"
    if step.effect is not None:
        yield from _effect_lines(step.effect, told)


def _effect_lines(effect: EffectDetail, told: Explanation) -> Iterator[str]:
    line = effect.line
    if line.state != EffectState.DONE:
        gate = f" at gate {line.gate}" if line.gate else ""
        yield f"    effect {line.id} {line.state}{gate}{_why(line.reason)}"
    yield from (f"    {_attempt(attempt, line.zone, told.now)}" for attempt in effect.attempts)


def _attempt(attempt: AttemptDetail, zone: str, now: datetime) -> str:
    outcome = attempt.outcome or "no outcome yet"
    status = f" {attempt.status}" if attempt.status else ""
    return (
        f"attempt {attempt.number} at {clock(attempt.started_at, zone, now)}: {outcome}{status}{_why(attempt.reason)}"
    )
