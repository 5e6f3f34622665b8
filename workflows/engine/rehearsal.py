"""A rehearsal: what a workflow would do, on a clock that need not wait, with vendors and people who are played.

Every decision is the engine's own, and every request is made as it would be sent. These are the values it is told in;
`workflows.engine.stage` plays it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from workflows.catalogue import Inputs, Outcome, OutcomeKind, Request, Requirement
from workflows.engine.decisions import Question
from workflows.engine.snapshot import At, ChildView, StepView, WaitView
from workflows.engine.states import RunState, WaitKind
from workflows.events import Event
from workflows.language.definition import Definition


class Ending(StrEnum):
    """How a rehearsed run ended."""

    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PARKED = "parked"
    """Its event came too long after it happened: a person would have to say whether it shall run."""
    WAITING = "waiting"
    """For good: nobody knows whether a vendor has acted, and a person would have to find out."""
    NOT_STARTED = "not_started"
    """The event starts no run."""


ENDINGS: Mapping[RunState, Ending] = {
    RunState.DONE: Ending.DONE,
    RunState.STOPPED: Ending.STOPPED,
    RunState.FAILED: Ending.FAILED,
    RunState.CANCELLED: Ending.CANCELLED,
    RunState.PARKED: Ending.PARKED,
    RunState.RUNNING: Ending.WAITING,
    RunState.QUEUED: Ending.WAITING,
}


@dataclass(frozen=True)
class RehearsedCall:
    """A call as it would be made.

    requires  what the vendor must have reported by then
    attempts  how often it was tried
    rereads   it reads again what was read before, to see whether that is still so
    outcome   how it ended; None: not yet
    """

    run: str
    step: str
    iteration: str
    operation: str
    inputs: Inputs
    request: Request
    at: datetime
    requires: tuple[Requirement, ...] = ()
    attempts: int = 1
    rereads: bool = False
    outcome: OutcomeKind | None = None
    reason: str = ""


@dataclass(frozen=True)
class RehearsedWait:
    """How long a step waited, and for what."""

    run: str
    step: str
    kind: WaitKind
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Asked:
    """A question that was put to people, for the `round`th time from 0."""

    run: str
    step: str
    round: int
    question: Question
    at: datetime


@dataclass(frozen=True)
class Decided:
    """What people answer to a question, and how long they take."""

    is_approved: bool
    by: tuple[str, ...]
    reason: str = ""
    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class Emitted:
    """An event of our own that a step wrote."""

    run: str
    step: str
    event: Event


@dataclass(frozen=True)
class Moment:
    """One line of what happened when. `what` is a word for its kind, `text` a sentence for people."""

    at: datetime
    run: str
    what: str
    text: str


@dataclass(frozen=True)
class Rehearsal:
    """What became of one run; `at` is the step it ended at, where it ended early.

    Steps never reached are not among `steps`. `parent` is the run that began it, if one did.
    """

    run: str
    workflow: str
    status: Ending
    at: str | None
    reason: str
    key: str = ""
    event: Event | None = None
    result: Any = None
    began_at: datetime | None = None
    elapsed: timedelta = timedelta(0)
    parent: str | None = None
    calls: tuple[RehearsedCall, ...] = ()
    waits: tuple[RehearsedWait, ...] = ()
    asked: tuple[Asked, ...] = ()
    emitted: tuple[Emitted, ...] = ()
    steps: Mapping[At, StepView] = field(default_factory=dict)
    answers: Mapping[At, WaitView] = field(default_factory=dict)


@dataclass(frozen=True)
class Played:
    """Everything that happened on a stage, each in the order it did. `declined` are events that started no run of a
    workflow that listens to them."""

    runs: tuple[Rehearsal, ...]
    declined: tuple[Rehearsal, ...]
    calls: tuple[RehearsedCall, ...]
    emitted: tuple[Emitted, ...]
    moments: tuple[Moment, ...]


class Players(Protocol):
    """Who plays the vendors, the people and the other workflows."""

    def answer(self, call: RehearsedCall) -> Outcome:
        """What becomes of an attempt at a call."""

    def decide(self, asked: Asked) -> Decided | None:
        """What people say to a question; None: nothing."""

    def begin(self, workflow: str, inputs: Mapping[str, Any]) -> Definition | ChildView:
        """The workflow a step runs: its definition, or how its run ends at once."""
