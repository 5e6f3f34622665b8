"""`stagedoor test`: the workflows' own tests, with vendors who are played and a clock that need not wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from tasks.cli import surroundings
from tasks.cli.output import json_option, print_json
from vendors.catalogue import build_catalogue
from workflows.engine.trials import Held, Report, hold_trials
from workflows.errors import ConfigurationError
from workflows.language.check import check_configuration, folder_of, read_workflows
from workflows.settings import read_settings


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@json_option
def test(paths: tuple[Path, ...], as_json: bool) -> int:
    """Run the tests in the workflows of PATHS: files or folders, by default those of the configuration.

    No vendor is called and nothing is written down. Exit status 1 when a test fails, or when `stagedoor check` would
    find a mistake.
    """
    reports = _reports(paths)
    if as_json:
        print_json([_as_row(report) for report in reports])
    else:
        for report in reports:
            _tell(report)
        click.echo(_summary(reports))
    return 0 if all(one.is_ok for report in reports for one in report.held) else 1


def _reports(paths: Sequence[Path]) -> list[Report]:
    """How each workflow's tests went, by the workflows' names. Raises ConfigurationError."""
    variables = surroundings.variables()
    problems = check_configuration(variables, None, build_catalogue, paths)
    if any(problem.severity == "error" for problem in problems):
        raise ConfigurationError(problems)
    folder = folder_of(variables, paths)
    settings = read_settings(variables, folder)
    catalogue = build_catalogue(settings)
    definitions, _ = read_workflows(paths or [folder])
    return [hold_trials(definition, settings.brands, catalogue) for definition in definitions]


def _tell(report: Report) -> None:
    click.secho(report.workflow, bold=True)
    for line in _lines(report):
        click.echo(line)


def _lines(report: Report) -> Iterator[str]:
    for one in report.held:
        yield f"  {_verdict(one)} {one.trial.name}" + ("" if one.is_ok else f" ({one.trial.place})")
        yield from (f"       {difference}" for difference in one.differences)
    if not report.held:
        yield "  has no tests"
    elif report.unreached:
        yield f"  carried out in no test: {', '.join(report.unreached)}"


def _verdict(one: Held) -> str:
    return click.style("ok  ", fg="green") if one.is_ok else click.style("FAIL", fg="red")


def _summary(reports: Sequence[Report]) -> str:
    held = [one for report in reports for one in report.held]
    failed = sum(1 for one in held if not one.is_ok)
    unreached = sum(len(report.unreached) for report in reports)
    tests = f"{_counted(len(held), 'test')} of {_counted(len(reports), 'workflow')}"
    reached = "every step was carried out" if not unreached else f"{_counted(unreached, 'step')} carried out in no test"
    return f"{tests}: {failed or 'none'} failed; {reached}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _as_row(report: Report) -> dict[str, Any]:
    """`{"workflow", "tests": [{"name", "place", "ok", "differences", …}], "unreached": [step]}`."""
    return {
        "workflow": report.workflow,
        "tests": [_test_row(one) for one in report.held],
        "unreached": list(report.unreached),
    }


def _test_row(one: Held) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": one.trial.name,
        "place": str(one.trial.place),
        "ok": one.is_ok,
        "differences": list(one.differences),
    }
    if one.rehearsal is not None:
        played = one.rehearsal
        row |= {
            "status": played.status,
            "at": played.at,
            "reason": played.reason,
            "elapsed_seconds": played.elapsed.total_seconds(),
            "calls": [{"step": call.step, "operation": call.operation, "inputs": call.inputs} for call in played.calls],
            "waits": [{"step": wait.step, "since": wait.since, "until": wait.until} for wait in played.waits],
        }
    return row
