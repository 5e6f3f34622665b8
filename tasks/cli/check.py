"""`stagedoor check`: every mistake in the configuration and the workflows, each with its place."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import click

from tasks.cli import surroundings
from vendors.catalogue import build_catalogue
from workflows.language.check import check_configuration
from workflows.language.reports import as_json, as_sarif, as_text
from workflows.problems import Problem


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True)
def check(paths: tuple[Path, ...], form: str) -> int:
    """Look at stagedoor.yml and the workflows in PATHS: files or folders, by default those of the configuration.

    Exit status 1 when there is a mistake; a warning alone is none.
    """
    problems = check_configuration(surroundings.variables(), None, build_catalogue, paths)
    match form:
        case "json":
            click.echo(as_json(problems))
        case "sarif":
            click.echo(as_sarif(problems, version("stagedoor")))
        case _:
            _tell(problems)
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _tell(problems: list[Problem]) -> None:
    click.echo(as_text(problems) or "no mistakes")
