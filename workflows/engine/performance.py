"""A run as a rehearsal has it in memory: what the ledger would have of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from workflows.catalogue import Operation
from workflows.engine.decisions import EndRun, Intend
from workflows.engine.gates import Precondition
from workflows.engine.rehearsal import ENDINGS, Asked, Emitted, Ending, Rehearsal, RehearsedCall, RehearsedWait
from workflows.engine.snapshot import At, Cancelling, ChildView, EffectView, Snapshot, StepView, WaitView
from workflows.engine.snapshot import Ending as Settled
from workflows.engine.states import OUT_THERE, OVER, EffectState, RunState, StepState
from workflows.events import Event
from workflows.language.definition import Definition


@dataclass
class Pending:
    """A call that a step intends, until its outcome is known."""

    run: Performance
    intend: Intend
    operation: Operation
    call: RehearsedCall
    once_key: str | None
    requires: tuple[Precondition, ...]
    subjects: tuple[str, ...]
    give_up_at: datetime
    attempts: int = 0
    told_at: int | None = None
    """Where it stands among the calls that are told; None before the first attempt."""
    held_by: str = ""

    @property
    def at(self) -> At:
        return self.intend.at

    @property
    def is_over(self) -> bool:
        state = self.run.effects[self.at].state
        return state not in (EffectState.INTENDED, EffectState.HELD) or self.run.is_over


@dataclass
class Performance:
    """One run, changed as the runtime changes the ledger."""

    id: str
    definition: Definition
    event: Event
    key: str
    brand: Mapping[str, Any]
    began_at: datetime
    expires_at: datetime
    crowd: str | None = None
    parent: tuple[Performance, At] | None = None
    state: RunState = RunState.RUNNING
    end: EndRun | None = None
    last_at: datetime = field(init=False)
    """When something last came of it."""
    rests_until: datetime | None = None
    settled: Settled | None = None
    cancelling: Cancelling | None = None
    steps: dict[At, StepView] = field(default_factory=dict)
    effects: dict[At, EffectView] = field(default_factory=dict)
    calls_made: dict[At, tuple[Operation, Mapping[str, Any]]] = field(default_factory=dict)
    waits: dict[At, WaitView] = field(default_factory=dict)
    came: dict[At, dict[str, Event]] = field(default_factory=dict)
    children: dict[At, ChildView] = field(default_factory=dict)
    waited: list[RehearsedWait] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    begun: list[tuple[At, Performance]] = field(default_factory=list)
    """The runs it began, each with its step."""
    has_acted: bool = False
    _waiting: dict[At, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.last_at = self.began_at

    @property
    def is_over(self) -> bool:
        return self.end is not None

    def snapshot(self) -> Snapshot:
        return Snapshot(
            run_id=self.id,
            key=self.key,
            event=self.event,
            brand=self.brand,
            expires_at=self.expires_at,
            steps=dict(self.steps),
            effects=dict(self.effects),
            waits=dict(self.waits),
            children=dict(self.children),
            cancelling=self.cancelling,
            ending=self.settled,
        )

    def begin_to_wait(self, at: At, wait: WaitView, now: datetime) -> None:
        self.enter(at, StepState.WAITING, now)
        self.waits[at] = wait
        self._waiting[at] = len(self.waited)
        self.waited.append(RehearsedWait(self.id, at.step, wait.kind, now, wait.due_at))

    def enter(self, at: At, state: StepState, now: datetime, output: Any = None) -> None:
        """A step goes on, or begins."""
        before = self.steps.get(at)
        began = before.started_at if before is not None else now
        self.steps[at] = StepView(state, output, started_at=began)

    def end_step(self, at: At, view: StepView, now: datetime) -> None:
        self.steps[at] = view
        self.end_wait(at, now)

    def end_wait(self, at: At, now: datetime) -> None:
        """Whatever `at` waited for, it waits no more."""
        index = self._waiting.pop(at, None)
        if index is not None:
            self.waited[index] = replace(self.waited[index], until=now)

    def give_up(self, at: At, reason: str, now: datetime) -> None:
        self.end_step(at, StepView(StepState.CANCELLED, reason=reason), now)
        effect = self.effects.get(at)
        if effect is not None and effect.state in (EffectState.INTENDED, EffectState.HELD):
            self.effects[at] = replace(effect, state=EffectState.CANCELLED, reason=reason)

    def next_look(self) -> datetime | None:
        """When time alone makes a difference to it next."""
        if self.is_over or self.state is RunState.PARKED:
            return None
        due = [wait.due_at for at, wait in self.waits.items() if self._is_open(at)]
        due += [self.rests_until] if self.rests_until is not None else []
        if not any(effect.state in OUT_THERE for effect in self.effects.values()):
            due.append(self.expires_at)  # else it stays to learn of what the vendor did, however long that takes
        return min(due, default=None)

    def _is_open(self, at: At) -> bool:
        return at in self._waiting and self.steps[at].state not in OVER

    def told(self, calls: Sequence[RehearsedCall], emitted: Sequence[Emitted]) -> Rehearsal:
        status, at, reason = self._ending()
        return Rehearsal(
            run=self.id,
            workflow=self.definition.name,
            status=status,
            at=at,
            reason=reason,
            key=self.key,
            event=self.event,
            result=None if self.end is None else self.end.result,
            began_at=self.began_at,
            elapsed=self.last_at - self.began_at,
            parent=None if self.parent is None else self.parent[0].id,
            calls=tuple(calls),
            waits=tuple(self.waited),
            asked=tuple(self.asked),
            emitted=tuple(emitted),
            steps=self.steps,
            answers=self.waits,
        )

    def _ending(self) -> tuple[Ending, str | None, str]:
        if self.end is not None:
            return ENDINGS[self.end.state], self.end.at, self.end.reason
        if self.state is RunState.PARKED:
            return Ending.PARKED, None, self.settled.reason if self.settled else ""
        if self.state is RunState.QUEUED:
            return Ending.WAITING, None, "the runs before it never end"
        stuck = next((at for at, effect in self.effects.items() if effect.state in OUT_THERE), None)
        if stuck is None:
            stuck = next((at for at, view in self.steps.items() if view.state not in OVER), None)
        if stuck is None:
            return Ending.WAITING, None, ""
        effect = self.effects.get(stuck)
        return Ending.WAITING, stuck.step, "" if effect is None else effect.reason
