"""`stagedoor explain`: what became of a run so far, what it waits for now, and what would let it go on."""

from __future__ import annotations

from typing import Any

import click

from tasks.cli import surroundings
from tasks.cli.output import json_option, print_json, words
from workflows.ledger import details
from workflows.ledger.lines import shown
from workflows.ledger.waiting import waiting_of

MARKS = {"done": "✓", "skipped": "–", "stopped": "■", "failed": "✗", "waiting": "…", "calling": "…"}


@click.command()
@click.argument("run_id", metavar="RUN")
@json_option
def explain(run_id: str, as_json: bool) -> None:
    """Tell what became of the run with the id RUN, what it waits for, since when, and what would release it."""
    with surroundings.ledger(surroundings.settings()) as database, database.read() as connection:
        found = shown(details.run(connection, run_id))
        waits = [shown(item) for item in waiting_of(connection, run_id, database.now(connection))]
    if as_json:
        steps = [{name: step[name] for name in ("step", "state", "reason")} for step in found["steps"]]
        print_json({"run": found["line"], "steps": steps, "waits": waits})
        return
    _tell_run(found["line"])
    for step in found["steps"]:
        _tell_step(step)
    for item in waits:
        _tell_wait(item)


def _tell_run(run: dict[str, Any]) -> None:
    click.secho(f"{run['workflow']} for {run['key']} is {run['state']}", bold=True)
    if run["reason"]:
        click.echo(f"because {run['reason']}" + (f" (at step {run['at_step']})" if run["at_step"] else ""))
    click.echo(f"began {words(run['created_at'])} with {run['event_type']} about {run['subject']}")
    if run["ended_at"]:
        click.echo(f"ended {words(run['ended_at'])}")


def _tell_step(step: dict[str, Any]) -> None:
    because = f": {step['reason']}" if step["reason"] else ""
    click.echo(f"  {MARKS.get(step['state'], ' ')} {step['step']} {step['state']}{because}")


def _tell_wait(item: dict[str, Any]) -> None:
    click.secho(f"waits at {item['step'] or item['what']}: {item['why']}", fg="yellow")
    click.echo(f"  since {words(item['since'])}; goes on with: {item['opens']}")
    if item["until"]:
        click.echo(f"  looks again {words(item['until'])}")
