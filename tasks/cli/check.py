"""`stagedoor check`: every mistake in the configuration and the workflows, each with its place."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import click

from tasks.cli import surroundings
from vendors.catalogue import build_catalogue
from workflows.language.check import Examination, examine_configuration
from workflows.language.reports import as_json, as_sarif, as_text, exposures_as_text


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True)
def check(paths: tuple[Path, ...], form: str) -> int:
    """Look at stagedoor.yml and the workflows in PATHS: files or folders, by default those of the configuration.

    Exit status 1 when there is a mistake; a warning (W…) alone is none. Of workflows without a mistake it also tells
    how much money they can spend in a day, and how many people they can write to, by their own limits.
    """
    found = examine_configuration(surroundings.variables(), None, build_catalogue, paths)
    problems = found.problems
    match form:
        case "json":
            click.echo(as_json(problems, found.exposures))
        case "sarif":
            click.echo(as_sarif(problems, version("stagedoor")))
        case _:
            _tell(found)
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _tell(found: Examination) -> None:
    click.echo(as_text(found.problems) or "no mistakes")
    exposed = exposures_as_text(found.exposures)
    if exposed:
        click.echo(f"\n{exposed}")
