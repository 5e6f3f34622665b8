"""A picture in DOT, the language of Graphviz. Nothing in it is taken for anything but text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workflows.language.drawing.picture import Cluster, Edge, Kind, Line, Node, Picture

SHAPES: Mapping[Kind, Mapping[str, str]] = {
    "start": {"shape": "oval", "fillcolor": "#eceaf8"},
    "end": {"shape": "oval", "fillcolor": "#e4f2e8"},
    "stop": {"shape": "oval", "fillcolor": "#efede8", "fontsize": "10", "margin": "0.05"},
    "fail": {"shape": "oval", "fillcolor": "#fbe3e5", "fontsize": "10"},
    "if": {"shape": "diamond", "fillcolor": "#ffffff", "margin": "0.02", "height": "0.75"},
    "call": {"shape": "box", "fillcolor": "#e5ecfa", "penwidth": "1.6"},
    "set": {"shape": "box", "style": "filled,rounded", "fillcolor": "#ffffff"},
    "wait": {"shape": "hexagon", "fillcolor": "#faf0d7"},
    "event": {"shape": "cds", "fillcolor": "#faf0d7", "height": "0.9"},
    "ask": {"shape": "house", "fillcolor": "#fde8da"},
    "fork": {"shape": "diamond", "fillcolor": "#efede8"},
    "loop": {"shape": "circle", "fillcolor": "#efede8", "fontsize": "10", "margin": "0.02"},
    "run": {"shape": "component", "fillcolor": "#e5ecfa"},
    "emit": {"shape": "note", "fillcolor": "#eceaf8"},
}
"""How each kind of node looks."""

LINES: Mapping[Line, Mapping[str, str]] = {
    "plain": {},
    "error": {"style": "dashed", "color": "#b3470f", "fontcolor": "#b3470f"},
    "again": {"style": "dotted", "constraint": "false"},
}
FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"


def dot(picture: Picture, classes: Mapping[str, str] | None = None) -> str:
    """The picture as DOT; `classes` are further classes of the nodes of steps, by step, for whoever styles the SVG."""
    return "\n".join(_lines(picture, classes or {})) + "\n"


def _lines(picture: Picture, classes: Mapping[str, str]) -> Iterator[str]:
    yield f"digraph {_quoted(picture.title)} {{"
    yield f"  graph [fontname={_quoted(FONT)}, fontsize=11, bgcolor=transparent, nodesep=0.35, ranksep=0.4];"
    yield f'  node [fontname={_quoted(FONT)}, fontsize=11, style="filled", color="#6f6a62", height=0.3];'
    yield f'  edge [fontname={_quoted(FONT)}, fontsize=10, color="#6f6a62", arrowsize=0.7];'
    yield from _cluster(picture.root, classes, "  ")
    yield from (f"  {_edge(edge)}" for edge in picture.edges)
    yield "}"


def _cluster(cluster: Cluster, classes: Mapping[str, str], indent: str) -> Iterator[str]:
    yield from (f"{indent}{_node(node, classes)}" for node in cluster.nodes)
    for inner in cluster.clusters:
        yield f"{indent}subgraph {_quoted(f'cluster_{inner.name}')} {{"
        yield f'{indent}  graph [label={_quoted(inner.title)}, labeljust=l, style="rounded", color="#c9c4ba"];'
        yield from _cluster(inner, classes, f"{indent}  ")
        yield f"{indent}}}"


def _node(node: Node, classes: Mapping[str, str]) -> str:
    of_step = classes.get(node.step, "") if node.step else ""
    label = "\\n".join(_escaped(line) for line in node.lines)
    attributes = {"class": f"is_{node.kind} {of_step}".strip(), **SHAPES[node.kind]}
    written = ", ".join(f"{name}={_quoted(value)}" for name, value in attributes.items())
    return f'{_quoted(node.name)} [label="{label}", {written}];'


def _edge(edge: Edge) -> str:
    attributes = {"class": edge.line, **LINES[edge.line]}
    if edge.label:
        attributes["label"] = f" {edge.label} "
    written = ", ".join(f"{name}={_quoted(value)}" for name, value in attributes.items())
    return f"{_quoted(edge.source)} -> {_quoted(edge.target)} [{written}];"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Text that stands for itself in DOT: no escape sequence (`\\N`), and no entity (`&amp;`) is made of it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
