"""Retention: how long rows are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from workflows.language.pieces import Pieces
from workflows.yaml_nodes import Node
from workflows.yaml_shapes import Findings

KEYS = ("deliveries", "events", "runs")
LONGEST = timedelta(days=366 * 20)


@dataclass(frozen=True)
class Retention:
    """How long after they came, or ended, these are kept; None: for ever.

    deliveries  bodies and headers; the rows themselves go once no event is left of them
    events      once no run is left of them
    runs        with their steps, waits and effects; effects made by hand as well
    """

    deliveries: timedelta | None = None
    events: timedelta | None = None
    runs: timedelta | None = None


def read_retention(node: Node, findings: Findings) -> Retention:
    """The section `retention`: `{deliveries: 90d, events: 400d, runs: 400d}`."""
    pieces = Pieces()
    pieces.findings = findings
    found = findings.entries(node, "retention", KEYS)
    return Retention(**{key: pieces.duration(entry.node, key, LONGEST) for key, entry in found.items()})
