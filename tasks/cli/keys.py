"""`stagedoor keys`: the keys that seal what deliveries hold."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC

import click

from tasks.cli import surroundings
from tasks.cli.identity import as_option, who
from tasks.cli.output import json_option, print_json
from workflows.errors import StagedoorError
from workflows.ledger import audit, rotation
from workflows.ledger.database import Database
from workflows.settings.keys import VARIABLE, is_id, new_key
from workflows.values import utc_now


@click.group()
def keys() -> None:
    """Make keys that seal what deliveries hold, and replace them."""


@keys.command()
@click.argument("key_id", metavar="[ID]", required=False)
def new(key_id: str | None) -> None:
    """Make a key called ID, by default after this month. Put it first in STAGEDOOR_KEYS, before the older ones."""
    chosen = key_id or f"{utc_now().astimezone(UTC):%Y-%m}"
    if not is_id(chosen):
        raise click.UsageError("an ID is up to 32 letters, digits, - and _")
    click.echo(new_key(chosen))


@keys.command()
@as_option
@json_option
def rotate(name: str | None, as_json: bool) -> int:
    """Have everything sealed under the first of STAGEDOOR_KEYS, in small batches.

    Only the keys of deliveries are wrapped anew, not what they seal; what was stored before there were keys is sealed.
    It can be interrupted and run again. When it is through, older keys are not needed any more.
    """
    chosen = surroundings.settings()
    if not chosen.keys:
        raise StagedoorError(f"{VARIABLE} is not set: there is no key to seal with")
    by = who(chosen, name).name
    with surroundings.ledger(chosen) as database:
        told = _rotate(database)
        with database.write() as connection:
            now = database.now(connection)
            about = f"key {chosen.keys[0].id}"
            audit.record(connection, by=by, action="keys.rotate", about=about, reason="", details=dict(told), now=now)
    if as_json:
        print_json(dict(told))
    else:
        click.echo(", ".join(f"{number} {what}" for what, number in told.items()) or "everything was as it should be")
    return 1 if told["cannot be opened"] else 0


def _rotate(database: Database) -> Counter[str]:
    told: Counter[str] = Counter()
    after = ""
    with database.read() as connection:
        length = rotation.count(connection)
    with click.progressbar(length=length, label="keys", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        while True:
            with database.read() as connection:
                page = rotation.page(connection, after)
            if page is None:
                return told
            for start in range(0, len(page.stale), rotation.BATCH):
                with database.write() as connection:
                    told += rotation.rotate(connection, page.stale[start : start + rotation.BATCH])
            after = page.last
            bar.update(page.seen)
