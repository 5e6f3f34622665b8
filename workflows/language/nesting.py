"""Reading the verbs that hold steps: `choose`, `for_each` and `parallel`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from workflows.language.definition import Branch, Choose, ForEach, Parallel, Step
from workflows.language.keys import BRANCH, FOR_EACH, PARALLEL
from workflows.language.pieces import Found, Pieces
from workflows.language.trees import UNREAD, Tree
from workflows.language.trees import Literal as Written
from workflows.yaml_nodes import Node

Sequence = Callable[[Node, str], tuple[Step, ...]]
"""Reads steps one level further down; the text names them in messages."""


class NestingVerbs:
    """Reads these verbs from the keys of their step."""

    def __init__(self, pieces: Pieces, sequence: Sequence) -> None:
        self._pieces = pieces
        self._findings = pieces.findings
        self._sequence = sequence

    def choose(self, step: Found) -> Choose:
        nodes = step.items("choose")
        branches = [self._branch(node, is_last=node is nodes[-1]) for node in nodes]
        return Choose(tuple(branch for branch in branches if branch is not None))

    def _branch(self, node: Node, *, is_last: bool) -> Branch | None:
        found = self._pieces.block(node, BRANCH)
        if "otherwise" in found:
            if not is_last:
                place = found.entries["otherwise"].key_place
                self._findings.add("E129", place, "'otherwise' stands in the last branch, for nothing comes after it")
            return Branch(None, self._sequence(found.at("otherwise"), "'otherwise'"), node.place)
        condition = found.formula("if")
        steps = self._sequence(found.at("steps"), "'steps'") if "steps" in found else ()
        return None if condition is None and not steps else Branch(condition, steps, node.place)

    def for_each(self, step: Found) -> ForEach:
        found = self._pieces.block(step.at("for_each"), FOR_EACH)
        items: Tree = found.tree("in") or Written(UNREAD, found.node.place)
        steps = self._sequence(found.at("steps"), "'steps'") if "steps" in found else ()
        return ForEach(
            items,
            steps,
            at_most=found.whole_number("at_most", 100),
            concurrency=found.whole_number("concurrency", 1),
            on_item_error=cast(Literal["continue", "fail"], found.choice("on_item_error", "continue")),
            result=found.tree("result"),
        )

    def parallel(self, step: Found) -> Parallel:
        found = self._pieces.block(step.at("parallel"), PARALLEL)
        until = cast(Literal["all", "any"], found.choice("until", "all"))
        named = found.named("branches", "the name of a branch") if "branches" in found else {}
        return Parallel(
            {name: self._sequence(entry.node, f"the branch {name!r}") for name, entry in named.items()}, until
        )
