"""`stagedoor call`: one operation, now; or the exact request it would send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tasks.cli import surroundings
from tasks.cli.output import json_option, print_json
from vendors.catalogue import build_catalogue
from workflows.catalogue import Operation
from workflows.errors import InputError, ProblemsError
from workflows.problems import Problem
from workflows.settings import Settings
from workflows.typed_json import load_foreign

if TYPE_CHECKING:
    from workflows.runtime.by_hand import Called


@click.command()
@click.argument("operation")
@click.option("--with", "inputs", default="{}", metavar="JSON", help="The operation's inputs, one JSON object.")
@click.option("--dry-run", is_flag=True, help="Send nothing: show the request exactly as it would go out.")
@click.option("--pages", "all_pages", is_flag=True, help="For a list that comes in pages: read it to its end.")
@json_option
def call(operation: str, inputs: str, dry_run: bool, all_pages: bool, as_json: bool) -> int:
    """Call one OPERATION, such as symphony.edit_campaign.

    The call stands in the ledger as an effect of no run (but reading pages does not: it changes nothing). A closed
    gate cancels it and says why.
    """
    try:
        chosen = surroundings.settings()
        catalogue = build_catalogue(chosen)
        found = catalogue.operation(operation)
        given = read_inputs(inputs)
        if dry_run:
            return _show(chosen, found, given, as_json)
        if all_pages:
            from tasks.cli.pages import read_pages

            return read_pages(chosen, catalogue, found, given)
        from workflows.runtime.by_hand import call_by_hand

        with surroundings.ledger(chosen) as database:
            called = call_by_hand(surroundings.performer(chosen, catalogue, database), found, given)
    except ProblemsError as error:
        if not as_json:
            raise
        print_json({"problems": problem_rows(error.problems)})
        return 1
    return _tell(called, as_json)


def read_inputs(text: str) -> dict[str, Any]:
    """The inputs of a `--with`. Raises InputError."""
    try:
        value = load_foreign(text)
    except (ValueError, RecursionError) as error:
        raise InputError([Problem("invalid_json", f"is not JSON: {error}", path="$")]) from error
    if not isinstance(value, dict):
        raise InputError([Problem("invalid", "must be an object with named fields", path="$")])
    return value


def problem_rows(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Problems as `--json` writes them: path, code and message, and a hint where there is one."""
    return [
        {
            "path": problem.path or (str(problem.place) if problem.place else ""),
            "code": problem.code,
            "message": problem.message,
            **({"hint": problem.hint} if problem.hint else {}),
        }
        for problem in problems
    ]


def _show(chosen: Settings, operation: Operation, inputs: dict[str, Any], as_json: bool) -> int:
    """Show the request; a list of them where the inputs are more than one can carry."""
    from vendors.client import Client

    client = Client(chosen)
    described = [client.describe(operation, operation.prepare(part)) for part in operation.parts(inputs)]
    if as_json:
        print_json(described[0] if len(described) == 1 else described)
        return 0
    for request in described:
        show_request(request)
    return 0


def show_request(described: dict[str, Any]) -> None:
    """A request as it goes out, for people."""
    click.echo(f"{described['method']} {described['url']}")
    for name, value in described["headers"].items():
        click.echo(f"{name}: {value}")
    if described["body"] is not None:
        click.echo()
        print_json(described["body"])


def _tell(called: Called, as_json: bool) -> int:
    if as_json:
        print_json(
            {
                "effect_id": called.effect_id,
                "state": called.state,
                "reason": called.reason,
                "status": called.status,
                "output": called.output,
            }
        )
    else:
        because = f": {called.reason}" if called.reason else ""
        click.echo(f"{called.state}{because}")
        click.echo(f"effect {called.effect_id}")
        if called.output is not None:
            print_json(called.output)
    return 0 if called.is_done else 1
