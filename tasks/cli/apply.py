"""`stagedoor apply`: put the configuration into force, or what was in force before."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from tasks.cli import surroundings
from tasks.cli.identity import as_option, who
from tasks.cli.output import json_option, print_json
from tasks.cli.plans import Desk, desk, plan_lines, progress, rollback_option
from workflows.errors import StagedoorError
from workflows.runtime.apply import Application, apply_proposal
from workflows.runtime.planning import Difference, Plan


class NeedsAgreement(StagedoorError):
    """Runs are under way with what this changes, and nobody has said that the plan was seen."""


@click.command()
@click.option("--digest", help="What `stagedoor plan` showed: apply that, or nothing.")
@click.option("--migrate", "migrates", is_flag=True, help="Move runs under way to the new definitions where they may.")
@rollback_option
@click.option("--yes", is_flag=True, help="Do not ask, even where runs are under way with what changes.")
@as_option
@json_option
def apply(digest: str | None, migrates: bool, rollback: int | None, yes: bool, name: str | None, as_json: bool) -> None:
    """Check the whole configuration and put its workflows and brands into force.

    One mistake anywhere refuses all of it, and what was in force stays; a warning (W…) is told and refuses nothing.
    Runs under way finish as they began; where there are any on a definition that is changed or removed, the plan's
    --digest is asked for, or --yes. --migrate always needs the digest.
    """
    if migrates and digest is None:
        raise click.UsageError("--migrate needs --digest: see what would move by `stagedoor plan --migrate`")
    with desk(rollback) as found:
        by = who(surroundings.settings(), name).name
        for warning in () if as_json else found.proposal.warnings:
            click.echo(warning)
        agreed = digest or _agreed(found, asks=not yes, shows=not as_json)
        with progress("moves runs", found.runs() if migrates else 0) as on_moved:
            done = apply_proposal(
                found.database,
                found.catalogue,
                found.proposal,
                by=by,
                digest=agreed,
                migrates=migrates,
                on_moved=on_moved,
            )
    if as_json:
        print_json({**asdict(done), "warnings": [problem.as_dict() for problem in done.warnings]})
        return
    for line in _lines(done):
        click.echo(line)


def _agreed(found: Desk, *, asks: bool, shows: bool) -> str:
    """The digest of the plan, once somebody has agreed to it where that is needed. Raises NeedsAgreement."""
    plan = found.plan(migrates=False)
    if shows and (plan.again is not None or (asks and plan.affected)):
        for line in plan_lines(plan):
            click.echo(line)
    if asks and plan.affected:
        _ask(plan)
    return plan.digest


def _ask(plan: Plan) -> None:
    if sys.stdin.isatty():
        click.confirm("Put this into force?", abort=True, err=True)
        return
    raise NeedsAgreement(
        f"runs under way with definitions that this changes or removes, which would stay on them: {plan.affected}."
        " Say that you have seen it: --digest with what `stagedoor plan` shows, or --yes"
    )


def _lines(done: Application) -> Iterator[str]:
    yield from _changes("workflow", done.workflows)
    yield from _changes("brand", done.brands)
    for workflow, count in done.moved.items():
        yield f"moved {count} {'run' if count == 1 else 'runs'} of {workflow} to the definition in force now"
    if done.busy:
        yield f"{done.busy} more could have moved, but something was just happening to them: plan again"
    if done.is_new:
        yield f"configuration {done.id} is in force"
    elif not done.moved:
        yield "nothing changed: this is in force already"


def _changes(kind: str, difference: Difference) -> Iterator[str]:
    for verb, names in asdict(difference).items():
        yield from (f"{verb} {kind} {name}" for name in names)
