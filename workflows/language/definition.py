"""A definition: a workflow as its file says it, ready to be decided on.

Values only; made by `workflows.language.reader`, used by the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from workflows.language.formulas import Formula
from workflows.language.trees import Tree
from workflows.language.trials.values import Trial
from workflows.problems import Place


@dataclass(frozen=True)
class Call:
    """Call an operation; the step's output is the vendor's answer."""

    operation: str
    inputs: Tree
    attempts: int
    within: timedelta
    operation_place: Place | None = None


@dataclass(frozen=True)
class Set:
    """Compute values; the output is an object of them. A later value may use an earlier one by `<step>.<name>`."""

    values: Mapping[str, Tree]


@dataclass(frozen=True)
class Wait:
    """Let time pass: `for` a duration (counted from `from_`, else from now), or `until` a time of day in `zone`.

    Exactly one of `for_` and `until` is set. `until` is `HH:MM` or a formula that gives an instant; `zone` (an IANA
    name) goes with a time of day.
    """

    for_: Tree | None = None
    from_: Tree | None = None
    until: Tree | None = None
    zone: Tree | None = None


@dataclass(frozen=True)
class StopUnless:
    """End the run here unless the condition holds; the false part is recorded with its values."""

    condition: Formula


Verb = Call | Set | Wait | StopUnless


@dataclass(frozen=True)
class Step:
    """One step; `id` is unique in the definition. `on_error` says what a refused or exhausted call does."""

    id: str
    verb: Verb
    place: Place
    condition: Formula | None = None
    on_error: str = "fail"  # stop | fail | continue


@dataclass(frozen=True)
class Trigger:
    """Which events start a run: any of `events`, where the condition holds."""

    events: tuple[str, ...]
    where: Formula | None = None
    event_places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Definition:
    """One workflow. `hash` is the SHA-256 of `source`, the exact text it was read from."""

    name: str
    description: str
    owner: str
    variables: Mapping[str, Any]
    trigger: Trigger
    key: Formula | None
    expires: timedelta
    steps: tuple[Step, ...]
    source: str
    hash: str
    tests: tuple[Trial, ...] = ()
