"""Groups: calls that are claimed or recorded, and runs that go on, together in one transaction.

A worker's threads come to the ledger at the same moments, and one effect takes some dozens of statements. What is
ordinary is therefore done for all of them with a few. Every gate is asked here as well; but whatever is in any way
unusual (a gate that is closed, an answer that is not `done`, a run that waits, is limited, is part of another or is
to be cancelled) is left out, and so done one by one by those who know every case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from workflows import typed_json
from workflows.catalogue import Operation, Outcome, OutcomeKind
from workflows.engine import breaker
from workflows.engine.decide import decide
from workflows.engine.decisions import Decision, EndRun, EndStep, Intend, Rest
from workflows.engine.gates import closed_precondition
from workflows.engine.snapshot import At, EffectView, Snapshot
from workflows.engine.states import EffectState
from workflows.errors import InputError
from workflows.language.definition import (
    Call,
    Choose,
    Definition,
    ForEach,
    Parallel,
    Set,
    StopUnless,
    all_steps,
)
from workflows.ledger import effects, groups, lanes
from workflows.ledger.database import is_outage
from workflows.ledger.effects import FINAL, EffectRow, Intent
from workflows.ledger.groups import Known
from workflows.ledger.runs import RunRow
from workflows.runtime.intents import intent_of_step
from workflows.runtime.rules import Rules

MOST_OUTPUT = 4096
"""Characters of what a step gives; what is larger is measured together with what the run has, one by one."""

LONGEST_SUBJECT = 1000

_VERBS = {Call, Set, StopUnless, Choose, ForEach, Parallel}
"""What an ordinary workflow is made of: it only calls, and waits for nothing else."""


def claim(
    connection: Connection, rules: Rules, effect_ids: Collection[str], *, holder: str, margin: timedelta, now: datetime
) -> list[tuple[EffectRow, Operation]]:
    """Claim those of these effects that are released and whose gates are all open, in the caller's transaction.

    A lease lasts for the call's deadline and `margin`. Raises IntegrityError where another transaction was quicker.
    """
    found = [
        (effect, operation)
        for effect in groups.lock_claimable(connection, effect_ids)
        if (operation := rules.catalogue.operations.get(effect.operation)) is not None
    ]
    found = _with_gates_open(connection, rules, found, now)
    subjects = groups.subjects_of(connection, [effect.id for effect, operation in found if not operation.reduces])
    found = _undisputed(found, subjects)
    if not found:
        return []
    leases = {
        str(effect.id): now + timedelta(seconds=operation.deadline_seconds) + margin for effect, operation in found
    }
    occupying = {str(effect.id): subjects[effect.id] for effect, _ in found if effect.id in subjects}
    claimed = groups.claim(connection, [effect for effect, _ in found], occupying, leases, holder=holder, now=now)
    return [(effect, operation) for effect, (_, operation) in zip(claimed, found, strict=True)]


def _with_gates_open(
    connection: Connection, rules: Rules, found: Sequence[tuple[EffectRow, Operation]], now: datetime
) -> list[tuple[EffectRow, Operation]]:
    """Those that no precondition and no limit of their vendor's holds."""
    seen = effects.seen_milestones(connection, [need for effect, _ in found for need in effect.requires])
    free = {
        vendor: lanes.next_rate_slot(connection, vendor, rules.catalogue.limits(vendor), now).is_taken
        for vendor in {effect.vendor for effect, _ in found}
    }
    return [
        (effect, operation)
        for effect, operation in found
        if free[effect.vendor] and closed_precondition(effect.requires, seen) is None
    ]


def _undisputed(
    found: Sequence[tuple[EffectRow, Operation]], subjects: Mapping[str, groups.Subjects]
) -> list[tuple[EffectRow, Operation]]:
    """Those whose subjects no other effect has, nor one of this group before them."""
    taken: set[str] = set()
    left = []
    for effect, operation in found:
        mine = subjects.get(effect.id, groups.Subjects())
        if mine.closed is not None or taken.intersection(mine.names):
            continue
        taken.update(mine.names)
        left.append((effect, operation))
    return left


def record(connection: Connection, rules: Rules, ended: Sequence[tuple[EffectRow, Outcome]], now: datetime) -> set[str]:
    """Record those of these outcomes that are `done`, and take their runs on, in the caller's transaction; their
    effects' ids."""
    done = [(effect, outcome) for effect, outcome in ended if _is_plainly_done(rules, effect, outcome)]
    healthy = lanes.healthy(connection, {effect.vendor for effect, _ in done}) if done else set()
    done = [item for item in done if item[0].vendor in healthy]
    by_run = {str(effect.run_id): (effect, outcome) for effect, outcome in done}
    known = groups.lock_known(connection, by_run) if by_run else []
    plans = plan(connection, rules, [_after(item, *by_run[item.run.id]) for item in known if _holds(item, by_run)], now)
    ordinary = [by_run[plan.run.id] for plan in plans]
    if ordinary:
        groups.done(connection, ordinary, now)
        write(connection, plans, now)
    return {effect.id for effect, _ in ordinary}


def _is_plainly_done(rules: Rules, effect: EffectRow, outcome: Outcome) -> bool:
    operation = rules.catalogue.operations.get(effect.operation)
    return (
        outcome.kind is OutcomeKind.DONE
        and effect.run_id is not None
        and effect.once_key is None
        and operation is not None
        and operation.follow is None
        # Of a healthy vendor, an answer like this one changes nothing.
        and breaker.after(breaker.Lane(), outcome, effect.created_at) == breaker.Lane()
    )


def _holds(known: Known, by_run: Mapping[str, tuple[EffectRow, Outcome]]) -> bool:
    """Whether the claim still holds whose outcome this is."""
    effect, _ = by_run[known.run.id]
    return known.tokens.get(effect.id) == effect.token


def _after(known: Known, effect: EffectRow, outcome: Outcome) -> Known:
    """The run as it is once this effect is done."""
    at = known.places[effect.id]
    view = EffectView(EffectState.DONE, outcome.output, outcome.reason, known.effects[at].round)
    return Known(known.run, known.wake_at, known.steps, {**known.effects, at: view}, known.tokens, known.places)


def begun(run: RunRow, now: datetime) -> Known:
    """A run that has just begun: nothing has become of it yet."""
    return Known(run, now, {}, {}, {}, {})


@dataclass
class Plan:
    """What is to be written down of one ordinary run."""

    run: RunRow
    wake_at: datetime | None
    entered: list[EndStep] = field(default_factory=list)
    passed: list[EndStep] = field(default_factory=list)
    calls: list[tuple[At, Intent]] = field(default_factory=list)
    end: EndRun | None = None
    rests_until: datetime | None = None


def plan(connection: Connection, rules: Rules, known: Iterable[Known], now: datetime) -> list[Plan]:
    """Decide on runs; a plan for each that is ordinary."""
    made = [_plan(connection, rules, item, now) for item in known]
    return [item for item in made if item is not None]


def _plan(connection: Connection, rules: Rules, known: Known, now: datetime) -> Plan | None:
    """The plan of one run; None where anything about it is unusual, an error included."""
    try:
        definition = rules.definition(connection, known.run.definition_hash)
        return _plan_of(rules, known, definition, now) if _is_ordinary(known.run, definition) else None
    except Exception as error:
        if is_outage(error):
            raise
        return None  # it happens once more where it is done alone, and is told there


def _plan_of(rules: Rules, known: Known, definition: Definition, now: datetime) -> Plan | None:
    run = known.run
    snapshot = Snapshot(run.id, run.key, run.event, run.brand, run.expires_at, known.steps, known.effects)
    made = Plan(run, known.wake_at)
    for decision in decide(definition, snapshot, now):
        if not _add(made, rules, known, decision, now):
            return None
    return made


def _is_ordinary(run: RunRow, definition: Definition) -> bool:
    """Whether it only calls, nobody has to be told of what becomes of it, and nothing special is to become of it."""
    if run.event.replay_of is not None or definition.cancel_on is not None or definition.concurrency is not None:
        return False
    if any(item is not None for item in (run.parent, run.crowd, run.cancelling, run.ending)):
        return False
    return {type(step.verb) for step in all_steps((*definition.steps, *definition.on_failure))} <= _VERBS


def _add(made: Plan, rules: Rules, known: Known, decision: Decision, now: datetime) -> bool:
    """Add a decision to a plan; False where it is no ordinary one."""
    match decision:
        case EndStep():
            is_small = decision.output is None or len(typed_json.dump(decision.output)) <= MOST_OUTPUT
            (made.entered if decision.at in known.steps else made.passed).append(decision)
            return is_small
        case Intend():
            return _add_call(made, rules, known, decision, now)
        case EndRun():
            made.end = decision
            return all(view.state in FINAL for view in known.effects.values())
        case Rest():
            made.rests_until = decision.until
            return True
    return False


def _add_call(made: Plan, rules: Rules, known: Known, decision: Intend, now: datetime) -> bool:
    unusual = decision.at in known.steps or decision.rereads is not None or decision.expects
    if unusual or decision.once is not None:
        return False
    try:
        intent = intent_of_step(rules, made.run, decision, now, _no_call)
    except InputError:
        return False
    # What an index or a text of the ledger has no place for would end the whole group.
    if any(len(subject) > LONGEST_SUBJECT or "\0" in subject for subject in intent.subjects):
        return False
    made.calls.append((decision.at, intent))
    return True


def write(connection: Connection, plans: Sequence[Plan], now: datetime) -> None:
    """Write plans down, in the caller's transaction, which has locked or just begun their runs."""
    entered = [(item.run.id, step) for item in plans for step in item.entered]
    passed = [(item.run.id, step) for item in plans for step in item.passed]
    groups.end_steps(connection, entered, passed, now)
    groups.enter_steps(connection, [(item.run.id, at) for item in plans for at, _ in item.calls], now)
    intents = [intent for item in plans for _, intent in item.calls]
    seen = effects.seen_milestones(connection, [need for intent in intents for need in intent.requires])
    groups.intend(connection, [(intent, closed_precondition(intent.requires, seen)) for intent in intents], now)
    groups.end_runs(connection, [(item.run.id, item.end) for item in plans if item.end is not None], now)
    resting = [item for item in plans if item.end is None and item.wake_at != item.rests_until]
    groups.settle_down(connection, [(item.run.id, item.rests_until) for item in resting])


def _no_call(at: At) -> tuple[str, Mapping[str, object]]:
    raise AssertionError("an ordinary call asks for no earlier one")
