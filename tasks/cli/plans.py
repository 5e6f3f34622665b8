"""Plans as commands show them: what a configuration would change, and what becomes of the runs under way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import click

from tasks.cli import surroundings
from tasks.cli.output import words
from vendors.catalogue import build_catalogue
from workflows.catalogue import Catalogue
from workflows.errors import ConfigurationError
from workflows.language.check import check_configuration
from workflows.ledger import under_way
from workflows.ledger.database import Database
from workflows.runtime.planning import Doing, Group, Plan, plan_configuration
from workflows.runtime.proposals import Proposal, propose, propose_again

BEFORE = 0
"""`--rollback` without a number: what was in force before."""
HIGHEST = 2**31 - 1
"""The highest number that a column of the ledger holds."""
SHORT = 7
"""Digits of a definition's hash that people are shown."""
STEPS_AT_ONCE = 500

rollback_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--rollback",
    type=click.IntRange(BEFORE, HIGHEST),
    is_flag=False,
    flag_value=BEFORE,
    metavar="[NUMBER]",
    help="Not the files, but what was in force before, or under this number.",
)


@dataclass(frozen=True)
class Desk:
    """What planning and applying work with."""

    database: Database
    catalogue: Catalogue
    proposal: Proposal

    def runs(self) -> int:
        """How many runs are under way with other definitions than the proposed ones."""
        with self.database.read() as connection:
            return under_way.count(connection, self.proposal.hashes.values())

    def plan(self, *, migrates: bool) -> Plan:
        """The plan, with progress where somebody watches."""
        with progress("looks at runs", self.runs()) as on_seen:
            return plan_configuration(self.database, self.catalogue, self.proposal, migrates=migrates, on_seen=on_seen)


@contextmanager
def desk(rollback: int | None) -> Iterator[Desk]:
    """What stands in the files, or was in force before, ready to be planned. Raises ConfigurationError."""
    if rollback is None:
        problems = check_configuration(surroundings.variables(), None, build_catalogue)
        if any(problem.severity == "error" for problem in problems):
            raise ConfigurationError(problems)
    chosen = surroundings.settings()
    catalogue = build_catalogue(chosen)
    with surroundings.ledger(chosen) as database:
        if rollback is None:
            proposal = propose(chosen, catalogue)
        else:
            with database.read() as connection:
                proposal = propose_again(connection, chosen, catalogue, rollback or None)
        yield Desk(database, catalogue, proposal)


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar for those who watch, as a function that is told how many of `total` are done."""
    shown = 0
    with click.progressbar(
        length=total, label=label, file=sys.stderr, hidden=not sys.stderr.isatty(), update_min_steps=STEPS_AT_ONCE
    ) as bar:

        def show(done: int) -> None:
            nonlocal shown
            bar.update(done - shown)
            shown = done

        yield show


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """The form of `--json`."""
    warnings = [problem.as_dict() for problem in plan.warnings]
    return {**asdict(plan), "warnings": warnings, "affected": plan.affected, "is_empty": plan.is_empty}


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan in words, but for its warnings."""
    if plan.again is not None:
        yield f"back to configuration {plan.again}"
    changed = set()
    for verb, names in (
        ("adds", plan.workflows.added),
        ("changes", plan.workflows.changed),
        ("removes", plan.workflows.removed),
    ):
        for name in names:
            changed.add(name)
            yield f"{verb} workflow {name}"
            yield from _of_workflow(plan, name)
    for name in sorted({group.workflow for group in plan.runs} - changed):
        yield f"workflow {name} stays as it is"
        yield from _of_workflow(plan, name)
    for verb, names in (
        ("adds", plan.brands.added),
        ("changes", plan.brands.changed),
        ("removes", plan.brands.removed),
    ):
        yield from (f"{verb} brand {name}" for name in names)
    if plan.is_empty:
        yield "nothing changes: this is in force already"
    else:
        yield f"`stagedoor apply{_options(plan)} --digest {plan.digest}` puts this into force"


def _options(plan: Plan) -> str:
    rollback = "" if plan.again is None else f" --rollback {plan.again}"
    return f"{rollback}{' --migrate' if plan.migrates else ''}"


def _of_workflow(plan: Plan, name: str) -> Iterator[str]:
    if name in plan.schedules:
        yield f"  is started first at {words(plan.schedules[name])}"
    is_removed = name in plan.workflows.removed
    yield from (f"  {_sentence(group, plan.migrates, is_removed)}" for group in plan.runs if group.workflow == name)


_DOING: dict[Doing, tuple[str, str]] = {
    "begins": ("is about to go on", "are about to go on"),
    "waits": ("waits at", "wait at"),
    "calls": ("is at the call", "are at the call"),
    "runs": ("is at the run of another workflow,", "are at the run of another workflow,"),
    "several": ("is at", "are at"),
    "ends": ("carries out its on_failure steps", "carry out their on_failure steps"),
    "cancels": ("is being cancelled", "are being cancelled"),
    "queued": ("is queued", "are queued"),
    "parked": ("is parked", "are parked"),
}


def _sentence(group: Group, migrates: bool, is_removed: bool) -> str:
    """`17 runs wait at `morning` on a1b2c3d; they stay; `--migrate` is possible for 4; 13 refused: …`."""
    one = group.runs == 1
    where = "".join(f" `{step}`" for step in group.at)
    said = f"{_runs(group.runs)} {_DOING[group.doing][not one]}{where} on {group.definition_hash[:SHORT]}"
    stays = "it stays" if one else "they stay"
    why = ", ".join(_reason(reason, count, group) for reason, count in group.refused.items())
    if is_removed:
        return f"{said}; {stays}"
    if not migrates:
        possible = f"; `--migrate` is possible for {group.movable}" if group.movable else ""
        refused = f"; {_refused(group)}: {why}" if why else ""
        return f"{said}; {stays}{possible}{refused}"
    moves = f"; {group.movable} {'moves' if group.movable == 1 else 'move'}" if group.movable else ""
    kept = sum(group.refused.values())
    return f"{said}{moves}" + (f"; {kept} {'stays' if kept == 1 else 'stay'}: {why}" if why else "")


def _refused(group: Group) -> str:
    return f"{sum(group.refused.values())} refused"


def _reason(reason: str, count: int, group: Group) -> str:
    return reason if len(group.refused) == 1 else f"{reason} ({count})"


def _runs(count: int) -> str:
    return f"{count} run" if count == 1 else f"{count} runs"
