"""From the decision to call an operation to the inputs of the call, and the end of a step whose call cannot be made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, cast

from workflows import typed_json
from workflows.catalogue import Inputs, Operation
from workflows.engine.decisions import EndStep, Intend
from workflows.engine.snapshot import At
from workflows.engine.states import StepState
from workflows.errors import InputError
from workflows.language.trees import read_as
from workflows.language.types import of_schema

LONGEST_ONCE = 500


def inputs_of(decision: Intend, operation: Operation) -> Inputs:
    """The inputs as the operation takes them.

    Text that stands where money, a percentage or an instant goes is read as one: `500 USD` needs no formula.
    """
    return cast(Inputs, read_as(decision.inputs, of_schema(operation.inputs, as_input=True)))


def effect_key(event_id: str, workflow: str, at: At, round_: int = 0) -> str:
    """The identity of a step's effect, for ever. `round_` counts the calls that were made for the step before it, and
    came to nothing."""
    iteration = f"/{at.iteration}" if at.iteration else ""
    return f"{event_id}/{workflow}/{at.step}{iteration}{f'~{round_}' if round_ else ''}"


def once_key(workflow: str, operation: str, values: Sequence[Any]) -> str:
    """The text that is the same for all calls of which `once` lets only one be made."""
    written = typed_json.dump(list(values))
    if len(written) > LONGEST_ONCE:
        written = f"sha256:{hashlib.sha256(written.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return f"{workflow}|{operation}|{written}"


def not_made(at: At, error: InputError) -> EndStep:
    """The end of a step whose inputs make no request."""
    reason = "nothing was sent: " + "; ".join(str(problem) for problem in error.problems)
    return EndStep(at, StepState.FAILED, reason=reason)
