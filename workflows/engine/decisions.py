"""Decisions: what the engine says should be written down next, as values.

Decision
├── EndStep      a step is over: done, skipped, stopped or failed
├── StartTimer   a step waits until an instant
├── Intend       a step's vendor call shall be made
└── EndRun       the run is over
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workflows.engine.states import RunState, StepState


@dataclass(frozen=True)
class EndStep:
    """A step is over, with the output later steps see."""

    step: str
    state: StepState
    output: Any = None
    reason: str = ""


@dataclass(frozen=True)
class StartTimer:
    """A step waits until `due_at`."""

    step: str
    due_at: datetime


@dataclass(frozen=True)
class Intend:
    """A step's call shall be made, with these inputs; retries end after `attempts` or `within`."""

    step: str
    operation: str
    inputs: Mapping[str, Any]
    attempts: int
    within: timedelta


@dataclass(frozen=True)
class EndRun:
    """The run is over; `at` is the step it ended at, when it ended early."""

    state: RunState
    at: str | None = None
    reason: str = ""


Decision = EndStep | StartTimer | Intend | EndRun
