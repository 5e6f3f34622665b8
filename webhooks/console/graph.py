"""The graph of a run: its workflow as a picture, each step in the colour of what has become of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from webhooks.console.words import tone
from workflows.errors import ProblemsError
from workflows.language.definition import Definition
from workflows.language.drawing import dot, mermaid, picture_of
from workflows.language.reader import read_definition
from workflows.ledger.details import RunDetail
from workflows.runtime.graphviz import CannotDraw, svg_of

SECONDS = 3
"""How long a page waits for Graphviz; a picture this large is no help on a page."""

STRONGEST = ("alert", "bad", "wait", "busy", "good", "quiet")
"""Of the colours of a step's items in a loop, the one the step is shown in."""

_NEEDLESS = re.compile(r' xmlns(?::xlink)?="[^"]*"|<!--.*?-->\n?')


@dataclass(frozen=True)
class Graph:
    """A workflow drawn: `svg` where it could be, and the text of the same picture in Mermaid."""

    svg: Markup | None
    mermaid: str


def draw_graph(run: RunDetail) -> Graph | None:
    """The graph of a run; None where nobody here can read its workflow any more."""
    try:
        definition = _definition(run.definition, f"{run.line.workflow}.yml")
    except ProblemsError:
        return None
    picture = picture_of(definition)
    try:
        svg = _svg(dot(picture, _tones(run)))
    except CannotDraw:
        return Graph(None, mermaid(picture))
    return Graph(Markup(svg), mermaid(picture))  # noqa: S704 (Graphviz wrote it, and escapes every text in it)


@lru_cache(maxsize=64)
def _definition(source: str, file: str) -> Definition:
    return read_definition(source, file)


@lru_cache(maxsize=64)
def _svg(drawn: str) -> str:
    """The picture as it stands within a page, which needs no name spaces."""
    return _NEEDLESS.sub("", svg_of(drawn, seconds=SECONDS))


def _tones(run: RunDetail) -> dict[str, str]:
    tones: dict[str, str] = {}
    doubtful = {effect.line.step for effect in run.effects if tone(effect.line.state) == "alert"}
    for step in run.steps:
        found = "alert" if step.step in doubtful else tone(step.state)
        before = tones.get(step.step, found)
        tones[step.step] = min(found, before, key=STRONGEST.index)
    return tones
