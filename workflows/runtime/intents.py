"""An intent: the effect that an operation with these inputs shall have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from workflows.catalogue import Inputs, Operation
from workflows.engine.decisions import Expected, Intend
from workflows.engine.gates import Precondition
from workflows.engine.requests import effect_key, inputs_of, once_key
from workflows.engine.snapshot import At
from workflows.ledger.effects import ExpectedRead, Intent
from workflows.ledger.runs import RunRow
from workflows.runtime.rules import Rules


def intent_of(
    operation: Operation,
    inputs: Inputs,
    *,
    key: str,
    max_attempts: int,
    give_up_at: datetime,
    run_id: str | None = None,
    at: At | None = None,
    round_: int = 0,
    tenant: str = "",
    once: str | None = None,
    expects: tuple[ExpectedRead, ...] = (),
) -> Intent:
    """The effect to write down; `key` is its identity for ever. Raises InputError when the inputs make no request."""
    complete = operation.referenced(inputs, key)
    return Intent(
        key=key,
        run_id=run_id,
        step=None if at is None else at.step,
        iteration="" if at is None else at.iteration,
        round=round_,
        tenant=tenant,
        once_key=once,
        expects=expects,
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


CallOf = Callable[[At], tuple[str, Inputs]]
"""The operation and the inputs of the last call a step of the run made."""


def intent_of_step(rules: Rules, run: RunRow, decision: Intend, now: datetime, call_of: CallOf) -> Intent:
    """The effect a decision asks for. Raises InputError."""
    name, inputs = decision.operation, decision.inputs
    if decision.rereads is not None:
        name, inputs = call_of(decision.rereads)
    operation = rules.catalogue.operation(name)
    return intent_of(
        operation,
        inputs if decision.rereads is not None else inputs_of(decision, operation),
        key=effect_key(run.event.origin, run.workflow, decision.at, decision.round),
        run_id=run.id,
        at=decision.at,
        round_=decision.round,
        tenant=f"{run.event.brand}/{run.workflow}",
        once=None if decision.once is None else once_key(run.workflow, name, decision.once),
        expects=tuple(_read_again(item, call_of) for item in decision.expects),
        max_attempts=decision.attempts,
        give_up_at=now + decision.within,
    )


def _read_again(expected: Expected, call_of: CallOf) -> ExpectedRead:
    operation, inputs = call_of(expected.source)
    return ExpectedRead(expected.name, expected.source.step, expected.path, expected.value, operation, inputs)
