"""The command line `stagedoor`: one module a command, imported only when it is used."""

from tasks.cli.entry import main

__all__ = ["main"]
