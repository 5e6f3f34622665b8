"""`stagedoor start|cancel|retry`: what a person does to a run."""

from __future__ import annotations

from typing import Any

import click

from tasks.cli import surroundings
from tasks.cli.call import read_inputs
from tasks.cli.identity import as_option, who
from tasks.cli.output import json_option, print_json
from vendors.catalogue import build_catalogue
from workflows.errors import StagedoorError
from workflows.runtime.cancelling import Cancelled, cancel_by_hand
from workflows.runtime.manual import start_by_hand
from workflows.runtime.retrying import Retried, retry_by_hand
from workflows.runtime.rules import Rules


@click.command()
@click.argument("workflow")
@click.option("--with", "inputs", default="{}", metavar="JSON", help="The workflow's inputs, one JSON object.")
@click.option("--brand", default="", help="Whom the run speaks for, where that is not clear.")
@as_option
@json_option
def start(workflow: str, inputs: str, brand: str, name: str | None, as_json: bool) -> None:
    """Begin a run of WORKFLOW, one that is started by hand (`when: manual`)."""
    chosen = surroundings.settings()
    given = read_inputs(inputs)
    person = who(chosen, name)
    with surroundings.ledger(chosen) as database:
        rules = Rules(build_catalogue(chosen))
        started = start_by_hand(database, rules, workflow, given, by=person.name, brand=brand)
    if as_json:
        print_json({"id": started.run_id, "state": started.state})
    else:
        click.echo(f"run {started.run_id} is {started.state}")


@click.command()
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True)
@click.option("--reason", default="", help="Why. Kept with the run.")
@click.option("--without-on-failure", is_flag=True, help="End it without its on_failure steps.")
@as_option
@json_option
def cancel(run_ids: tuple[str, ...], reason: str, without_on_failure: bool, name: str | None, as_json: bool) -> int:
    """Cancel each RUN: carry its on_failure steps out, then end it. A parked one is ended.

    Nothing new leaves for a vendor. While a call of it is at a vendor or in doubt, it waits for that and says so.
    """
    chosen = surroundings.settings()
    person = who(chosen, name)
    found: dict[str, Cancelled | StagedoorError] = {}
    with surroundings.ledger(chosen) as database:
        rules = Rules(build_catalogue(chosen))
        for run_id in dict.fromkeys(run_ids):
            try:
                found[run_id] = cancel_by_hand(
                    database, rules, run_id, by=person.name, reason=reason, cleans_up=not without_on_failure
                )
            except StagedoorError as error:
                found[run_id] = error
    if as_json:
        print_json([_cancel_row(run_id, item) for run_id, item in found.items()])
    else:
        for run_id, item in found.items():
            click.echo(f"run {run_id}: {_cancel_words(item)}", err=isinstance(item, StagedoorError))
    return 1 if any(isinstance(item, StagedoorError) for item in found.values()) else 0


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--from", "step", metavar="STEP", help="Begin at this step instead of the one it failed at.")
@click.option("--reason", default="", help="Why. Kept in the audit.")
@as_option
@json_option
def retry(run_id: str, step: str | None, reason: str, name: str | None, as_json: bool) -> None:
    """Have RUN, which failed, go on at the step it failed at; or begin it, if it is parked.

    Calls that vendors have acted on are never made again; a call in doubt has to be settled first.
    """
    chosen = surroundings.settings()
    person = who(chosen, name)
    with surroundings.ledger(chosen) as database:
        rules = Rules(build_catalogue(chosen))
        done = retry_by_hand(database, rules, run_id, by=person.name, reason=reason, start=step)
    if as_json:
        print_json({"id": run_id, "state": done.state, "from": done.first, "kept": list(done.kept)})
    else:
        click.echo(_retry_words(done))


def _cancel_row(run_id: str, item: Cancelled | StagedoorError) -> dict[str, Any]:
    if isinstance(item, StagedoorError):
        return {"id": run_id, "error": str(item)}
    return {"id": run_id, "state": item.state, "waits_for": item.waits_for or None}


def _cancel_words(item: Cancelled | StagedoorError) -> str:
    if isinstance(item, StagedoorError):
        return str(item)
    return f"to be cancelled; waits for {item.waits_for}" if item.waits_for else str(item.state)


def _retry_words(done: Retried) -> str:
    where = f" from {done.first}" if done.first else ""
    kept = f"; done and not made again: {', '.join(done.kept)}" if done.kept else ""
    return f"the run is {done.state}{where}{kept}"
