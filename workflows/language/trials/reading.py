"""From the block `tests` to trials. What its words refer to is looked at in `checking`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar, cast

from workflows.language.keys import COMING, DECISION, EXPECT, GIVEN, MONTH, TEST, YEAR
from workflows.language.names import formulas_of
from workflows.language.pieces import Found, Pieces
from workflows.language.trees import READERS, Tree
from workflows.language.trials.values import (
    DECISIONS,
    RUN_MOCK,
    STATUSES,
    Answer,
    ComingEvent,
    Expected,
    ExpectedCall,
    ExpectedEvent,
    ExpectedQuestion,
    ExpectedWait,
    GivenApproval,
    GivenBrand,
    GivenDecision,
    GivenEvent,
    Mock,
    Trial,
)
from workflows.language.types import InstantType
from workflows.problems import Place
from workflows.yaml_nodes import Entry, Node

REASONS: tuple[Literal["refused", "in_doubt", "retry"], ...] = ("refused", "in_doubt", "retry")
"""The ways a call ends with a reason in place of an output."""

Named = TypeVar("Named")
Kind = Literal["approve", "deny", "nobody"]


class TrialReader:
    """Reads trials one after another; their names must differ."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._findings = pieces.findings
        self._names: dict[str, Place] = {}

    def trial(self, node: Node) -> Trial | None:
        """The trial as far as it fits; None for what is none at all."""
        before = len(self._findings.problems)
        found = self._pieces.block(node, TEST)
        name = self._name(found.at("name")) if "name" in found else ""
        mocks = self.mocks(found.at("mock")) if "mock" in found else ()
        expected = self._expected(found.at("expect")) if "expect" in found else Expected()
        if "given" not in found:
            return None
        given = self._pieces.block(found.at("given"), GIVEN)
        event = self._event(given.at("event")) if "event" in given else None
        trial = Trial(
            name=name,
            place=node.place,
            event=event,
            brand=self._brand(given.at("brand")) if "brand" in given else None,
            now=self._instant(given.at("now")) if "now" in given else None,
            mocks=mocks,
            expected=expected,
            inputs=self._values(given.at("inputs"), "'inputs'") if "inputs" in given else None,
            events=tuple(filter(None, map(self._coming, given.items("events")))),
            approvals=self._approvals(given),
        )
        is_lost = event is None and ("event" in given or not given.is_whole)
        return None if is_lost and len(self._findings.problems) > before else trial

    def mocks(self, node: Node) -> tuple[Mock, ...]:
        """What vendors answer, by operation."""
        entries = self._findings.any_entries(node, "'mock'")
        return tuple(self._mock(name, entry) for name, entry in entries.items())

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

    def _coming(self, node: Node) -> ComingEvent | None:
        found = self._pieces.block(node, COMING)
        event = self._event(found.at("event")) if "event" in found else None
        before, after = found.duration("before"), found.duration("after")
        if event is None or (before is None and after is None):
            return None
        return ComingEvent(event, -before if before is not None else after or timedelta(0))

    def _approvals(self, given: Found) -> tuple[GivenApproval, ...]:
        return tuple(self._approval(step, entry) for step, entry in given.named("approvals", "a step").items())

    def _approval(self, step: str, entry: Entry) -> GivenApproval:
        in_turn = entry.node.kind == "list"
        nodes = self._findings.items(entry.node, f"what is said to {step}") if in_turn else (entry.node,)
        decisions = tuple(self._decision(item, step) for item in nodes)
        return GivenApproval(step, entry.key_place, decisions, in_turn)

    def _decision(self, node: Node, step: str) -> GivenDecision:
        if node.kind != "map":
            said = self._findings.choice(node, f"what is said to {step}", DECISIONS)
            return GivenDecision(cast(Kind, said or "nobody"))
        found = self._pieces.block(node, DECISION)
        return GivenDecision(
            cast(Kind, found.choice("decision", "nobody")),
            by=tuple(name for name, _ in found.texts("by", "a person")),
            reason=found.text("reason") or "",
            after=found.duration("after") or timedelta(0),
        )

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

    def _mock(self, operation: str, entry: Entry) -> Mock:
        in_turn = entry.node.kind == "list"
        nodes = self._findings.items(entry.node, f"the answers of {operation}") if in_turn else (entry.node,)
        return Mock(operation, entry.key_place, tuple(self._answer(item, operation) for item in nodes), in_turn)

    def _answer(self, node: Node, operation: str) -> Answer:
        keys = list(node.entries)
        for kind in REASONS:
            if keys == [kind] or (kind == "retry" and sorted(keys) == ["after", "retry"]):
                reason = self._findings.text(node.entries[kind].node, f"the reason of '{kind}'")
                after = self._pieces.duration(node.entries["after"].node, "after", MONTH) if "after" in keys else None
                return Answer(kind, node.place, reason=reason or "", after=after)
        return Answer(
            "done", node.place, self._values(node, f"an answer of {operation}", or_value=operation.startswith(RUN_MOCK))
        )

    def _expected(self, node: Node) -> Expected:
        found = self._pieces.block(node, EXPECT)
        if node.kind == "map" and not node.entries:
            self._findings.add("E122", node.place, "'expect' must not be empty")
        result = self._values(found.at("result"), "the result", or_value=True) if "result" in found else None
        runs = (self._findings.choice(item, "how a run ends", STATUSES) for item in found.items("runs"))
        return Expected(
            status=found.choice("status", "") or None,
            at=found.text("at"),
            at_place=found.place("at"),
            reason=found.text("reason"),
            calls=self._named(found, "calls", "a call", "an operation", self._call),
            emitted=self._named(found, "emitted", "an event", "a type of event", self._emitted),
            waits=self._named(found, "waits", "a wait", "a step", self._wait),
            approvals=self._named(found, "approvals", "a question", "a step", self._question),
            result=result,
            elapsed=found.duration("elapsed"),
            runs=tuple(filter(None, runs)) if "runs" in found else None,
        )

    def _named(
        self, found: Found, key: str, what: str, name_of: str, read: Callable[[str, Place, Node | None], Named]
    ) -> tuple[Named, ...] | None:
        """Entries that are a name, or a name with more; no entry at all is worth expecting as well."""
        if key not in found:
            return None
        entries: list[Named] = []
        for node in found.items(key):
            if node.kind == "map" and len(node.entries) == 1:
                name, entry = next(iter(node.entries.items()))
                entries.append(read(name, entry.key_place, entry.node))
            elif node.kind != "scalar":
                message = f"{what} is the name of {name_of}, or the name with what matters of it"
                self._findings.add("E122", node.place, message, EXAMPLES[key])
            elif (text := self._findings.text(node, what)) is not None:
                entries.append(read(text, node.place, None))
        return tuple(entries)

    def _call(self, operation: str, place: Place, more: Node | None) -> ExpectedCall:
        inputs = None if more is None else self._values(more, f"what {operation} is called with")
        return ExpectedCall(operation, place, inputs)

    def _emitted(self, kind: str, place: Place, more: Node | None) -> ExpectedEvent:
        return ExpectedEvent(kind, place, None if more is None else self._values(more, f"the data of {kind}"))

    def _wait(self, step: str, place: Place, more: Node | None) -> ExpectedWait:
        return ExpectedWait(step, place, None if more is None else self._pieces.duration(more, step, YEAR))

    def _question(self, step: str, place: Place, more: Node | None) -> ExpectedQuestion:
        return ExpectedQuestion(step, place, None if more is None else self._values(more, f"what {step} shows"))

    def _values(self, node: Node, what: str, *, or_value: bool = False) -> Tree | None:
        """An object without formulas (or another value), for in a test everything is known; None where it is none."""
        before = len(self._findings.problems)
        if not or_value:
            self._findings.any_entries(node, what)
        tree = self._pieces.tree(node)
        for formula in formulas_of(tree):
            self._findings.add("E127", formula.place, f"{what} is made of values, not of formulas")
        return None if len(self._findings.problems) > before else tree


EXAMPLES = {
    "calls": "symphony.edit_campaign: {budget: 60 USD}",
    "emitted": "stagedoor.followup.failed: {campaign: 5017}",
    "waits": "morning: 17.5h",
    "approvals": "sign_off: {title: Raise it?}",
}
