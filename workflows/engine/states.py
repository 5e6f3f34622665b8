"""The states of runs, steps, waits and effects, and every legal move between them.

`docs/state_machine.md` is generated from these tables (`python -m workflows.engine.diagram`) and checked by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

State = TypeVar("State", bound=StrEnum)


class RunState(StrEnum):
    """One execution of one definition."""

    QUEUED = "queued"
    """Others of its crowd are running; it begins when one of them ends."""
    PARKED = "parked"
    """Its event came too long after it happened: a person says whether it shall run."""
    RUNNING = "running"
    """Not ended; it may be waiting for a time, an event, a person, a gate or a vendor."""
    DONE = "done"
    """Every step was carried out or skipped."""
    STOPPED = "stopped"
    """It ended early because a step said so; nothing went wrong."""
    FAILED = "failed"
    """It ended because something went wrong; a person may want to look."""
    CANCELLED = "cancelled"
    """It was ended from outside."""


class StepState(StrEnum):
    """One step of a run; a step that was not reached has no state."""

    WAITING = "waiting"
    """A time must pass, an event come or a person decide: see its wait."""
    CALLING = "calling"
    """Its effect is on the way: see the effect's state."""
    RUNNING = "running"
    """The steps within it are under way, or the run it began."""
    DONE = "done"
    SKIPPED = "skipped"
    """Its `if` was false, or a step before it led past it."""
    STOPPED = "stopped"
    """Its `stop_unless` was false, or nobody approved."""
    FAILED = "failed"
    """A formula could not be worked out, its call was refused or given up, or its time ran out."""
    CANCELLED = "cancelled"
    """Given up from outside: another branch was first, its time ran out, or its run was cancelled."""


class WaitKind(StrEnum):
    """What a run waits for."""

    TIMER = "timer"
    EVENT = "event"
    APPROVAL = "approval"


class WaitState(StrEnum):
    """One thing a run waits on."""

    OPEN = "open"
    DONE = "done"
    """The time has come, the events are there, or people have decided."""
    EXPIRED = "expired"
    """It was waited for as long as the workflow says."""
    CANCELLED = "cancelled"


class EffectState(StrEnum):
    """One vendor call, from the intent to its outcome."""

    INTENDED = "intended"
    """Due, or due again after a retry; not yet handed to a worker."""
    HELD = "held"
    """A gate is closed; `gate` and `reason` say which and what would open it."""
    RELEASED = "released"
    """Handed to the workers under a short lease."""
    CLAIMED = "claimed"
    """A worker holds the lease and may be speaking to the vendor."""
    ACCEPTED = "accepted"
    """The vendor took it and is at work on it; we look until it is over."""
    DONE = "done"
    """The vendor confirmed."""
    REFUSED = "refused"
    """The vendor said no for good, or a gate can never open, or retries ran out."""
    IN_DOUBT = "in_doubt"
    """Nobody here knows whether the vendor acted; never repeated blindly."""
    CANCELLED = "cancelled"
    """Given up before anything was sent."""
    SKIPPED = "skipped"
    """Another effect with the same `once` was done already."""


OUT_THERE = frozenset({EffectState.CLAIMED, EffectState.ACCEPTED, EffectState.IN_DOUBT})
"""While an effect is in one of these, the vendor may have acted: its run must stay to learn of it."""

OVER = frozenset({StepState.DONE, StepState.SKIPPED, StepState.STOPPED, StepState.FAILED, StepState.CANCELLED})
"""The states of a step that is over."""

RUN_MOVES: Mapping[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.STOPPED, RunState.FAILED, RunState.CANCELLED}),
    RunState.PARKED: frozenset({RunState.RUNNING, RunState.QUEUED, RunState.STOPPED, RunState.CANCELLED}),
    RunState.RUNNING: frozenset({RunState.DONE, RunState.STOPPED, RunState.FAILED, RunState.CANCELLED}),
    RunState.DONE: frozenset(),
    RunState.STOPPED: frozenset(),
    RunState.FAILED: frozenset({RunState.RUNNING, RunState.QUEUED}),
    RunState.CANCELLED: frozenset(),
}

STEP_MOVES: Mapping[StepState, frozenset[StepState]] = {
    StepState.WAITING: frozenset(
        {StepState.CALLING, StepState.DONE, StepState.STOPPED, StepState.FAILED, StepState.CANCELLED}
    ),
    StepState.CALLING: frozenset(
        {StepState.WAITING, StepState.DONE, StepState.SKIPPED, StepState.FAILED, StepState.CANCELLED}
    ),
    StepState.RUNNING: frozenset({StepState.DONE, StepState.STOPPED, StepState.FAILED, StepState.CANCELLED}),
    StepState.DONE: frozenset(),
    StepState.SKIPPED: frozenset(),
    StepState.STOPPED: frozenset(),
    StepState.FAILED: frozenset(),
    StepState.CANCELLED: frozenset(),
}

WAIT_MOVES: Mapping[WaitState, frozenset[WaitState]] = {
    WaitState.OPEN: frozenset({WaitState.DONE, WaitState.EXPIRED, WaitState.CANCELLED}),
    WaitState.DONE: frozenset(),
    WaitState.EXPIRED: frozenset(),
    WaitState.CANCELLED: frozenset(),
}

EFFECT_MOVES: Mapping[EffectState, frozenset[EffectState]] = {
    EffectState.INTENDED: frozenset(
        {
            EffectState.HELD,
            EffectState.RELEASED,
            EffectState.REFUSED,
            EffectState.CANCELLED,
        }
    ),
    EffectState.HELD: frozenset({EffectState.RELEASED, EffectState.REFUSED, EffectState.CANCELLED}),
    EffectState.RELEASED: frozenset(
        {
            EffectState.CLAIMED,
            EffectState.INTENDED,
            EffectState.HELD,
            EffectState.REFUSED,
            EffectState.CANCELLED,
            EffectState.SKIPPED,
        }
    ),
    EffectState.CLAIMED: frozenset(
        {
            EffectState.DONE,
            EffectState.REFUSED,
            EffectState.INTENDED,
            EffectState.IN_DOUBT,
            EffectState.ACCEPTED,
        }
    ),
    EffectState.ACCEPTED: frozenset({EffectState.DONE, EffectState.REFUSED}),
    EffectState.IN_DOUBT: frozenset(
        {EffectState.DONE, EffectState.REFUSED, EffectState.INTENDED, EffectState.ACCEPTED}
    ),
    EffectState.DONE: frozenset(),
    EffectState.REFUSED: frozenset(),
    EffectState.CANCELLED: frozenset(),
    EffectState.SKIPPED: frozenset(),
}


def sources_of(moves: Mapping[State, frozenset[State]], state: State) -> list[State]:
    """The states from which `moves` leads to `state`: the guard of every write that moves something there."""
    return [before for before, after in moves.items() if state in after]
