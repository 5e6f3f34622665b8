"""From the decision to call an operation to the inputs of the call, and the end of a step whose call cannot be made."""

from __future__ import annotations

from typing import cast

from workflows.catalogue import Inputs, Operation
from workflows.engine.decisions import EndStep, Intend
from workflows.engine.states import StepState
from workflows.errors import InputError
from workflows.language.trees import read_as
from workflows.language.types import of_schema


def inputs_of(decision: Intend, operation: Operation) -> Inputs:
    """The inputs as the operation takes them.

    Text that stands where money, a percentage or an instant goes is read as one: `500 USD` needs no formula.
    """
    return cast(Inputs, read_as(decision.inputs, of_schema(operation.inputs, as_input=True)))


def effect_key(event_id: str, workflow: str, step: str) -> str:
    """The identity of a step's effect, for ever."""
    return f"{event_id}/{workflow}/{step}"


def not_made(step: str, error: InputError) -> EndStep:
    """The end of a step whose inputs make no request."""
    reason = "nothing was sent: " + "; ".join(str(problem) for problem in error.problems)
    return EndStep(step, StepState.FAILED, reason=reason)
