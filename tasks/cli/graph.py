"""`stagedoor graph`: a workflow as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from tasks.cli import workflow_files
from workflows.language.drawing import dot, mermaid, picture_of
from workflows.runtime.graphviz import CannotDraw, svg_of


@click.command()
@click.argument("workflow")
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "svg", "dot"]),
    default="mermaid",
    show_default=True,
    help="Mermaid and DOT are text; SVG needs Graphviz' program dot.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
def graph(workflow: str, form: str, output: Path | None) -> None:
    """Draw WORKFLOW: a name in the configuration, or a file."""
    picture = picture_of(workflow_files.find(workflow))
    drawn = mermaid(picture) if form == "mermaid" else dot(picture) if form == "dot" else svg_of(dot(picture))
    if output is None:
        click.echo(drawn, nl=False)
    else:
        try:
            output.write_text(drawn, encoding="utf-8")
        except OSError as error:
            raise CannotDraw(f"{output}: {error.strerror}") from error
