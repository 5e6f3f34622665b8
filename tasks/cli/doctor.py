"""`stagedoor doctor`: is everything there that a running Stagedoor needs, and what to do where it is not."""

from __future__ import annotations

from dataclasses import asdict

import click

from tasks.cli import surroundings
from tasks.cli.examination import Sign, examine
from tasks.cli.output import json_option, print_json

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@json_option
def doctor(as_json: bool) -> int:
    """Check what can only be seen at run time. Each line is ok, warn or fail; exit 1 when something fails."""
    signs = list(examine(surroundings.variables()))
    if as_json:
        print_json([asdict(sign) for sign in signs])
    else:
        for sign in signs:
            _tell(sign)
    return 1 if any(sign.verdict == "fail" for sign in signs) else 0


def _tell(sign: Sign) -> None:
    verdict = click.style(f"{sign.verdict:<4}", fg=COLOURS[sign.verdict])
    click.echo(f"{verdict}  {sign.about:<14} {sign.found}" + (f": {sign.remedy}" if sign.remedy else ""))
