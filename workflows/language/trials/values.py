"""What stands under `tests`, as values.

They are called trials here, for to Python's tools a name with `test` in it is a test of this code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from workflows.language.trees import Tree
from workflows.problems import Place

STATUSES = ("done", "stopped", "failed", "cancelled", "parked", "waiting", "not_started")
"""How a run can end; `waiting`: for good, on a call nobody knows the outcome of."""

DECISIONS = ("approve", "deny", "nobody")

RUN_MOCK = "run:"
"""What stands before the name of a workflow where it is said what running it comes to."""


@dataclass(frozen=True)
class GivenEvent:
    """An event: `written` in the workflow, or in a JSON `file` beside it."""

    place: Place
    file: str = ""
    written: Tree | None = None


@dataclass(frozen=True)
class ComingEvent:
    """An event that comes `after` the trial has begun; less than nothing: before."""

    event: GivenEvent
    after: timedelta


@dataclass(frozen=True)
class GivenDecision:
    """What people say when they are asked: `by` whom (nobody named: as many as are needed), how long `after`."""

    kind: Literal["approve", "deny", "nobody"]
    by: tuple[str, ...] = ()
    reason: str = ""
    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class GivenApproval:
    """What is said to the questions of one step: `in_turn`, one after the other, or one to all of them."""

    step: str
    place: Place
    decisions: tuple[GivenDecision, ...]
    in_turn: bool


@dataclass(frozen=True)
class GivenBrand:
    """The brand a trial speaks for ("" for the first one), with other values for some of its fields."""

    name: str
    fields: Mapping[str, Any]
    place: Place
    field_places: Mapping[str, Place]


@dataclass(frozen=True)
class Answer:
    """What a vendor is taken to answer to one call: an output when done, else a reason; to be tried again `after`."""

    kind: Literal["done", "refused", "in_doubt", "retry"]
    place: Place
    output: Tree | None = None
    reason: str = ""
    after: timedelta | None = None


@dataclass(frozen=True)
class Mock:
    """The answers to the calls of one operation: `in_turn`, one after the other, or one for all of them.

    An `operation` that begins with `run:` is a workflow that steps run.
    """

    operation: str
    place: Place
    answers: tuple[Answer, ...]
    in_turn: bool


@dataclass(frozen=True)
class ExpectedCall:
    """A call that must be made; with `inputs`, at least with these."""

    operation: str
    place: Place
    inputs: Tree | None = None


@dataclass(frozen=True)
class ExpectedEvent:
    """An event that must be emitted; with `data`, at least with this."""

    type: str
    place: Place
    data: Tree | None = None


@dataclass(frozen=True)
class ExpectedWait:
    """A step that must wait; with `length`, for exactly so long."""

    step: str
    place: Place
    length: timedelta | None = None


@dataclass(frozen=True)
class ExpectedQuestion:
    """A step that must ask people; with `shown`, at least with these: `title`, and the numbers it shows by name."""

    step: str
    place: Place
    shown: Tree | None = None


@dataclass(frozen=True)
class Expected:
    """What a trial holds the run against; None is not looked at. `reason` need only be part of the run's.

    `runs` is how every run of the workflow ends, in the order they begin.
    """

    status: str | None = None
    at: str | None = None
    at_place: Place | None = None
    reason: str | None = None
    calls: tuple[ExpectedCall, ...] | None = None
    emitted: tuple[ExpectedEvent, ...] | None = None
    waits: tuple[ExpectedWait, ...] | None = None
    approvals: tuple[ExpectedQuestion, ...] | None = None
    result: Tree | None = None
    elapsed: timedelta | None = None
    runs: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Trial:
    """One test of a workflow. What it begins with: an `event`, or for one that is started by hand `inputs`."""

    name: str
    place: Place
    event: GivenEvent | None
    brand: GivenBrand | None
    now: datetime | None
    mocks: tuple[Mock, ...]
    expected: Expected
    inputs: Tree | None = None
    events: tuple[ComingEvent, ...] = ()
    approvals: tuple[GivenApproval, ...] = ()
