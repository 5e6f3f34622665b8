"""`stagedoor schema`: the JSON Schema of workflow files, made for the configuration at hand."""

from __future__ import annotations

import json

import click

from tasks.cli import surroundings
from vendors.catalogue import build_catalogue
from workflows.language.check import look_around
from workflows.language.json_schema import json_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of workflow files, with the names of this configuration.

    An editor that is shown it completes keys, operations, events, roles and brands:
    stagedoor schema > workflow.schema.json, and at the top of a workflow, or in the editor's settings,
    # yaml-language-server: $schema=../workflow.schema.json
    """
    made = json_schema(look_around(surroundings.variables(), None, build_catalogue))
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))
