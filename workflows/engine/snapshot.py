"""A snapshot: everything a decision about one run may depend on, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.engine.states import EffectState, StepState, WaitState
from workflows.events import Event


@dataclass(frozen=True)
class StepView:
    """What has become of a step."""

    state: StepState
    output: Any = None
    reason: str = ""


@dataclass(frozen=True)
class EffectView:
    """What has become of the effect of a `call` step; `output` is the vendor's answer once it is done."""

    state: EffectState
    output: Any = None
    reason: str = ""


@dataclass(frozen=True)
class WaitView:
    """What has become of the wait of a step."""

    state: WaitState
    due_at: datetime


@dataclass(frozen=True)
class Snapshot:
    """One run as the ledger has it; steps, effects and waits by step id.

    Example of `brand`: `{"zone": "Europe/London", "budget_cap": Money(500, "USD")}`.
    """

    run_id: str
    key: str
    event: Event
    brand: Mapping[str, Any]
    expires_at: datetime
    steps: Mapping[str, StepView] = field(default_factory=dict)
    effects: Mapping[str, EffectView] = field(default_factory=dict)
    waits: Mapping[str, WaitView] = field(default_factory=dict)
