"""`stagedoor explain`: what became of a run so far, what it waits for now, and what would let it go on."""

from __future__ import annotations

from typing import Any

import click

from tasks.cli import surroundings
from tasks.cli.output import json_option, print_json
from workflows.ledger.explanation import Explanation, explain_run
from workflows.ledger.lines import shown

STEP_FIELDS = ("step", "state", "reason", "output", "started_at", "ended_at")


@click.command()
@click.argument("run_id", metavar="RUN")
@json_option
def explain(run_id: str, as_json: bool) -> None:
    """Tell what became of the run with the id RUN, what it waits for, since when, and what would release it."""
    with surroundings.ledger(surroundings.settings()) as database, database.read() as connection:
        told = explain_run(connection, run_id, database.now(connection))
    if as_json:
        print_json(as_row(told))
        return
    for line in told.lines:
        click.echo(line)


def as_row(told: Explanation) -> dict[str, Any]:
    """An explanation as `--json` writes it; `waits` is empty when the run has ended."""
    return {
        "run": shown(told.run.line),
        "steps": [{name: getattr(step, name) for name in STEP_FIELDS} for step in told.steps],
        "waits": [shown(item) for item in told.waiting],
        "next_look_at": told.next_look_at,
    }
