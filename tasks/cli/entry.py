"""The command `stagedoor`: which commands there are, and how every one of them ends.

Exit status: 0 done, 1 refused or failed, 2 misuse, 130 interrupted. A command returns its status, or None for 0.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import click

from workflows.errors import LedgerUnavailable, ProblemsError, StagedoorError


class Lazy(NamedTuple):
    """A command that is imported when it is used: `module:name`, and its line in the overview."""

    target: str
    summary: str


COMMANDS = {
    "up": Lazy("tasks.cli.up:up", "Run everything on this machine until Ctrl-C."),
    "demo": Lazy("tasks.cli.demo:demo", "Run the whole road against the sandbox vendors, check it, stop."),
    "sandbox": Lazy("tasks.cli.sandbox:sandbox", "Serve the stand-in vendors alone."),
    "check": Lazy("tasks.cli.check:check", "Find the mistakes in the configuration and the workflows."),
    "schema": Lazy("tasks.cli.schema:schema", "Print the JSON Schema of workflow files, for editors."),
    "test": Lazy("tasks.cli.test:test", "Run the workflows' own tests."),
    "simulate": Lazy("tasks.cli.simulate:simulate", "Play a workflow over events, without calling anybody."),
    "graph": Lazy("tasks.cli.graph:graph", "Draw a workflow."),
    "plan": Lazy("tasks.cli.plan:plan", "See what `apply` would change, for runs under way as well."),
    "apply": Lazy("tasks.cli.apply:apply", "Put the configuration and the workflows into force."),
    "send": Lazy("tasks.cli.send:send", "Sign and post a webhook as the vendor would."),
    "operations": Lazy("tasks.cli.operations:operations", "List the vendors' operations, or one vendor's."),
    "call": Lazy("tasks.cli.call:call", "Call one operation, or see the exact request it would send."),
    "deliveries": Lazy("tasks.cli.listings:deliveries", "Look at what the sources sent."),
    "replay": Lazy("tasks.cli.replay:replay", "Examine rejected deliveries again, or run taken ones again."),
    "runs": Lazy("tasks.cli.listings:runs", "Look at runs of workflows."),
    "effects": Lazy("tasks.cli.listings:effects", "Look at calls to vendors."),
    "waits": Lazy("tasks.cli.listings:waits", "Look at what runs wait for."),
    "start": Lazy("tasks.cli.intervene:start", "Begin a run of a workflow that is started by hand."),
    "cancel": Lazy("tasks.cli.intervene:cancel", "Cancel runs."),
    "retry": Lazy("tasks.cli.intervene:retry", "Have a failed run go on, or begin a parked one."),
    "undo": Lazy("tasks.cli.undo:undo", "See how what a run did can be taken back, and take it back."),
    "approve": Lazy("tasks.cli.approve:approve", "Approve what a run asks, or make a link by which another does."),
    "deny": Lazy("tasks.cli.approve:deny", "Deny what a run asks."),
    "explain": Lazy("tasks.cli.explain:explain", "Tell what became of a run, an event or a subject, and why."),
    "settle": Lazy("tasks.cli.settle:settle", "Say what became of a call that stands in doubt."),
    "drift": Lazy("tasks.cli.drift:drift", "See what in the sources' payloads is not as it was."),
    "keys": Lazy("tasks.cli.keys:keys", "Make and replace the keys that seal what deliveries hold."),
    "erase": Lazy("tasks.cli.erase:erase", "Remove a person's data from everything we hold."),
    "audit": Lazy("tasks.cli.audit:audit", "See who did what and why, and check that the record is whole."),
    "db": Lazy("tasks.cli.db:db", "Bring the ledger's schema up to date, or check it."),
    "doctor": Lazy("tasks.cli.doctor:doctor", "Check what can only be seen while it runs."),
}


class Commands(click.Group):
    """The commands of the table, so that `--help` and `call --dry-run` import nothing they do not need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = COMMANDS.get(cmd_name)
        if found is None:
            if not cmd_name.startswith("-"):
                raise click.NoSuchCommand(cmd_name, possibilities=list(COMMANDS), ctx=ctx)
            return None
        module, _, name = found.target.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="stagedoor")
def stagedoor() -> None:
    """Stagedoor takes in vendors' webhooks and carries out what your workflows say should follow."""


def main() -> None:
    """Run the command line this process was started with, and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit status."""
    try:
        status = stagedoor.main(list(arguments), prog_name="stagedoor", standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except StagedoorError as error:
        _tell(error)
        return 1
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); what is still buffered must not fail at exit as well.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return int(status or 0)


def _tell(error: StagedoorError) -> None:
    """Say what is wrong, on standard error, with every problem and without a stack trace."""
    lines = [str(problem) for problem in error.problems] if isinstance(error, ProblemsError) else [f"{error}"]
    if isinstance(error, LedgerUnavailable):
        lines.append("`stagedoor doctor` tells what is missing")
    for line in lines:
        click.secho(line, fg="red", err=True)
