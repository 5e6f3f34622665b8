"""Reading the steps of a workflow: sequences of them, each with an id, one verb, and what goes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from workflows.language.awaiting import AwaitingVerbs
from workflows.language.definition import Step, Verb
from workflows.language.keys import ENDS, MAX_NESTING, MAX_STEPS, STEP, VERB_NAMES
from workflows.language.nesting import NestingVerbs
from workflows.language.pieces import Found, Pieces
from workflows.language.verbs import PlainVerbs
from workflows.problems import Place, nearest
from workflows.yaml_nodes import Node

SCOPE_NAMES = ("event", "brand", "vars", "run", "item", "it", "failure", "now", "each", "outer")
WORDS = ("and", "or", "not", "in", "true", "false", "null", "if", "has", "default")


class StepReader:
    """Reads the sequences of one workflow; ids differ in all of them together.

    unread  ids of steps of which no verb was read, and of those within them
    """

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._findings = pieces.findings
        self.unread: set[str] = set()
        self._ids: dict[str, Place] = {}
        self._was: list[tuple[str, Place]] = []
        self._jumps: list[_Jump] = []
        self._count = 0
        self._depth = 0
        plain = PlainVerbs(pieces)
        awaiting = AwaitingVerbs(pieces, plain)
        nesting = NestingVerbs(pieces, self.sequence)
        self._verbs: Mapping[str, Callable[[Found], Verb | None]] = {
            "call": plain.call,
            "set": plain.set,
            "wait": plain.wait,
            "wait_for": awaiting.wait_for,
            "approve": awaiting.approve,
            "stop_unless": plain.stop_unless,
            "choose": nesting.choose,
            "for_each": nesting.for_each,
            "parallel": nesting.parallel,
            "run": plain.run,
            "emit": plain.emit,
        }

    def sequence(self, node: Node, what: str) -> tuple[Step, ...]:
        """The steps of a list, as far as each fits, those without a verb left out."""
        if self._depth == MAX_NESTING:
            message = f"steps stand within steps at most {MAX_NESTING} levels deep"
            self._findings.add(
                "E130", node.place, message, "put the inner ones into a workflow of their own and run it"
            )
            self.unread |= set(_ids_below(node))
            return ()
        self._depth += 1
        items = self._findings.items(node, what)
        read = [(_id_of(item), self.step(item)) for item in items]
        self._depth -= 1
        self._jumps += _jumps(items, [step_id for step_id, _ in read])
        return tuple(step for _, step in read if step is not None)

    def step(self, node: Node) -> Step | None:
        """The step as far as it fits; None without a verb."""
        self._count += 1
        if self._count == MAX_STEPS + 1:
            self._findings.add("E130", node.place, f"a workflow has at most {MAX_STEPS} steps, this is one more")
        found = self._pieces.block(node, STEP)
        step_id = self._id(found.at("id")) if "id" in found else None
        condition = found.formula("if")
        timeout = found.duration("timeout")
        was = self._former(found)
        verb = self._verb(found)
        if verb is None:
            self.unread |= {step_id or "", *_ids_below(node)}
            return None
        step = Step(step_id or "", verb, node.place, condition, timeout=timeout, was=was)
        on_error = self._findings.text(found.at("on_error"), "'on_error'") if "on_error" in found else None
        return step if on_error is None else replace(step, on_error=on_error, on_error_place=found.place("on_error"))

    def look_at_names(self) -> None:
        """Note what names steps wrongly; to be asked when all steps are read."""
        self._look_at_former_ids()
        for jump in self._jumps:
            self._look_at_jump(jump)

    def _look_at_former_ids(self) -> None:
        """Note ids of earlier versions that are ids of steps now."""
        seen: set[str] = set()
        for name, place in self._was:
            if name in self._ids:
                self._findings.add("E125", place, f"{name!r} is the id of a step now, so no step can have been it")
            elif name in seen:
                self._findings.add("E125", place, f"another step has been {name!r} already")
            seen.add(name)

    def _id(self, node: Node) -> str | None:
        name = self._findings.text(node, "'id'")
        if name is None or not self._findings.is_name(name, node.place, "the id of a step"):
            return None
        if name in SCOPE_NAMES or name in WORDS:
            self._findings.add("E125", node.place, f"{name!r} cannot be the id of a step: formulas know it already")
            return None
        if name in self._ids:
            first = self._ids[name]
            self._findings.add(
                "E125", node.place, f"the step {name!r} is there already, at {first.line}:{first.column}"
            )
        self._ids.setdefault(name, node.place)
        return name

    def _former(self, found: Found) -> tuple[str, ...]:
        named = found.texts("was", "a name")
        self._was += named
        for name, place in named:
            self._findings.is_name(name, place, "the id of a step")
        return tuple(name for name, _ in named)

    def _verb(self, found: Found) -> Verb | None:
        named = [key for key in found.entries if key in VERB_NAMES]
        return self._verbs[named[0]](found) if named else None

    def _look_at_jump(self, jump: _Jump) -> None:
        """Note an `on_error` that is no step further down the same sequence."""
        if jump.target in jump.later:
            return
        if jump.target in self._ids:
            message = f"the step {jump.target!r} does not come later beside this one"
            hint = f"later are {', '.join(jump.later)}" if jump.later else ""
            self._findings.add("E313", jump.place, message, hint)
        else:
            known = (*ENDS, *jump.later)
            hint = nearest(jump.target, known) or f"one of {', '.join(known)}"
            self._findings.add("E123", jump.place, f"{jump.target!r} cannot be 'on_error'", hint)


class _Jump(NamedTuple):
    """An `on_error` that names a step, and the ids that come later beside it."""

    target: str
    place: Place
    later: tuple[str, ...]


def _jumps(items: tuple[Node, ...], ids: list[str]) -> Iterator[_Jump]:
    for number, item in enumerate(items):
        entry = item.entries.get("on_error")
        target = entry.node.value if entry else None
        if entry is not None and isinstance(target, str) and target.strip() and target not in ENDS:
            yield _Jump(target, entry.node.place, tuple(step_id for step_id in ids[number + 1 :] if step_id))


def _id_of(node: Node) -> str:
    entry = node.entries.get("id")
    return entry.node.value if entry and isinstance(entry.node.value, str) else ""


def _ids_below(node: Node) -> Iterator[str]:
    """What may be ids of steps within a node that could not be read as one."""
    for item in node.items:
        yield from _ids_below(item)
    for key, entry in node.entries.items():
        if key == "id" and isinstance(entry.node.value, str):
            yield entry.node.value
        yield from _ids_below(entry.node)
