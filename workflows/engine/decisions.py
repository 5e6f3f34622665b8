"""Decisions: what the engine says should be written down next, as values.

Decision
├── EndStep      a step, or an item or branch of one, is over
├── BeginStep    a step that contains others is begun, or an item or branch of one
├── StartTimer   a step waits until an instant
├── Await        a step waits for events
├── Ask          a step asks people
├── Intend       a step's vendor call shall be made
├── BeginRun     a step begins a run of another workflow
├── WriteEvent   a step writes an event of our own
├── Abandon      open steps are given up, with all that is under way for them and has not left
├── BeginEnding  from here on only the on_failure steps are carried out
├── EndRun       the run is over
└── Rest         nothing more can be decided before an instant, unless something happens
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workflows.engine.snapshot import At
from workflows.engine.states import RunState, StepState
from workflows.values import Percent

TIME_TO_CLEAN_UP = timedelta(days=1)
"""How long the on_failure steps of a run may take, whenever it would have expired."""


@dataclass(frozen=True)
class EndStep:
    """A step is over, with the output later steps see."""

    at: At
    state: StepState
    output: Any = None
    reason: str = ""


@dataclass(frozen=True)
class BeginStep:
    """The steps within are under way; `output` is what was settled at the beginning: the items, the branch chosen."""

    at: At
    output: Any = None


@dataclass(frozen=True)
class StartTimer:
    """A step waits until `due_at`."""

    at: At
    due_at: datetime


@dataclass(frozen=True)
class Wanted:
    """An event that is awaited: of a type, with `value` at `path`, and no older than `since`."""

    name: str
    types: tuple[str, ...]
    path: tuple[str | int, ...]
    value: str | int
    since: datetime


@dataclass(frozen=True)
class Await:
    """A step waits for all of these events, or for any of them, until `due_at`."""

    at: At
    wanted: tuple[Wanted, ...]
    is_any: bool
    due_at: datetime


@dataclass(frozen=True)
class Question:
    """What people are asked: `show` are the numbers as they are now; where they are asked again, `reading` is what had
    been read again by then."""

    title: str
    roles: tuple[str, ...]
    count: int
    exclude: tuple[str, ...]
    show: Mapping[str, Any]
    tolerance: Percent
    reading: Any = None


@dataclass(frozen=True)
class Ask:
    """A step asks people, for the `round`th time from 0, until `due_at`."""

    at: At
    question: Question
    due_at: datetime
    round: int = 0


@dataclass(frozen=True)
class Expected:
    """What the step at `source` read at `path` must still be `value` when the call leaves."""

    name: str
    source: At
    path: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True)
class Intend:
    """A step's call shall be made, with these inputs; retries end after `attempts` or `within`.

    Of all calls of the operation by this workflow with the same `once` only one is made. `rereads` says that it repeats
    the call of another step, whose operation and inputs it takes: then it has none. `round` counts the calls the step
    made before.
    """

    at: At
    operation: str
    inputs: Mapping[str, Any]
    attempts: int
    within: timedelta
    once: tuple[Any, ...] | None = None
    expects: tuple[Expected, ...] = ()
    rereads: At | None = None
    round: int = 0


@dataclass(frozen=True)
class BeginRun:
    """A step begins a run of `workflow`."""

    at: At
    workflow: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class WriteEvent:
    """A step writes an event of our own."""

    at: At
    type: str
    subject: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Abandon:
    """These steps are given up; nothing of theirs is at a vendor."""

    steps: tuple[At, ...]
    reason: str


@dataclass(frozen=True)
class BeginEnding:
    """The run will end like this; its on_failure steps come first."""

    state: RunState
    at: str | None
    reason: str


@dataclass(frozen=True)
class EndRun:
    """The run is over; `at` is the step it ended at, when it ended early."""

    state: RunState
    at: str | None = None
    reason: str = ""
    result: Any = None


@dataclass(frozen=True)
class Rest:
    """The run is looked at again at `until`, if nothing happens before."""

    until: datetime


Decision = (
    EndStep
    | BeginStep
    | StartTimer
    | Await
    | Ask
    | Intend
    | BeginRun
    | WriteEvent
    | Abandon
    | BeginEnding
    | EndRun
    | Rest
)
