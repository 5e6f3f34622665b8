"""Advance a run: gather what the ledger has, decide, write the decisions down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from workflows.engine.decide import decide
from workflows.engine.decisions import Decision, EndRun, EndStep, Intend, StartTimer
from workflows.engine.gates import closed_precondition
from workflows.engine.requests import effect_key, inputs_of, not_made
from workflows.engine.states import StepState
from workflows.errors import InputError
from workflows.ledger import effects, runs
from workflows.ledger.database import is_outage
from workflows.ledger.runs import RunRow
from workflows.runtime.earlier import ended_before
from workflows.runtime.intents import intent_of
from workflows.runtime.rules import Rules


def advance(connection: Connection, rules: Rules, run_id: str, now: datetime) -> None:
    """Take a run as far as it goes now, in the caller's transaction. A run that has ended is left alone."""
    run = runs.lock(connection, run_id)
    if run is not None:
        advance_locked(connection, rules, run, now)


def advance_locked(connection: Connection, rules: Rules, run: RunRow, now: datetime) -> None:
    """The same for a run this transaction has locked or just begun."""
    definition = rules.definition(connection, run.definition_hash)
    while True:
        decisions = decide(definition, runs.snapshot(connection, run), now)
        if not _apply(connection, rules, run, decisions, now):
            break
    runs.settle_down(connection, run.id)


def _apply(connection: Connection, rules: Rules, run: RunRow, decisions: list[Decision], now: datetime) -> bool:
    """Write decisions down; whether one of them turned out so that there is more to decide."""
    again = False
    for decision in decisions:
        match decision:
            case EndStep():
                runs.end_step(connection, run.id, decision, now)
            case StartTimer():
                runs.start_timer(connection, run.id, decision.step, decision.due_at, now)
            case Intend():
                again = not _write_down(connection, rules, run, decision, now)
            case EndRun():
                runs.end_run(connection, run.id, decision, now)
    return again


def _write_down(connection: Connection, rules: Rules, run: RunRow, decision: Intend, now: datetime) -> bool:
    """Write an effect down; False when its inputs make no request, and the step has failed for that."""
    known = ended_before(connection, run, decision.step)
    if known is not None:
        runs.end_step(connection, run.id, known, now)
        return False
    try:
        intent = intent_of_step(rules, run, decision, now)
    except InputError as error:
        runs.end_step(connection, run.id, not_made(decision.step, error), now)
        return False
    try:
        with connection.begin_nested():
            closed = closed_precondition(intent.requires, effects.seen_milestones(connection, intent.requires))
            runs.enter_step(connection, run.id, decision.step, StepState.CALLING, now)
            effects.intend(connection, intent, closed, now)
    except (DataError, OperationalError) as error:
        if is_outage(error):
            raise
        # A subject longer than an index takes, or with a NUL in it: it would be no better in half a minute.
        reason = "nothing was sent: the ledger has no place for what this call is about"
        runs.end_step(connection, run.id, EndStep(decision.step, StepState.FAILED, reason=reason), now)
        return False
    return True


def intent_of_step(rules: Rules, run: RunRow, decision: Intend, now: datetime) -> effects.Intent:
    """The effect a decision asks for. Raises InputError."""
    operation = rules.catalogue.operation(decision.operation)
    return intent_of(
        operation,
        inputs_of(decision, operation),
        key=effect_key(run.event.origin, run.workflow, decision.step),
        run_id=run.id,
        step=decision.step,
        max_attempts=decision.attempts,
        give_up_at=now + decision.within,
    )
