"""`stagedoor db`: the ledger's schema."""

from __future__ import annotations

import click

from tasks.cli import surroundings
from workflows.ledger import schema


@click.group()
def db() -> None:
    """Bring the ledger's schema up to date, or check it."""


@db.command()
def upgrade() -> None:
    """Apply the migrations that are missing; nothing when there are none."""
    with surroundings.ledger(surroundings.settings()) as database:
        click.echo(f"the ledger is at revision {schema.upgrade(database)}")


@db.command()
def check() -> int:
    """Say whether the ledger has the schema this version needs; exit 1 when it has not."""
    with surroundings.ledger(surroundings.settings()) as database, database.read() as connection:
        found, needed = schema.current(connection), schema.head()
    if found == needed:
        click.echo(f"the ledger is at revision {needed}, as needed")
        return 0
    click.echo(f"the ledger is at {found or 'no revision'}, needed is {needed}: run `stagedoor db upgrade`", err=True)
    return 1
