"""From the text of a workflow file to its definition. What the words refer to is the checker's business."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from workflows.errors import DefinitionError
from workflows.language.definition import Definition, Step, Trigger
from workflows.language.folds import unfolded
from workflows.language.formulas import Formula
from workflows.language.pieces import Pieces
from workflows.language.steps import StepReader
from workflows.language.trials.reading import TrialReader
from workflows.language.trials.values import Trial
from workflows.problems import Place, Problem
from workflows.yaml_nodes import Entry, Node, examine

KEYS = ("workflow", "description", "owner", "vars", "when", "run", "steps", "tests")
DEFAULT_EXPIRES = timedelta(days=14)
MAX_EXPIRES = timedelta(days=366)


@dataclass(frozen=True)
class Examined:
    """What could be read of a file, for those who look for further mistakes in it.

    unread     ids of steps nothing is known of
    is_certain False where a condition is lost that might have settled what is there and what is not
    """

    definition: Definition
    problems: tuple[Problem, ...]
    unread: frozenset[str]
    is_certain: bool


def read_definition(text: str, file: str) -> Definition:
    """Read one workflow. Raises DefinitionError with every problem.

    `file` is shown in problems, and the workflow must be named as its stem says.
    """
    examined = examine_definition(text, file)
    if examined.problems:
        raise DefinitionError(examined.problems)
    return examined.definition


def examine_definition(text: str, file: str) -> Examined:
    """As `read_definition`, but with whatever fits. Raises DefinitionError only for what is not YAML."""
    root, problems = examine(text, file)
    reader = _Reader(text, file)
    definition = reader.definition(root)
    problems += unfolded(reader.pieces.findings.problems, root)
    return Examined(definition, tuple(problems), frozenset(reader.unread), not reader.pieces.lost_condition)


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.pieces = Pieces()
        self._findings = self.pieces.findings
        self.unread: set[str] = set()
        self._text = text
        self._file = file

    def definition(self, root: Node) -> Definition:
        found = self._findings.entries(root, "a workflow", KEYS, required=("workflow", "when", "steps"))
        name = self._name(found["workflow"].node) if "workflow" in found else ""
        trigger = self._trigger(found["when"].node) if "when" in found else Trigger(())
        variables = self._variables(found["vars"].node) if "vars" in found else {}
        key, expires = self._run(found["run"].node) if "run" in found else (None, DEFAULT_EXPIRES)
        steps = self._steps(found["steps"].node) if "steps" in found else ()
        tests = self._tests(found["tests"].node) if "tests" in found else ()
        return Definition(
            name=name,
            description=self._words("description", found),
            owner=self._words("owner", found),
            variables=variables,
            trigger=trigger,
            key=key,
            expires=expires,
            steps=steps,
            source=self._text,
            hash=sha256(self._text.encode()).hexdigest(),
            tests=tests,
        )

    def _name(self, node: Node) -> str:
        name = self._findings.text(node, "the name of a workflow")
        stem = Path(self._file).stem
        if name is None:
            return ""
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
            self._findings.add(
                "E124", node.place, f"{name!r} cannot name a workflow", "use small letters, digits and -"
            )
        elif name != stem:
            message = f"the workflow is named {name!r} but its file {Path(self._file).name!r}"
            self._findings.add("E128", node.place, message, f"name it {stem!r}")
        return name

    def _words(self, key: str, found: Mapping[str, Entry]) -> str:
        return (self._findings.text(found[key].node, key) or "") if key in found else ""

    def _trigger(self, node: Node) -> Trigger:
        found = self._findings.entries(node, "'when'", ("event", "where"), required=("event",))
        where = self.pieces.formula(found["where"].node, "where") if "where" in found else None
        if "event" not in found:
            return Trigger((), where)
        event = found["event"].node
        nodes = self._findings.items(event, "'event'") if event.kind == "list" else (event,)
        named = [(name, item.place) for item in nodes if (name := self._findings.text(item, "an event type"))]
        self._refuse_repeated(named)
        return Trigger(tuple(name for name, _ in named), where, tuple(place for _, place in named))

    def _refuse_repeated(self, named: list[tuple[str, Place]]) -> None:
        seen: set[str] = set()
        for name, place in named:
            if name in seen:
                self._findings.add("E125", place, f"the event type {name!r} stands here twice")
            seen.add(name)

    def _variables(self, node: Node) -> dict[str, Any]:
        variables = {}
        for name, entry in self._findings.any_entries(node, "vars").items():
            self._findings.is_name(name, entry.key_place, "the name of a variable")
            variables[name] = self.pieces.value(entry.node, f"vars.{name}")
        return variables

    def _run(self, node: Node) -> tuple[Formula | None, timedelta]:
        found = self._findings.entries(node, "'run'", ("key", "expires"))
        key = self.pieces.formula(found["key"].node, "key") if "key" in found else None
        expires = self.pieces.duration(found["expires"].node, "expires", MAX_EXPIRES) if "expires" in found else None
        return key, expires or DEFAULT_EXPIRES

    def _steps(self, node: Node) -> tuple[Step, ...]:
        reader = StepReader(self.pieces)
        steps = [reader.step(item) for item in self._findings.items(node, "'steps'")]
        self.unread = reader.unread
        return tuple(step for step in steps if step is not None)

    def _tests(self, node: Node) -> tuple[Trial, ...]:
        reader = TrialReader(self.pieces)
        tests = [reader.trial(item) for item in self._findings.items(node, "'tests'")]
        return tuple(test for test in tests if test is not None)
