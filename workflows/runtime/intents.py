"""An intent: the effect that an operation with these inputs shall have."""

from __future__ import annotations

from datetime import datetime

from workflows.catalogue import Inputs, Operation
from workflows.engine.gates import Precondition
from workflows.ledger.effects import Intent


def intent_of(
    operation: Operation,
    inputs: Inputs,
    *,
    key: str,
    max_attempts: int,
    give_up_at: datetime,
    run_id: str | None = None,
    step: str | None = None,
) -> Intent:
    """The effect to write down; `key` is its identity for ever. Raises InputError when the inputs make no request."""
    complete = operation.referenced(inputs, key)
    return Intent(
        key=key,
        run_id=run_id,
        step=step,
        inputs=complete,
        request=operation.prepare(complete),
        vendor=operation.vendor,
        repeat=operation.repeat,
        requires=tuple(
            Precondition(need.event, need.subject, need.never_after, need.why)
            for need in operation.requires_of(complete)
        ),
        subjects=operation.subjects_of(complete),
        max_attempts=max_attempts,
        give_up_at=give_up_at,
    )
