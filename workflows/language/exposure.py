"""Exposure: the most money a workflow can spend, and the most people it can write to, in a day, by its own limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from cronsim import CronSim

from workflows.catalogue import Catalogue, Operation
from workflows.language.bounds import Bounds
from workflows.language.definition import (
    Call,
    Definition,
    ForEach,
    Step,
    SubRun,
    Wait,
    all_steps,
    inner_steps,
)
from workflows.language.formulas import Formula
from workflows.language.names import paths_of
from workflows.language.trees import FormulaLeaf, Literal, ObjectTree, Tree
from workflows.language.trials.events import DEFAULT_NOW
from workflows.values import Money

DAY = timedelta(days=1)


@dataclass(frozen=True)
class CallExposure:
    """What the calls of one step can cause.

    money       of one call, at most; None where no figure says, or none is spent
    people      whom one call can write to, likewise
    as_much_as  what does say, where no figure does: the formula, or the operation's own words
    a_day       calls in a day at most; None: nothing bounds them
    """

    step: str
    operation: str
    spends: bool
    contacts: bool
    money: Money | None
    people: int | None
    as_much_as: str
    a_day: int | None


@dataclass(frozen=True)
class Exposure:
    """What one workflow can cause. `runs_a_day` None: nothing bounds them. Calls that cost nothing are left out."""

    workflow: str
    runs_a_day: int | None
    calls: tuple[CallExposure, ...]

    @property
    def money_a_day(self) -> Mapping[str, Decimal] | None:
        """By currency; None where it is not bounded, or not known."""
        totals: dict[str, Decimal] = {}
        for call in self.calls:
            if not call.spends:
                continue
            if call.money is None or call.a_day is None:
                return None
            totals[call.money.currency] = totals.get(call.money.currency, Decimal(0)) + call.money.amount * call.a_day
        return totals

    @property
    def people_a_day(self) -> int | None:
        """None where it is not bounded, or not known."""
        total = 0
        for call in self.calls:
            if call.contacts:
                if call.people is None or call.a_day is None:
                    return None
                total += call.people * call.a_day
        return total


def exposures(
    definitions: Sequence[Definition],
    catalogue: Catalogue,
    brands: Mapping[str, Mapping[str, Any]],
    beside: Sequence[Definition] = (),
) -> list[Exposure]:
    """The exposure of each definition without mistakes; that of workflows it runs, perhaps `beside`, is part of it."""
    by_name = {definition.name: definition for definition in (*beside, *definitions)}
    return [_exposure(definition, by_name, catalogue, brands) for definition in definitions]


def _exposure(
    definition: Definition,
    by_name: Mapping[str, Definition],
    catalogue: Catalogue,
    brands: Mapping[str, Mapping[str, Any]],
) -> Exposure:
    runs = runs_a_day(definition)
    calls = []
    for owner, step, times in _calls(definition, by_name, ()):
        assert isinstance(step.verb, Call)
        operation = catalogue.operations.get(step.verb.operation)
        if operation is None or not (operation.spends or operation.contacts):
            continue
        a_day = _least(None if runs is None else runs * times, _vendors_limit(operation, catalogue), _once(step.verb))
        call = _call(step, step.verb, operation, Bounds(owner, brands), a_day)
        calls += [call] if call.spends or call.contacts else []
    return Exposure(definition.name, runs, tuple(calls))


def runs_a_day(definition: Definition) -> int | None:
    """How many runs can begin in a day at most; None where nothing bounds them."""
    trigger, bounds = definition.trigger, []
    if trigger.schedule is not None:
        cron = CronSim(trigger.schedule.cron, DEFAULT_NOW)
        hours = len(cron.hours)
        # On the day the clocks go back an hour that is there twice counts twice, where every hour is meant.
        bounds.append(len(cron.minutes) * (hours + 1 if hours == 24 else hours))
    concurrency, shortest = definition.concurrency, _shortest(definition.steps)
    if concurrency is not None and _is_one_for_all(concurrency.by) and shortest:
        bounds.append(concurrency.limit * (DAY // shortest + 1))
    if definition.debounce is not None and _is_one_for_all(definition.debounce.by):
        bounds.append(DAY // definition.debounce.quiet + 1)
    return min(bounds, default=None)


def _calls(
    definition: Definition, by_name: Mapping[str, Definition], within: tuple[str, ...]
) -> Iterator[tuple[Definition, Step, int]]:
    """Every call a run can make, whose workflow it stands in, and how often one run can make it."""
    if definition.name in within:
        return
    for step, times in _with_times((*definition.steps, *definition.on_failure), 1):
        if isinstance(step.verb, Call):
            yield definition, step, times
        elif isinstance(step.verb, SubRun) and step.verb.workflow in by_name:
            inner = _calls(by_name[step.verb.workflow], by_name, (*within, definition.name))
            yield from ((owner, call, times * count) for owner, call, count in inner)


def _with_times(steps: tuple[Step, ...], times: int) -> Iterator[tuple[Step, int]]:
    for step in steps:
        yield step, times
        inside = times * step.verb.at_most if isinstance(step.verb, ForEach) else times
        for inner in inner_steps(step.verb):
            yield from _with_times(inner, inside)


def _call(step: Step, call: Call, operation: Operation, bounds: Bounds, a_day: int | None) -> CallExposure:
    spent = _input(call.inputs, operation.spends_at)
    reached = _input(call.inputs, operation.contacts_at)
    # What is not given is not changed, and costs nothing.
    spends = bool(operation.spends) and not (operation.spends_at and spent is None)
    money = bounds.money(spent) if spends else None
    people = bounds.length(reached) if operation.contacts else None
    says = ""
    if spends and money is None:
        says = spent.formula.text.strip() if isinstance(spent, FormulaLeaf) else operation.spends
    elif operation.contacts and people is None:
        says = reached.formula.text.strip() if isinstance(reached, FormulaLeaf) else operation.contacts
    return CallExposure(step.id, operation.name, spends, bool(operation.contacts), money, people, says, a_day)


def _input(inputs: Tree, path: str) -> Tree | None:
    found: Tree | None = inputs if path else None
    for name in path.split("."):
        found = dict(found.entries).get(name) if isinstance(found, ObjectTree) else found
    return found


def _vendors_limit(operation: Operation, catalogue: Catalogue) -> int | None:
    limits = catalogue.limits(operation.vendor)
    per_day = (limit.count * max(1, int(DAY.total_seconds() / limit.seconds)) for limit in limits)
    return min(per_day, default=None)


def _once(call: Call) -> int | None:
    """1 where what the call is made once for is always the same."""
    values = call.once.values if call.once else None
    return 1 if values and all(_is_constant(value) for value in values) else None


def _is_constant(tree: Tree) -> bool:
    return isinstance(tree, Literal) or (isinstance(tree, FormulaLeaf) and _is_one_for_all(tree.formula))


def _is_one_for_all(by: Formula | None) -> bool:
    """Whether a key is the same for all runs of a workflow. Where none is said, it is the run's own."""
    return by is not None and all(path.root == "vars" for path in paths_of(by))


def _shortest(steps: tuple[Step, ...]) -> timedelta:
    """How long a run takes at least that makes a call: the waits before the first one."""
    total = timedelta(0)
    for step in steps:
        if any(isinstance(one.verb, (Call, SubRun)) for one in all_steps((step,))):
            break
        if isinstance(step.verb, Wait) and step.condition is None and step.verb.from_ is None:
            length = step.verb.for_.value if isinstance(step.verb.for_, Literal) else None
            total += length if isinstance(length, timedelta) else timedelta(0)
    return total


def _least(*bounds: int | None) -> int | None:
    return min((bound for bound in bounds if bound is not None), default=None)
