"""`stagedoor explain`: what became of a run, an event or a subject, what it waits for, what would release it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
import sqlalchemy as sa
from sqlalchemy import Connection

from tasks.cli import surroundings
from tasks.cli.output import json_option, print_json
from workflows.catalogue import Catalogue
from workflows.ledger import tables
from workflows.ledger.chronicle import Chronicle, chronicle
from workflows.ledger.explanation import Explanation, explain_run
from workflows.ledger.lines import shown
from workflows.redaction import redact
from workflows.runtime.explaining import EventExplanation, explain_event
from workflows.runtime.rules import Rules

STEP_FIELDS = (
    "step",
    "iteration",
    "depth",
    "state",
    "progress",
    "reason",
    "output",
    "started_at",
    "ended_at",
    "cleans_up",
)

Told = Explanation | EventExplanation | Chronicle


@click.command()
@click.argument("words", metavar="RUN | EVENT | SUBJECT", nargs=-1, required=True)
@json_option
def explain(words: Sequence[str], as_json: bool) -> None:
    """Tell what became of something, what it waits for, since when, and what would release it.

    Of a run (or one of its effects): every step. Of an event: every workflow that listens to its type, and why it did
    not start. Of a subject, such as `symphony:campaign:5017`, `campaign 5017`, or a person's e-mail address or phone:
    everything about it, in order.
    """
    with surroundings.ledger(surroundings.settings()) as database, database.read() as connection:
        told = _told(connection, " ".join(words), database.now(connection))
    if as_json:
        print_json(as_row(told))
        return
    for line in told.lines:
        click.echo(line)


def as_row(told: Told) -> dict[str, Any]:
    """An explanation as `--json` writes it; `waits` is empty where nothing is waited for."""
    match told:
        case Explanation():
            return {
                "run": shown(told.run.line),
                "steps": [
                    {name: getattr(step, name) for name in STEP_FIELDS} | {"run": step.child and step.child.id}
                    for step in told.steps
                ],
                "waits": [shown(item) for item in told.waiting],
                "next_look_at": told.next_look_at,
            }
        case EventExplanation():
            return {
                "event": shown(told.event),
                "listeners": [
                    {"workflow": item.workflow, "verdict": item.verdict, "because": item.because}
                    | {"run": item.run and item.run.id}
                    for item in told.listeners
                ],
                "others": [line.id for line in told.others],
                "released": [{"run": run_id, "what": what} for run_id, what in told.released],
            }
        case Chronicle():
            return {
                "subjects": redact(list(told.subjects)),
                "entries": [shown(entry) for entry in told.entries],
                "waits": [shown(item) for item in told.waiting],
            }


def _told(connection: Connection, asked: str, now: datetime) -> Told:
    """What was asked for by its id, else a subject. Raises NotFound."""
    if _is_there(connection, tables.runs, asked):
        return explain_run(connection, asked, now)
    if _is_there(connection, tables.events, asked):
        return explain_event(connection, Rules(Catalogue()), asked, now)
    run_id = connection.scalar(sa.select(tables.effects.c.run_id).where(tables.effects.c.id == asked))
    return chronicle(connection, asked, now) if run_id is None else explain_run(connection, run_id, now)


def _is_there(connection: Connection, table: sa.Table, row_id: str) -> bool:
    return connection.scalar(sa.select(sa.literal(1)).where(table.c.id == row_id)) is not None
