"""A picture in Mermaid, which documents can hold as text. Nothing in it is taken for anything but text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workflows.language.drawing.picture import Cluster, Kind, Node, Picture

SHAPES: Mapping[Kind, tuple[str, str]] = {
    "start": ("([", "])"),
    "end": ("([", "])"),
    "stop": ("((", "))"),
    "fail": ("(((", ")))"),
    "if": ("{", "}"),
    "call": ("[", "]"),
    "set": ("(", ")"),
    "wait": ("{{", "}}"),
    "event": (">", "]"),
    "ask": ("[/", "\\]"),
    "fork": ("{", "}"),
    "loop": ("((", "))"),
    "run": ("[[", "]]"),
    "emit": ("[/", "/]"),
}
"""How each kind of node looks: what stands before and behind its label."""

ARROWS = {"plain": "-->", "error": "-.->", "again": "-.->"}


def mermaid(picture: Picture) -> str:
    """The picture as the text of a Mermaid flowchart."""
    names = {node.name: f"n{number}" for number, node in enumerate(picture.nodes(), 1)}
    return "\n".join(_lines(picture, names)) + "\n"


def _lines(picture: Picture, names: Mapping[str, str]) -> Iterator[str]:
    yield "flowchart TB"
    yield from _cluster(picture.root, names, "  ")
    for edge in picture.edges:
        label = f"|{_quoted(edge.label)}|" if edge.label else ""
        yield f"  {names[edge.source]} {ARROWS[edge.line]}{label} {names[edge.target]}"


def _cluster(cluster: Cluster, names: Mapping[str, str], indent: str) -> Iterator[str]:
    yield from (f"{indent}{_node(node, names)}" for node in cluster.nodes)
    for inner in cluster.clusters:
        first = names[next(iter(inner.nodes or inner.clusters[0].nodes)).name]
        yield f"{indent}subgraph c{first} [{_quoted(inner.title)}]"
        yield from _cluster(inner, names, f"{indent}  ")
        yield f"{indent}end"


def _node(node: Node, names: Mapping[str, str]) -> str:
    before, behind = SHAPES[node.kind]
    label = "<br/>".join(_escaped(line) for line in node.lines)
    return f'{names[node.name]}{before}"{label}"{behind}'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Text that stands for itself: everything but letters, digits and a few signs as Mermaid's `#code;`."""
    return "".join(char if char.isalnum() or char in " .,:_-=()?!'…" else f"#{ord(char)};" for char in text)
