"""`stagedoor audit`: who did what to the ledger, and whether that record is whole."""

from __future__ import annotations

from dataclasses import asdict

import click

from tasks.cli import surroundings
from tasks.cli.output import json_option, print_json, print_table
from workflows.ledger import audit as chain


@click.group()
def audit() -> None:
    """Look at who did what and why, and check that the record is whole."""


@audit.command("list")
@click.option("--about", metavar="ID", help="Only what was done to this delivery, run, effect …")
@click.option("--before", type=int, metavar="NUMBER", help="Only what is older than this entry: the next page.")
@click.option("--limit", type=click.IntRange(1, 1000), default=chain.LIMIT, show_default=True)
@json_option
def list_entries(about: str | None, before: int | None, limit: int, as_json: bool) -> None:
    """List the latest entries."""
    with surroundings.ledger(surroundings.settings()) as database, database.read() as connection:
        found = chain.entries(connection, about=about, before=before, limit=limit)
    if as_json:
        print_json([asdict(entry) for entry in found])
        return
    columns = ("number", "at", "by", "action", "about", "reason", "details")
    rows = ([getattr(entry, name) or "" for name in columns] for entry in found)
    print_table(columns, rows, empty="no entries")


@audit.command()
@json_option
def verify(as_json: bool) -> int:
    """Work the chain of hashes out again. Exit 1, saying where it breaks, when it is not whole.

    Somebody who can rewrite the whole database can rewrite the whole chain: note the last hash elsewhere now and then,
    and look whether the entry of that number still has it.
    """
    with surroundings.ledger(surroundings.settings()) as database, database.read() as connection:
        found = chain.verify(connection)
    if as_json:
        print_json(asdict(found))
    else:
        for sentence in found.breaks:
            click.echo(sentence)
        verdict = "the audit is NOT whole" if found.breaks else "the audit is whole"
        click.echo(f"{verdict}: the last entry is number {found.entries}, with hash {found.last_hash}")
    return 1 if found.breaks else 0
