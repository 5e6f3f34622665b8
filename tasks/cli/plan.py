"""`stagedoor plan`: what putting the configuration into force would change, for runs under way as well."""

from __future__ import annotations

import click

from tasks.cli.output import json_option, print_json
from tasks.cli.plans import desk, plan_as_dict, plan_lines, rollback_option


@click.command()
@click.option("--migrate", "migrates", is_flag=True, help="As `apply --migrate` would: move runs under way that may.")
@rollback_option
@json_option
def plan(migrates: bool, rollback: int | None, as_json: bool) -> None:
    """Show what `stagedoor apply` would change. Nothing is changed.

    For each workflow: the runs that are under way with another definition than the new one, and where they are. They
    stay on theirs; `--migrate` moves those that lose nothing by it. The digest at the end makes sure that `apply` does
    what was shown.
    """
    with desk(rollback) as found:
        made = found.plan(migrates=migrates)
    if as_json:
        print_json(plan_as_dict(made))
        return
    for line in (*made.warnings, *plan_lines(made)):
        click.echo(line)
