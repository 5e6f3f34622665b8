"""The pieces a workflow is put together from: formulas, values, durations, and trees of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from workflows.errors import DefinitionError
from workflows.language.formulas import Formula, parse
from workflows.language.literals import duration, literal
from workflows.language.trees import Tree, examine_tree
from workflows.yaml_nodes import Node
from workflows.yaml_shapes import Findings


class Pieces:
    """Reads pieces; what is wrong goes to `findings`. `lost_condition`: one that may have settled something is lost."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.lost_condition = False

    def formula(self, node: Node, key: str) -> Formula | None:
        """The formula under a key that is one by nature: `where`, `if`, `stop_unless`, `key`."""
        text = self.findings.text(node, f"'{key}'")
        if text is not None and text.startswith("="):
            self.findings.add("E127", node.place, f"'{key}' is a formula by itself", "leave out the '=' before it")
        elif text is not None:
            try:
                return parse(text.replace("\n", " "), node.text_place)  # to a formula a line's end is but a blank
            except DefinitionError as error:
                self.findings.problems.extend(error.problems)
        self.lost_condition = True
        return None

    def tree(self, node: Node) -> Tree:
        """A value with formulas in it; UNREAD where one cannot be read."""
        tree, problems = examine_tree(node)
        self.findings.problems.extend(problems)
        return tree

    def value(self, node: Node, what: str) -> Any:
        """A value as written, in lists or alone: `1.2%`, `500 USD`, `24h`, a number, true, false, else text."""
        if node.kind == "map" or node.value is None:
            self.findings.add("E122", node.place, f"{what} must be a value or a list of values")
            return None
        if node.kind == "list":
            return [self.value(item, what) for item in node.items]
        if not isinstance(node.value, str) or node.quoted:
            return node.value
        if node.value.startswith("="):
            self.findings.add("E127", node.place, f"{what} is a value, not a formula", "compute it in a 'set' step")
            return None
        try:
            return literal(node.value)
        except ValueError as error:
            self.findings.add("E126", node.place, f"{what}: {error}", "text stands in quotes")
            return None

    def duration(self, node: Node, key: str, at_most: timedelta) -> timedelta | None:
        """A duration longer than nothing and no longer than `at_most`."""
        text = self.findings.text(node, f"'{key}'")
        if text is None:
            return None
        try:
            length = duration(text)
        except ValueError as error:
            self.findings.add("E126", node.place, f"'{key}' cannot be {text!r}: {error}")
            return None
        if not timedelta(0) < length <= at_most:
            self.findings.add("E126", node.place, f"'{key}' must be longer than nothing and at most {at_most.days}d")
            return None
        return length
