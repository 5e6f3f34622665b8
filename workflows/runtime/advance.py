"""Advance a run: gather what the ledger has, decide, write the decisions down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from workflows import typed_json
from workflows.engine.decide import decide
from workflows.engine.decisions import (
    Abandon,
    Ask,
    Await,
    BeginEnding,
    BeginRun,
    BeginStep,
    Decision,
    EndRun,
    EndStep,
    Intend,
    Rest,
    StartTimer,
    WriteEvent,
)
from workflows.engine.gates import closed_precondition
from workflows.engine.requests import not_made
from workflows.engine.snapshot import At, Snapshot
from workflows.engine.states import StepState, WaitKind
from workflows.errors import FormulaError, InputError, NotFound
from workflows.ledger import correlations, effects, nudges, runs, steps, waits
from workflows.ledger.database import is_outage
from workflows.ledger.runs import RunRow
from workflows.ledger.snapshots import snapshot
from workflows.runtime.awaiting import take_events
from workflows.runtime.crowds import settle_crowd
from workflows.runtime.earlier import done_before, ended_before
from workflows.runtime.intents import intent_of_step
from workflows.runtime.rules import Rules
from workflows.runtime.starting import CannotStart, start_child, write_event

MOST_OUTPUT = 256 * 1024
"""Characters of what one step gives, as it is kept."""
MOST_CONTEXT = 4 * 1024 * 1024
"""Characters of what all steps of a run give."""
MOST_TURNS = 1000
"""Decisions turn out otherwise (a call that cannot be made, an event that came already) at most once a step."""


def advance(connection: Connection, rules: Rules, run_id: str, now: datetime) -> None:
    """Take a run as far as it goes now, in the caller's transaction. A run that has ended is left alone."""
    run = runs.lock(connection, run_id)
    if run is not None:
        advance_locked(connection, rules, run, now)


def advance_locked(connection: Connection, rules: Rules, run: RunRow, now: datetime) -> None:
    """The same for a running run this transaction has locked or just begun."""
    definition = rules.definition(connection, run.definition_hash)
    for _ in range(MOST_TURNS):
        known = snapshot(connection, run, definition)
        turn = _Turn(connection, rules, run, known, now)
        turn.write(decide(definition, known, now))
        run = turn.run
        if not turn.again:
            break
    if not turn.is_over:
        runs.settle_down(connection, run.id, turn.rests_until)


@dataclass
class _Turn:
    """One turn: decisions made of one snapshot, written down until one of them turns out otherwise."""

    connection: Connection
    rules: Rules
    run: RunRow
    known: Snapshot
    now: datetime
    again: bool = False
    is_over: bool = False
    rests_until: datetime | None = None

    def write(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            self._write(decision)
            if self.again:
                break

    def _write(self, decision: Decision) -> None:
        match decision:
            case EndStep():
                self._end_step(decision)
            case BeginStep():
                self._enter(decision.at, StepState.RUNNING, decision.output)
            case StartTimer():
                self._enter(decision.at, StepState.WAITING)
                waits.start(self.connection, self.run.id, decision.at, WaitKind.TIMER, decision.due_at, self.now)
            case Await():
                self._await(decision)
            case Ask():
                self._enter(decision.at, StepState.WAITING)
                waits.ask(self.connection, self.run.id, decision, self.now)
            case Intend():
                self._intend(decision)
            case BeginRun():
                if not self._is_known(decision.at) and self._try(decision.at, partial(start_child, decision=decision)):
                    self._enter(decision.at, StepState.RUNNING)
            case WriteEvent():
                if not self._is_known(decision.at):
                    self._try(decision.at, partial(write_event, decision=decision))
            case Abandon():
                self._abandon(decision)
            case BeginEnding():
                self.run = runs.begin_ending(self.connection, self.run, decision, self.now)
                self.again = True
            case EndRun():
                self._end_run(decision)
            case Rest():
                self.rests_until = decision.until

    def _end_step(self, decision: EndStep) -> None:
        reason = self._too_large(decision)
        if reason:
            self._fail(decision.at, reason)
        else:
            steps.end(self.connection, self.run.id, decision, self.now)

    def _await(self, decision: Await) -> None:
        self._enter(decision.at, StepState.WAITING)
        details = {
            "is_any": decision.is_any,
            "names": [item.name for item in decision.wanted],
            "events": sorted({kind for item in decision.wanted for kind in item.types}),
        }
        wait_id = waits.start(
            self.connection, self.run.id, decision.at, WaitKind.EVENT, decision.due_at, self.now, details=details
        )
        correlations.begin(self.connection, self.run.id, wait_id, decision.wanted, self.now)
        self.run, self.again = take_events(self.connection, self.run, self.now)

    def _intend(self, decision: Intend) -> None:
        known = ended_before(self.connection, self.run, decision.at)
        if known is not None:
            steps.end(self.connection, self.run.id, known, self.now)
            self.again = True
            return
        try:
            call_of = partial(effects.call_of, self.connection, self.run.id)
            intent = intent_of_step(self.rules, self.run, decision, self.now, call_of)
        except InputError as error:
            self._fail(decision.at, not_made(decision.at, error).reason)
            return
        except NotFound as error:
            self._fail(decision.at, f"nothing was sent: {error}")
            return
        try:
            with self.connection.begin_nested():
                seen = effects.seen_milestones(self.connection, intent.requires)
                self._enter(decision.at, StepState.CALLING)
                effects.intend(self.connection, intent, closed_precondition(intent.requires, seen), self.now)
        except (DataError, OperationalError) as error:
            if is_outage(error):
                raise
            # A subject longer than an index takes, or with a NUL in it: it would be no better in half a minute.
            self._fail(decision.at, "nothing was sent: the ledger has no place for what this call is about")

    def _is_known(self, at: At) -> bool:
        """Whether an earlier run for the same news has done what the step would do; then the step is over."""
        known = done_before(self.connection, self.run, at)
        if known is None:
            return False
        steps.end(self.connection, self.run.id, known, self.now)
        self.again = True
        return True

    def _abandon(self, decision: Abandon) -> None:
        run_id, given_up = self.run.id, decision.steps
        waits.cancel_waits(self.connection, run_id, given_up, self.now)
        effects.give_up(self.connection, run_id, given_up, decision.reason, self.now)
        nudges.cancel_children(self.connection, run_id, given_up, decision.reason, self.now)
        steps.abandon(self.connection, run_id, given_up, decision.reason, self.now)

    def _end_run(self, decision: EndRun) -> None:
        runs.end(self.connection, self.run, decision, self.now)
        self.is_over = True
        if self.run.crowd is not None:
            settle_crowd(self.connection, self.rules, self.run.workflow, self.run.crowd, self.now)

    def _enter(self, at: At, state: StepState, output: object = None) -> None:
        if at in self.known.steps:
            steps.turn(self.connection, self.run.id, at, state)
        else:
            steps.enter(self.connection, self.run.id, at, state, self.now, output)

    def _fail(self, at: At, reason: str) -> None:
        """A step fails that was to go on; what was decided after it is decided anew."""
        steps.end(self.connection, self.run.id, EndStep(at, StepState.FAILED, reason=reason), self.now)
        self.again = True

    def _try(self, at: At, begin: Callable[..., None]) -> bool:
        """Begin what a step asks for; False when it cannot be, and the step has failed for that."""
        in_force = self.rules.in_force(self.connection)
        try:
            begin(self.connection, self.rules, in_force, self.run, now=self.now)
        except InputError as error:
            self._fail(at, "nothing was begun: " + "; ".join(str(problem) for problem in error.problems))
        except (CannotStart, FormulaError) as error:
            self._fail(at, str(error))
        else:
            return True
        return False

    def _too_large(self, decision: EndStep) -> str:
        """Why what a step gives is not kept; "" when it is."""
        if decision.output is None:
            return ""
        size = len(typed_json.dump(decision.output))
        if size > MOST_OUTPUT:
            return f"what it gives is larger than is kept: {size} characters, at most {MOST_OUTPUT} are"
        if size > MOST_OUTPUT // 64 and size + steps.size_of(self.connection, self.run.id) > MOST_CONTEXT:
            return f"what the steps of this run give together is larger than is kept: at most {MOST_CONTEXT} characters"
        return ""
