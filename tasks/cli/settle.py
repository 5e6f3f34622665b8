"""`stagedoor settle`: say what became of a call that stands in doubt, after a look at the vendor."""

from __future__ import annotations

from typing import Any

import click

from tasks.cli import surroundings
from tasks.cli.identity import by_option, who
from tasks.cli.output import json_option, print_json
from vendors.catalogue import build_catalogue
from workflows.errors import InputError
from workflows.problems import Problem
from workflows.runtime.settlement import Verdict, settle_by_hand
from workflows.typed_json import load_foreign


@click.command()
@click.argument("effect_id", metavar="EFFECT")
@click.option("--as", "verdict", type=click.Choice([str(verdict) for verdict in Verdict]), required=True)
@click.option("--reason", required=True, help="How you know: what you saw at the vendor. Kept in the ledger.")
@click.option("--output", "answer", metavar="JSON", help="With --as done: the vendor's answer, for later steps.")
@by_option
@json_option
def settle(effect_id: str, verdict: str, reason: str, answer: str | None, name: str | None, as_json: bool) -> None:
    """Settle EFFECT, which stands in doubt.

    done: the vendor acted, the run goes on. refused: it did not, and shall not. again: it did not, make the call once
    more.
    """
    chosen = surroundings.settings()
    person = who(chosen, name)
    with surroundings.ledger(chosen) as database:
        performer = surroundings.performer(chosen, build_catalogue(chosen), database)
        state = settle_by_hand(
            performer, effect_id, Verdict(verdict), by=person.name, reason=reason, output=_read(answer)
        )
    if as_json:
        print_json({"id": effect_id, "state": state})
    else:
        click.echo(f"the effect is {state} now")


def _read(answer: str | None) -> Any:
    try:
        return None if answer is None else load_foreign(answer)
    except ValueError as error:
        raise InputError([Problem("invalid", f"is not JSON: {error}", path="--output")]) from error
