"""Advice: what is not wrong in a workflow, and hardly meant either. Given of definitions without mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.language.advice.approvals import unanswerable
from workflows.language.advice.gates import closed_for_good
from workflows.language.advice.loops import loops_of_events
from workflows.language.advice.repeats import unguarded
from workflows.language.advice.unreachable import unreachable
from workflows.language.advice.waits import needless
from workflows.language.definition import Definition
from workflows.language.surroundings import Surroundings
from workflows.problems import Place, Problem

__all__ = ["advise", "loops_of_events"]


def advise(definition: Definition, surroundings: Surroundings) -> list[Problem]:
    """Every warning about one definition, in document order."""
    found: Sequence[tuple[str, Place | None, str, str]] = (
        *needless(definition),
        *closed_for_good(definition, surroundings.catalogue),
        *unguarded(definition, surroundings.catalogue),
        *unanswerable(definition, surroundings.roles),
        *unreachable(definition),
    )
    warnings = [Problem(code, text, place=place, hint=hint, severity="warning") for code, place, text, hint in found]
    return sorted(warnings, key=lambda problem: (problem.place is not None, problem.place))
