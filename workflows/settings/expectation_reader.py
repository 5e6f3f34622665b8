"""Reading the section `expected`, with every mistake and its place.

expected:
  - after: symphony.campaign.created
    comes: [symphony.campaign.completed, symphony.campaign.failed]
    within: 14d
    poll:
      call: symphony.get_campaign
      with: {id: =event.data.id}
      every: 12h
      happened:
        symphony.campaign.completed: answer.data.is_completed
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from workflows.language.formulas import Formula
from workflows.language.pieces import Pieces
from workflows.language.trees import check_tree
from workflows.settings.admission_reader import EVENT_TYPE, event_scope
from workflows.settings.expectations import Expectation, Poll
from workflows.yaml_nodes import Node
from workflows.yaml_shapes import Findings

LONGEST = timedelta(days=366)
SHORTEST_POLL = timedelta(minutes=5)
MOST_TYPES = 20


class ExpectationReader:
    """Reads expectations; mistakes go to `findings`."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._pieces = Pieces()
        self._pieces.findings = findings

    def read(self, node: Node) -> tuple[Expectation, ...]:
        """The list, as far as it fits."""
        items = [
            self._expectation(item, f"expected.{at}") for at, item in enumerate(self._findings.items(node, "expected"))
        ]
        seen: set[str] = set()
        for item, part in zip(items, node.items, strict=False):
            if item is not None and item.after in seen:
                message = f"what follows {item.after} is there already"
                self._findings.add("E125", part.place, message, "name all that may come in one entry")
            seen |= {item.after} if item is not None else set()
        return tuple(item for item in items if item is not None)

    def _expectation(self, node: Node, path: str) -> Expectation | None:
        needed = ("after", "comes", "within")
        found = self._findings.entries(node, path, (*needed, "poll"), required=needed)
        if not set(needed) <= found.keys():
            return None
        after = self._type(found["after"].node, f"{path}.after")
        comes = [
            self._type(item, f"{path}.comes.{at}")
            for at, item in enumerate(self._findings.items(found["comes"].node, f"{path}.comes"))
        ]
        within = self._pieces.duration(found["within"].node, "within", LONGEST)
        named = tuple(item for item in comes if item is not None)
        poll = self._poll(found["poll"].node, f"{path}.poll", after, named) if "poll" in found else None
        return None if after is None or within is None else Expectation(after, named, within, poll)

    def _type(self, node: Node, path: str) -> str | None:
        text = self._findings.text(node, path)
        if text is not None and not EVENT_TYPE.fullmatch(text):
            self._findings.add("E124", node.place, f"{text!r} cannot be a type of event")
            return None
        return text

    def _poll(self, node: Node, path: str, after: str | None, comes: tuple[str, ...]) -> Poll | None:
        needed = ("call", "with", "every", "happened")
        found = self._findings.entries(node, path, needed, required=needed)
        if not set(needed) <= found.keys():
            return None
        call = self._findings.text(found["call"].node, f"{path}.call")
        inputs = self._pieces.tree(found["with"].node)
        _, problems = check_tree(inputs, event_scope(after))
        self._findings.problems.extend(problems)
        every = self._pieces.duration(found["every"].node, "every", LONGEST)
        if every is not None and every < SHORTEST_POLL:
            self._findings.add("E123", found["every"].node.place, f"{path}.every must be 5m or longer")
        happened = self._happened(found["happened"].node, f"{path}.happened", comes)
        if call is None or every is None:
            return None
        return Poll(call, inputs, every, happened, found["call"].node.place)

    def _happened(self, node: Node, path: str, comes: tuple[str, ...]) -> Mapping[str, Formula]:
        """Checked later, against what the operation answers."""
        known = self._findings.entries(node, path, comes)
        read = {name: self._pieces.formula(entry.node, name) for name, entry in known.items()}
        return MappingProxyType({name: formula for name, formula in read.items() if formula is not None})
