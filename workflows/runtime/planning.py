"""Planning: what putting a configuration into force would change, for runs that are under way as well."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection

from workflows import typed_json
from workflows.catalogue import Catalogue
from workflows.engine.migration import why_not_movable
from workflows.engine.snapshot import At
from workflows.engine.states import OVER, RunState, StepState
from workflows.engine.timing import next_scheduled
from workflows.errors import DefinitionError
from workflows.language.definition import Choose, Definition, ForEach, Parallel, all_steps
from workflows.ledger import configuration, under_way
from workflows.ledger.configuration import Applied
from workflows.ledger.database import Database
from workflows.ledger.under_way import UnderWay
from workflows.problems import Problem
from workflows.runtime.proposals import Proposal
from workflows.runtime.rules import Rules

DIGEST_LENGTH = 16

Doing = Literal["begins", "waits", "calls", "runs", "several", "ends", "cancels", "queued", "parked"]
"""What a run is at: about to take its first or its next step, a wait, a call, another run, several of these, its
on_failure steps, its cancellation, its turn, a person's word."""


def nobody(_: int) -> None:
    """Whom nothing is told."""


@dataclass(frozen=True)
class Difference:
    """What of one kind changed, by name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @classmethod
    def between(cls, before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
        return cls(
            added=tuple(sorted(after.keys() - before.keys())),
            changed=tuple(sorted(name for name in after.keys() & before.keys() if after[name] != before[name])),
            removed=tuple(sorted(before.keys() - after.keys())),
        )


@dataclass(frozen=True)
class Group:
    """Runs under way with another definition than the proposed one, that are at the same place.

    at        the steps they are at
    movable   how many of them may go on with the proposed definition
    refused   why the others may not, and how many of them
    """

    workflow: str
    definition_hash: str
    doing: Doing
    at: tuple[str, ...]
    runs: int
    movable: int
    refused: Mapping[str, int]


@dataclass(frozen=True)
class Plan:
    """What putting a proposal into force would do.

    digest      the same as long as what is in force and what is proposed stay the same
    migrates    whether the runs that may would go on with the proposed definitions; without it all stay on theirs
    again       the number under which the proposal was in force before
    schedules   when scheduled workflows that are new or changed would be started first
    runs        of all workflows; those whose definition does not change may have runs of an older one
    """

    workflows: Difference
    brands: Difference
    digest: str
    migrates: bool
    again: int | None
    warnings: tuple[Problem, ...]
    schedules: Mapping[str, datetime]
    runs: tuple[Group, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Whether exactly this is in force, and no run would move."""
        moves = self.migrates and any(group.movable for group in self.runs)
        return not moves and not any(
            (*difference.added, *difference.changed, *difference.removed)
            for difference in (self.workflows, self.brands)
        )

    @property
    def affected(self) -> int:
        """How many runs are under way with definitions that would not be in force any more."""
        names = {*self.workflows.changed, *self.workflows.removed}
        return sum(group.runs for group in self.runs if group.workflow in names)


def plan_configuration(
    database: Database,
    catalogue: Catalogue,
    proposal: Proposal,
    *,
    migrates: bool = False,
    on_seen: Callable[[int], None] = nobody,
) -> Plan:
    """Look at what `proposal` would change; nothing is written. `on_seen` is told how many runs were looked at."""
    with database.read() as connection:
        before = configuration.latest(connection)
        now = database.now(connection)
        judge = Judge(connection, Rules(catalogue), proposal)
        return Plan(
            workflows=Difference.between(before.workflows if before else {}, proposal.hashes),
            brands=Difference.between(before.brands if before else {}, proposal.brands),
            digest=digest_of(before, proposal, migrates=migrates),
            migrates=migrates,
            again=proposal.again,
            warnings=proposal.warnings,
            schedules=_schedules(before, proposal, now),
            runs=_groups(connection, judge, on_seen),
        )


def digest_of(before: Applied | None, proposal: Proposal, *, migrates: bool) -> str:
    """What tells this plan from another: by what is in force, what would be, and whether runs would move.

    Not by the runs: where there are many, some have always moved on since. Each is judged again as it is moved.
    """
    in_force = None if before is None else [before.id, dict(before.workflows), _plain(before.brands)]
    covered = [in_force, proposal.hashes, _plain(proposal.brands), proposal.again, migrates]
    return hashlib.sha256(typed_json.dump(covered).encode()).hexdigest()[:DIGEST_LENGTH]


def _plain(brands: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    return [[name, sorted(fields.items())] for name, fields in sorted(brands.items())]


def _schedules(before: Applied | None, proposal: Proposal, now: datetime) -> dict[str, datetime]:
    in_force = before.workflows if before else {}
    return {
        item.name: next_scheduled(item.trigger.schedule, now)
        for item in proposal.definitions
        if item.trigger.schedule is not None and in_force.get(item.name) != item.hash
    }


class Judge:
    """Says of runs under way whether they may go on with what is proposed; each kind of run is judged once."""

    def __init__(self, connection: Connection, rules: Rules, proposal: Proposal) -> None:
        self._connection = connection
        self._rules = rules
        self._new = {definition.name: definition for definition in proposal.definitions}
        self._verdicts: dict[tuple[str, tuple[tuple[str, str, StepState], ...]], str] = {}
        self._old: dict[str, Definition | None] = {}

    @property
    def hashes(self) -> list[str]:
        """The definitions that are proposed: their runs need no judging."""
        return [definition.hash for definition in self._new.values()]

    def why_not(self, run: UnderWay) -> str:
        """Why a run stays on its own definition, for people; "" where it may move."""
        new = self._new.get(run.workflow)
        if new is None:
            return "the workflow is not in force any more"
        if run.is_ending:
            return "it is carrying out its on_failure steps"
        if run.is_cancelling:
            return "it is being cancelled"
        kind = (run.definition_hash, run.reached)
        if kind not in self._verdicts:
            self._verdicts[kind] = self._judge(run, new)
        return self._verdicts[kind]

    def new(self, workflow: str) -> Definition | None:
        """The definition of a workflow that is proposed."""
        return self._new.get(workflow)

    def old(self, content_hash: str) -> Definition | None:
        """A definition that runs began with; None where this release cannot read it any more."""
        if content_hash not in self._old:
            try:
                found = self._rules.definition(self._connection, content_hash)
            except DefinitionError:
                found = None
            self._old[content_hash] = found
        return self._old[content_hash]

    def _judge(self, run: UnderWay, new: Definition) -> str:
        old = self.old(run.definition_hash)
        if old is None:
            return "its own definition cannot be read any more"
        return why_not_movable(old, new, {At(step, iteration): state for step, iteration, state in run.reached})


_Kind = tuple[str, str, RunState, bool, bool, tuple[tuple[str, str, StepState], ...]]


def _groups(connection: Connection, judge: Judge, on_seen: Callable[[int], None]) -> tuple[Group, ...]:
    """Runs of the same kind are counted first: there may be a hundred thousand of very few kinds."""
    kinds: Counter[_Kind] = Counter()
    examples: dict[_Kind, UnderWay] = {}
    for seen, run in enumerate(under_way.stream(connection, judge.hashes), 1):
        kind = (run.workflow, run.definition_hash, run.state, run.is_ending, run.is_cancelling, run.reached)
        kinds[kind] += 1
        examples.setdefault(kind, run)
        on_seen(seen)
    places: dict[tuple[str, str, Doing, tuple[str, ...]], Counter[str]] = {}
    for kind, count in kinds.items():
        run = examples[kind]
        place = (run.workflow, run.definition_hash, *_whereabouts(run, judge.old(run.definition_hash)))
        places.setdefault(place, Counter())[judge.why_not(run)] += count
    return tuple(
        Group(*place, sum(reasons.values()), reasons.pop("", 0), dict(reasons.most_common()))
        for place, reasons in sorted(places.items())
    )


def _whereabouts(run: UnderWay, definition: Definition | None) -> tuple[Doing, tuple[str, ...]]:
    if run.state is RunState.QUEUED:
        return "queued", ()
    if run.state is RunState.PARKED:
        return "parked", ()
    if run.is_cancelling:
        return "cancels", ()
    if run.is_ending:
        return "ends", ()
    containers = _containers(definition)
    open_ = {(step, state) for step, _, state in run.reached if state not in OVER and step not in containers}
    ids = tuple(sorted({step for step, _ in open_}))
    states = {state for _, state in open_}
    if len(states) > 1:
        return "several", ids
    return _DOING[next(iter(states))] if states else "begins", ids


_DOING: Mapping[StepState, Doing] = {
    StepState.WAITING: "waits",
    StepState.CALLING: "calls",
    StepState.RUNNING: "runs",
}


def _containers(definition: Definition | None) -> frozenset[str]:
    if definition is None:
        return frozenset()
    steps = all_steps((*definition.steps, *definition.on_failure))
    return frozenset(step.id for step in steps if isinstance(step.verb, (Choose, ForEach, Parallel)))
