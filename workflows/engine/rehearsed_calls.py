"""The calls of a rehearsal: what holds each back, how it is answered, and when it is tried again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from workflows.catalogue import Catalogue, Outcome, OutcomeKind
from workflows.engine.decisions import Intend
from workflows.engine.expectations import changed
from workflows.engine.gates import Closed, Gate, Milestone, Precondition, closed_precondition, occupied, taken_once
from workflows.engine.performance import Pending, Performance
from workflows.engine.rehearsal import Players, RehearsedCall
from workflows.engine.requests import effect_key, inputs_of, once_key
from workflows.engine.retries import longest_delay
from workflows.engine.snapshot import At, EffectView
from workflows.engine.states import EffectState

if TYPE_CHECKING:
    from workflows.engine.stage import Stage


class RehearsedCalls:
    """Makes the calls of a stage; `told` are those that were tried, in the order they were first."""

    def __init__(self, stage: Stage, catalogue: Catalogue, players: Players, seen: set[tuple[str, str]] | None) -> None:
        self.told: list[RehearsedCall] = []
        self._stage = stage
        self._catalogue = catalogue
        self._players = players
        self._seen = None if seen is None else {Milestone(subject, kind) for subject, kind in seen}
        self._held: list[Pending] = []
        self._once: dict[str, Pending] = {}
        self._occupied: dict[str, Pending] = {}

    def prepared(self, run: Performance, decision: Intend) -> Pending:
        """The call a decision asks for. Raises InputError."""
        again = None if decision.rereads is None else run.calls_made[decision.rereads]
        operation = self._catalogue.operation(decision.operation) if again is None else again[0]
        key = effect_key(run.event.origin, run.definition.name, decision.at, decision.round)
        inputs = operation.referenced(inputs_of(decision, operation), key) if again is None else again[1]
        call = RehearsedCall(
            run=run.id,
            step=decision.at.step,
            iteration=decision.at.iteration,
            operation=operation.name,
            inputs=inputs,
            request=operation.prepare(inputs),
            at=self._stage.now,
            requires=tuple(operation.requires_of(inputs)),
            rereads=again is not None,
        )
        run.calls_made[decision.at] = (operation, inputs)
        pending = Pending(
            run=run,
            intend=decision,
            operation=operation,
            call=call,
            once_key=None if decision.once is None else once_key(run.definition.name, operation.name, decision.once),
            requires=tuple(Precondition(one.event, one.subject, one.never_after, one.why) for one in call.requires),
            subjects=() if operation.reduces else operation.subjects_of(inputs),
            give_up_at=self._stage.now + decision.within,
        )
        self._become(pending, EffectState.INTENDED, "")
        return pending

    def attempt(self, pending: Pending) -> None:
        """Try a call, unless a gate is closed."""
        if pending.is_over:
            return
        closed = self._closed(pending)
        if closed is None:
            self._make(pending)
        elif closed.gate is Gate.ONCE and closed.for_good:
            self._become(pending, EffectState.SKIPPED, closed.reason)
        elif closed.for_good:
            self._refuse(pending, closed.reason)
        else:
            self._become(pending, EffectState.HELD, closed.reason)
            self._stage.note(pending.run, "held", f"{pending.at.step}: {closed.reason}")
            self._held.append(pending)

    def heard_of(self, subject: str, kind: str) -> None:
        """News about a subject: what it opens goes on."""
        if self._seen is not None and subject:
            self._seen.add(Milestone(subject, kind))
            self._look_at_held()

    def dropped(self, run: Performance) -> None:
        """Calls of a run are given up that were not made: the next may have what they held."""
        mine = [key for key, one in self._once.items() if one.run is run and self._has_come_to_nothing(one)]
        for key in mine:
            del self._once[key]
        if mine:
            self._look_at_held()

    def _has_come_to_nothing(self, pending: Pending) -> bool:
        state = pending.run.effects[pending.at].state
        unsent = state in (EffectState.INTENDED, EffectState.HELD) and pending.run.is_over
        return unsent or state in (EffectState.REFUSED, EffectState.CANCELLED)

    def _closed(self, pending: Pending) -> Closed | None:
        """The first gate that holds a call; None when it may leave. Reads again what it expects."""
        closed = None if self._seen is None else closed_precondition(pending.requires, self._seen)
        if closed is None and pending.intend.expects:
            closed = self._changed(pending)
        if closed is None:
            taken = (one for one in pending.subjects if one in self._occupied)
            closed = next((occupied(one, _named(self._occupied[one])) for one in taken), None)
        if closed is None and pending.once_key is not None:
            holder = self._once.setdefault(pending.once_key, pending)
            if holder is not pending:
                is_done = holder.run.effects[holder.at].state is EffectState.DONE
                closed = taken_once(pending.once_key, _named(holder), is_done=is_done)
        return closed

    def _changed(self, pending: Pending) -> Closed | None:
        """The gate that is closed for good when what a call expects is not so any more."""
        seen: dict[str, Any] = {}
        for source in dict.fromkeys(item.source for item in pending.intend.expects):
            outcome = self._read_again(pending.run, source)
            if outcome.kind is not OutcomeKind.DONE:
                reason = f"what {source.step} had read could not be read again: {outcome.reason}"
                return Closed(Gate.EXPECTS, "", reason, for_good=True)
            seen[source.step] = outcome.output
        items = [(item.name, item.source.step, item.path, item.value) for item in pending.intend.expects]
        told = changed(items, seen)
        return Closed(Gate.EXPECTS, "", f"changed: {told}", for_good=True) if told else None

    def _read_again(self, run: Performance, source: At) -> Outcome:
        operation, inputs = run.calls_made[source]
        call = RehearsedCall(
            run.id, source.step, source.iteration, operation.name, inputs, operation.prepare(inputs), self._stage.now
        )
        return self._players.answer(replace(call, rereads=True))

    def _make(self, pending: Pending) -> None:
        pending.attempts += 1
        pending.run.has_acted = True
        now = self._stage.now
        call = replace(pending.call, attempts=pending.attempts, at=now if pending.told_at is None else pending.call.at)
        outcome = self._players.answer(call)
        pending.call = replace(call, outcome=outcome.kind, reason=outcome.reason)
        if pending.told_at is None:
            pending.told_at = len(self.told)
            self.told.append(pending.call)
        else:
            self.told[pending.told_at] = pending.call
        again = f", attempt {pending.attempts}" if pending.attempts > 1 else ""
        because = f": {outcome.reason}" if outcome.reason else ""
        what = "reads again" if call.rereads else "calls"
        self._stage.note(pending.run, what, f"{pending.at.step} {call.operation}{again}, {outcome.kind}{because}")
        self._settle(pending, outcome, now)

    def _settle(self, pending: Pending, outcome: Outcome, now: datetime) -> None:
        match outcome.kind:
            case OutcomeKind.DONE:
                self._become(pending, EffectState.DONE, outcome.reason, outcome.output)
                self._look_at_held()
            case OutcomeKind.REFUSED:
                self._refuse(pending, outcome.reason)
            case OutcomeKind.IN_DOUBT:
                self._become(pending, EffectState.IN_DOUBT, outcome.reason)
                self._occupied |= dict.fromkeys(pending.operation.subjects_of(pending.call.inputs), pending)
            case _:
                self._again(pending, outcome, now)

    def _again(self, pending: Pending, outcome: Outcome, now: datetime) -> None:
        """Try once more later, or give up where attempts or time have run out."""
        due_at = now + timedelta(seconds=longest_delay(pending.attempts, hint_seconds=outcome.retry_after_seconds))
        if pending.attempts < pending.intend.attempts and due_at < pending.give_up_at:
            self._become(pending, EffectState.INTENDED, outcome.reason)
            self._stage.schedule(due_at, partial(self.attempt, pending))
        else:
            self._refuse(pending, f"gave up after {pending.attempts} attempts: {outcome.reason}")

    def _refuse(self, pending: Pending, reason: str) -> None:
        self._become(pending, EffectState.REFUSED, reason)
        if pending.once_key is not None and self._once.get(pending.once_key) is pending:
            del self._once[pending.once_key]
            self._look_at_held()

    def _become(self, pending: Pending, state: EffectState, reason: str, output: Any = None) -> None:
        pending.run.effects[pending.at] = EffectView(state, output, reason, pending.intend.round)
        self._stage.wake(pending.run)

    def _look_at_held(self) -> None:
        """Calls that were held may go on: those that may not are held again."""
        held, self._held = self._held, []
        for pending in held:
            self._stage.schedule(self._stage.now, partial(self.attempt, pending))


def _named(pending: Pending) -> str:
    return f"of the step {pending.at.step} of {pending.run.id}"
