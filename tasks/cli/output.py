"""What commands write: tables and words for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import click
import simplejson

from workflows.values import Money, Percent

NARROWEST = 80
WIDEST = 10_000
"""Columns of a table that goes to a file or a program."""

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Write JSON for programs instead of words for people."
)


def print_json(value: object) -> None:
    """Write `value` as JSON on standard output: decimals exactly, instants as ISO 8601."""
    click.echo(simplejson.dumps(value, indent=2, use_decimal=True, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Money():
            return {"value": value.amount, "currency": value.currency}
        case Percent():
            return str(value)
        case Mapping():
            return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Write rows under their column names; `empty` is said when there are none."""
    from rich.console import Console  # slow to import, and JSON does without
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(words(cell)) for cell in row))
    if not table.row_count:
        click.echo(empty)
        return
    console = Console()
    if not console.is_terminal:  # a pipe has no width; cutting there would lose what somebody looks for
        wanted = Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum
        console = Console(width=max(wanted, NARROWEST))
    console.print(table)


def words(value: object) -> str:
    """A value as people read it: instants by this machine's clock, nothing for None."""
    match value:
        case None:
            return ""
        case datetime():
            return f"{value.astimezone():%Y-%m-%d %H:%M:%S}"
        case Mapping() | list() | tuple():
            return str(simplejson.dumps(value, use_decimal=True, ensure_ascii=False, default=_plain))
        case _:
            return str(value)
