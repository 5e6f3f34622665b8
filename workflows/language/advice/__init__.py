"""Advice: what is not wrong in a workflow, and hardly meant either. Given of definitions without mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.language.advice.approvals import unanswerable
from workflows.language.advice.gates import closed_for_good
from workflows.language.advice.loops import loops_of_events
from workflows.language.advice.repeats import unguarded
from workflows.language.advice.texts import mistakable
from workflows.language.advice.unreachable import unreachable
from workflows.language.advice.waits import needless
from workflows.language.definition import Definition
from workflows.language.surroundings import Surroundings
from workflows.problems import Problem

__all__ = ["advise"]


def advise(definitions: Sequence[Definition], surroundings: Surroundings) -> dict[str, list[Problem]]:
    """Every warning about each of `definitions`, by the name of the workflow."""
    remarks = {
        one.name: [
            *needless(one),
            *closed_for_good(one, surroundings.catalogue),
            *unguarded(one, surroundings.catalogue),
            *unanswerable(one, surroundings.roles),
            *unreachable(one),
            *mistakable(one),
        ]
        for one in definitions
    }
    for name, remark in loops_of_events(definitions):
        remarks[name].append(remark)
    return {
        name: [Problem(code, text, place=place, hint=hint, severity="warning") for code, place, text, hint in found]
        for name, found in remarks.items()
    }
