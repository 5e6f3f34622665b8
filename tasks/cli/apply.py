"""`stagedoor apply`: put the configuration into force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click

from tasks.cli import surroundings
from tasks.cli.output import json_option, print_json, user
from vendors.catalogue import build_catalogue
from workflows.errors import ConfigurationError
from workflows.language.check import check_configuration
from workflows.runtime.apply import Application, Difference, apply_configuration


@click.command()
@json_option
def apply(as_json: bool) -> None:
    """Check the whole configuration and put its workflows and brands into force.

    One problem anywhere refuses all of it, and what was in force stays. Runs under way finish as they began.
    """
    problems = check_configuration(surroundings.variables(), None, build_catalogue)
    if any(problem.severity == "error" for problem in problems):
        raise ConfigurationError(problems)
    chosen = surroundings.settings()
    with surroundings.ledger(chosen) as database:
        done = apply_configuration(database, chosen, build_catalogue(chosen), by=user())
    if as_json:
        print_json({**asdict(done), "warnings": [problem.as_dict() for problem in done.warnings]})
        return
    for line in _lines(done):
        click.echo(line)


def _lines(done: Application) -> Iterator[str]:
    yield from (str(problem) for problem in done.warnings)
    yield from _changes("workflow", done.workflows)
    yield from _changes("brand", done.brands)
    yield f"configuration {done.id} is in force" if done.is_new else "nothing changed: this is in force already"


def _changes(kind: str, difference: Difference) -> Iterator[str]:
    for verb, names in asdict(difference).items():
        yield from (f"{verb} {kind} {name}" for name in names)
