"""Graphviz, where it is installed: the program `dot`, which lays a drawing out."""

from __future__ import annotations

import shutil
import subprocess

from workflows.errors import StagedoorError

SECONDS = 20
MOST_BYTES = 8 * 1024 * 1024


class CannotDraw(StagedoorError):
    """A drawing cannot be laid out, and why."""


def svg_of(dot: str, *, seconds: float = SECONDS) -> str:
    """A drawing in DOT as SVG, from `<svg` on. Raises CannotDraw."""
    program = shutil.which("dot")
    if program is None:
        raise CannotDraw(
            "SVG is drawn by Graphviz, and its program `dot` is not on this machine: install the package graphviz, "
            "or ask for --format mermaid"
        )
    try:
        done = subprocess.run([program, "-Tsvg"], input=dot.encode(), capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise CannotDraw(f"Graphviz was at the drawing for more than {seconds} s") from error
    text = done.stdout.decode(errors="replace")
    begin = text.find("<svg")
    if done.returncode != 0 or begin < 0 or len(done.stdout) > MOST_BYTES:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise CannotDraw(f"Graphviz could not draw it: {said[0] if said else f'it ended with {done.returncode}'}")
    return text[begin:]
