"""What stands under `tests`, as values.

They are called trials here, for to Python's tools a name with `test` in it is a test of this code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from workflows.language.trees import Tree
from workflows.problems import Place

STATUSES = ("done", "stopped", "failed", "waiting", "not_started")
"""How a run can end; `waiting`: for good, on a call nobody knows the outcome of."""


@dataclass(frozen=True)
class GivenEvent:
    """The event a trial begins with: `written` in the workflow, or in a JSON `file` beside it."""

    place: Place
    file: str = ""
    written: Tree | None = None


@dataclass(frozen=True)
class GivenBrand:
    """The brand a trial speaks for ("" for the first one), with other values for some of its fields."""

    name: str
    fields: Mapping[str, Any]
    place: Place
    field_places: Mapping[str, Place]


@dataclass(frozen=True)
class Answer:
    """What a vendor is taken to answer to one call: an output when done, else a reason."""

    kind: Literal["done", "refused", "in_doubt"]
    place: Place
    output: Tree | None = None
    reason: str = ""


@dataclass(frozen=True)
class Mock:
    """The answers to the calls of one operation: `in_turn`, one after the other, or one for all of them."""

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
class Expected:
    """What a trial holds the run against; None is not looked at. `reason` need only be part of the run's."""

    status: str | None = None
    at: str | None = None
    at_place: Place | None = None
    reason: str | None = None
    calls: tuple[ExpectedCall, ...] | None = None


@dataclass(frozen=True)
class Trial:
    """One test of a workflow."""

    name: str
    place: Place
    event: GivenEvent
    brand: GivenBrand | None
    now: datetime | None
    mocks: tuple[Mock, ...]
    expected: Expected
