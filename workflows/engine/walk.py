"""A walk through the steps of a run: what is over, what is under way, and what can be decided now.

Steps are taken in order. Each is either over, or blocked on its wait, its effect or the steps within it, or not
reached; the first that is not over is entered or resumed, and what follows from that is decided in the same breath
until something blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workflows.engine.decisions import (
    Abandon,
    Ask,
    Await,
    BeginRun,
    BeginStep,
    Decision,
    EndStep,
    Expected,
    Intend,
    Question,
    StartTimer,
    Wanted,
    WriteEvent,
)
from workflows.engine.expectations import moved_beyond
from workflows.engine.paths import value_at
from workflows.engine.scopes import Scope, learn
from workflows.engine.snapshot import READING, At, EffectView, Snapshot, StepView, WaitView
from workflows.engine.states import OUT_THERE, OVER, EffectState, RunState, StepState, WaitState
from workflows.engine.timing import due_time
from workflows.errors import FormulaError
from workflows.language.definition import (
    Approve,
    Branch,
    Call,
    Choose,
    Emit,
    Expectation,
    ForEach,
    OnTimeout,
    Parallel,
    Set,
    Step,
    StopUnless,
    SubRun,
    Wait,
    WaitFor,
    all_steps,
)
from workflows.language.formulas import ABSENT
from workflows.language.trees import assigned, render
from workflows.values import Percent

READ_AGAIN_WITHIN = timedelta(hours=1)
READ_AGAIN_ATTEMPTS = 6
"""How often and how long the numbers of an approval are read again."""

PASSED_OVER, OUT_OF_TIME = "passed over on the way to ", "it was not done within "
"""How the reasons of steps begin that were left out on the way to another, or took too long."""


@dataclass(frozen=True)
class Ended:
    """How a sequence of steps ended: done, stopped or failed; `at` is the step it ended at, when it ended early."""

    state: StepState
    at: str | None = None
    reason: str = ""


class Walk:
    """One walk; `decisions` is what came of it, `rests_until` when time alone makes a difference next."""

    def __init__(self, snapshot: Snapshot, now: datetime) -> None:
        self.decisions: list[Decision] = []
        self.rests_until: datetime | None = None
        self._snapshot = snapshot
        self._now = now
        self._views: dict[At, StepView] = dict(snapshot.steps)
        self._ended_at: dict[At, str] = {}
        """Of steps that ended because one within them did: which."""

    def sequence(self, steps: Sequence[Step], iteration: str, scope: Scope) -> Ended | None:
        """Take steps as far as they go, adding to `scope` what they give; None when something blocks."""
        leads_to: str | None = None
        for step in steps:
            at = At(step.id, iteration)
            if leads_to is not None and step.id != leads_to:
                self._skip(at, f"{PASSED_OVER}{leads_to}")
                continue
            leads_to = None
            view = self._take(step, at, scope)
            if view is None:
                return None
            if view.state in (StepState.STOPPED, StepState.CANCELLED):
                return Ended(StepState.STOPPED, self._ended_at.get(at, step.id), view.reason)
            if view.state is StepState.FAILED and step.on_error in ("stop", "fail"):
                state = StepState.STOPPED if step.on_error == "stop" else StepState.FAILED
                return Ended(state, self._ended_at.get(at, step.id), view.reason)
            if view.state is StepState.FAILED and step.on_error != "continue":
                leads_to = step.on_error
            learn(scope, (step,), self._views, iteration)
        return Ended(StepState.DONE)

    def open_steps(self, *within_steps: tuple[Step, At]) -> tuple[At, ...]:
        """Every open step, or those that are or lie within these."""
        found = (at for at, view in self._views.items() if view.state not in OVER)
        if not within_steps:
            return tuple(found)
        return tuple(at for at in found if any(_lies_in(at, step, outer) for step, outer in within_steps))

    def is_out(self, steps: Sequence[At]) -> bool:
        """Whether a vendor may be acting for one of these steps."""
        effects = (self._snapshot.effects.get(at) for at in steps)
        return any(effect is not None and effect.state in OUT_THERE for effect in effects)

    # One step.

    def _take(self, step: Step, at: At, scope: Scope) -> StepView | None:
        """Enter or resume a step; what became of it, None when it blocks."""
        view = self._views.get(at)
        if view is not None and view.state in OVER:
            return view
        try:
            view = self._enter(step, at, scope) if view is None else self._resume(step, at, view, scope)
        except FormulaError as error:
            return self._end(at, StepState.FAILED, reason=str(error))
        return view if view is not None else self._out_of_time(step, at)

    def _out_of_time(self, step: Step, at: At) -> StepView | None:
        """Give up a step that has been under way for too long, once nothing of it is at a vendor."""
        view = self._views.get(at)
        if step.timeout is None or view is None or view.state in OVER:
            return None
        ends_at = (view.started_at or self._now) + step.timeout
        if self._now < ends_at:
            self._rest(ends_at)
            return None
        open_ = self.open_steps((step, at))
        if self.is_out(open_):
            return None
        reason = f"{OUT_OF_TIME}{_in_words(step.timeout)}"
        self._abandon(open_, reason)
        return self._end(at, StepState.FAILED, reason=reason)

    def _enter(self, step: Step, at: At, scope: Scope) -> StepView | None:
        if step.condition is not None:
            verdict = step.condition.verdict(scope)
            if not verdict.holds:
                return self._end(at, StepState.SKIPPED, reason=verdict.because)
        match step.verb:
            case Call() as call:
                return self._call(call, at, scope)
            case Set() as assignment:
                return self._end(at, StepState.DONE, assigned(assignment.values, scope, step.id))
            case Wait() as wait:
                return self._wait(wait, at, scope)
            case WaitFor() as wait_for:
                return self._wait_for(wait_for, at, scope)
            case Approve() as approve:
                return self._ask(approve, at, scope, round_=0)
            case StopUnless(condition):
                verdict = condition.verdict(scope)
                return self._end(at, StepState.DONE if verdict.holds else StepState.STOPPED, reason=verdict.because)
            case SubRun() as sub_run:
                inputs = _object(render(sub_run.inputs, scope), "with")
                return self._block(at, StepState.RUNNING, BeginRun(at, sub_run.workflow, inputs))
            case Emit() as emit:
                return self._emit(emit, at, scope)
            case Choose(branches):
                self._begin(at, {"branch": _chosen(branches, scope)})
            case ForEach() as loop:
                self._begin(at, {"items": _items(loop, scope)})
            case Parallel():
                self._begin(at)
        return self._resume(step, at, self._views[at], scope)

    def _resume(self, step: Step, at: At, view: StepView, scope: Scope) -> StepView | None:
        match step.verb:
            case Call():
                return self._resume_call(at)
            case Wait():
                wait = self._snapshot.waits.get(at)
                return self._end(at, StepState.DONE) if wait is not None and wait.is_over(self._now) else None
            case WaitFor() as wait_for:
                return self._resume_wait_for(wait_for, at)
            case Approve() as approve:
                return self._resume_approve(approve, at, view, scope)
            case SubRun():
                return self._resume_run(at)
            case Choose(branches):
                return self._resume_choose(branches, at, view, scope)
            case ForEach() as loop:
                return self._resume_loop(loop, at, view, scope)
            case Parallel() as parallel:
                return self._resume_parallel(parallel, at, scope)
        raise AssertionError(f"{at} is under way, and its verb is over at once")

    # Calls.

    def _call(self, call: Call, at: At, scope: Scope) -> StepView | None:
        intend = Intend(
            at,
            call.operation,
            _object(render(call.inputs, scope), "with"),
            call.attempts,
            call.within,
            None if call.once is None else tuple(render(value, scope) for value in call.once.values),
            tuple(self._expected(item, at.iteration, scope) for item in call.expects),
            round=self._next_round(at),
        )
        return self._block(at, StepState.CALLING, intend)

    def _expected(self, item: Expectation, iteration: str, scope: Scope) -> Expected:
        value = item.formula.evaluate(scope)
        return Expected(item.formula.text, self._source(item.step, iteration), item.path, value)

    def _source(self, step: str, iteration: str) -> At:
        """Where the step stands whose output is seen at `iteration`: here, or around the loops we are in."""
        while At(step, iteration) not in self._views and iteration:
            iteration = iteration.rpartition(".")[0]
        return At(step, iteration)

    def _next_round(self, at: At) -> int:
        effect = self._snapshot.effects.get(at)
        return 0 if effect is None else effect.round + 1

    def _resume_call(self, at: At) -> StepView | None:
        effect = self._snapshot.effects.get(at)
        match effect:
            case EffectView(state=EffectState.DONE):
                return self._end(at, StepState.DONE, effect.output, effect.reason)
            case EffectView(state=EffectState.SKIPPED):
                return self._end(at, StepState.SKIPPED, reason=effect.reason)
            case EffectView(state=EffectState.REFUSED | EffectState.CANCELLED):
                return self._end(at, StepState.FAILED, reason=effect.reason)
        return None

    # Waiting.

    def _wait(self, wait: Wait, at: At, scope: Scope) -> StepView | None:
        due_at = due_time(wait, scope, self._now)
        if due_at <= self._now:
            return self._end(at, StepState.DONE)
        return self._block(at, StepState.WAITING, StartTimer(at, due_at))

    def _wait_for(self, wait_for: WaitFor, at: At, scope: Scope) -> StepView | None:
        wanted = []
        for item in wait_for.awaited:
            value = item.match.value.evaluate(scope)
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                raise FormulaError(f"{item.match.formula.place}: an event is told by a text or a whole number")
            wanted.append(Wanted(item.name, item.events, item.match.path, value, self._now - item.lookback))
        due_at = self._now + wait_for.expires
        return self._block(at, StepState.WAITING, Await(at, tuple(wanted), wait_for.mode == "any", due_at))

    def _resume_wait_for(self, wait_for: WaitFor, at: At) -> StepView | None:
        wait = self._snapshot.waits.get(at)
        if wait is None or not wait.is_over(self._now):
            return None
        if wait.state is not WaitState.DONE:
            expected = " and ".join(sorted({name for item in wait_for.awaited for name in item.events}))
            return self._timed_out(at, wait_for.on_timeout, f"{expected} did not come in time")
        if wait_for.mode == "one":
            return self._end(at, StepState.DONE, wait.output[""])
        first = {"first": next(iter(wait.output))} if wait_for.mode == "any" else {}
        return self._end(at, StepState.DONE, {**wait.output, **first})

    def _timed_out(self, at: At, then: OnTimeout, reason: str, output: Any = None) -> StepView:
        states = {"stop": StepState.STOPPED, "fail": StepState.FAILED, "continue": StepState.DONE}
        return self._end(at, states[then], output if then == "continue" else None, reason)

    # Approvals.

    def _ask(self, approve: Approve, at: At, scope: Scope, round_: int, reading: Any = None) -> StepView | None:
        title = render(approve.title, scope)
        question = Question(
            str(title),
            approve.roles,
            approve.count,
            tuple(sorted(approve.exclude)),
            {name: render(value, scope) for name, value in approve.show.items()},
            approve.tolerance or Percent(0),  # type: ignore[arg-type]
            reading,
        )
        return self._block(at, StepState.WAITING, Ask(at, question, self._now + approve.expires, round_))

    def _resume_approve(self, approve: Approve, at: At, view: StepView, scope: Scope) -> StepView | None:
        wait = self._snapshot.waits.get(at)
        if wait is None:
            return None
        if view.state is StepState.CALLING:
            return self._compare(approve, at, wait, scope)
        if not wait.is_over(self._now):
            return None
        seen = _reading_of(wait)
        nobody = {"approved": False, "by": [], "at": self._now, "reason": "", **seen}
        if wait.state is not WaitState.DONE:
            return self._timed_out(at, approve.on_timeout, "nobody decided in time", nobody)
        if not wait.output["approved"]:
            by = ", ".join(wait.output["by"])
            reason = f"{by} denied it: {wait.output['reason']}"
            return self._timed_out(at, approve.on_deny, reason, {**wait.output, **seen})
        if not approve.expects:
            return self._end(at, StepState.DONE, wait.output)
        source = self._source(approve.expects[0].step, at.iteration)
        round_ = self._next_round(at)
        again = Intend(at, "", {}, READ_AGAIN_ATTEMPTS, READ_AGAIN_WITHIN, rereads=source, round=round_)
        return self._block(at, StepState.CALLING, again)

    def _compare(self, approve: Approve, at: At, wait: WaitView, scope: Scope) -> StepView | None:
        """Hold the numbers that were approved against those of now, and ask again where they have moved too far."""
        effect = self._snapshot.effects.get(at)
        if effect is None or effect.state not in (EffectState.DONE, EffectState.REFUSED, EffectState.CANCELLED):
            return None
        if effect.state is not EffectState.DONE:
            return self._end(at, StepState.FAILED, reason=f"its numbers could not be read again: {effect.reason}")
        source, seen = approve.expects[0].step, _reading_of(wait)
        asked = {**scope, source: seen[READING]} if seen else scope
        fresh = {**scope, source: effect.output}
        shown = {name: render(value, fresh) for name, value in approve.show.items()}
        shown |= {item.formula.text: value_at(effect.output, item.path) for item in approve.expects}
        before = {item.formula.text: item.formula.evaluate(asked) for item in approve.expects}
        before |= wait.details["show"]
        tolerance = approve.tolerance or Percent(0)  # type: ignore[arg-type]
        if moved_beyond(before, {name: shown[name] for name in before if shown[name] is not ABSENT}, tolerance):
            return self._ask(approve, at, fresh, wait.round + 1, effect.output)
        return self._end(at, StepState.DONE, {**wait.output, **seen})

    # Other runs, and events of our own.

    def _resume_run(self, at: At) -> StepView | None:
        child = self._snapshot.children.get(at)
        if child is None or child.state in (RunState.RUNNING, RunState.QUEUED, RunState.PARKED):
            return None
        if child.state is RunState.DONE:
            return self._end(at, StepState.DONE, child.result)
        because = f": {child.reason}" if child.reason else ""
        return self._end(at, StepState.FAILED, reason=f"its run was {child.state}{because}")

    def _emit(self, emit: Emit, at: At, scope: Scope) -> StepView:
        subject = scope["event"]["subject"] if emit.subject is None else render(emit.subject, scope)
        data = _object(render(emit.data, scope), "data")
        self.decisions.append(WriteEvent(at, emit.event, str(subject), data))
        return self._end(at, StepState.DONE)

    # Steps that contain others.

    def _resume_choose(self, branches: Sequence[Branch], at: At, view: StepView, scope: Scope) -> StepView | None:
        chosen = view.output["branch"]
        ended = Ended(StepState.DONE) if chosen is None else self.sequence(branches[chosen].steps, at.iteration, scope)
        return None if ended is None else self._end_with(at, ended, view.output)

    def _resume_loop(self, loop: ForEach, at: At, view: StepView, scope: Scope) -> StepView | None:
        items = view.output["items"]
        under_way = 0
        for number, item in enumerate(items):
            part = at.part(str(number))
            record = self._views.get(part)
            if record is not None and record.state in OVER:
                continue
            if record is None:
                has_failed = loop.on_item_error == "fail" and self._any_failed(at, number)
                if has_failed or under_way >= loop.concurrency:
                    continue
                self._begin(part)
            under_way += not self._item(loop, part, {**scope, "item": item})
        if under_way:
            return None
        return self._end_loop(loop, at, len(items))

    def _item(self, loop: ForEach, part: At, scope: Scope) -> bool:
        """Take one item on; whether it is over."""
        ended = self.sequence(loop.steps, part.iteration, scope)
        if ended is None:
            return False
        output = None
        if ended.state is StepState.DONE and loop.result is not None:
            try:
                output = {"result": render(loop.result, scope)}
            except FormulaError as error:
                ended = Ended(StepState.FAILED, None, str(error))
        self._end_part(part, ended, output)
        return True

    def _any_failed(self, at: At, before: int) -> bool:
        views = (self._views.get(at.part(str(number))) for number in range(before))
        return any(view is not None and view.state is StepState.FAILED for view in views)

    def _end_loop(self, loop: ForEach, at: At, count: int) -> StepView:
        views = [self._views[part] for number in range(count) if (part := at.part(str(number))) in self._views]
        told = [{"state": str(view.state), "reason": view.reason, **(view.output or {})} for view in views]
        states = [view.state for view in views]
        output = {
            "done": states.count(StepState.DONE),
            "stopped": states.count(StepState.STOPPED),
            "failed": states.count(StepState.FAILED),
            "items": told,
        }
        if loop.on_item_error == "fail" and StepState.FAILED in states:
            number = states.index(StepState.FAILED)
            reason = f"item {number + 1} failed {views[number].reason}"
            return self._end(at, StepState.FAILED, reason=reason)
        return self._end(at, StepState.DONE, output)

    def _resume_parallel(self, parallel: Parallel, at: At, scope: Scope) -> StepView | None:
        for name, steps in parallel.branches.items():
            part = at.part(name)
            record = self._views.get(part)
            if record is None:
                self._begin(part)
            elif record.state in OVER:
                continue
            ended = self.sequence(steps, at.iteration, dict(scope))
            if ended is not None:
                self._end_part(part, ended)
        records = {name: self._views[at.part(name)] for name in parallel.branches}
        done = [name for name, record in records.items() if record.state is StepState.DONE]
        if parallel.until == "any" and done:
            return self._first_is_done(parallel, at, done[0])
        if any(record.state not in OVER for record in records.values()):
            return None
        return self._end_parallel(parallel, at, records, done)

    def _first_is_done(self, parallel: Parallel, at: At, first: str) -> StepView | None:
        """Give the other branches up, once nothing of theirs is at a vendor."""
        others = [name for name in parallel.branches if name != first]
        steps = [(step, At(step.id, at.iteration)) for name in others for step in parallel.branches[name]]
        open_ = self.open_steps(*steps) if steps else ()
        if self.is_out(open_):
            return None
        parts = [part for name in others if self._views[part := at.part(name)].state not in OVER]
        self._abandon((*open_, *parts), f"the branch {first} was done first")
        return self._end_parallel(
            parallel, at, {name: self._views[at.part(name)] for name in parallel.branches}, [first]
        )

    def _end_parallel(
        self, parallel: Parallel, at: At, records: Mapping[str, StepView], done: Sequence[str]
    ) -> StepView:
        branches = {name: {"state": str(record.state), "reason": record.reason} for name, record in records.items()}
        failed = [name for name, record in records.items() if record.state is StepState.FAILED]
        if (parallel.until == "all" and failed) or not (done or parallel.until == "all"):
            because = "; ".join(f"{name} failed {records[name].reason}" for name in failed) or "no branch was done"
            return self._end(at, StepState.FAILED, reason=because)
        return self._end(at, StepState.DONE, {"first": done[0] if done else "", "branches": branches})

    # Writing down.

    def _begin(self, at: At, output: Any = None) -> None:
        self.decisions.append(BeginStep(at, output))
        self._views[at] = StepView(StepState.RUNNING, output, started_at=self._now)

    def _block(self, at: At, state: StepState, decision: Decision) -> StepView | None:
        """Let a step wait for what `decision` begins: None, as for every step that blocks."""
        self.decisions.append(decision)
        began = self._views[at].started_at if at in self._views else self._now
        self._views[at] = StepView(state, started_at=began)
        return None

    def _end(self, at: At, state: StepState, output: Any = None, reason: str = "") -> StepView:
        self.decisions.append(EndStep(at, state, output, reason))
        self._views[at] = view = StepView(state, output, reason)
        return view

    def _end_with(self, at: At, ended: Ended, output: Any = None) -> StepView:
        """End a step that contains others as those did."""
        if ended.at is not None:
            self._ended_at[at] = ended.at
        return self._end(at, ended.state, output, ended.reason)

    def _end_part(self, part: At, ended: Ended, output: Any = None) -> StepView:
        """End an item or a branch; where it ended stands in its reason."""
        where = f"at {ended.at}: " if ended.at is not None else ""
        return self._end(part, ended.state, output, f"{where}{ended.reason}")

    def _skip(self, at: At, reason: str) -> None:
        if at not in self._views:
            self._end(at, StepState.SKIPPED, reason=reason)

    def _abandon(self, steps: Sequence[At], reason: str) -> None:
        if steps:
            self.decisions.append(Abandon(tuple(steps), reason))
        for at in steps:
            self._views[at] = StepView(StepState.CANCELLED, reason=reason)

    def _rest(self, until: datetime) -> None:
        self.rests_until = until if self.rests_until is None else min(self.rests_until, until)


def _lies_in(at: At, step: Step, outer: At) -> bool:
    ids = {inner.id for inner in all_steps((step,))}
    here = at.iteration == outer.iteration or not outer.iteration or at.iteration.startswith(f"{outer.iteration}.")
    return at.step in ids and here


def _object(rendered: object, key: str) -> Mapping[str, Any]:
    if not isinstance(rendered, Mapping):
        raise FormulaError(f"`{key}` must give an object of values")
    return rendered


def _chosen(branches: Sequence[Branch], scope: Scope) -> int | None:
    """The first branch whose condition holds; None where none does."""
    holds = (
        number
        for number, branch in enumerate(branches)
        if branch.condition is None or branch.condition.verdict(scope).holds
    )
    return next(holds, None)


def _items(loop: ForEach, scope: Scope) -> list[Any]:
    items = render(loop.items, scope)
    if not isinstance(items, (list, tuple)):
        raise FormulaError("`for_each.in` must give a list")
    if len(items) > loop.at_most:
        raise FormulaError(f"the list has {len(items)} items, and `at_most` allows {loop.at_most}")
    return list(items)


def _reading_of(wait: WaitView) -> dict[str, Any]:
    """What had been read again for a question, as its step keeps it; nothing where it was asked once."""
    return {READING: wait.details[READING]} if READING in wait.details else {}


def _in_words(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % length == 0 and seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
