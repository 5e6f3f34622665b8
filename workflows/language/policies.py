"""Reading `run`: what holds for each run as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from workflows.language.definition import Batch, Cancel, Concurrency, Conflict, Debounce
from workflows.language.formulas import Formula
from workflows.language.keys import BATCH, CANCEL_ON, CONCURRENCY, DEBOUNCE, RUN
from workflows.language.matches import read_cancel
from workflows.language.pieces import Pieces
from workflows.yaml_nodes import Node

DEFAULT_EXPIRES = timedelta(days=14)


@dataclass(frozen=True)
class RunPolicy:
    """What `run` says, as fields of a definition."""

    key: Formula | None = None
    expires: timedelta = DEFAULT_EXPIRES
    concurrency: Concurrency | None = None
    cancel_on: Cancel | None = None
    debounce: Debounce | None = None
    batch: Batch | None = None


class PolicyReader:
    """Reads `run`; what does not fit is noted and left out."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def read(self, node: Node, *, has_events: bool) -> RunPolicy:
        """`has_events`: the workflow is started by events, which alone can be put off, gathered or cancelled by."""
        found = self._pieces.block(node, RUN)
        for key in ("debounce", "batch") if not has_events else ():
            if key in found:
                place = found.entries[key].key_place
                self._pieces.findings.add("E129", place, f"{key!r} goes with a workflow that is started by events only")
        return RunPolicy(
            key=found.formula("key"),
            expires=found.duration("expires") or DEFAULT_EXPIRES,
            concurrency=self._concurrency(found.at("concurrency")) if "concurrency" in found else None,
            cancel_on=self._cancel_on(found.at("cancel_on")) if "cancel_on" in found else None,
            debounce=self._debounce(found.at("debounce")) if "debounce" in found else None,
            batch=self._batch(found.at("batch")) if "batch" in found else None,
        )

    def _concurrency(self, node: Node) -> Concurrency:
        found = self._pieces.block(node, CONCURRENCY)
        on_conflict = cast(Conflict, found.choice("on_conflict", "queue"))
        return Concurrency(found.whole_number("limit", 1), on_conflict, found.formula("by"))

    def _cancel_on(self, node: Node) -> Cancel | None:
        return read_cancel(self._pieces, self._pieces.block(node, CANCEL_ON))

    def _debounce(self, node: Node) -> Debounce | None:
        found = self._pieces.block(node, DEBOUNCE)
        quiet, at_most, by = found.duration("for"), found.duration("at_most"), found.formula("by")
        if quiet is None or at_most is None:
            return None
        if at_most < quiet:
            message = "'at_most' must not be shorter than 'for', which would never be waited for"
            self._pieces.findings.add("E123", found.at("at_most").place, message)
        return Debounce(quiet, at_most, by)

    def _batch(self, node: Node) -> Batch | None:
        found = self._pieces.block(node, BATCH)
        count, within, by = found.whole_number("count", 0), found.duration("within"), found.formula("by")
        return Batch(count, within, by) if count and within is not None else None
