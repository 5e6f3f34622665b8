"""A definition: a workflow as its file says it, ready to be decided on.

Values only; made by `workflows.language.reader`, used by the engine. docs/language.md describes every key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from workflows.language.formulas import Formula
from workflows.language.trees import Tree
from workflows.language.trials.values import Trial
from workflows.language.types import Type
from workflows.problems import Place

OnTimeout = Literal["stop", "fail", "continue"]
Conflict = Literal["queue", "skip", "replace"]


@dataclass(frozen=True)
class Once:
    """`once`: of all calls of one operation by one workflow, only one with these values is ever made."""

    values: tuple[Tree, ...]


@dataclass(frozen=True)
class Expectation:
    """One path of `expects`, such as `stats.budget`: what the step `step` read must still be so when it matters."""

    step: str
    path: tuple[str | int, ...]
    formula: Formula


@dataclass(frozen=True)
class Call:
    """Call an operation; the step's output is the vendor's answer."""

    operation: str
    inputs: Tree
    attempts: int
    within: timedelta
    operation_place: Place | None = None
    once: Once | None = None
    expects: tuple[Expectation, ...] = ()


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
class Match:
    """One equality `it.<path> == value` that says which event is meant. `value` is worked out when waiting begins."""

    path: tuple[str | int, ...]
    value: Formula
    formula: Formula


@dataclass(frozen=True)
class Awaited:
    """An event that is waited for: any of `events` that matches and came no longer ago than `lookback`."""

    name: str
    events: tuple[str, ...]
    match: Match
    lookback: timedelta = timedelta(0)
    event_places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class WaitFor:
    """Wait for events, all of `awaited` or any of them.

    The output: of a single one (whose name is "") the event itself; of `all` an object with the events by name; of
    `any` such an object with those that came, and `first`, the name of the one that did.
    """

    awaited: tuple[Awaited, ...]
    mode: Literal["one", "all", "any"]
    expires: timedelta
    on_timeout: OnTimeout = "fail"
    expires_place: Place | None = None


@dataclass(frozen=True)
class Approve:
    """Ask people. `count` different ones of the roles `roles` must approve; one who denies ends it.

    `show` are the numbers they decide on, kept as they were when they were asked. Should `expects`, read again after
    the approval, move one of them by more than `tolerance`, they are asked again. `exclude` names who may not approve:
    the `requester` who started the run by hand, the `author` who applied the definition.
    The output: `{"approved": bool, "by": [text], "at": instant, "reason": text}`.
    """

    title: Tree
    roles: tuple[str, ...]
    expires: timedelta
    count: int = 1
    exclude: frozenset[str] = frozenset({"requester"})
    show: Mapping[str, Tree] = field(default_factory=dict)
    expects: tuple[Expectation, ...] = ()
    tolerance: Any = None
    on_timeout: OnTimeout = "stop"
    on_deny: OnTimeout = "stop"
    role_places: tuple[Place, ...] = ()
    expires_place: Place | None = None


@dataclass(frozen=True)
class StopUnless:
    """End the run here unless the condition holds; the false part is recorded with its values.

    Within `for_each` it ends the item, within `parallel` the branch.
    """

    condition: Formula


@dataclass(frozen=True)
class Branch:
    """The steps that are taken where the condition holds; None: otherwise."""

    condition: Formula | None
    steps: tuple[Step, ...]
    place: Place


@dataclass(frozen=True)
class Choose:
    """Take the steps of the first branch whose condition holds; none, where none does. Gives nothing to read."""

    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class ForEach:
    """Take the steps for every item of a list, at most `concurrency` items at a time.

    The output: `{"done": n, "stopped": n, "failed": n, "items": [{"state": text, "reason": text, "result": …}]}`,
    `result` only where `result` says what it is. With `on_item_error` "fail" an item that fails keeps those behind it
    from being begun, and fails the step.
    """

    items: Tree
    steps: tuple[Step, ...]
    at_most: int
    concurrency: int = 1
    on_item_error: Literal["continue", "fail"] = "continue"
    result: Tree | None = None


@dataclass(frozen=True)
class Parallel:
    """Take branches beside each other until `all` are done, or until `any` is; then the others are given up.

    The output: `{"first": name, "branches": {name: {"state": text, "reason": text}}}`, `first` the one that was done
    first ("" where none was).
    """

    branches: Mapping[str, tuple[Step, ...]]
    until: Literal["all", "any"] = "all"


@dataclass(frozen=True)
class SubRun:
    """Run another workflow, one that is started by hand (`when: manual`); the output is its `result`."""

    workflow: str
    inputs: Tree
    workflow_place: Place | None = None


@dataclass(frozen=True)
class Emit:
    """Write an event of our own, `stagedoor.<name>`, that workflows may listen to. Without `subject` that of the event
    the run began with."""

    event: str
    data: Tree
    subject: Tree | None = None
    event_place: Place | None = None


Verb = Call | Set | Wait | WaitFor | Approve | StopUnless | Choose | ForEach | Parallel | SubRun | Emit


@dataclass(frozen=True)
class Step:
    """One step; `id` is unique in the definition.

    on_error  what its failure brings: stop | fail | continue | the id of a later step beside it
    timeout   how long it may take, for those that may take long: call, run, for_each, parallel
    was       ids it had in earlier versions, for runs that are migrated
    """

    id: str
    verb: Verb
    place: Place
    condition: Formula | None = None
    on_error: str = "fail"
    timeout: timedelta | None = None
    was: tuple[str, ...] = ()
    on_error_place: Place | None = None


@dataclass(frozen=True)
class Input:
    """A typed input of a workflow that is started by hand or by another workflow; `default` None: it must be given."""

    type: Type
    default: Any = None
    description: str = ""


@dataclass(frozen=True)
class Schedule:
    """A time pattern in cron's five fields, by the clocks of an IANA zone."""

    cron: str
    zone: str


@dataclass(frozen=True)
class Trigger:
    """What starts a run: any of `events` where the condition holds, a schedule, or a person (`manual`: its inputs).

    `stale_after`: an event that happened longer ago is parked for a person. `brand` is whom a run without a source
    speaks for; "" where there is only one.
    """

    events: tuple[str, ...] = ()
    where: Formula | None = None
    event_places: tuple[Place, ...] = ()
    stale_after: timedelta | None = None
    schedule: Schedule | None = None
    manual: Mapping[str, Input] | None = None
    brand: str = ""
    brand_place: Place | None = None
    place: Place | None = None


@dataclass(frozen=True)
class Concurrency:
    """At most `limit` runs at a time of those with the same `by` (None: the same key)."""

    limit: int = 1
    on_conflict: Conflict = "queue"
    by: Formula | None = None


@dataclass(frozen=True)
class Cancel:
    """Events that cancel the run: any of `events` that matches."""

    events: tuple[str, ...]
    match: Match
    event_places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Debounce:
    """Of events with the same `by` (None: the same key) only the last one starts a run: when none has followed for
    `quiet`, or when the first is `at_most` old."""

    quiet: timedelta
    at_most: timedelta
    by: Formula | None = None


@dataclass(frozen=True)
class Batch:
    """Events with the same `by` (None: the same brand) start one run together: when there are `count`, or when the
    first is `within` old. The run's event is a `stagedoor.batch`; its key is the value of `by`."""

    count: int
    within: timedelta
    by: Formula | None = None


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
    concurrency: Concurrency | None = None
    cancel_on: Cancel | None = None
    debounce: Debounce | None = None
    batch: Batch | None = None
    on_failure: tuple[Step, ...] = ()
    result: Tree | None = None


def inner_steps(verb: Verb) -> tuple[tuple[Step, ...], ...]:
    """The sequences of steps within a step, in the order written."""
    match verb:
        case Choose(branches):
            return tuple(branch.steps for branch in branches)
        case ForEach(steps=steps):
            return (steps,)
        case Parallel(branches=named):
            return tuple(named.values())
    return ()


def all_steps(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Every step of a sequence, those within steps right behind them."""
    for step in steps:
        yield step
        for inner in inner_steps(step.verb):
            yield from all_steps(inner)
