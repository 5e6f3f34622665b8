"""What holds for every command: what is listed, how misuse and mistakes end, how little is imported."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from tasks.cli.entry import COMMANDS
from tests.unit.tasks.cli.conftest import Run


def test_the_overview_names_every_command(stagedoor: Run) -> None:
    result = stagedoor("--help")
    assert result.status == 0
    assert all(f"  {name}" in result.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_has_help(name: str, stagedoor: Run) -> None:
    module, _, attribute = COMMANDS[name].target.partition(":")
    assert isinstance(getattr(import_module(module), attribute), click.Command)
    assert stagedoor(name, "--help").status == 0


def test_a_misspelt_command_is_misuse_and_the_nearest_is_named(stagedoor: Run) -> None:
    result = stagedoor("oprations")
    assert result.status == 2
    assert "operations" in result.err


@pytest.mark.parametrize(
    "arguments", [("--nonsense",), ("call",), ("effects", "list", "--state", "sleepy"), ("db", "x")]
)
def test_misuse_ends_with_2(arguments: tuple[str, ...], stagedoor: Run) -> None:
    assert stagedoor(*arguments).status == 2


def test_a_wrong_configuration_is_told_with_every_problem_and_without_a_trace(folder: Path, stagedoor: Run) -> None:
    (folder / "config" / "stagedoor.yml").write_text("brands: {main: {zone: Europe/Londn, currency: US}}\nsorces: {}\n")
    result = stagedoor("runs", "list")
    assert result.status == 1
    assert "Traceback" not in result.err
    assert "Europe/Londn" in result.err
    assert "sorces" in result.err
    assert len(result.err.splitlines()) == 3


def test_a_row_that_is_not_there_is_told_in_a_line(stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    result = stagedoor("effects", "show", "nothing")
    assert (result.status, result.err) == (1, "there is no effect nothing\n")


def test_a_ledger_that_was_never_made_is_told_with_whom_to_ask(stagedoor: Run) -> None:
    result = stagedoor("runs", "list")
    assert result.status == 1
    assert "`stagedoor doctor` tells what is missing" in result.err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["call", "symphony.pause_campaign", "--with", '{"id": 1}', "--dry-run", "--json"]]
)
def test_help_and_dry_runs_import_neither_databases_nor_servers_nor_http(arguments: list[str], folder: Path) -> None:
    program = f"import sys; from tasks.cli.entry import run; run({arguments!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=folder)
    imported = set(done.stderr.split())
    assert "click" in imported
    assert not imported & {"sqlalchemy", "celery", "kombu", "flask", "urllib3", "rich.table", "alembic"}
