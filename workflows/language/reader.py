"""From the text of a workflow file to its definition. What the words refer to is the checker's business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from workflows.errors import DefinitionError
from workflows.language.definition import Approve, Definition, Step, Trigger, all_steps
from workflows.language.folds import unfolded
from workflows.language.keys import WORKFLOW
from workflows.language.pieces import Found, Pieces
from workflows.language.policies import PolicyReader, RunPolicy
from workflows.language.steps import StepReader
from workflows.language.trials.reading import TrialReader
from workflows.language.trials.values import Trial
from workflows.language.triggers import TriggerReader
from workflows.problems import Problem
from workflows.yaml_nodes import Node, examine


@dataclass(frozen=True)
class Examined:
    """What could be read of a file, for those who look for further mistakes in it.

    file       the file it was read from
    unread     ids of steps nothing is known of
    is_certain False where a condition is lost that might have settled what is there and what is not
    """

    file: str
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
    return Examined(file, definition, tuple(problems), frozenset(reader.unread), not reader.pieces.lost_condition)


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.pieces = Pieces()
        self._findings = self.pieces.findings
        self._steps = StepReader(self.pieces)
        self._text = text
        self._file = file

    @property
    def unread(self) -> set[str]:
        return self._steps.unread

    def definition(self, root: Node) -> Definition:
        found = self.pieces.block(root, WORKFLOW)
        name = self._name(found.at("workflow")) if "workflow" in found else ""
        trigger = TriggerReader(self.pieces).read(found.at("when")) if "when" in found else Trigger()
        run = (
            PolicyReader(self.pieces).read(found.at("run"), has_events=_has_events(found))
            if "run" in found
            else RunPolicy()
        )
        definition = Definition(
            name=name,
            description=found.text("description") or "",
            owner=found.text("owner") or "",
            variables=self._variables(found),
            trigger=trigger,
            key=run.key,
            expires=run.expires,
            concurrency=run.concurrency,
            cancel_on=run.cancel_on,
            debounce=run.debounce,
            batch=run.batch,
            steps=self._steps.sequence(found.at("steps"), "'steps'") if "steps" in found else (),
            on_failure=self._on_failure(found.at("on_failure")) if "on_failure" in found else (),
            result=found.tree("result"),
            source=self._text,
            hash=sha256(self._text.encode()).hexdigest(),
            tests=self._tests(found) if "tests" in found else (),
        )
        self._steps.look_at_names()
        return definition

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

    def _variables(self, found: Found) -> dict[str, Any]:
        entries = found.named("vars", "the name of a variable")
        return {name: self.pieces.value(entry.node, f"vars.{name}") for name, entry in entries.items()}

    def _on_failure(self, node: Node) -> tuple[Step, ...]:
        steps = self._steps.sequence(node, "'on_failure'")
        for step in all_steps(steps):
            if isinstance(step.verb, Approve):
                message = "nobody can be asked while a run fails: 'on_failure' holds no 'approve'"
                self._findings.add("E316", step.place, message)
        return steps

    def _tests(self, found: Found) -> tuple[Trial, ...]:
        reader = TrialReader(self.pieces)
        tests = [reader.trial(item) for item in found.items("tests")]
        return tuple(test for test in tests if test is not None)


def _has_events(found: Found) -> bool:
    """Whether `when` names events, or cannot be told to do otherwise."""
    when = found.at("when").entries if "when" in found else {}
    return "event" in when or not {"schedule", "manual"} & when.keys()
