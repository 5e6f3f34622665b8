"""Reading the steps of a workflow: an id, one verb, and what goes with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from workflows.language.definition import Call, Set, Step, StopUnless, Verb, Wait
from workflows.language.pieces import Pieces
from workflows.language.trees import UNREAD, Literal, ObjectTree, Tree
from workflows.problems import Place
from workflows.yaml_nodes import Entry, Node

SCOPE_NAMES = ("event", "brand", "vars", "run", "item")
WORDS = ("and", "or", "not", "in", "true", "false", "null", "if", "has", "default", "each", "outer", "now")
ON_ERROR = ("stop", "fail", "continue")
KEYS_OF_VERB: Mapping[str, tuple[str, ...]] = {
    "call": ("with", "retry"),
    "set": (),
    "wait": (),
    "stop_unless": (),
}
"""The verbs, and the keys that only go with that verb."""

DEFAULT_ATTEMPTS = 6
MAX_ATTEMPTS = 100
DEFAULT_WITHIN = timedelta(hours=6)
MAX_WITHIN = timedelta(days=31)
MAX_WAIT = timedelta(days=366)


class StepReader:
    """Reads steps one after another; ids must differ from those before. `unread`: those of which no verb was read."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._findings = pieces.findings
        self.unread: set[str] = set()
        self._ids: dict[str, Place] = {}
        self._verbs: Mapping[str, Callable[[Node, Mapping[str, Entry]], Verb | None]] = {
            "call": self._call,
            "set": self._set,
            "wait": self._wait,
            "stop_unless": self._stop_unless,
        }

    def step(self, node: Node) -> Step | None:
        """The step as far as it fits; None without a verb."""
        of_verbs = [key for keys in KEYS_OF_VERB.values() for key in keys]
        known = ("id", "if", "on_error", *KEYS_OF_VERB, *of_verbs)
        found = self._findings.entries(node, "a step", known, required=("id",))
        step_id = self._id(found["id"].node) if "id" in found else None
        condition = self._pieces.formula(found["if"].node, "if") if "if" in found else None
        on_error = (
            self._findings.choice(found["on_error"].node, "'on_error'", ON_ERROR) if "on_error" in found else None
        )
        verb = self._verb(node, found)
        if verb is None:
            self.unread.add(step_id or "")
            return None
        return Step(step_id or "", verb, node.place, condition, on_error or "fail")

    def _id(self, node: Node) -> str | None:
        name = self._findings.text(node, "'id'")
        if name is None or not self._findings.is_name(name, node.place, "the id of a step"):
            return None
        if name in SCOPE_NAMES or name in WORDS:
            self._findings.add("E125", node.place, f"{name!r} cannot be the id of a step: formulas know it already")
        elif name in self._ids:
            first = self._ids[name]
            self._findings.add(
                "E125", node.place, f"the step {name!r} is there already, at {first.line}:{first.column}"
            )
        self._ids.setdefault(name, node.place)
        return name

    def _verb(self, node: Node, found: Mapping[str, Entry]) -> Verb | None:
        named = [key for key in found if key in KEYS_OF_VERB]
        if node.kind == "map" and not named and len(found) == len(node.entries):  # else a key was none already
            self._findings.add("E129", node.place, "a step needs a verb", f"one of {', '.join(KEYS_OF_VERB)}")
        for verb in named[1:]:
            message = f"a step does one thing: this one has {named[0]!r} already"
            self._findings.add("E129", found[verb].key_place, message, f"make {verb!r} a step of its own")
        for verb, keys in KEYS_OF_VERB.items():
            for key in keys:
                if key in found and named and verb not in named:
                    self._findings.add("E129", found[key].key_place, f"{key!r} goes with {verb!r} only")
        return self._verbs[named[0]](found[named[0]].node, found) if named else None

    def _call(self, node: Node, found: Mapping[str, Entry]) -> Call | None:
        operation = self._findings.text(node, "'call'")
        inputs: Tree = ObjectTree((), node.place)
        if "with" in found:
            self._findings.any_entries(found["with"].node, "'with'")
            inputs = self._pieces.tree(found["with"].node)
        attempts, within = self._retry(found["retry"].node) if "retry" in found else (DEFAULT_ATTEMPTS, DEFAULT_WITHIN)
        if operation is None:
            return None
        return Call(operation, inputs, attempts, within, node.place)

    def _retry(self, node: Node) -> tuple[int, timedelta]:
        found = self._findings.entries(node, "'retry'", ("attempts", "within"))
        attempts, within = None, None
        if "attempts" in found:
            attempts = self._findings.whole_number(found["attempts"].node, "'attempts'", 1, MAX_ATTEMPTS)
        if "within" in found:
            within = self._pieces.duration(found["within"].node, "within", MAX_WITHIN)
        return attempts or DEFAULT_ATTEMPTS, within or DEFAULT_WITHIN

    def _set(self, node: Node, found: Mapping[str, Entry]) -> Set | None:
        values: dict[str, Tree] = {}
        entries = self._findings.any_entries(node, "'set'")
        for name, entry in entries.items():
            self._findings.is_name(name, entry.key_place, "the name of a value")
            values[name] = self._pieces.tree(entry.node)
        if node.kind == "map" and not entries:
            self._findings.add("E122", node.place, "'set' must not be empty")
        return Set(values)

    def _stop_unless(self, node: Node, found: Mapping[str, Entry]) -> StopUnless | None:
        condition = self._pieces.formula(node, "stop_unless")
        return None if condition is None else StopUnless(condition)

    def _wait(self, node: Node, found: Mapping[str, Entry]) -> Wait | None:
        inner = self._findings.entries(node, "'wait'", ("for", "from", "until", "zone"))
        if ("for" in inner) == ("until" in inner):
            if node.kind == "map" and len(inner) == len(node.entries):
                hint = "for: 30m, or until: '09:00'"
                self._findings.add("E129", node.place, "'wait' needs either 'for' or 'until'", hint)
            return None
        for key, needed in (("from", "for"), ("zone", "until")):
            if key in inner and needed not in inner:
                self._findings.add("E129", inner[key].key_place, f"{key!r} goes with {needed!r} only")
        return Wait(
            for_=self._length(inner["for"].node) if "for" in inner else None,
            from_=self._pieces.tree(inner["from"].node) if "from" in inner else None,
            until=self._pieces.tree(inner["until"].node) if "until" in inner else None,
            zone=self._pieces.tree(inner["zone"].node) if "zone" in inner else None,
        )

    def _length(self, node: Node) -> Tree:
        """A duration written out, or a formula that gives one."""
        if isinstance(node.value, str) and node.value.startswith("="):
            return self._pieces.tree(node)
        length = self._pieces.duration(node, "for", MAX_WAIT)
        return Literal(UNREAD if length is None else length, node.place)
