"""Explanation: one run told whole: what started it, what happened, what it waits for and what would release it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from workflows.engine.states import EffectState
from workflows.ledger import details
from workflows.ledger.details import AttemptDetail, EffectDetail, RunDetail
from workflows.ledger.stories import StepStory, stories
from workflows.ledger.waiting import Waiting, clock, waiting_of
from workflows.redaction import redact_text


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
    open_ = tuple(waiting_of(connection, run_id, now)) if run.line.ended_at is None else ()
    looks = [item.until for item in open_ if item.until is not None]
    looks += [run.line.wake_at] if open_ and run.line.wake_at is not None else []
    return Explanation(run, stories(run), open_, min(looks, default=None), now)


def _lines(told: Explanation) -> Iterator[str]:
    line, event = told.run.line, told.run.event
    key, subject = redact_text(line.key), redact_text(event.subject)
    yield f"run {line.id} of {line.workflow}, key {key}: {line.state}{_why(line.reason, line.at_step)}"
    began = clock(line.created_at, line.zone, told.now)
    yield f"began at {began} by {event.type} about {subject} (event {event.id}{_origin(told)})"
    yield from _end(told)
    for item in told.waiting:
        yield from _waits_for(item, told)
    yield "steps:"
    for step in told.steps:
        yield from _step_lines(step, told)


def _origin(told: Explanation) -> str:
    line = told.run.line
    if line.delivery_id is not None:
        return f", delivery {line.delivery_id}"
    if line.parent_id is not None:
        return f", for the step {line.parent_step} of run {line.parent_id}"
    if line.started_by is not None:
        return f", by {line.started_by}"
    return f", written by run {told.run.event.cause}" if told.run.event.cause else ""


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
    indent = "  " * (step.depth + 1)
    called = f" {step.effect.line.operation}" if step.effect else ""
    gives = f" -> {step.output}" if step.output else ""
    of = f", {step.progress} items over" if step.progress else ""
    cleans_up = "on_failure " if step.cleans_up and not step.depth else ""
    yield f"{indent}{cleans_up}{step.step}:{called} {step.state}{of}{_why(step.reason)}{gives}"
    if step.child is not None:
        yield f"{indent}  run {step.child.id} of {step.child.workflow}: {step.child.state}"
    if step.effect is not None:
        yield from (f"{indent}  {line}" for line in _effect_lines(step.effect, told))


def _effect_lines(effect: EffectDetail, told: Explanation) -> Iterator[str]:
    line = effect.line
    if line.state != EffectState.DONE:
        gate = f" at gate {line.gate}" if line.gate else ""
        yield f"effect {line.id} {line.state}{gate}{_why(line.reason)}"
    yield from (f"{_attempt(attempt, line.zone, told.now)}" for attempt in effect.attempts)


def _attempt(attempt: AttemptDetail, zone: str, now: datetime) -> str:
    outcome = attempt.outcome or "no outcome yet"
    status = f" {attempt.status}" if attempt.status else ""
    return (
        f"attempt {attempt.number} at {clock(attempt.started_at, zone, now)}: {outcome}{status}{_why(attempt.reason)}"
    )
