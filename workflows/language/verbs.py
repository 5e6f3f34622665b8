"""Reading the verbs that do one thing at once: `call`, `set`, `wait`, `stop_unless`, `run` and `emit`."""

from __future__ import annotations

from datetime import timedelta

from workflows.language.definition import Call, Emit, Expectation, Once, Set, StopUnless, SubRun, Wait
from workflows.language.formulas.nodes import Path
from workflows.language.keys import EMIT, RETRY, WAIT, YEAR
from workflows.language.pieces import Found, Pieces
from workflows.language.trees import UNREAD, Literal, ObjectTree, Tree
from workflows.yaml_nodes import Node

DEFAULT_ATTEMPTS = 6
DEFAULT_WITHIN = timedelta(hours=6)


class PlainVerbs:
    """Reads these verbs from the keys of their step; None where too little of one fits."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._findings = pieces.findings

    def call(self, step: Found) -> Call | None:
        operation = step.text("call")
        inputs = self._inputs(step, "call")
        attempts, within = DEFAULT_ATTEMPTS, DEFAULT_WITHIN
        if "retry" in step:
            retry = self._pieces.block(step.at("retry"), RETRY)
            attempts = retry.whole_number("attempts", DEFAULT_ATTEMPTS)
            within = retry.duration("within") or DEFAULT_WITHIN
        once = tuple(self._pieces.tree(item) for item in step.items("once"))
        expects = self.expects(step)
        if operation is None:
            return None
        return Call(
            operation,
            inputs,
            attempts,
            within,
            step.place("call"),
            once=Once(once) if "once" in step else None,
            expects=expects,
        )

    def expects(self, step: Found) -> tuple[Expectation, ...]:
        """The paths of `expects`, each to something an earlier step has read."""
        found = []
        for item in step.items("expects"):
            formula = self._pieces.formula(item, "expects")
            if formula is None:
                continue
            root = formula.root
            if isinstance(root, Path) and root.steps:
                found.append(Expectation(root.root, root.steps, formula))
            else:
                message = "what a step expects is something an earlier step has read"
                self._findings.add("E318", formula.place, message, "such as stats.budget")
        return tuple(found)

    def set(self, step: Found) -> Set:
        entries = step.named("set", "the name of a value")
        return Set({name: self._pieces.tree(entry.node) for name, entry in entries.items()})

    def stop_unless(self, step: Found) -> StopUnless | None:
        condition = step.formula("stop_unless")
        return None if condition is None else StopUnless(condition)

    def wait(self, step: Found) -> Wait | None:
        found = self._pieces.block(step.at("wait"), WAIT)
        if ("for" in found) == ("until" in found):
            return None
        return Wait(
            for_=self._length(found.at("for")) if "for" in found else None,
            from_=found.tree("from"),
            until=found.tree("until"),
            zone=found.tree("zone"),
        )

    def run(self, step: Found) -> SubRun | None:
        workflow, inputs = step.text("run"), self._inputs(step, "run")
        return None if workflow is None else SubRun(workflow, inputs, step.place("run"))

    def emit(self, step: Found) -> Emit | None:
        found = self._pieces.block(step.at("emit"), EMIT)
        event, subject = found.text("event"), found.tree("subject")
        data: Tree = ObjectTree((), found.node.place)
        if "data" in found:
            self._findings.any_entries(found.at("data"), "'data'")
            data = self._pieces.tree(found.at("data"))
        return None if event is None else Emit(event, data, subject, found.place("event"))

    def _inputs(self, step: Found, verb: str) -> Tree:
        """What stands under `with`; without it, an object of nothing where it says whom it would go to."""
        if "with" not in step:
            return ObjectTree((), step.at(verb).place)
        self._findings.any_entries(step.at("with"), "'with'")
        return self._pieces.tree(step.at("with"))

    def _length(self, node: Node) -> Tree:
        """A duration written out, or a formula that gives one."""
        if isinstance(node.value, str) and node.value.startswith("="):
            return self._pieces.tree(node)
        length = self._pieces.duration(node, "for", YEAR)
        return Literal(UNREAD if length is None else length, node.place)
