"""`stagedoor erase`: one person's data, out of everything we hold."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from tasks.cli import surroundings
from tasks.cli.identity import as_option, who
from tasks.cli.output import json_option, print_json
from webhooks.erasing import Eraser, told
from workflows.ledger import audit
from workflows.ledger.database import Database
from workflows.ledger.erasure import Found
from workflows.person import Person

SHOWN = 20


@click.command()
@click.argument("subject")
@click.option("--reason", default="", help="Why, without naming anybody; kept in the audit.")
@click.option("--dry-run", is_flag=True, help="Change nothing: say what would be changed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_option
@json_option
def erase(subject: str, reason: str, dry_run: bool, yes: bool, name: str | None, as_json: bool) -> int:
    """Remove a person's data: SUBJECT is an e-mail address, a telephone number, or the subject of events.

    With - it is read from standard input, so that it stands in no history. Rows stay, and all counts with them. Runs
    under way keep what they need: exit 1 says that it must be done again when they have ended. The audit tells of it by
    a digest.
    """
    person = Person.of(sys.stdin.readline() if subject == "-" else subject)
    chosen = surroundings.settings()
    with surroundings.ledger(chosen) as database:
        eraser = Eraser(database, chosen.data_dir, person, chosen.keys)
        if dry_run:
            return _tell(_run(eraser, is_preview=True), eraser, as_json)
        by = who(chosen, name).name
        if not yes:
            _tell(_run(eraser, is_preview=True), eraser, as_json=False, err=True)
            click.confirm("Erase it?", abort=True, err=True)
        found = _run(eraser, is_preview=False)
        _record(database, eraser, found, by, reason)
    return _tell(found, eraser, as_json)


def _run(eraser: Eraser, *, is_preview: bool) -> Found:
    label = "looks" if is_preview else "erases"
    with _progress(eraser, label) as bar:
        return eraser.run(is_preview=is_preview, on_page=bar.update)


@contextmanager
def _progress(eraser: Eraser, label: str) -> Iterator[Any]:
    hidden = not sys.stderr.isatty()
    length = 0 if hidden else eraser.count()
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=hidden) as bar:
        yield bar


def _record(database: Database, eraser: Eraser, found: Found, by: str, reason: str) -> None:
    with database.write() as connection:
        audit.record(
            connection,
            by=by,
            action="person.erase",
            about=f"person {eraser.digest}",
            reason=found.person.cut(reason, found.instead),
            details=told(found),
            now=database.now(connection),
        )


def _tell(found: Found, eraser: Eraser, as_json: bool, *, err: bool = False) -> int:
    if as_json:
        runs = sorted(found.under_way)
        print_json({"person": eraser.digest, **told(found), "under_way": runs, "needed": sorted(found.waiting)})
    else:
        for line in _lines(found, eraser):
            click.echo(line, err=err)
    return 1 if found.under_way or found.waiting or found.is_in_log else 0


def _lines(found: Found, eraser: Eraser) -> Iterator[str]:
    changed = +found.changed
    yield f"person {eraser.digest}"
    if not changed:
        yield "nothing we hold names them"
    yield from (f"{what}: {number}" for what, number in changed.items())
    for what, ids in (("runs under way", found.under_way), ("deliveries still needed", found.waiting)):
        if ids:
            yield f"{len(ids)} {what} hold their data; erase it again when they are over:"
            yield from (f"  {id_}" for id_ in sorted(ids)[:SHOWN])
    if found.is_in_log:
        yield "SQLite's write-ahead log is being read and has them still; erase it again in a moment"
