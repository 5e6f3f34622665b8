"""A snapshot: everything a decision about one run may depend on, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from workflows.engine.states import EffectState, RunState, StepState, WaitKind, WaitState
from workflows.events import Event

READING = "reading"
"""Where a question that was asked again, and the step that asked it, have what had been read again for it: later steps
go on with what people have seen."""


class At(NamedTuple):
    """Where in a run: a step, and in loops the position of the item: `3`, or `3.0` for a loop in a loop.

    Of a step that contains others, the position also names its parts: item 2 of the loop `shows` is
    `At("shows", "2")`, the branch `print` of `both` is `At("both", "print")`.
    """

    step: str
    iteration: str = ""

    def part(self, name: str) -> At:
        """An item or a branch of this step."""
        return At(self.step, within(self.iteration, name))


def within(iteration: str, part: str) -> str:
    """The position of a part of what stands at `iteration`."""
    return f"{iteration}.{part}" if iteration else part


@dataclass(frozen=True)
class StepView:
    """What has become of a step."""

    state: StepState
    output: Any = None
    reason: str = ""
    started_at: datetime | None = None


@dataclass(frozen=True)
class EffectView:
    """What has become of the effect of a step, the last one where it called again; `output` is the vendor's answer once
    it is done."""

    state: EffectState
    output: Any = None
    reason: str = ""
    round: int = 0


@dataclass(frozen=True)
class WaitView:
    """What has become of the wait of a step, the last one where it was asked again.

    `output` is what it was released with: of events, they by name; of people, what they decided
    (`{"approved": bool, "by": [person], "at": instant, "reason": text}`).
    """

    state: WaitState
    due_at: datetime
    kind: WaitKind = WaitKind.TIMER
    output: Any = None
    round: int = 0
    details: Any = None

    def is_over(self, now: datetime) -> bool:
        """Whether it is released or has expired at `now`."""
        return self.state is not WaitState.OPEN or self.due_at <= now


@dataclass(frozen=True)
class ChildView:
    """What has become of the run a step began; `result` is what its workflow's `result` says."""

    state: RunState
    result: Any = None
    reason: str = ""


@dataclass(frozen=True)
class Cancelling:
    """The run is to be cancelled; with `cleans_up` its on_failure steps are carried out first."""

    reason: str
    cleans_up: bool = False


@dataclass(frozen=True)
class Ending:
    """How the run ends once its on_failure steps are over."""

    state: RunState
    at: str | None
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """One run as the ledger has it.

    Example of `brand`: `{"zone": "Europe/London", "budget_cap": Money(500, "USD")}`.
    """

    run_id: str
    key: str
    event: Event
    brand: Mapping[str, Any]
    expires_at: datetime
    steps: Mapping[At, StepView] = field(default_factory=dict)
    effects: Mapping[At, EffectView] = field(default_factory=dict)
    waits: Mapping[At, WaitView] = field(default_factory=dict)
    children: Mapping[At, ChildView] = field(default_factory=dict)
    cancelling: Cancelling | None = None
    ending: Ending | None = None
