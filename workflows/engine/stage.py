"""The stage: where workflows are rehearsed. It does in memory, on a clock of its own, what the runtime does with the
ledger.

Not played: a vendor's limits, leases, how much the ledger keeps of what steps give, who may not approve, and what can
break between us and a vendor. Where it is not known what vendors have reported, what a call requires counts as given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from typing import Any

from workflows.catalogue import Catalogue
from workflows.engine.approvals import details_of
from workflows.engine.correlation import event_scope, keys_of, sought
from workflows.engine.decide import decide
from workflows.engine.decisions import (
    TIME_TO_CLEAN_UP,
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
    Wanted,
    WriteEvent,
)
from workflows.engine.performance import Performance
from workflows.engine.rehearsal import Asked, Emitted, Ending, Moment, Played, Players, Rehearsal, RehearsedCall
from workflows.engine.rehearsed_calls import RehearsedCalls
from workflows.engine.requests import not_made
from workflows.engine.scopes import trigger_scope
from workflows.engine.snapshot import At, Cancelling, ChildView, StepView, WaitView
from workflows.engine.snapshot import Ending as Settled
from workflows.engine.states import RunState, StepState, WaitKind, WaitState
from workflows.engine.triggering import DEEPEST, Meant, batch_data, meant, run_as_meant, stale, text_or
from workflows.errors import FormulaError, InputError, StagedoorError
from workflows.events import BATCH, MANUAL, OURS, Event
from workflows.language.definition import Concurrency, Definition
from workflows.language.inputs import load_inputs

MOST_RUNS = 100_000
"""More runs than this have begun one another without end."""


class TooManyRuns(StagedoorError):
    """More runs begin one another than are rehearsed."""


@dataclass(frozen=True)
class _Listener:
    """A run that waits for an event under a name; `at` None: the event cancels it."""

    run: Performance
    at: At | None
    name: str
    key: str


class Stage:
    """Runs of `definitions`, which listen to events, and of those their steps run.

    brands    the fields of a brand by its name
    seen      milestones that are known: (subject, event type); None: what is required counts as given
    """

    def __init__(
        self,
        definitions: Sequence[Definition],
        *,
        now: datetime,
        catalogue: Catalogue,
        brands: Callable[[str], Mapping[str, Any]],
        players: Players,
        seen: set[tuple[str, str]] | None = None,
    ) -> None:
        self.now = now
        self._definitions = definitions
        self._brands = brands
        self._players = players
        self._runs: list[Performance] = []
        self._declined: list[Rehearsal] = []
        self._emitted: list[Emitted] = []
        self._moments: list[Moment] = []
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = 0
        self._woken: deque[Performance] = deque()
        self._past: dict[str, list[tuple[datetime, Event]]] = {}
        self._listeners: dict[str, list[_Listener]] = {}
        self._listened: dict[str, set[str]] = {}
        self._crowds: dict[tuple[str, str], list[Performance]] = {}
        self._gathered: dict[tuple[str, str], list[tuple[datetime, Event]]] = {}
        self._calls = RehearsedCalls(self, catalogue, players, seen)

    # What a director may ask for.

    def bring(self, event: Event, at: datetime) -> None:
        """An event comes at an instant."""
        self.schedule(at, lambda: self._take_in(event))

    def start(self, definition: Definition, event: Event, at: datetime) -> None:
        """A run begins with an event of our own at an instant: by hand, or because the clock says so."""
        self.schedule(at, partial(self._start, definition, event))

    def play(self, told: Callable[[datetime], None] = lambda now: None) -> Played:
        """Play until nothing is left to happen. `told` hears of every instant at which something does."""
        while self._agenda or self._woken:
            while self._woken:
                self._advance(self._woken.popleft())
            if self._agenda:
                at, _, happens = heappop(self._agenda)
                self.now = max(self.now, at)
                told(self.now)
                happens()
        return self._played()

    # What the parts of the stage ask of each other.

    def schedule(self, at: datetime, happens: Callable[[], None]) -> None:
        """Something happens at an instant, after what is to happen then already."""
        self._order += 1
        heappush(self._agenda, (at, self._order, happens))

    def wake(self, run: Performance) -> None:
        """A run is looked at again in this instant."""
        if not run.is_over:
            self._woken.append(run)

    def note(self, run: Performance | None, what: str, text: str) -> None:
        """Tell of something that happened now."""
        self._moments.append(Moment(self.now, "" if run is None else run.id, what, text))

    # Events.

    def _take_in(self, event: Event) -> None:
        self.note(None, "event", f"{event.type} about {event.subject or 'nothing in particular'}")
        self._past.setdefault(event.type, []).append((self.now, event))
        for key in keys_of(event, self._listened.get(event.type, ())):
            for listener in self._listeners.get(key, [])[:]:
                self._hand_over(listener, event)
        self._calls.heard_of(event.subject, event.type)
        for definition in self._definitions:
            if event.type in definition.trigger.events:
                self._consider(definition, event)

    def _consider(self, definition: Definition, event: Event) -> None:
        """Begin the run an event starts, or keep the event for one."""
        scope = trigger_scope(definition, event, self._brands(event.brand), self.now)
        try:
            found = meant(definition, event, scope, self.now)
        except FormulaError as error:
            self._begin_failed(definition, event, f"the trigger could not be worked out: {error}")
            return
        if found is None:
            assert definition.trigger.where is not None
            self._decline(definition, event, definition.trigger.where.verdict(scope).because)
        elif definition.batch is not None or definition.debounce is not None:
            self._gathered.setdefault((definition.name, found.by), []).append((self.now, event))
            self._look_at_gathering(definition, found.by)
        elif reason := stale(definition, event, self.now):
            run = self._new(definition, event, found.key)
            run.state, run.settled = RunState.PARKED, Settled(RunState.PARKED, None, reason)
            self.note(run, "parked", reason)
        else:
            self._begin(definition, event, found)

    def _decline(self, definition: Definition, event: Event, reason: str) -> None:
        declined = Rehearsal("", definition.name, Ending.NOT_STARTED, None, reason, event=event, began_at=self.now)
        self._declined.append(declined)
        self.note(None, "declined", f"{definition.name} is not started: {reason}")

    def _look_at_gathering(self, definition: Definition, by: str) -> None:
        found = self._gathered.get((definition.name, by), [])
        if not found:
            return
        if definition.debounce is not None:
            quiet, at_most = definition.debounce.quiet, definition.debounce.at_most
            due_at = min(found[-1][0] + quiet, found[0][0] + at_most)
            taken = len(found)
        else:
            assert definition.batch is not None
            taken = min(len(found), definition.batch.count)
            is_full = len(found) >= definition.batch.count
            due_at = self.now if is_full else found[0][0] + definition.batch.within
        if due_at > self.now:
            self.schedule(due_at, lambda: self._look_at_gathering(definition, by))
            return
        self._gathered[definition.name, by] = found[taken:]
        events = [event for _, event in found[:taken]]
        event = events[-1] if definition.batch is None else self._batch(by, events)
        self._begin_with(definition, event, by if definition.batch is not None else None)

    def _batch(self, by: str, events: Sequence[Event]) -> Event:
        depth = max(event.depth for event in events)
        return self._own_event(BATCH, f"batch:{by}", batch_data(events), events[-1].brand, depth)

    def _own_event(
        self, kind: str, subject: str, data: Mapping[str, Any], brand: str, depth: int, cause: str | None = None
    ) -> Event:
        self._order += 1
        return Event(f"event-{self._order}", kind, subject, self.now, data, OURS, "", brand, cause=cause, depth=depth)

    # Runs.

    def _begin_with(self, definition: Definition, event: Event, key: str | None) -> Performance:
        """Begin a run whose event has been settled, whatever its trigger says; `key` None: what the definition says."""
        scope = trigger_scope(definition, event, self._brands(event.brand), self.now)
        try:
            found_key = text_or(definition.key, scope, event.subject) if key is None else key
            found = run_as_meant(definition, event, scope, found_key, self.now)
        except FormulaError as error:
            return self._begin_failed(definition, event, f"the trigger could not be worked out: {error}")
        return self._begin(definition, event, found)

    def _start(self, definition: Definition, event: Event) -> None:
        self._begin_with(definition, event, None)

    def _begin_failed(self, definition: Definition, event: Event, reason: str) -> Performance:
        run = self._new(definition, event, event.subject)
        self._end(run, EndRun(RunState.FAILED, None, reason))
        return run

    def _begin(self, definition: Definition, event: Event, found: Meant) -> Performance:
        run = self._new(definition, event, found.key)
        if definition.concurrency is not None:
            run.crowd, run.state = found.by, RunState.QUEUED
            self._crowds.setdefault((definition.name, found.by), []).append(run)
        self.note(run, "begins", f"{definition.name} begins for {found.key or 'nothing in particular'}")
        self._listen(run, None, found.cancels)
        if run.crowd is not None:
            self._settle_crowd(definition.name, run.crowd)
        self.wake(run)
        return run

    def _new(self, definition: Definition, event: Event, key: str) -> Performance:
        if len(self._runs) >= MOST_RUNS:
            raise TooManyRuns(f"{definition.name} begins more than {MOST_RUNS} runs: what began the last of them?")
        brand = self._brands(event.brand)
        run_id = f"run-{len(self._runs) + 1}"
        run = Performance(run_id, definition, event, key, brand, self.now, self.now + definition.expires)
        self._runs.append(run)
        return run

    def _settle_crowd(self, workflow: str, crowd: str) -> None:
        """Let runs of a crowd in, in the order they came; skip or replace where the workflow says so."""
        members = self._crowds[workflow, crowd]
        for run in members[:]:
            if run.state is not RunState.QUEUED or run.is_over:
                continue
            limits = run.definition.concurrency or Concurrency()
            inside = [other for other in members if other.state is RunState.RUNNING and not other.is_over]
            if len(inside) >= limits.limit and limits.on_conflict == "replace":
                self._replace_oldest(inside)
                inside = [other for other in inside if not other.is_over]
            if len(inside) < limits.limit:
                run.state = RunState.RUNNING
                self.wake(run)
            elif limits.on_conflict == "skip":
                reason = "another run of the same key was under way, and the workflow says to skip then"
                self._end(run, EndRun(RunState.STOPPED, None, reason))
            else:
                break
        self._crowds[workflow, crowd] = [run for run in members if not run.is_over]

    def _replace_oldest(self, inside: Sequence[Performance]) -> None:
        idle = next((run for run in inside if not run.has_acted), None)
        if idle is not None:
            idle.crowd = None  # the one that takes its place is let in by whoever asked for it
            self._end(idle, EndRun(RunState.CANCELLED, None, "a newer run of the same key has taken its place"))

    def _advance(self, run: Performance) -> None:
        """Take a run as far as it goes now."""
        while not run.is_over and run.state is not RunState.PARKED:
            if run.state is RunState.QUEUED:
                if self.now >= run.expires_at:
                    self._end(run, EndRun(RunState.FAILED, None, "it expired before everything was done"))
                break
            decisions = decide(run.definition, run.snapshot(), self.now)
            run.rests_until = None
            again = self._write_all(run, decisions)
            if not again and not [item for item in decisions if not isinstance(item, Rest)]:
                break
        look_at = run.next_look()
        if look_at is not None and look_at > self.now:
            self.schedule(look_at, lambda: self._look(run, look_at))

    def _look(self, run: Performance, at: datetime) -> None:
        if run.next_look() == at:
            self._advance(run)

    def _write_all(self, run: Performance, decisions: Sequence[Decision]) -> bool:
        """Write decisions down until one of them turns out otherwise; whether one did."""
        for decision in decisions:
            if not isinstance(decision, Rest):
                run.last_at = self.now
            if self._write(run, decision):
                return True
        return False

    def _write(self, run: Performance, decision: Decision) -> bool:
        match decision:
            case EndStep():
                self._end_step(run, decision)
            case BeginStep():
                run.enter(decision.at, StepState.RUNNING, self.now, decision.output)
            case StartTimer():
                run.begin_to_wait(decision.at, WaitView(WaitState.OPEN, decision.due_at), self.now)
                self.note(run, "waits", f"{decision.at.step} waits until {_when(decision.due_at)}")
            case Await():
                return self._await(run, decision)
            case Ask():
                self._ask(run, decision)
            case Intend():
                return self._intend(run, decision)
            case BeginRun():
                return self._begin_child(run, decision)
            case WriteEvent():
                return self._emit(run, decision)
            case Abandon():
                self._abandon(run, decision.steps, decision.reason)
            case BeginEnding():
                run.settled = Settled(decision.state, decision.at, decision.reason)
                run.expires_at = max(run.expires_at, self.now + TIME_TO_CLEAN_UP)
                run.cancelling = None
                self.note(run, "cleans up", f"{decision.state}: {decision.reason}")
                return True
            case EndRun():
                self._end(run, decision)
            case Rest():
                run.rests_until = decision.until
        return False

    def _end_step(self, run: Performance, decision: EndStep) -> None:
        run.end_step(decision.at, StepView(decision.state, decision.output, decision.reason), self.now)
        if decision.state in (StepState.SKIPPED, StepState.STOPPED, StepState.FAILED):
            self.note(run, decision.state.value, f"{decision.at.step}: {decision.reason}")

    def _fail(self, run: Performance, at: At, reason: str) -> bool:
        """A step fails that was to go on; what was decided after it is decided anew."""
        self._end_step(run, EndStep(at, StepState.FAILED, reason=reason))
        return True

    def _abandon(self, run: Performance, steps: Sequence[At], reason: str) -> None:
        for at in steps:
            run.give_up(at, reason, self.now)
        self._cancel_children(run, steps, reason)
        self._calls.dropped(run)

    def _cancel_children(self, run: Performance, steps: Sequence[At] | None, reason: str) -> None:
        for at, child in run.begun:
            if steps is None or at in steps:
                self._cancel(child, reason)

    def _cancel(self, run: Performance, reason: str) -> None:
        if run.is_over or run.cancelling is not None:
            return
        if run.state is RunState.RUNNING:
            run.cancelling = Cancelling(reason)
            self.wake(run)
        else:
            self._end(run, EndRun(RunState.CANCELLED, None, reason))

    def _end(self, run: Performance, decision: EndRun) -> None:
        run.end, run.last_at, run.state = decision, self.now, decision.state
        for at in [at for at in run.waits if run.steps[at].state is StepState.WAITING]:
            run.end_wait(at, self.now)
        at_step = f" at {decision.at}" if decision.at else ""
        because = f": {decision.reason}" if decision.reason else ""
        self.note(run, "ends", f"{run.definition.name} is {decision.state}{at_step}{because}")
        self._calls.dropped(run)
        self._cancel_children(run, None, f"the run that began it was {decision.state}")
        if run.parent is not None:
            parent, at = run.parent
            parent.children[at] = ChildView(decision.state, decision.result, decision.reason)
            self.wake(parent)
        if run.crowd is not None:
            self._settle_crowd(run.definition.name, run.crowd)

    # What steps wait for.

    def _await(self, run: Performance, decision: Await) -> bool:
        details = {"is_any": decision.is_any, "names": [item.name for item in decision.wanted]}
        view = WaitView(WaitState.OPEN, decision.due_at, WaitKind.EVENT, details=details)
        run.begin_to_wait(decision.at, view, self.now)
        run.came[decision.at] = {}
        kinds = " and ".join(sorted({kind for item in decision.wanted for kind in item.types}))
        self.note(run, "waits", f"{decision.at.step} waits for {kinds}, at most until {_when(decision.due_at)}")
        return self._listen(run, decision.at, decision.wanted)

    def _listen(self, run: Performance, at: At | None, wanted: Sequence[Wanted]) -> bool:
        """Have a run wait for events; whether one that came before is enough already."""
        earlier: list[tuple[datetime, int, _Listener, Event]] = []
        for one in sought(wanted):
            self._listened.setdefault(one.type, set()).add(one.path)
            listener = _Listener(run, at, one.wanted.name, one.key)
            self._listeners.setdefault(one.key, []).append(listener)
            since = one.wanted.since
            for came_at, event in self._past.get(one.type, ()):
                is_own = at is None and event is run.event  # it began the run, and does not cancel it
                if not is_own and since <= came_at and since < self.now and one.key in keys_of(event, (one.path,)):
                    earlier.append((came_at, len(earlier), listener, event))
                    break
        found = False
        for _, _, listener, event in sorted(earlier, key=lambda one: one[:2]):
            found |= self._hand_over(listener, event)
        return found

    def _hand_over(self, listener: _Listener, event: Event) -> bool:
        """Give an event to who waits for it; whether that lets the run go on."""
        run, at = listener.run, listener.at
        wait = None if at is None else run.waits.get(at)
        if run.is_over or (wait is not None and wait.state is not WaitState.OPEN):
            self._listeners[listener.key].remove(listener)
            return False
        if at is None:
            self._listeners[listener.key].remove(listener)
            self._cancel(run, f"{event.type} came")
            return True
        assert wait is not None
        came = run.came[at]
        if listener.name in came or run.steps[at].state is not StepState.WAITING:
            return False
        came[listener.name] = event
        if not wait.details["is_any"] and len(came) < len(wait.details["names"]):
            return False
        run.waits[at] = replace(
            wait, state=WaitState.DONE, output={name: event_scope(one) for name, one in came.items()}
        )
        self.note(run, "comes", f"{event.type} is what {at.step} waited for")
        self.wake(run)
        return True

    def _ask(self, run: Performance, decision: Ask) -> None:
        details = details_of(decision.question)
        view = WaitView(WaitState.OPEN, decision.due_at, WaitKind.APPROVAL, round=decision.round, details=details)
        run.begin_to_wait(decision.at, view, self.now)
        asked = Asked(run.id, decision.at.step, decision.round, decision.question, self.now)
        run.asked.append(asked)
        self.note(
            run, "asks", f"{decision.at.step} asks {' or '.join(decision.question.roles)}: {asked.question.title}"
        )
        decided = self._players.decide(asked)
        if decided is None or (decided.is_approved and len(set(decided.by)) < decision.question.count):
            return
        output = {"approved": decided.is_approved, "by": list(decided.by), "reason": decided.reason}

        def say() -> None:
            wait = run.waits[decision.at]
            if not run.is_over and wait.state is WaitState.OPEN and wait.round == decision.round:
                run.waits[decision.at] = replace(wait, state=WaitState.DONE, output={**output, "at": self.now})
                word = "approve" if decided.is_approved else "deny"
                reason = f": {decided.reason}" if decided.reason else ""
                self.note(run, "decided", f"{', '.join(decided.by)} {word} {decision.at.step}{reason}")
                self.wake(run)

        if self.now + decided.after < decision.due_at:
            self.schedule(self.now + decided.after, say)

    # What steps do.

    def _intend(self, run: Performance, decision: Intend) -> bool:
        try:
            pending = self._calls.prepared(run, decision)
        except InputError as error:
            return self._fail(run, decision.at, not_made(decision.at, error).reason)
        run.end_wait(decision.at, self.now)
        run.enter(decision.at, StepState.CALLING, self.now)
        self._calls.attempt(pending)
        return False

    def _begin_child(self, run: Performance, decision: BeginRun) -> bool:
        if run.event.depth >= DEEPEST:
            return self._fail(run, decision.at, _too_deep(f"the workflow {decision.workflow}"))
        found = self._players.begin(decision.workflow, decision.inputs)
        if isinstance(found, ChildView):
            run.enter(decision.at, StepState.RUNNING, self.now)
            run.children[decision.at] = found
            self.note(run, "runs", f"{decision.at.step} runs {decision.workflow}, which is {found.state}")
            return False
        try:
            inputs = load_inputs(found.trigger.manual or {}, decision.inputs)
        except InputError as error:
            problems = "; ".join(str(problem) for problem in error.problems)
            return self._fail(run, decision.at, f"nothing was begun: {problems}")
        run.enter(decision.at, StepState.RUNNING, self.now)
        subject = f"manual:{found.name}"
        event = self._own_event(MANUAL, subject, inputs, run.event.brand, run.event.depth + 1, run.id)
        run.children[decision.at] = ChildView(RunState.RUNNING)
        child = self._begin_with(found, event, run.key if found.key is None else None)
        child.parent = (run, decision.at)
        run.begun.append((decision.at, child))
        if child.end is not None:
            run.children[decision.at] = ChildView(child.end.state, child.end.result, child.end.reason)
        return False

    def _emit(self, run: Performance, decision: WriteEvent) -> bool:
        if run.event.depth >= DEEPEST:
            return self._fail(run, decision.at, _too_deep(f"the event {decision.type}"))
        depth = run.event.depth + 1
        event = self._own_event(decision.type, decision.subject, decision.data, run.event.brand, depth, run.id)
        self._emitted.append(Emitted(run.id, decision.at.step, event))
        self.note(run, "emits", f"{decision.at.step} emits {event.type}")
        self.schedule(self.now, lambda: self._take_in(event))
        return False

    def _played(self) -> Played:
        calls: dict[str, list[RehearsedCall]] = {}
        for call in self._calls.told:
            calls.setdefault(call.run, []).append(call)
        emitted: dict[str, list[Emitted]] = {}
        for one in self._emitted:
            emitted.setdefault(one.run, []).append(one)
        return Played(
            runs=tuple(run.told(calls.get(run.id, ()), emitted.get(run.id, ())) for run in self._runs),
            declined=tuple(self._declined),
            calls=tuple(self._calls.told),
            emitted=tuple(self._emitted),
            moments=tuple(self._moments),
        )


def _too_deep(what: str) -> str:
    return f"{what} would be the {DEEPEST + 1}th run in a chain of runs that led to one another: is this a loop?"


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
