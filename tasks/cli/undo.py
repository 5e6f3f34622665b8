"""`stagedoor undo`: how what a run did at vendors can be taken back, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from tasks.cli import surroundings
from tasks.cli.call import show_request
from tasks.cli.identity import as_option, who
from tasks.cli.output import json_option, print_json
from vendors.catalogue import build_catalogue
from vendors.client import Client
from workflows.catalogue import Catalogue
from workflows.runtime.undoing import Undoing, Undone, undo_by_hand, undo_plan


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--do", "is_done", is_flag=True, help="Carry the plan out, after asking.")
@click.option("--yes", is_flag=True, help="With --do: do not ask.")
@click.option("--reason", help="With --do: why. Kept in the audit.")
@as_option
@json_option
def undo(run_id: str, is_done: bool, yes: bool, reason: str | None, name: str | None, as_json: bool) -> int:
    """Show how each call that RUN made can be taken back, the newest first: the exact request, or why it cannot be.

    What was only read is not listed. Nothing is sent without --do.
    """
    if is_done and reason is None:
        raise click.UsageError("--do needs --reason")
    chosen = surroundings.settings()
    catalogue = build_catalogue(chosen)
    with surroundings.ledger(chosen) as database:
        with database.read() as connection:
            plan = undo_plan(connection, catalogue, run_id)
        rows = list(_rows(plan, catalogue, Client(chosen)))
        if not is_done:
            _show(rows, as_json)
            return 0
        person = who(chosen, name)
        possible = sum(not item.why_not for item in plan)
        if not as_json:
            _show(rows, as_json=False)
        if not possible:
            return 1
        if not yes:
            click.confirm(f"Make {'this call' if possible == 1 else f'these {possible} calls'}?", abort=True, err=True)
        performer = surroundings.performer(chosen, catalogue, database)
        done = list(undo_by_hand(performer, plan, run_id, by=person.name, reason=reason or ""))
    _tell(done, as_json)
    return 0 if len(done) == possible and all(item.called.is_done for item in done) else 1


def _rows(plan: list[Undoing], catalogue: Catalogue, client: Client) -> Iterator[dict[str, Any]]:
    for item in plan:
        request = None
        if item.request is not None:
            request = client.describe(catalogue.operation(item.by), item.request)
        yield {
            "effect": item.effect_id,
            "run": item.run_id,
            "step": item.step,
            "operation": item.operation,
            "done_at": item.done_at,
            "by": item.by or None,
            "request": request,
            "leaves": item.leaves or None,
            "why_not": item.why_not or None,
        }


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("it has done nothing at any vendor")
    for row in rows:
        click.secho(f"{row['operation']} of step {row['step']} (effect {row['effect']})", bold=True)
        if row["why_not"]:
            click.echo(f"  cannot be taken back: {row['why_not']}")
            continue
        click.echo(f"  by {row['by']}. {row['leaves'] or ''}".rstrip())
        show_request(row["request"])


def _tell(done: list[Undone], as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {"effect": item.undoing.effect_id, "undone_by": item.called.effect_id}
                | {"state": item.called.state, "reason": item.called.reason}
                for item in done
            ]
        )
        return
    for item in done:
        because = f": {item.called.reason}" if item.called.reason else ""
        click.echo(f"{item.undoing.operation}: {item.called.state}{because} (effect {item.called.effect_id})")
