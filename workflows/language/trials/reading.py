"""From the block `tests` to trials. What its words refer to is looked at in `checking`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from workflows.language.keys import EXPECT, GIVEN, TEST
from workflows.language.names import formulas_of
from workflows.language.pieces import Pieces
from workflows.language.trees import READERS, Tree
from workflows.language.trials.values import (
    STATUSES,
    Answer,
    Expected,
    ExpectedCall,
    GivenBrand,
    GivenEvent,
    Mock,
    Trial,
)
from workflows.language.types import InstantType
from workflows.problems import Place
from workflows.yaml_nodes import Entry, Node

REASONS: tuple[Literal["refused", "in_doubt"], ...] = ("refused", "in_doubt")
"""The ways a call ends with a reason in place of an output."""


class TrialReader:
    """Reads trials one after another; their names must differ."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._findings = pieces.findings
        self._names: dict[str, Place] = {}

    def trial(self, node: Node) -> Trial | None:
        """The trial as far as it fits; None without an event to begin with."""
        found = self._pieces.block(node, TEST).entries
        name = self._name(found["name"].node) if "name" in found else ""
        mocks = self._mocks(found["mock"].node) if "mock" in found else ()
        expected = self._expected(found["expect"].node) if "expect" in found else Expected()
        given: Mapping[str, Entry] = {}
        if "given" in found:
            given = self._pieces.block(found["given"].node, GIVEN).entries
        brand = self._brand(given["brand"].node) if "brand" in given else None
        now = self._instant(given["now"].node) if "now" in given else None
        event = self._event(given["event"].node) if "event" in given else None
        return None if event is None else Trial(name, node.place, event, brand, now, mocks, expected)

    def _name(self, node: Node) -> str:
        name = self._findings.text(node, "the name of a test") or ""
        if name and name in self._names:
            first = self._names[name]
            message = f"the test {name!r} is there already, at {first.line}:{first.column}"
            self._findings.add("E125", node.place, message)
        self._names.setdefault(name, node.place)
        return name

    def _event(self, node: Node) -> GivenEvent | None:
        if node.kind == "map":
            written = self._values(node, "an event")
            return None if written is None else GivenEvent(node.place, written=written)
        file = self._findings.text(node, "'event', the path of a JSON file or an event written out,")
        return None if file is None else GivenEvent(node.place, file)

    def _brand(self, node: Node) -> GivenBrand:
        """`main`, `{budget_cap: 400 USD}` for the first brand, or `{main: {budget_cap: 400 USD}}`."""
        if node.kind != "map":
            return GivenBrand(self._findings.text(node, "'brand'") or "", {}, node.place, {})
        entries = node.entries
        name = ""
        if len(entries) == 1 and (only := next(iter(entries.items())))[1].node.kind == "map":
            name, entries = only[0], only[1].node.entries
        places = {key: entry.key_place for key, entry in entries.items()}
        fields: dict[str, Any] = {key: self._pieces.value(item.node, f"brand.{key}") for key, item in entries.items()}
        return GivenBrand(name, fields, node.place, places)

    def _instant(self, node: Node) -> datetime | None:
        text = self._findings.text(node, "'now'")
        if text is None:
            return None
        try:
            moment = READERS[InstantType](text)
        except ValueError as error:
            hint = "such as 2026-03-01T15:00:00Z"
            self._findings.add("E126", node.place, f"'now' cannot be {text!r}: {error}", hint)
            return None
        assert isinstance(moment, datetime)
        return moment

    def _mocks(self, node: Node) -> tuple[Mock, ...]:
        entries = self._findings.any_entries(node, "'mock'")
        return tuple(self._mock(name, entry) for name, entry in entries.items())

    def _mock(self, operation: str, entry: Entry) -> Mock:
        in_turn = entry.node.kind == "list"
        nodes = self._findings.items(entry.node, f"the answers of {operation}") if in_turn else (entry.node,)
        return Mock(operation, entry.key_place, tuple(self._answer(item, operation) for item in nodes), in_turn)

    def _answer(self, node: Node, operation: str) -> Answer:
        for kind in REASONS:
            if list(node.entries) == [kind]:
                reason = self._findings.text(node.entries[kind].node, f"the reason of '{kind}'")
                return Answer(kind, node.place, reason=reason or "")
        return Answer("done", node.place, self._values(node, f"an answer of {operation}"))

    def _expected(self, node: Node) -> Expected:
        found = self._pieces.block(node, EXPECT).entries
        if node.kind == "map" and not node.entries:
            self._findings.add("E122", node.place, "'expect' must not be empty")
        status = self._findings.choice(found["status"].node, "'status'", STATUSES) if "status" in found else None
        calls = self._calls(found["calls"].node) if "calls" in found else None
        return Expected(
            status=status,
            at=self._findings.text(found["at"].node, "'at'") if "at" in found else None,
            at_place=found["at"].node.place if "at" in found else None,
            reason=self._findings.text(found["reason"].node, "'reason'") if "reason" in found else None,
            calls=calls,
        )

    def _calls(self, node: Node) -> tuple[ExpectedCall, ...]:
        if node.kind == "list" and not node.items:
            return ()  # no call at all, which is worth expecting
        calls = (self._call(item) for item in self._findings.items(node, "'calls'"))
        return tuple(call for call in calls if call is not None)

    def _call(self, node: Node) -> ExpectedCall | None:
        if node.kind == "map" and len(node.entries) == 1:
            operation, entry = next(iter(node.entries.items()))
            return ExpectedCall(
                operation, entry.key_place, self._values(entry.node, f"what {operation} is called with")
            )
        if node.kind != "scalar":
            message = "a call is the name of an operation, or the name with some of its inputs"
            self._findings.add("E122", node.place, message, "symphony.edit_campaign: {budget: 60 USD}")
            return None
        operation_name = self._findings.text(node, "a call")
        return None if operation_name is None else ExpectedCall(operation_name, node.place)

    def _values(self, node: Node, what: str) -> Tree | None:
        """An object without formulas, for in a test everything is known; None where it is none."""
        before = len(self._findings.problems)
        self._findings.any_entries(node, what)
        tree = self._pieces.tree(node)
        for formula in formulas_of(tree):
            self._findings.add("E127", formula.place, f"{what} is made of values, not of formulas")
        return None if len(self._findings.problems) > before else tree
