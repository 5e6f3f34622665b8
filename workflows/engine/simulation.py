"""A simulation: what a workflow would do about events, with vendors who are played from memory, and at what cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.engine.rehearsal import Asked, Decided, Played, Rehearsal
from workflows.engine.stage import Stage
from workflows.engine.standins import Contacting, Spending, StandIns, sums_of
from workflows.engine.trials import Cast, Props
from workflows.events import BATCH, Event
from workflows.language.definition import Definition
from workflows.language.formulas import shown
from workflows.language.trials.values import GivenApproval, Mock
from workflows.values import Money


@dataclass(frozen=True)
class Coming:
    """An event that comes at an instant; `is_own`: the workflow is started with it, by hand or by the clock."""

    event: Event
    at: datetime
    is_own: bool = False


@dataclass(frozen=True)
class Simulated:
    """What came of it, what would be spent and who written to."""

    definition: Definition
    played: Played
    spent: tuple[Spending, ...]
    contacted: tuple[Contacting, ...]

    @property
    def money(self) -> dict[str, Money]:
        """What would be spent at most, by currency, as far as operations declare it."""
        return sums_of([more for one in self.spent if (more := one.more) is not None])

    @property
    def runs(self) -> list[Rehearsal]:
        """The runs that events began, without those that runs began."""
        return [run for run in self.played.runs if run.parent is None]


class _Crowd(Cast):
    """A cast that decides as one, where nothing is said of a question."""

    def __init__(self, decision: str, *cast: Any) -> None:
        super().__init__(*cast)
        self._decision = decision

    def decide(self, asked: Asked) -> Decided | None:
        if self._decision == "nobody":
            return None
        count = asked.question.count
        by = tuple(f"somebody {number + 1}" for number in range(count)) if count > 1 else ("somebody",)
        return Decided(self._decision == "approve", by)


def simulate(
    definition: Definition,
    coming: Sequence[Coming],
    props: Props,
    *,
    mocks: Sequence[Mock] = (),
    decision: str = "approve",
    brand: str = "",
    seen: set[tuple[str, str]] | None = None,
    told: Callable[[datetime], None] = lambda now: None,
) -> Simulated:
    """Play `definition` over `coming`, which must not be empty.

    What vendors require counts as given where `seen`, the milestones before, is None. Every question is answered with
    `decision`: approve, deny or nobody. Raises Unanswered where a step reads what nothing is said of.
    """
    no_approvals: tuple[GivenApproval, ...] = ()
    players = StandIns(_Crowd(decision, [definition, *props.definitions.values()], mocks, no_approvals, props))
    first = brand or next(iter(props.brands), "")
    stage = Stage(
        [definition],
        now=min(one.at for one in coming),
        catalogue=props.catalogue,
        brands=lambda name: props.brands.get(name or first, {}),
        players=players,
        seen=None if seen is None else set(seen),
    )
    for one in coming:
        if one.is_own:
            stage.start(definition, one.event, one.at)
        else:
            stage.bring(one.event, one.at)
    return Simulated(definition, stage.play(told), tuple(players.spent), tuple(players.contacted))


@dataclass(frozen=True)
class Difference:
    """What would be otherwise about one event."""

    event: Event | None
    key: str
    lines: tuple[str, ...]


def differences(before: Simulated, after: Simulated) -> list[Difference]:
    """Run by run, what differs between two simulations of the same events."""
    one, other = _by_event(before), _by_event(after)
    found: list[Difference] = []
    for identity in dict.fromkeys([*one, *other]):
        lines = tuple(_differing(one.get(identity), other.get(identity)))
        run = one.get(identity) or other.get(identity)
        if lines and run is not None:
            found.append(Difference(run.event, run.key, lines))
    return found


def _by_event(simulated: Simulated) -> dict[str, Rehearsal]:
    """The run, or the reason there is none, by what it began with."""
    found = (*simulated.runs, *simulated.played.declined)
    return {_identity(run, run.event): run for run in found if run.event is not None}


def _identity(run: Rehearsal, event: Event) -> str:
    """What tells the event of a run in both simulations; those that were made on the stage have other ids in each."""
    return event.id if event.cause is None and event.type != BATCH else f"{event.type} {event.subject} {run.began_at}"


def _differing(before: Rehearsal | None, after: Rehearsal | None) -> Iterator[str]:
    if before is None or after is None:
        yield "now no run begins with it" if after is None else "a run begins with it that did not before"
        return
    if (before.status, before.at) != (after.status, after.at):
        yield f"it was {_ended(before)}, and would be {_ended(after)}"
    calls_before, calls_after = _calls(before), _calls(after)
    if calls_before != calls_after:
        yield from (f"no longer: {call}" for call in calls_before if call not in calls_after)
        yield from (f"new: {call}" for call in calls_after if call not in calls_before)
        if sorted(calls_before) == sorted(calls_after):
            yield "the same calls in another order"
    asked_before, asked_after = [one.step for one in before.asked], [one.step for one in after.asked]
    if asked_before != asked_after:
        yield f"people were asked {_listed(asked_before)}, and would be {_listed(asked_after)}"
    if before.elapsed != after.elapsed:
        yield f"it took {shown(before.elapsed)}, and would take {shown(after.elapsed)}"


def _ended(run: Rehearsal) -> str:
    at = f" at {run.at}" if run.at else ""
    return f"{run.status.replace('_', ' ')}{at}"


def _calls(run: Rehearsal) -> list[str]:
    return [f"{call.operation} {shown_inputs(call.inputs)}" for call in run.calls if not call.rereads]


def shown_inputs(inputs: Mapping[str, Any]) -> str:
    """Inputs in one line."""
    return "{" + ", ".join(f"{name}: {shown(value)}" for name, value in inputs.items()) + "}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"
