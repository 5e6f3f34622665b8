"""Groups: calls that are claimed or recorded, and runs that go on, together in one transaction.

A worker's threads come to the ledger at the same moments, and one effect takes some dozens of statements. What is
ordinary is therefore done for all of them with a few. Every gate is asked here as well; but whatever is in any way
unusual (a gate that is closed, an answer that is not `done`, a run that waits, is limited, is part of another or is
to be cancelled) is left out, and so done one by one by those who know every case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from workflows import typed_json
from workflows.catalogue import Operation, Outcome, OutcomeKind
from workflows.engine import breaker
from workflows.engine.decide import decide
from workflows.engine.decisions import Decision, EndRun, EndStep, Intend, Rest
from workflows.engine.gates import Closed, Milestone, closed_precondition
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
from workflows.ledger.groups import Departure, Known
from workflows.ledger.prepared import in_one_go
from workflows.ledger.runs import RunRow
from workflows.runtime.intents import intent_of_step
from workflows.runtime.release import Released, free_idle_lanes
from workflows.runtime.rules import Rules
from workflows.values import EffectId

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
    with in_one_go(connection):
        ask_seen = effects.ask_seen(connection, [need for effect, _ in found for need in effect.requires])
        changing = [effect.id for effect, operation in found if not operation.reduces]
        ask_subjects = groups.ask_subjects(connection, changing)
    found = _with_gates_open(connection, rules, found, ask_seen(), now)
    subjects = ask_subjects()
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
    connection: Connection,
    rules: Rules,
    found: Sequence[tuple[EffectRow, Operation]],
    seen: Collection[Milestone],
    now: datetime,
) -> list[tuple[EffectRow, Operation]]:
    """Those that no precondition and no limit of their vendor's holds."""
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


def record(
    connection: Connection,
    rules: Rules,
    ended: Sequence[tuple[EffectRow, Outcome]],
    now: datetime,
    *,
    releases: bool = False,
    hands: Hands | None = None,
) -> tuple[set[str], Departed]:
    """Record those of these outcomes that are `done`, and take their runs on, in the caller's transaction: their
    effects' ids, and which calls have left with that (see `write`)."""
    done = [(effect, outcome) for effect, outcome in ended if _is_plainly_done(rules, effect, outcome)]
    by_run = {str(effect.run_id): (effect, outcome) for effect, outcome in done}
    if not by_run:
        return set(), Departed()
    with in_one_go(connection):
        ask_healthy = lanes.ask_healthy(connection, {effect.vendor for effect, _ in done})
        ask_running = groups.ask_running(connection, by_run)
    healthy = ask_healthy()
    known = groups.known(connection, [row for row in ask_running() if by_run[row.id][0].vendor in healthy])
    plans = plan(connection, rules, [_after(item, *by_run[item.run.id]) for item in known if _holds(item, by_run)], now)
    ordinary = [by_run[plan.run.id] for plan in plans]
    if not ordinary:
        return set(), Departed()
    departed = write(connection, rules, plans, now, ended=ordinary, releases=releases, hands=hands)
    return {effect.id for effect, _ in ordinary}, departed


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


@dataclass(frozen=True)
class Hands:
    """A worker that can take on, at once, up to `room` calls to a vendor, or to any, under leases that last for an
    operation's deadline and `margin`."""

    vendor: str | None
    room: int
    holder: str
    margin: timedelta

    def serve(self, vendor: str) -> bool:
        """Whether they are for calls to this one."""
        return self.vendor is None or self.vendor == vendor


@dataclass(frozen=True)
class Departed:
    """Calls that left as they were written down: the caller tells of the released and makes the claimed.

    `is_more_due`: others may leave as well, of the vendors that were spoken to or are to be.
    """

    released: Sequence[Released] = ()
    claimed: Sequence[tuple[EffectRow, Operation]] = ()
    is_more_due: bool = False


def write(
    connection: Connection,
    rules: Rules,
    plans: Sequence[Plan],
    now: datetime,
    *,
    ended: Sequence[tuple[EffectRow, Outcome]] = (),
    releases: bool,
    hands: Hands | None = None,
) -> Departed:
    """Write plans down, in the caller's transaction, which has locked or just begun their runs; and how calls ended.

    With `releases` calls that may leave at once are released with it, or claimed for `hands` that are free.
    """
    entered = [(item.run.id, step) for item in plans for step in item.entered]
    passed = [(item.run.id, step) for item in plans for step in item.passed]
    intents = [intent for item in plans for _, intent in item.calls]
    resting = [item for item in plans if item.end is None and item.wake_at != item.rests_until]
    with in_one_go(connection):
        if ended:
            groups.done(connection, ended, now)
        ask_seen = effects.ask_seen(connection, [need for intent in intents for need in intent.requires])
        freed = Counter(effect.vendor for effect, _ in ended)
        outlook = _Outlook(connection, rules, intents, freed, now) if releases else None
    seen = ask_seen()
    gated = [(intent, closed_precondition(intent.requires, seen)) for intent in intents]
    leaving = {} if outlook is None else outlook.leaving(gated, hands)
    with in_one_go(connection):
        groups.end_steps(connection, entered, passed, now)
        groups.enter_steps(connection, [(item.run.id, at) for item in plans for at, _ in item.calls], now)
        effect_ids = groups.intend(connection, gated, leaving, now)
        groups.end_runs(connection, [(item.run.id, item.end) for item in plans if item.end is not None], now)
        groups.settle_down(connection, [(item.run.id, item.rests_until) for item in resting])
    departed = _departed(rules, zip(effect_ids, intents, strict=True), leaving, now)
    return departed if outlook is None else replace(departed, is_more_due=outlook.is_more_due(gated, leaving))


def _departed(
    rules: Rules, written: Iterable[tuple[EffectId, Intent]], leaving: Mapping[str, Departure], now: datetime
) -> Departed:
    released: list[Released] = []
    claimed: list[tuple[EffectRow, Operation]] = []
    for effect_id, intent in written:
        how = leaving.get(intent.key)
        if how is not None and how.holder is None:
            released.append(Released(effect_id, intent.request.operation, intent.vendor))
        elif how is not None:
            operation = rules.catalogue.operation(intent.request.operation)
            claimed.append((groups.claimed_at_once(effect_id, intent, how, now), operation))
    return Departed(released, claimed)


class _Outlook:
    """What must be known of vendors, subjects and runs for calls to leave as they are written down; asked in one go.

    `freed` is how many calls to which healthy vendor end in this transaction.
    """

    def __init__(
        self, connection: Connection, rules: Rules, intents: Sequence[Intent], freed: Counter[str], now: datetime
    ) -> None:
        self._connection, self._rules, self._now = connection, rules, now
        known = [intent for intent in intents if intent.request.operation in rules.catalogue.operations]
        self._changed = {intent.key: _changed(rules, intent) for intent in known}
        calling = {intent.vendor for intent in known}
        subjects = {subject for changed in self._changed.values() for subject in changed}
        self._due = effects.ask_due(connection, sorted({*freed, *calling}), now)
        self._taken = groups.ask_occupied(connection, subjects)
        self._cancelled = groups.ask_to_be_cancelled(connection, {str(intent.run_id) for intent in known})
        self._calling = Counter(intent.vendor for intent in known)
        self._freed = freed

    def leaving(self, gated: Sequence[tuple[Intent, Closed | None]], hands: Hands | None) -> dict[str, Departure]:
        """How those calls leave that may at once, by their keys: no gate is closed, nothing else changes what they
        change, and their vendor has lanes free for which nobody waits."""
        waited_for, taken = set(self._due()), self._taken()
        cancelled = {row.run_id for row in self._cancelled()}
        free = {vendor: self._free(vendor) for vendor in sorted(self._calling) if vendor not in waited_for}
        room = 0 if hands is None else hands.room
        bearing = set() if hands is None else {vendor for vendor in free if hands.serve(vendor) and self._bears(vendor)}
        leaving: dict[str, Departure] = {}
        for intent, closed in gated:
            changed = self._changed.get(intent.key)
            if closed is not None or changed is None or intent.run_id in cancelled or intent.vendor in waited_for:
                continue
            if free[intent.vendor] <= 0 or not taken.isdisjoint(changed):
                continue
            free[intent.vendor] -= 1
            taken.update(changed)
            if hands is not None and intent.vendor in bearing and room > 0:
                room -= 1
                leaving[intent.key] = self._claimed(intent, hands, occupies=bool(changed))
            else:
                leaving[intent.key] = Departure(self._now + timedelta(seconds=effects.RELEASE_SECONDS))
        return leaving

    def is_more_due(self, gated: Sequence[tuple[Intent, Closed | None]], leaving: Collection[str]) -> bool:
        """Whether others may leave, or of these those that did not."""
        return bool(self._due()) or any(closed is None and intent.key not in leaving for intent, closed in gated)

    def _free(self, vendor: str) -> int:
        """How many calls to this vendor may leave. In the place of one that ends another may without locking the lane.

        Nobody waits for a lane here: those who have it would keep whole batches waiting for their flush.
        """
        if self._calling[vendor] <= self._freed[vendor]:
            return self._freed[vendor]
        return free_idle_lanes(self._connection, self._rules, vendor, self._now)

    def _bears(self, vendor: str) -> bool:
        """Whether no limit of the vendor's may stand in the way, which a claim sees to."""
        limits = self._rules.catalogue.limits(vendor)
        return lanes.next_rate_slot(self._connection, vendor, limits, self._now).is_taken

    def _claimed(self, intent: Intent, hands: Hands, *, occupies: bool) -> Departure:
        operation = self._rules.catalogue.operation(intent.request.operation)
        until = self._now + timedelta(seconds=operation.deadline_seconds) + hands.margin
        return Departure(until, hands.holder, occupies=occupies)


def _changed(rules: Rules, intent: Intent) -> tuple[str, ...]:
    """The subjects that nothing else may change during this call."""
    return () if rules.catalogue.operations[intent.request.operation].reduces else intent.subjects


def _no_call(at: At) -> tuple[str, Mapping[str, object]]:
    raise AssertionError("an ordinary call asks for no earlier one")
