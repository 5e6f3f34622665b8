"""`stagedoor test`: the workflows' own tests, with vendors and people who are played and a clock that need not wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from tasks.cli import rehearsals
from tasks.cli.output import json_option, print_json
from workflows.engine.trials import Held, Report, hold_trials


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--coverage", is_flag=True, help="List the steps, and the ways steps can go, that no test carries out.")
@json_option
def test(paths: tuple[Path, ...], *, coverage: bool, as_json: bool) -> int:
    """Run the tests in the workflows of PATHS: files or folders, by default those of the configuration.

    No vendor is called and nothing is written down. Exit status 1 when a test fails, or when `stagedoor check` would
    find a mistake.
    """
    known = rehearsals.read(paths)
    reports = [hold_trials(definition, known.props) for definition in known.definitions]
    if as_json:
        print_json([_as_row(report) for report in reports])
    else:
        for report in reports:
            click.secho(report.workflow, bold=True)
            for line in _lines(report, coverage):
                click.echo(line)
        click.echo(_summary(reports))
    return 0 if all(one.is_ok for report in reports for one in report.held) else 1


def _lines(report: Report, coverage: bool) -> Iterator[str]:
    for one in report.held:
        yield f"  {_verdict(one)} {one.trial.name}" + ("" if one.is_ok else f" ({one.trial.place})")
        yield from (f"       {difference}" for difference in one.differences)
    if not report.held:
        yield "  has no tests"
    elif coverage:
        yield from (f"  no test carries out {step}" for step in report.coverage.missed_steps)
        reached = (way for way in report.coverage.missed_ways if way.step not in report.coverage.missed_steps)
        yield from (f"  in no test {way}" for way in reached)
    elif report.coverage.missed_steps:
        yield f"  carried out in no test: {', '.join(report.coverage.missed_steps)}"


def _verdict(one: Held) -> str:
    return click.style("ok  ", fg="green") if one.is_ok else click.style("FAIL", fg="red")


def _summary(reports: Sequence[Report]) -> str:
    held = [one for report in reports for one in report.held]
    failed = sum(1 for one in held if not one.is_ok)
    steps = sum(len(report.coverage.steps) for report in reports)
    ways = sum(len(report.coverage.ways) for report in reports)
    carried_out = steps - sum(len(report.coverage.missed_steps) for report in reports)
    gone = ways - sum(len(report.coverage.missed_ways) for report in reports)
    tests = f"{_counted(len(held), 'test')} of {_counted(len(reports), 'workflow')}"
    covered = f"{carried_out} of {_counted(steps, 'step')} carried out, {gone} of {_counted(ways, 'way')} they can go"
    return f"{tests}: {failed or 'none'} failed; {covered}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _as_row(report: Report) -> dict[str, Any]:
    """`{"workflow", "tests": [{"name", "place", "ok", "differences", …}], "coverage": {…}}`."""
    coverage = report.coverage
    return {
        "workflow": report.workflow,
        "tests": [_test_row(one) for one in report.held],
        "coverage": {
            "steps": len(coverage.steps),
            "missed_steps": list(coverage.missed_steps),
            "ways": len(coverage.ways),
            "missed_ways": [{"step": way.step, "way": way.way} for way in coverage.missed_ways],
        },
    }


def _test_row(one: Held) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": one.trial.name,
        "place": str(one.trial.place),
        "ok": one.is_ok,
        "differences": list(one.differences),
    }
    if one.played is not None and one.rehearsal is not None:
        row |= rehearsals.run_row(one.rehearsal)
        row["calls"] = [
            {"step": call.step, "operation": call.operation, "inputs": call.inputs}
            for call in one.played.calls
            if not call.rereads
        ]
    return row
