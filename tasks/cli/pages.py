"""A list read to its end: page by page as it comes, with progress, in the slots of the vendor's limits."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from tasks.cli import surroundings
from tasks.cli.output import print_json
from vendors.client import Client
from workflows.catalogue import Catalogue, Inputs, Operation, Outcome, OutcomeKind, Repeat
from workflows.errors import InputError
from workflows.problems import Problem
from workflows.runtime.pacer import Pacer
from workflows.runtime.rules import Rules
from workflows.settings import Settings


def read_pages(chosen: Settings, catalogue: Catalogue, operation: Operation, inputs: Inputs) -> int:
    """Read every page and print them as one JSON list; 1 where the list could not be read to its end.

    A read changes nothing, so it makes no effect. Raises InputError for an operation that is not a list in pages.
    """
    if operation.pages is None or operation.repeat is not Repeat.SAFE:
        raise InputError([Problem("no_pages", f"{operation.name} does not read a list that comes in pages")])
    with surroundings.ledger(chosen) as database:
        client = Client(chosen, may_go=Pacer(database, Rules(catalogue)).wait)
        outcomes = list(_shown(client.pages(operation, inputs)))
    print_json([outcome.output for outcome in outcomes if outcome.kind is OutcomeKind.DONE])
    last = outcomes[-1]
    if last.kind is not OutcomeKind.DONE:
        click.secho(f"not read to its end: {last.reason}", fg="red", err=True)
    return 0 if last.kind is OutcomeKind.DONE else 1


def _shown(pages: Iterator[Outcome]) -> Iterator[Outcome]:
    """The pages, counted on standard error while they come."""
    number = 0
    for number, outcome in enumerate(pages, start=1):
        if sys.stderr.isatty():
            click.echo(f"\rpage {number}", nl=False, err=True)
        yield outcome
    if number and sys.stderr.isatty():
        click.echo(err=True)
