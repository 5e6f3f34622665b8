"""A rehearsal: what a workflow would do about one event, on a clock that need not wait, with vendors who are played.

Every decision is the engine's own, and every request is made as it would be sent. What a vendor answers is said by
whoever rehearses; what a vendor requires first counts as given, and is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from workflows.catalogue import Catalogue, Inputs, Request, Requirement
from workflows.engine.correlation import key_text
from workflows.engine.decide import decide
from workflows.engine.decisions import (
    Abandon,
    Ask,
    Await,
    BeginEnding,
    BeginRun,
    BeginStep,
    Decision,
    EndRun,
    EndStep,
    Intend,
    Rest,
    StartTimer,
    WriteEvent,
)
from workflows.engine.requests import effect_key, inputs_of, not_made
from workflows.engine.scopes import trigger_scope
from workflows.engine.snapshot import At, ChildView, EffectView, Snapshot, StepView, WaitView
from workflows.engine.snapshot import Ending as Settled
from workflows.engine.states import OVER, RunState, StepState, WaitKind, WaitState
from workflows.errors import FormulaError, InputError
from workflows.events import Event
from workflows.language.definition import Definition

RUN_ID = "rehearsal"


class Ending(StrEnum):
    """How a rehearsal ended."""

    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    WAITING = "waiting"
    """For good: nobody knows whether a vendor has acted, and a person would have to find out."""
    NOT_STARTED = "not_started"
    """The event starts no run."""


@dataclass(frozen=True)
class RehearsedCall:
    """A call as it would be made; `requires` is what the vendor must have reported by then."""

    step: str
    operation: str
    inputs: Inputs
    request: Request
    at: datetime
    requires: tuple[Requirement, ...]


@dataclass(frozen=True)
class RehearsedWait:
    """How long a step waits."""

    step: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Rehearsal:
    """What became of it; `at` is the step it ended at, where it ended early. Steps never reached are not among them."""

    status: Ending
    at: str | None
    reason: str
    key: str
    calls: tuple[RehearsedCall, ...]
    waits: tuple[RehearsedWait, ...]
    steps: Mapping[At, StepView]
    elapsed: timedelta


Answer = Callable[[RehearsedCall], EffectView]
"""What becomes of a call, said at once: its effect done, refused or in doubt."""


def rehearse(
    definition: Definition,
    event: Event,
    *,
    brand: Mapping[str, Any],
    now: datetime,
    catalogue: Catalogue,
    answer: Answer,
) -> Rehearsal:
    """Play `definition` over `event`, which is taken in at `now`, until its run ends or waits for good."""
    scope = trigger_scope(definition, event, brand, now)
    key = event.subject
    try:
        refused = _refused(definition, event, scope)
        if refused is not None:
            return _without_run(Ending.NOT_STARTED, refused)
        if definition.key is not None:
            key = key_text(definition.key.evaluate(scope))
    except FormulaError as error:
        return _without_run(Ending.FAILED, f"the trigger could not be worked out: {error}")
    return _Stage(definition, event, key, brand, now, catalogue, answer).play()


def _refused(definition: Definition, event: Event, scope: Mapping[str, Any]) -> str | None:
    """Why the event starts no run; None when it does."""
    if event.type not in definition.trigger.events:
        return f"{event.type} is not listened to"
    if definition.trigger.where is None:
        return None
    verdict = definition.trigger.where.verdict(scope)
    return None if verdict.holds else verdict.because


def _without_run(status: Ending, reason: str) -> Rehearsal:
    return Rehearsal(status, None, reason, "", (), (), {}, timedelta(0))


class _Stage:
    """A run and its surroundings, changed as the runtime changes the ledger."""

    def __init__(
        self,
        definition: Definition,
        event: Event,
        key: str,
        brand: Mapping[str, Any],
        now: datetime,
        catalogue: Catalogue,
        answer: Answer,
    ) -> None:
        self._definition = definition
        self._event = event
        self._key = key
        self._brand = brand
        self._began_at = self._now = now
        self._catalogue = catalogue
        self._answer = answer
        self._end: EndRun | None = None
        self._settled: Settled | None = None
        self._steps: dict[At, StepView] = {}
        self._effects: dict[At, EffectView] = {}
        self._waits: dict[At, WaitView] = {}
        self._children: dict[At, ChildView] = {}
        self._calls: list[RehearsedCall] = []
        self._waited: list[RehearsedWait] = []

    def play(self) -> Rehearsal:
        while self._end is None:
            decisions = decide(self._definition, self._snapshot(), self._now)
            for decision in decisions:
                self._apply(decision)
            if not [item for item in decisions if not isinstance(item, Rest)] and not self._move_clock(decisions):
                break
        return self._rehearsal()

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            run_id=RUN_ID,
            key=self._key,
            event=self._event,
            brand=self._brand,
            expires_at=self._expires_at,
            steps=dict(self._steps),
            effects=dict(self._effects),
            waits=dict(self._waits),
            children=dict(self._children),
            ending=self._settled,
        )

    @property
    def _expires_at(self) -> datetime:
        return self._began_at + self._definition.expires

    def _apply(self, decision: Decision) -> None:
        match decision:
            case EndStep():
                self._steps[decision.at] = StepView(decision.state, decision.output, decision.reason)
            case BeginStep():
                self._steps[decision.at] = StepView(StepState.RUNNING, decision.output, started_at=self._now)
            case StartTimer():
                self._wait(decision.at, WaitKind.TIMER, decision.due_at)
            case Await():
                self._wait(decision.at, WaitKind.EVENT, decision.due_at)
            case Ask():
                self._wait(decision.at, WaitKind.APPROVAL, decision.due_at, decision.round)
            case Intend():
                self._call(decision)
            case BeginRun():
                self._steps[decision.at] = StepView(StepState.RUNNING, started_at=self._now)
                self._children[decision.at] = ChildView(RunState.DONE)
            case Abandon():
                given_up = StepView(StepState.CANCELLED, reason=decision.reason)
                self._steps |= dict.fromkeys(decision.steps, given_up)
            case BeginEnding():
                self._settled = Settled(decision.state, decision.at, decision.reason)
            case EndRun():
                self._end = decision
            case WriteEvent() | Rest():
                pass

    def _wait(self, at: At, kind: WaitKind, due_at: datetime, round_: int = 0) -> None:
        self._steps[at] = StepView(StepState.WAITING, started_at=self._now)
        self._waits[at] = WaitView(WaitState.OPEN, due_at, kind, round=round_)
        self._waited.append(RehearsedWait(at.step, self._now, due_at))

    def _call(self, decision: Intend) -> None:
        try:
            call = self._prepared(decision)
        except InputError as error:
            self._apply(not_made(decision.at, error))
            return
        self._calls.append(call)
        self._steps[decision.at] = StepView(StepState.CALLING, started_at=self._now)
        self._effects[decision.at] = self._answer(call)

    def _prepared(self, decision: Intend) -> RehearsedCall:
        operation = self._catalogue.operation(decision.operation)
        key = effect_key(self._event.id, self._definition.name, decision.at, decision.round)
        inputs = operation.referenced(inputs_of(decision, operation), key)
        request = operation.prepare(inputs)
        return RehearsedCall(
            decision.at.step, operation.name, inputs, request, self._now, tuple(operation.requires_of(inputs))
        )

    def _move_clock(self, decisions: list[Decision]) -> bool:
        """Go on to when a wait is over, a step's time runs out or the run expires; False when there is nothing to wait
        for."""
        due = [wait.due_at for at, wait in self._waits.items() if self._steps[at].state not in OVER]
        due += [item.until for item in decisions if isinstance(item, Rest)]
        if due:
            self._now = min(*due, self._expires_at)
        return bool(due)

    def _rehearsal(self) -> Rehearsal:
        status, at, reason = self._ending()
        return Rehearsal(
            status=status,
            at=at,
            reason=reason,
            key=self._key,
            calls=tuple(self._calls),
            waits=tuple(self._waited),
            steps=self._steps,
            elapsed=self._now - self._began_at,
        )

    def _ending(self) -> tuple[Ending, str | None, str]:
        if self._end is not None:
            return _ENDINGS[self._end.state], self._end.at, self._end.reason
        calling = next(at for at, view in self._steps.items() if view.state is StepState.CALLING)
        return Ending.WAITING, calling.step, self._effects[calling].reason


_ENDINGS: Mapping[RunState, Ending] = {
    RunState.DONE: Ending.DONE,
    RunState.STOPPED: Ending.STOPPED,
    RunState.FAILED: Ending.FAILED,
}
