"""A stage to rehearse on, with players who answer by the step that asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.builders.catalogue import make_catalogue
from workflows.catalogue import Catalogue, Outcome, OutcomeKind
from workflows.engine.rehearsal import Asked, Decided, RehearsedCall
from workflows.engine.snapshot import ChildView
from workflows.engine.stage import Stage
from workflows.language.definition import Definition

DONE = Outcome(OutcomeKind.DONE, "", output={})


@dataclass
class Answering:
    """Answers calls by their step: one outcome for all, or one after the other. Whatever is not named is done."""

    answers: Mapping[str, Outcome | list[Outcome]] = field(default_factory=dict)
    decisions: Mapping[str, Decided] = field(default_factory=dict)
    workflows: Mapping[str, Definition | ChildView] = field(default_factory=dict)

    def answer(self, call: RehearsedCall) -> Outcome:
        found = self.answers.get(call.step, DONE)
        return found.pop(0) if isinstance(found, list) else found

    def decide(self, asked: Asked) -> Decided | None:
        return self.decisions.get(asked.step)

    def begin(self, workflow: str, inputs: Mapping[str, Any]) -> Definition | ChildView:
        return self.workflows[workflow]


def make_stage(
    *definitions: Definition,
    now: datetime,
    brand: Mapping[str, Any] | None = None,
    seen: set[tuple[str, str]] | None = None,
    catalogue: Catalogue | None = None,
    **players: Any,
) -> Stage:
    """A stage, by default with the small catalogue; `players` as `Answering` takes them."""
    return Stage(
        definitions,
        now=now,
        catalogue=catalogue or make_catalogue(),
        brands=lambda _: brand or {},
        players=Answering(**players),
        seen=seen,
    )
