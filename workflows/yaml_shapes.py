"""Taking apart nodes of an expected shape, noting what does not fit instead of stopping at it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from workflows.problems import Place, Problem, nearest
from workflows.yaml_nodes import Entry, Node

_KINDS = {"map": "a map of keys", "list": "a list", "scalar": "a single value"}


class Findings:
    """Reads nodes and gathers problems; each method gives what fits, so that reading goes on behind a mistake.

    `what` names the thing in messages: "a step", "the source 'symphony'".
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, code: str, place: Place, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, message, place=place, hint=hint))

    def in_order(self) -> list[Problem]:
        """What was noted, in document order."""
        return sorted(self.problems, key=lambda problem: (problem.place is not None, problem.place))

    def entries(
        self, node: Node, what: str, known: Collection[str], required: Collection[str] = ()
    ) -> Mapping[str, Entry]:
        """The entries with known keys; others and missing ones are noted, a misspelt one only once."""
        entries = self.any_entries(node, what)
        hints = {key: nearest(key, known) for key in entries if key not in known}
        for key, hint in hints.items():
            message = f"{key!r} is not a key of {what}"
            self.add("E120", entries[key].key_place, message, hint or f"known are {', '.join(known)}")
        for key in required if node.kind == "map" else ():
            if key not in entries and nearest(key, [key]) not in hints.values():
                self.add("E121", node.place, f"{what} needs the key {key!r}")
        return {key: entry for key, entry in entries.items() if key in known}

    def any_entries(self, node: Node, what: str) -> Mapping[str, Entry]:
        """The entries of a map whose keys are names given by the author."""
        return node.entries if self._is(node, "map", what) else {}

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """The items of a list that is not empty."""
        if not self._is(node, "list", what):
            return ()
        if not node.items:
            self.add("E122", node.place, f"{what} must not be empty")
        return node.items

    def text(self, node: Node, what: str) -> str | None:
        """The text, None where there is none."""
        if self._is(node, "scalar", what) and not (isinstance(node.value, str) and node.value.strip()):
            self.add("E122", node.place, f"{what} must be text, not {describe(node)}")
            return None
        return node.value if isinstance(node.value, str) else None

    def choice(self, node: Node, what: str, choices: Collection[str]) -> str | None:
        """The text if it is one of `choices`."""
        text = self.text(node, what)
        if text is None or text in choices:
            return text
        hint = nearest(text, choices) or f"one of {', '.join(choices)}"
        self.add("E123", node.place, f"{text!r} cannot be {what}", hint)
        return None

    def whole_number(self, node: Node, what: str, at_least: int, at_most: int) -> int | None:
        """The whole number if it lies within both limits."""
        if not self._is(node, "scalar", what):
            return None
        if isinstance(node.value, bool) or not isinstance(node.value, int):
            self.add("E122", node.place, f"{what} must be a whole number, not {describe(node)}")
            return None
        if not at_least <= node.value <= at_most:
            self.add("E123", node.place, f"{what} must be from {at_least} to {at_most}, not {node.value}")
            return None
        return node.value

    def is_name(self, name: str, place: Place, what: str) -> bool:
        """Whether `name` can stand in a formula: letters, digits and _, not a digit first."""
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
            return True
        self.add("E124", place, f"{name!r} cannot be {what}", "use letters, digits and _, beginning with a letter")
        return False

    def _is(self, node: Node, kind: str, what: str) -> bool:
        if node.kind == kind:
            return True
        self.add("E122", node.place, f"{what} must be {_KINDS[kind]}, not {describe(node)}")
        return False


def describe(node: Node) -> str:
    """What a node is, for a message that says it should have been something else."""
    match node.value:
        case None:
            return "nothing"
        case bool():
            return "true" if node.value else "false"
        case str():
            return "text" if node.value.strip() else "empty text"
    return "a number" if node.kind == "scalar" else _KINDS[node.kind]
