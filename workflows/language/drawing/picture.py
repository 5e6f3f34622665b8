"""A picture of a workflow, as values: nodes, the edges between them, and clusters of nodes within one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "start", "end", "stop", "fail", "if", "call", "set", "wait", "event", "ask", "fork", "loop", "run", "emit"
]
Line = Literal["plain", "error", "again"]


@dataclass(frozen=True)
class Node:
    """What happens at one place. `step` is the step it belongs to, "" for what is none; `lines` is its label.

    kind  start, end: of the run; stop, fail: where it ends early; if: a condition; call, set, wait (for a time),
          event (waits for one), ask (people), run, emit: what the step does; fork: ways part or meet; loop: the next
          item
    """

    name: str
    kind: Kind
    lines: tuple[str, ...]
    step: str = ""


@dataclass(frozen=True)
class Edge:
    """What leads from one node to another; `error` where something went wrong, `again` back to the next item."""

    source: str
    target: str
    label: str = ""
    line: Line = "plain"


@dataclass
class Cluster:
    """Nodes that belong together, and clusters within."""

    name: str
    title: str = ""
    nodes: list[Node] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)


@dataclass(frozen=True)
class Picture:
    """A whole workflow; `root` is the cluster that holds everything."""

    title: str
    root: Cluster
    edges: tuple[Edge, ...]

    def nodes(self) -> Iterator[Node]:
        """Every node, in the order drawn."""
        yield from _nodes(self.root)


def _nodes(cluster: Cluster) -> Iterator[Node]:
    yield from cluster.nodes
    for inner in cluster.clusters:
        yield from _nodes(inner)


def shortened(text: str, width: int) -> str:
    """`text` in one line of at most `width` characters."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return plain if len(plain) <= width else f"{plain[: width - 1]}…"
