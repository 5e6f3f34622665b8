"""`stagedoor drift`: what in the sources' payloads is not as it was, and which workflows read it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from tasks.cli import surroundings
from tasks.cli.identity import as_option, who
from tasks.cli.output import json_option, print_json, print_table
from vendors.catalogue import build_catalogue
from workflows.ledger import audit
from workflows.ledger import drift as ledger
from workflows.runtime.drift import readers
from workflows.runtime.rules import Rules


@click.group()
def drift() -> None:
    """See what in the sources' payloads is new, gone or of another type."""


@drift.command("list")
@click.option("--all", "with_accepted", is_flag=True, help="What was accepted as well.")
@json_option
def list_drifts(with_accepted: bool, as_json: bool) -> None:
    """List what was noticed, and the expressions of the workflows in force that read it."""
    chosen = surroundings.settings()
    rules = Rules(build_catalogue(chosen))
    with surroundings.ledger(chosen) as database, database.read() as connection:
        definitions = rules.in_force(connection).definitions
        rows: list[dict[str, Any]] = [
            {**asdict(item), "read_by": readers(item, definitions)}
            for item in ledger.listed(connection, with_accepted=with_accepted)
        ]
    if as_json:
        print_json(rows)
        return
    columns = ("seen", "source", "type", "what", "where", "was", "is", "read by", "id")
    print_table(columns, (_line(row) for row in rows), empty="the payloads are as they were")


@drift.command()
@click.argument("drift_ids", metavar="DRIFT...", nargs=-1, required=True)
@click.option("--reason", default="", help="Why that is right; kept in the audit.")
@as_option
def accept(drift_ids: tuple[str, ...], reason: str, name: str | None) -> None:
    """Say that DRIFT is right as it is now: it is listed no more."""
    chosen = surroundings.settings()
    by = who(chosen, name).name
    with surroundings.ledger(chosen) as database, database.write() as connection:
        now = database.now(connection)
        for drift_id in drift_ids:
            found = ledger.accept(connection, drift_id, now)
            details = {name: getattr(found, name) for name in ("source", "type", "part", "what", "path")}
            audit.record(
                connection, by=by, action="drift.accept", about=drift_id, reason=reason, details=details, now=now
            )
    click.echo(f"accepted: {len(drift_ids)}")


def _line(row: dict[str, Any]) -> list[object]:
    where = f"event.data.{row['path']}" if row["part"] == "data" else f"$.{row['path']}"
    what = {"new": "is new", "gone": "is gone", "type": "is of another type"}[row["what"]]
    return [
        row["seen_at"],
        row["source"],
        row["type"],
        what,
        where,
        ", ".join(row["before"]),
        ", ".join(row["now"]),
        "; ".join(row["read_by"]) or "nothing",
        row["id"],
    ]
