"""Perform an effect: claim it, call the vendor, record the outcome under the claim's token."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from random import Random
from typing import Any, NamedTuple, TypeVar

import structlog
from sqlalchemy import Connection

from workflows.catalogue import Caller, Operation, Outcome, OutcomeKind, Repeat
from workflows.engine.expectations import changed
from workflows.engine.gates import Closed, Gate, closed_precondition, limited, unknown_operation
from workflows.engine.retries import next_delay
from workflows.engine.states import EffectState
from workflows.errors import LedgerUnavailable
from workflows.ledger import effects, lanes, once, runs
from workflows.ledger.database import Database, is_outage
from workflows.ledger.effects import EffectRow
from workflows.runtime import groups
from workflows.runtime.desk import Desk
from workflows.runtime.fetching import Fetched, not_taken_in, pointer_of
from workflows.runtime.release import Released, Releaser
from workflows.runtime.rules import Rules
from workflows.runtime.taking_on import take_on

LEASE_MARGIN = timedelta(seconds=5)
"""How much longer than the call's own deadline a claim lasts: time to claim, to start and to record."""

FRESH = timedelta(seconds=10)
"""How old what was read again may be when the call is claimed (docs/architecture.md, "Effects")."""

FIRST_LOOK = timedelta(seconds=2)
"""When to look at the vendor first for what it accepted, or for what is in doubt."""

AGAIN_SECONDS = 1.0
PATIENCE_SECONDS = 120.0
"""How long a worker waits for a ledger that cannot be written; a restart of PostgreSQL is over by then."""

LONGEST_CALL = timedelta(minutes=5)
"""How long the call of an operation may last that this release does not have."""

MOST_AT_ONCE = 8
"""Threads whose outcomes are recorded in one transaction; the others wait for it."""

NOT_KEPT = "what the vendor answered could not be kept; the log of the worker says why"

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim:
    """The right to make one call: `effect` as claimed, and the last moment to begin it, on the monotonic clock."""

    effect: EffectRow
    operation: Operation
    begin_before: float


class _Ended(NamedTuple):
    """Calls to one vendor that have ended, and how many others there is room for in their place."""

    ended: Sequence[tuple[Claim, Outcome]]
    room: int


_Recorded = tuple[set[str], list[Claim]]


@dataclass(frozen=True)
class Unseen:
    """An effect of which it is not known whether what it expects is still so."""

    effect: EffectRow


@dataclass(frozen=True)
class Performer:
    """Performs effects with the operation handed in; one object a process.

    With a `releaser` what becomes due by an outcome is released in the transaction that records it.
    """

    database: Database
    rules: Rules
    caller: Caller
    holder: str
    random: Random = field(default_factory=Random)
    monotonic: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    fetched: Fetched = not_taken_in
    releaser: Releaser | None = None
    desks: dict[str, Desk[_Ended, _Recorded]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def perform(self, effect_id: str) -> Outcome | None:
        """Make one attempt at a released effect; None when it was not to be had (held, ended, or another's)."""
        claim = self.claim_together([effect_id]).get(effect_id)
        return self.perform_alone(effect_id) if claim is None else self.make(claim)

    def perform_alone(self, effect_id: str) -> Outcome | None:
        """The same for one that `claim_together` has left out."""
        found = self._patiently(effect_id, lambda: self._claim(effect_id))
        if isinstance(found, Unseen):
            self._see(found.effect)
            found = self._patiently(effect_id, lambda: self._claim(effect_id))
        return self.make(found) if isinstance(found, Claim) else None

    def make(self, claim: Claim) -> Outcome:
        """Call the vendor under a claim, and record the outcome."""
        outcome = self.call(claim)
        self.record_together([(claim, outcome)])
        return outcome

    def claim_together(self, effect_ids: Collection[str]) -> dict[str, Claim]:
        """Claim released effects in one transaction, as far as that is ordinary; `perform_alone` does the others."""
        try:
            with self.database.write() as connection:
                started, now = self.monotonic(), self.database.now(connection)
                claimed = self._claim_all(connection, effect_ids, now)
                spare_the_disk(self.database, connection, [effect for effect, _ in claimed])
        except LedgerUnavailable:
            return {}
        except Exception as error:
            log.info("group_undone", error=type(error).__name__, claims=len(effect_ids))
            return {}
        return {claim.effect.id: claim for claim in claims(claimed, started)}

    def hands(self, room: int, vendor: str | None = None) -> groups.Hands | None:
        """Hands for up to `room` calls of this worker, to one vendor or to any."""
        return groups.Hands(vendor, room, self.holder, LEASE_MARGIN) if room > 0 else None

    def record_together(self, ended: Sequence[tuple[Claim, Outcome]], room: int = 0) -> list[Claim]:
        """Record the outcomes of claimed effects of one vendor in one transaction; those that are not ordinary one by
        one.

        Up to `room` calls to that vendor that follow from it, or are due next, are claimed in the same transaction, so
        that nobody has to be told of them.
        """
        vendor = ended[0][0].effect.vendor
        desk = self.desks.get(vendor) or self.desks.setdefault(vendor, Desk(self._record_all, most=MOST_AT_ONCE))
        # Nobody but this thread knows what the vendor said.
        recorded, further = self._patiently(ended[0][0].effect.id, lambda: desk.ask(_Ended(ended, room)))
        for claim, outcome in ended:
            if claim.effect.id not in recorded:
                self._patiently(claim.effect.id, partial(self._record, claim.effect, outcome))
        return further

    def _record_all(self, asked: Sequence[_Ended]) -> list[_Recorded]:
        """Record what several threads ask for, of one vendor, in one transaction; for each which effects' outcomes are
        recorded, and the claims of what it is to do next."""
        outcomes = [(claim.effect, outcome) for item in asked for claim, outcome in item.ended]
        room = sum(item.room for item in asked)
        vendor = outcomes[0][0].vendor
        hands = self.hands(room, vendor)
        try:
            with self.database.write() as connection:
                started, now = self.monotonic(), self.database.now(connection)
                recorded, departed = groups.record(
                    connection, self.rules, outcomes, now, releases=self.releaser is not None, hands=hands
                )
                due = self._next(connection, vendor, now, room - len(departed.claimed)) if departed.is_more_due else []
                claimed = list(departed.claimed)
                if due:
                    claimed += self._claim_all(connection, {item.effect_id for item in due}, now)
                spare_the_disk(self.database, connection, [effect for effect, _ in (*outcomes, *claimed)])
        except LedgerUnavailable:
            raise
        except Exception as error:
            # Another was quicker, or one of them is such that the ledger has no place for it: each by itself then.
            log.info("group_undone", error=type(error).__name__, outcomes=len(outcomes))
            return [(set(), []) for _ in asked]
        if self.releaser is not None:
            taken = {effect.id for effect, _ in claimed}
            self.releaser.tell([*departed.released, *(item for item in due if item.effect_id not in taken)])
        further = iter(claims(claimed, started))
        return [(recorded, list(islice(further, item.room))) for item in asked]

    def _next(self, connection: Connection, vendor: str, now: datetime, most: int) -> list[Released]:
        """Release what is due next of a vendor; what is wrong with it does not keep outcomes from being recorded."""
        if self.releaser is None or most <= 0:
            return []
        try:
            with connection.begin_nested():
                return self.releaser.release_some(connection, vendor, now, most)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("release_failed", vendor=vendor)
            return []

    def _claim_all(
        self, connection: Connection, effect_ids: Collection[str], now: datetime
    ) -> list[tuple[EffectRow, Operation]]:
        return groups.claim(connection, self.rules, effect_ids, holder=self.holder, margin=LEASE_MARGIN, now=now)

    def _patiently(self, effect_id: str, write: Callable[[], T]) -> T:
        """Do `write`, again and again while the ledger is away. Raises LedgerUnavailable when it stays away."""
        give_up_at = self.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return write()
            except LedgerUnavailable:
                if self.monotonic() >= give_up_at:
                    raise
            log.warning("waits_for_the_ledger", effect_id=effect_id)
            self.pause(AGAIN_SECONDS)

    def _claim(self, effect_id: str) -> Claim | Unseen | None:
        with self.database.write() as connection:
            return self.claim(connection, effect_id)

    def _see(self, effect: EffectRow) -> None:
        """Read again what the effect expects; where that cannot be read, it is tried again later."""
        seen: dict[str, Any] = {}
        for step, (operation, inputs) in {item.step: (item.operation, item.inputs) for item in effect.expects}.items():
            reading = self.rules.catalogue.operation(operation)
            answer = self.caller.send(reading, reading.prepare(inputs))
            if answer.kind is not OutcomeKind.DONE:
                self._patiently(effect.id, partial(self._put_off, effect, step, answer))
                return
            seen[step] = answer.output
        self._patiently(effect.id, lambda: self._keep_seen(effect, seen))

    def _keep_seen(self, effect: EffectRow, seen: Mapping[str, Any]) -> None:
        with self.database.write() as connection:
            effects.see(connection, effect.id, seen, self.database.now(connection))

    def _put_off(self, effect: EffectRow, step: str, answer: Outcome) -> None:
        reason = f"what {step} had read could not be read again: {answer.reason}"
        outcome = replace(answer, kind=OutcomeKind.NOT_SENT, reason=reason, output=None, is_ours=True)
        with self.database.write() as connection:
            self.settle(connection, effect, outcome, self.database.now(connection))

    def claim(self, connection: Connection, effect_id: str) -> Claim | Unseen | None:
        """Take a released effect, in the caller's transaction; None when it is not to be had, Unseen when what it
        expects has to be read again first."""
        run_id = effects.run_of(connection, effect_id)
        run = None if run_id is None else runs.lock(connection, run_id)
        effect = effects.lock(connection, effect_id)
        if effect is None or effect.state is not EffectState.RELEASED:
            return None
        started, now = self.monotonic(), self.database.now(connection)
        if run_id is not None and run is None:
            effects.move(connection, effect, EffectState.CANCELLED, now, reason="the run ended first")
            return None
        if run is not None and runs.is_cancelling(connection, run):
            effects.move(connection, effect, EffectState.CANCELLED, now, reason="its run is being cancelled")
            runs.wake(connection, [run.id], now)
            return None
        operation = self.rules.catalogue.operations.get(effect.operation)
        if operation is None:
            effects.hold(connection, effect, unknown_operation(effect.operation), now)
            return None
        if effect.expects and (effect.seen_at is None or now - effect.seen_at > FRESH):
            return Unseen(effect)
        if self._stopped_by_gate(connection, effect, operation, now):
            return None
        lease = timedelta(seconds=operation.deadline_seconds) + LEASE_MARGIN
        effects.claim(connection, effect, holder=self.holder, lease_until=now + lease, now=now)
        claimed = effects.lock(connection, effect_id)
        assert claimed is not None
        return Claim(claimed, operation, begin_before=started + LEASE_MARGIN.total_seconds())

    def _stopped_by_gate(self, connection: Connection, effect: EffectRow, operation: Operation, now: datetime) -> bool:
        """Ask every gate again, in the transaction of the claim; `groups` leaves to this one whatever it would stop."""
        closed = closed_precondition(effect.requires, effects.seen_milestones(connection, effect.requires))
        if closed is None:
            closed = _changed_meanwhile(effect)
        if closed is None:
            closed = self._used_up(connection, effect.vendor, now)
        if closed is None and not operation.reduces:
            closed = effects.occupy(connection, effect.id)
        if closed is None and effect.once_key is not None:
            closed = once.take(connection, effect.once_key, effect.id)
            if closed is not None:
                effects.free_subjects(connection, effect.id, now)
        if closed is None:
            return False
        if closed.gate is Gate.ONCE and closed.for_good:
            effects.move(connection, effect, EffectState.SKIPPED, now, reason=closed.reason)
            self._take_on(connection, effect, now)
        elif closed.for_good:
            self.settle(connection, effect, Outcome(OutcomeKind.REFUSED, closed.reason), now)
        else:
            effects.hold(connection, effect, closed, now)
        return True

    def _used_up(self, connection: Connection, vendor: str, now: datetime) -> Closed | None:
        """The gate of a limit that leaves no room for longer than a worker waits. The slot itself is taken later, right
        before the request leaves."""
        slot = lanes.next_rate_slot(connection, vendor, self.rules.catalogue.limits(vendor), now)
        return None if slot.is_taken else limited(vendor, slot.leaves_at)

    def call(self, claim: Claim) -> Outcome:
        """Send the request under a claim, unless so much time has gone that the lease might end before the call does.

        A thread that was frozen wakes up here: without this look it would speak to the vendor under a lease that
        another may hold by now.
        """
        if self.monotonic() > claim.begin_before:
            reason = "too little of the lease was left to begin the call"
            return Outcome(OutcomeKind.NOT_SENT, reason, is_ours=True)
        return self.caller.send(claim.operation, claim.effect.request)

    def _record(self, effect: EffectRow, outcome: Outcome) -> bool:
        """Write the outcome down if the claim's token still holds; whether it landed."""
        try:
            return self._record_as_it_is(effect, outcome)
        except LedgerUnavailable:
            raise
        except Exception:
            # Whatever the vendor sent along that has no place in the ledger: how the call ended has one.
            log.exception("answer_not_kept", effect_id=effect.id, outcome=outcome.kind)
        return self._record_as_it_is(effect, replace(outcome, reason=NOT_KEPT, output=None))

    def _record_as_it_is(self, effect: EffectRow, outcome: Outcome) -> bool:
        with self.database.write() as connection:
            if effect.run_id is not None:
                runs.lock(connection, effect.run_id)
            now = self.database.now(connection)
            effects.end_attempt(connection, effect, outcome, now)
            effects.let_go(connection, effect)
            landed = self.settle(connection, effect, outcome, now)
            lanes.note_outcome(connection, effect.vendor, outcome, now)
        if not landed:
            log.warning("outcome_came_too_late", effect_id=effect.id, outcome=outcome.kind)
        return landed

    def lapse(self, effect_id: str) -> bool:
        """The lease of an effect ran out: its message or its worker was lost. Whether anything changed."""
        with self.database.write() as connection:
            run_id = effects.run_of(connection, effect_id)
            if run_id is not None:
                runs.lock(connection, run_id)
            effect = effects.lock(connection, effect_id)
            now = self.database.now(connection)
            if effect is None or effect.lease_until is None or effect.lease_until > now:
                return False
            if effect.state is EffectState.RELEASED:
                return effects.move(connection, effect, EffectState.INTENDED, now, due_at=now)
            outcome = self._vanished(effect, now)
            if outcome is None:
                return False
            effects.end_attempt(connection, effect, outcome, now)
            return self.settle(connection, effect, outcome, now)

    def _vanished(self, effect: EffectRow, now: datetime) -> Outcome | None:
        """How a claim ends whose holder never came back; None: not yet, its call could still be under way."""
        assert effect.lease_until is not None
        if effect.repeat is Repeat.SAFE:
            return Outcome(OutcomeKind.RETRY, "the worker that had it vanished; repeating this call does no harm")
        operation = self.rules.catalogue.operations.get(effect.operation)
        deadline = LONGEST_CALL if operation is None else timedelta(seconds=operation.deadline_seconds)
        if now < effect.lease_until + deadline:
            return None
        return Outcome(OutcomeKind.IN_DOUBT, "the worker that had it vanished; the vendor may have acted on the call")

    def settle(self, connection: Connection, effect: EffectRow, outcome: Outcome, now: datetime) -> bool:
        """Move an effect by an outcome and its run by what follows; whether it landed."""
        landed = self._move(connection, effect, outcome, now)
        if landed:
            if outcome.kind is OutcomeKind.DONE and effect.run_id is None:
                self._hand_in(connection, effect, outcome.output, now)
            self._take_on(connection, effect, now)
        return landed

    def _hand_in(self, connection: Connection, effect: EffectRow, output: Any, now: datetime) -> None:
        """Have what was fetched for an event taken in like a delivery."""
        try:
            with connection.begin_nested():
                event = pointer_of(connection, effect)
                if event is not None:
                    self.fetched(connection, event, output, now)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("fetched_not_taken_in", effect_id=effect.id)

    def _take_on(self, connection: Connection, effect: EffectRow, now: datetime) -> None:
        """Take the effect's run on."""
        if effect.run_id is not None:
            take_on(connection, self.rules, effect.run_id, now, effect_id=effect.id)

    def _move(self, connection: Connection, effect: EffectRow, outcome: Outcome, now: datetime) -> bool:
        known: dict[str, Any] = {"reason": outcome.reason, "status": outcome.status}
        operation = self.rules.catalogue.operations.get(effect.operation)
        follow = None if operation is None else operation.follow
        match outcome.kind:
            case OutcomeKind.DONE if follow is not None and effect.state is not EffectState.ACCEPTED:
                soon = now + FIRST_LOOK
                return effects.move(
                    connection, effect, EffectState.ACCEPTED, now, output=outcome.output, due_at=soon, **known
                )
            case OutcomeKind.DONE:
                return effects.move(connection, effect, EffectState.DONE, now, output=outcome.output, **known)
            case OutcomeKind.REFUSED:
                return effects.move(connection, effect, EffectState.REFUSED, now, **known)
            case OutcomeKind.IN_DOUBT:
                return effects.move(connection, effect, EffectState.IN_DOUBT, now, due_at=now + FIRST_LOOK, **known)
            case OutcomeKind.NOT_SENT | OutcomeKind.RETRY:
                return self._again(connection, effect, outcome, now)

    def _again(self, connection: Connection, effect: EffectRow, outcome: Outcome, now: datetime) -> bool:
        """Try once more later, or give up where attempts or time have run out."""
        hint = outcome.retry_after_seconds
        delay = next_delay(max(effect.attempts, 1), hint_seconds=hint, random=self.random)
        time_left = (effect.give_up_at - now).total_seconds()
        is_left = outcome.is_ours or effect.attempts < effect.max_attempts
        if is_left and delay < time_left:
            due_at = now + timedelta(seconds=delay)
            # The vendor may have acted on this attempt. Were a later change of the same subject let in between, the
            # repeat would undo it.
            keeps = outcome.kind is OutcomeKind.RETRY and outcome.status != 429
            again: dict[str, Any] = {"due_at": due_at, "reason": outcome.reason, "status": outcome.status}
            return effects.move(connection, effect, EffectState.INTENDED, now, keeps_subjects=keeps, **again)
        reason = f"gave up after {effect.attempts} attempts: {outcome.reason}"
        return effects.move(connection, effect, EffectState.REFUSED, now, reason=reason, status=outcome.status)


def claims(claimed: Sequence[tuple[EffectRow, Operation]], started: float) -> list[Claim]:
    """The rights to make calls that were claimed when the monotonic clock said `started`, or later."""
    begin_before = started + LEASE_MARGIN.total_seconds()
    return [Claim(effect, operation, begin_before) for effect, operation in claimed]


def _changed_meanwhile(effect: EffectRow) -> Closed | None:
    """The gate that is closed for good when what the effect expects is not so any more."""
    if not effect.expects:
        return None
    told = changed([(item.name, item.step, item.path, item.value) for item in effect.expects], effect.seen)
    return Closed(Gate.EXPECTS, "", f"changed: {told}", for_good=True) if told else None


def spare_the_disk(database: Database, connection: Connection, touched: Sequence[EffectRow]) -> None:
    """What may be repeated would be, should the machine lose its power before this is on the disk."""
    if all(effect.repeat is Repeat.SAFE for effect in touched):
        database.defer_flush(connection)
