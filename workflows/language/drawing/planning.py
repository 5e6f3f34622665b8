"""From a definition to its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from workflows.language.definition import (
    Approve,
    Call,
    Choose,
    Definition,
    Emit,
    ForEach,
    Parallel,
    Set,
    Step,
    StopUnless,
    SubRun,
    Trigger,
    Wait,
    WaitFor,
)
from workflows.language.drawing.picture import Cluster, Edge, Kind, Line, Node, Picture, shortened
from workflows.language.formulas import Formula, shown
from workflows.language.trees import FormulaLeaf, Literal, TemplateLeaf, Tree

WIDTH = 44
"""Characters of one line of a label."""


@dataclass(frozen=True)
class _Open:
    """An edge whose end is not known yet."""

    source: str
    label: str = ""
    line: Line = "plain"


def picture_of(definition: Definition) -> Picture:
    """The picture of a workflow, its on_failure steps included."""
    return _Drawing().picture(definition)


class _Drawing:
    def __init__(self) -> None:
        self._edges: list[Edge] = []
        self._jumps: list[tuple[str, _Open]] = []
        """Edges to steps that come later, by the step's id."""

    def picture(self, definition: Definition) -> Picture:
        root = Cluster("workflow")
        start = self._node(root, "(start)", "start", _trigger_lines(definition.trigger))
        open_ = self._sequence(definition.steps, root, [_Open(start.name)])
        result = ("gives a result",) if definition.result is not None else ()
        self._join(open_, self._node(root, "(end)", "end", ("done", *result)))
        if definition.on_failure:
            inner = Cluster("(on_failure)", "on_failure")
            root.clusters.append(inner)
            begin = self._node(inner, "(failure)", "fail", ("when it fails,", "or a person cancels it"))
            open_ = self._sequence(definition.on_failure, inner, [_Open(begin.name)])
            self._join(open_, self._node(inner, "(failed)", "end", ("failed or cancelled",)))
        return Picture(definition.name, root, tuple(self._edges))

    def _sequence(self, steps: Sequence[Step], where: Cluster, open_: list[_Open]) -> list[_Open]:
        """Draw steps one after another; what is open behind the last."""
        for step in steps:
            open_ = [*open_, *(jump for target, jump in self._jumps if target == step.id)]
            self._jumps = [(target, jump) for target, jump in self._jumps if target != step.id]
            open_ = self._step(step, where, open_)
        return open_

    def _step(self, step: Step, where: Cluster, open_: list[_Open]) -> list[_Open]:
        past: list[_Open] = []
        if step.condition is not None:
            asked = self._node(where, f"{step.id}?", "if", (_formula(step.condition),), step.id)
            self._join(open_, asked)
            open_, past = [_Open(asked.name, "yes")], [_Open(asked.name, "no")]
        return [*self._verb(step, where, open_), *past]

    def _verb(self, step: Step, where: Cluster, open_: list[_Open]) -> list[_Open]:
        match step.verb:
            case Choose():
                return self._choose(step, step.verb, where, open_)
            case ForEach():
                return self._for_each(step, step.verb, where, open_)
            case Parallel():
                return self._parallel(step, step.verb, where, open_)
            case StopUnless(condition):
                asked = self._node(where, step.id, "if", (step.id, _formula(condition)), step.id)
                self._join(open_, asked)
                self._ends(asked.name, "no", "stop", step, where)
                return [_Open(asked.name, "yes"), *self._on_error(step, asked.name, where)]
            case Approve() as approve:
                asked = self._plain(step, where, open_)
                ways = (("denied", approve.on_deny), ("nobody in time", approve.on_timeout))
                return [_Open(asked.name, "approved"), *self._ways(step, asked.name, ways, where)]
            case WaitFor() as wait_for:
                waits = self._plain(step, where, open_)
                return [
                    _Open(waits.name),
                    *self._ways(step, waits.name, (("not in time", wait_for.on_timeout),), where),
                ]
        node = self._plain(step, where, open_)
        return [_Open(node.name), *self._on_error(step, node.name, where)]

    def _plain(self, step: Step, where: Cluster, open_: list[_Open]) -> Node:
        kind, lines = _told(step)
        node = self._node(where, step.id, kind, (step.id, *lines), step.id)
        self._join(open_, node)
        return node

    def _ways(self, step: Step, source: str, ways: Sequence[tuple[str, str]], where: Cluster) -> list[_Open]:
        """The ways out of a step beside the one it is there for, and what its failure brings."""
        open_: list[_Open] = []
        for label, then in ways:
            if then == "continue":
                open_.append(_Open(source, label))
            elif then == "stop":
                self._ends(source, label, "stop", step, where)
            else:
                open_ += self._on_error(step, source, where, label, always=True)
        return open_

    def _on_error(
        self, step: Step, source: str, where: Cluster, label: str = "on error", *, always: bool = False
    ) -> list[_Open]:
        """What a step's failure brings; that it fails the run is drawn only where it is said of a way of its own."""
        if step.on_error == "continue":
            return [_Open(source, label, "error")]
        if step.on_error == "stop" or (step.on_error == "fail" and always):
            self._ends(source, label, "stop" if step.on_error == "stop" else "fail", step, where, "error")
        elif step.on_error != "fail":
            self._jumps.append((step.on_error, _Open(source, label, "error")))
        return []

    def _ends(self, source: str, label: str, kind: Kind, step: Step, where: Cluster, line: Line = "plain") -> None:
        name = f"{step.id} {label}"
        self._node(where, name, kind, ("stops" if kind == "stop" else "fails",), "")
        self._edges.append(Edge(source, name, label, line))

    def _choose(self, step: Step, choose: Choose, where: Cluster, open_: list[_Open]) -> list[_Open]:
        inner = self._cluster(where, step, step.id)
        fork = self._node(inner, step.id, "fork", (step.id,), step.id)
        self._join(open_, fork)
        behind: list[_Open] = []
        for branch in choose.branches:
            label = "otherwise" if branch.condition is None else _formula(branch.condition)
            behind += self._sequence(branch.steps, inner, [_Open(fork.name, label)])
        if choose.branches[-1].condition is not None:
            behind.append(_Open(fork.name, "none holds"))
        return [*behind, *self._on_error(step, fork.name, where)]

    def _for_each(self, step: Step, loop: ForEach, where: Cluster, open_: list[_Open]) -> list[_Open]:
        at_a_time = f", {loop.concurrency} at a time" if loop.concurrency > 1 else ""
        inner = self._cluster(where, step, f"{step.id}: for each of {_value(loop.items)}{at_a_time}")
        head = self._node(inner, step.id, "loop", ("next item",), step.id)
        self._join(open_, head)
        for end in self._sequence(loop.steps, inner, [_Open(head.name)]):
            self._edges.append(Edge(end.source, head.name, end.label, "again"))
        return [_Open(head.name, "all done"), *self._on_error(step, head.name, where)]

    def _parallel(self, step: Step, parallel: Parallel, where: Cluster, open_: list[_Open]) -> list[_Open]:
        until = "all are done" if parallel.until == "all" else "one is done"
        inner = self._cluster(where, step, f"{step.id}: beside each other, until {until}")
        fork = self._node(inner, step.id, "fork", (step.id,), step.id)
        self._join(open_, fork)
        behind: list[_Open] = []
        for name, steps in parallel.branches.items():
            branch = Cluster(f"{step.id}.{name}", name)
            inner.clusters.append(branch)
            behind += self._sequence(steps, branch, [_Open(fork.name)])
        meet = self._node(inner, f"{step.id}.", "fork", ("all" if parallel.until == "all" else "any",), step.id)
        self._join(behind, meet)
        return [_Open(meet.name), *self._on_error(step, meet.name, where)]

    def _cluster(self, where: Cluster, step: Step, title: str) -> Cluster:
        inner = Cluster(step.id, shortened(title, 2 * WIDTH))
        where.clusters.append(inner)
        return inner

    def _node(self, where: Cluster, name: str, kind: Kind, lines: Sequence[str], step: str = "") -> Node:
        node = Node(name, kind, tuple(shortened(line, WIDTH) for line in lines if line), step)
        where.nodes.append(node)
        return node

    def _join(self, open_: Sequence[_Open], node: Node) -> None:
        for end in open_:
            self._edges.append(Edge(end.source, node.name, shortened(end.label, WIDTH), end.line))


def _trigger_lines(trigger: Trigger) -> tuple[str, ...]:
    if trigger.schedule is not None:
        return (f"at {trigger.schedule.cron}", trigger.schedule.zone)
    if trigger.manual is not None:
        return ("started by hand", ", ".join(trigger.manual))
    where = () if trigger.where is None else (f"where {_formula(trigger.where)}",)
    return (*trigger.events, *where)


def _told(step: Step) -> tuple[Kind, tuple[str, ...]]:
    """How a step that contains no others is drawn, and what it says beside its id."""
    match step.verb:
        case Call() as call:
            return "call", (call.operation, "once" if call.once is not None else "")
        case Set(values):
            return "set", (", ".join(values),)
        case Wait() as wait:
            return "wait", (_wait(wait),)
        case WaitFor() as wait_for:
            kinds = dict.fromkeys(kind for item in wait_for.awaited for kind in item.events)
            which = {"one": "", "all": "all of ", "any": "any of "}[wait_for.mode]
            return "event", (f"{which}{', '.join(kinds)}", f"at most {_length(wait_for.expires)}")
        case Approve() as approve:
            count = f"{approve.count} of " if approve.count > 1 else ""
            return "ask", (f"{count}{', '.join(approve.roles)}", f"at most {_length(approve.expires)}")
        case SubRun() as sub_run:
            return "run", (sub_run.workflow,)
        case Emit() as emit:
            return "emit", (emit.event,)
    raise AssertionError(f"{step.id} contains other steps")


def _wait(wait: Wait) -> str:
    if wait.for_ is not None:
        counted = "" if wait.from_ is None else f" from {_value(wait.from_)}"
        return f"for {_value(wait.for_)}{counted}"
    assert wait.until is not None
    zone = "" if wait.zone is None else f" {_value(wait.zone)}"
    return f"until {_value(wait.until)}{zone}"


def _value(tree: Tree) -> str:
    match tree:
        case Literal(value=str() as text):
            return text
        case Literal(value=timedelta() as length):
            return _length(length)
        case Literal(value=value):
            return shown(value)
        case FormulaLeaf(formula):
            return _formula(formula)
        case TemplateLeaf():
            return "text"
    return "a list"


def _formula(formula: Formula) -> str:
    return formula.text


def _length(length: timedelta) -> str:
    return shown(length)
