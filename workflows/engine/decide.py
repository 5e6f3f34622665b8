"""Decide what happens next in one run: a total, deterministic function of values.

Steps are taken in order. Each is either over, or blocked on its timer or its effect, or not reached; the first that is
not over is entered or resumed, and what follows from that is decided in the same breath until something blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from workflows.engine.decisions import Decision, EndRun, EndStep, Intend, StartTimer
from workflows.engine.snapshot import EffectView, Snapshot, StepView
from workflows.engine.states import OUT_THERE, EffectState, RunState, StepState, WaitState
from workflows.engine.timing import due_time
from workflows.errors import FormulaError
from workflows.language.definition import Call, Definition, Set, Step, StopUnless, Wait
from workflows.language.trees import assigned, render


def decide(definition: Definition, snapshot: Snapshot, now: datetime) -> list[Decision]:
    """What should be written down next; empty when the run is blocked.

    Guarantees: the same values give the same decisions; at most two decisions a step; nothing is decided about a step
    that is over; after EndRun nothing follows.
    """
    decisions = list(_walk(definition, snapshot, now))
    if now < snapshot.expires_at or _may_have_acted(snapshot) or _ends(decisions):
        return decisions
    over = [decision for decision in decisions if isinstance(decision, EndStep)]
    at = _first_open(definition, snapshot, over)
    return [*over, EndRun(RunState.FAILED, at, "it expired before everything was done")]


def first_scope(definition: Definition, snapshot: Snapshot, now: datetime) -> dict[str, Any]:
    """The names a formula sees before any step has an output."""
    return {
        **trigger_scope(definition, snapshot.event, snapshot.brand, now),
        "run": {"id": snapshot.run_id, "key": snapshot.key, "workflow": definition.name},
    }


def trigger_scope(definition: Definition, event: Any, brand: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The names `where` and `run.key` see: event, brand and vars, and under `now` what `now()` gives."""
    return {
        "event": {
            "id": event.id,
            "type": event.type,
            "subject": event.subject,
            "occurred_at": event.occurred_at,
            "data": event.data,
        },
        "brand": brand,
        "vars": definition.variables,
        "now": now,
    }


def _walk(definition: Definition, snapshot: Snapshot, now: datetime) -> Iterator[Decision]:
    scope = first_scope(definition, snapshot, now)
    for step in definition.steps:
        view = snapshot.steps.get(step.id)
        for decision in _next_of(step, view, snapshot, scope, now):
            yield decision
            if not isinstance(decision, EndStep):
                return
            view = StepView(decision.state, decision.output, decision.reason)
        if view is None or view.state in (StepState.WAITING, StepState.CALLING):
            return
        end = _end_after(step, view)
        if end is not None:
            yield end
            return
        if view.state is StepState.DONE and view.output is not None:
            scope[step.id] = view.output
    yield EndRun(RunState.DONE)


def _next_of(
    step: Step, view: StepView | None, snapshot: Snapshot, scope: Mapping[str, Any], now: datetime
) -> Iterator[Decision]:
    """The decision about one step, if there is one to make now."""
    if view is None:
        try:
            yield _enter(step, scope, now)
        except FormulaError as error:
            yield EndStep(step.id, StepState.FAILED, reason=str(error))
    elif view.state is StepState.WAITING:
        wait = snapshot.waits.get(step.id)
        if wait is not None and (wait.state is WaitState.DONE or wait.due_at <= now):
            yield EndStep(step.id, StepState.DONE)
    elif view.state is StepState.CALLING:
        yield from _resume_call(step, snapshot.effects.get(step.id))


def _enter(step: Step, scope: Mapping[str, Any], now: datetime) -> Decision:
    if step.condition is not None:
        verdict = step.condition.verdict(scope)
        if not verdict.holds:
            return EndStep(step.id, StepState.SKIPPED, reason=verdict.because)
    match step.verb:
        case Call() as call:
            return Intend(step.id, call.operation, _inputs(render(call.inputs, scope)), call.attempts, call.within)
        case Set() as assignment:
            return EndStep(step.id, StepState.DONE, assigned(assignment.values, scope, step.id))
        case Wait() as wait:
            due_at = due_time(wait, scope, now)
            return StartTimer(step.id, due_at) if due_at > now else EndStep(step.id, StepState.DONE)
        case StopUnless() as stop:
            verdict = stop.condition.verdict(scope)
            state = StepState.DONE if verdict.holds else StepState.STOPPED
            return EndStep(step.id, state, reason=verdict.because)


def _inputs(rendered: object) -> Mapping[str, Any]:
    if not isinstance(rendered, Mapping):
        raise FormulaError("`with` must give an object of inputs")
    return rendered


def _resume_call(step: Step, effect: EffectView | None) -> Iterator[Decision]:
    if effect is None:
        return
    match effect.state:
        case EffectState.DONE:
            yield EndStep(step.id, StepState.DONE, effect.output, effect.reason)
        case EffectState.REFUSED | EffectState.CANCELLED:
            yield EndStep(step.id, StepState.FAILED, reason=effect.reason)


def _end_after(step: Step, view: StepView) -> EndRun | None:
    """The end of the run that a step's end brings with it, if it does."""
    if view.state is StepState.STOPPED:
        return EndRun(RunState.STOPPED, step.id, view.reason)
    if view.state is not StepState.FAILED or step.on_error == "continue":
        return None
    state = RunState.STOPPED if step.on_error == "stop" else RunState.FAILED
    return EndRun(state, step.id, view.reason)


def _may_have_acted(snapshot: Snapshot) -> bool:
    return any(effect.state in OUT_THERE for effect in snapshot.effects.values())


def _ends(decisions: list[Decision]) -> bool:
    return bool(decisions) and isinstance(decisions[-1], EndRun)


def _first_open(definition: Definition, snapshot: Snapshot, over: list[EndStep]) -> str | None:
    blocked = (StepState.WAITING, StepState.CALLING)
    ended = {step for step, view in snapshot.steps.items() if view.state not in blocked}
    ended |= {decision.step for decision in over}
    return next((step.id for step in definition.steps if step.id not in ended), None)
