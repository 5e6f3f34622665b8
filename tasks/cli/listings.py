"""`stagedoor deliveries|runs|effects|waits`: what the ledger holds, newest first; one row whole.

Secrets and personal data are cut, as everywhere they are only looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy import Connection

from tasks.cli import surroundings
from tasks.cli.output import json_option, print_json, print_table, words
from workflows.engine.states import EffectState, RunState, WaitState
from workflows.ledger import details, listing
from workflows.ledger.lines import shown
from workflows.ledger.waiting import waiting

DELIVERY_STATES = ("pending", "taken", "rejected", "quarantined", "filtered", "superseded")

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def state_option(states: Sequence[str]) -> Decorator:
    return click.option("--state", type=click.Choice([str(state) for state in states]), help="Only those in it.")


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How much of a list is shown, from where, and in which form."""
    for option in (
        json_option,
        click.option("--before", metavar="ID", help="Only what is older than this one: the next page."),
        click.option("--limit", type=click.IntRange(1, 1000), default=listing.LIMIT, show_default=True),
    ):
        command = option(command)
    return command


@click.group()
def deliveries() -> None:
    """Look at what the sources sent."""


@deliveries.command("list")
@click.option("--source", help="Only those of this source.")
@state_option(DELIVERY_STATES)
@page_options
def list_deliveries(as_json: bool, **filters: Any) -> None:
    """List the latest deliveries."""
    with _looking() as connection:
        rows = _rows(listing.deliveries(connection, **filters))
    for row in rows:
        said = [_sentence(problem) for problem in row["problems"]]
        row["what"] = ", ".join(row["events"]) or "; ".join(said) or row["reason"] or ""
    columns = {"received": "received_at", "source": "source", "state": "state", "what": "what", "id": "id"}
    _print(rows, columns, as_json, drop=("what",), empty="no deliveries")


@deliveries.command("show")
@click.argument("delivery_id", metavar="ID")
@json_option
def show_delivery(delivery_id: str, as_json: bool) -> None:
    """Show one delivery, its events and the runs they started."""
    _show(details.delivery, delivery_id, as_json)


@click.group()
def runs() -> None:
    """Look at runs of workflows."""


@runs.command("list")
@click.option("--workflow", help="Only those of this workflow.")
@click.option("--key", help="Only those with this key.")
@click.option("--delivery", "delivery_id", metavar="ID", help="Only those this delivery started.")
@state_option(list(RunState))
@page_options
def list_runs(as_json: bool, **filters: Any) -> None:
    """List the latest runs."""
    with _looking() as connection:
        rows = _rows(listing.runs(connection, **filters))
    columns = {
        "began": "created_at",
        "workflow": "workflow",
        "key": "key",
        "state": "state",
        "at": "at_step",
        "why": "reason",
        "id": "id",
    }
    _print(rows, columns, as_json, empty="no runs")


@runs.command("show")
@click.argument("run_id", metavar="ID")
@json_option
def show_run(run_id: str, as_json: bool) -> None:
    """Show one run with its event, steps, effects and waits."""
    _show(details.run, run_id, as_json)


@click.group()
def effects() -> None:
    """Look at calls to vendors."""


@effects.command("list")
@click.option("--operation", help="Only calls of this operation.")
@click.option("--vendor", help="Only calls to this vendor.")
@click.option("--run", "run_id", metavar="ID", help="Only those of this run.")
@state_option(list(EffectState))
@page_options
def list_effects(as_json: bool, **filters: Any) -> None:
    """List the latest effects."""
    with _looking() as connection:
        rows = _rows(listing.effects(connection, **filters))
    for row in rows:
        row["by"] = f"{row['workflow']} {row['run_key']}" if row["run_id"] else "hand"
    columns = {
        "intended": "created_at",
        "operation": "operation",
        "by": "by",
        "state": "state",
        "tries": "attempts",
        "why": "reason",
        "id": "id",
    }
    _print(rows, columns, as_json, drop=("by",), empty="no effects")


@effects.command("show")
@click.argument("effect_id", metavar="ID")
@json_option
def show_effect(effect_id: str, as_json: bool) -> None:
    """Show one effect: the request as it is sent, the answer, and every attempt."""
    _show(details.effect, effect_id, as_json)


@click.group()
def waits() -> None:
    """Look at what runs wait for."""


@waits.command("list")
@click.option("--run", "run_id", metavar="ID", help="Only those of this run.")
@state_option(list(WaitState))
@page_options
def list_waits(as_json: bool, **filters: Any) -> None:
    """List the latest waits."""
    with _looking() as connection:
        rows = _rows(listing.waits(connection, **filters))
    columns = {
        "began": "created_at",
        "workflow": "workflow",
        "key": "run_key",
        "step": "step",
        "kind": "kind",
        "state": "state",
        "due": "due_at",
        "id": "id",
    }
    _print(rows, columns, as_json, empty="no waits")


@waits.command("now")
@json_option
def waiting_now(as_json: bool) -> None:
    """Tell everything that waits, why, and what would let it go on: what needs a person first."""
    with surroundings.ledger(surroundings.settings()) as database, database.read() as connection:
        rows = _rows(waiting(connection, database.now(connection)))
    columns = {
        "since": "since",
        "kind": "kind",
        "workflow": "workflow",
        "key": "run_key",
        "why": "why",
        "released by": "opens",
        "run": "run_id",
    }
    _print(rows, columns, as_json, empty="nothing waits")


@waits.command("show")
@click.argument("wait_id", metavar="ID")
@json_option
def show_wait(wait_id: str, as_json: bool) -> None:
    """Show one wait."""
    _show(details.wait, wait_id, as_json)


@contextmanager
def _looking() -> Iterator[Connection]:
    with surroundings.ledger(surroundings.settings()) as database, database.read() as connection:
        yield connection


def _rows(lines: Sequence[object]) -> list[dict[str, Any]]:
    return [shown(line) for line in lines]


def _sentence(problem: Mapping[str, Any]) -> str:
    return f"{problem.get('path', '')} {problem.get('message', '')}".strip()


def _print(
    rows: list[dict[str, Any]], columns: Mapping[str, str], as_json: bool, *, drop: Sequence[str] = (), empty: str
) -> None:
    """Write rows: as they are for programs, but for what was made up for people (`drop`)."""
    if as_json:
        print_json([{name: value for name, value in row.items() if name not in drop} for row in rows])
    else:
        print_table(list(columns), ([row[name] for name in columns.values()] for row in rows), empty=empty)


def _show(read: Callable[[Connection, str], object], row_id: str, as_json: bool) -> None:
    """Show one row whole. Raises NotFound."""
    with _looking() as connection:
        found = shown(read(connection, row_id))
    whole = {**found.pop("line", {}), **found}
    if as_json:
        print_json(whole)
        return
    for name, value in whole.items():
        _show_field(name, value)


def _show_field(name: str, value: Any) -> None:
    """Write one field: a list of objects item by item, text of several lines below its name."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        click.secho(f"{name}:", bold=True)
        for item in value:
            flat = {**item.get("line", {}), **{key: part for key, part in item.items() if key != "line"}}
            said = (f"{key}={words(part)}" for key, part in flat.items() if part not in (None, "", [], {}))
            click.echo("  - " + "  ".join(said))
    elif isinstance(value, str) and "\n" in value.strip():
        click.secho(f"{name}:", bold=True)
        click.echo("".join(f"  {line}\n" for line in value.splitlines()), nl=False)
    else:
        click.echo(f"{click.style(name + ':', bold=True)} {words(value)}")
