"""`stagedoor up`: everything on this machine until Ctrl-C."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click

from tasks.supervisor.errors import SupervisorError
from tasks.supervisor.output import OnLine, line_printer
from tasks.supervisor.supervisor import interrupted_by_signals
from tasks.up.places import usual_places
from tasks.up.plan import FLOWER_USER, Plan, make_plan
from tasks.up.services import services
from tasks.up.system import running

NAME = "stagedoor"


@click.command()
@click.option("--sandbox", is_flag=True, help="Call stand-in vendors, served here as well, and no real ones.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="The data folder (default ./var).")
@click.option("--port", type=click.IntRange(1, 65_535), help="The port of the web process (default 8460 or the next).")
def up(sandbox: bool, data: Path | None, port: int | None) -> int:
    """Run the broker, the web process, the workers and Flower until Ctrl-C, with one log."""
    environ = dict(os.environ)
    if data is not None:
        environ["STAGEDOOR_DATA"] = str(data)
    if sys.stdout.isatty():
        environ.setdefault("STAGEDOOR_LOG", "console")
    plan = make_plan(environ, usual_places(port=port, with_sandbox=sandbox))
    on_line = line_printer(sys.stdout, [NAME, *(service.name for service in services(plan))])
    try:
        with interrupted_by_signals():
            _run(plan, on_line)
    except KeyboardInterrupt:
        on_line(NAME, "stopped")
        return 0
    except SupervisorError as error:
        click.secho(str(error), fg="red", err=True)
        return 1


def _run(plan: Plan, on_line: OnLine) -> NoReturn:
    with running(plan, on_line) as supervisor:
        for line in _announcement(plan):
            on_line(NAME, line)
        supervisor.wait()


def _announcement(plan: Plan) -> Iterator[str]:
    """Where everything is, for whoever looks at the terminal."""
    yield "everything runs; Ctrl-C stops it"
    yield f"console  {plan.places.web_url}/"
    yield f"webhooks {plan.places.web_url}/webhooks/<source>"
    yield f"flower   {plan.places.flower_url}/  user {FLOWER_USER}, password {plan.flower_password}"
    if plan.places.sandbox_url is not None:
        yield f"sandbox  {plan.places.sandbox_url}/"
        yield "try      stagedoor send box-office order.placed"
