"""Decide what happens next in one run: a total, deterministic function of values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workflows.engine.decisions import Abandon, BeginEnding, Decision, EndRun, EndStep, Rest
from workflows.engine.scopes import first_scope, learn
from workflows.engine.snapshot import Ending, Snapshot
from workflows.engine.states import EFFECT_MOVES, OUT_THERE, RunState, StepState
from workflows.engine.walk import Ended, Walk
from workflows.errors import FormulaError
from workflows.language.definition import Definition, all_steps, inner_steps
from workflows.language.trees import render

_RUN_STATES = {
    StepState.DONE: RunState.DONE,
    StepState.STOPPED: RunState.STOPPED,
    StepState.FAILED: RunState.FAILED,
}


def decide(definition: Definition, snapshot: Snapshot, now: datetime) -> list[Decision]:
    """What should be written down next; empty when the run is blocked until something happens.

    Guarantees: the same values give the same decisions; nothing is decided about a step that is over; after EndRun
    nothing follows. A run is not ended, nor a step given up, while a vendor may be acting for it.
    """
    if snapshot.ending is not None:
        return _finish(definition, snapshot, snapshot.ending, now)
    walk = Walk(snapshot, now)
    scope = first_scope(definition, snapshot, now)
    ended = walk.sequence(definition.steps, "", scope)
    if snapshot.cancelling is not None:
        cancelling = snapshot.cancelling
        return _break_off(
            definition,
            snapshot,
            walk,
            Ending(RunState.CANCELLED, None, cancelling.reason),
            cleans_up=cancelling.cleans_up,
        )
    if ended is not None:
        return [*walk.decisions, *_end(definition, ended, scope)]
    if now >= snapshot.expires_at:
        at = _first_open(definition, walk)
        return _break_off(
            definition,
            snapshot,
            walk,
            Ending(RunState.FAILED, at, "it expired before everything was done"),
            cleans_up=True,
        )
    return [*walk.decisions, *_rest(walk)]


def _end(definition: Definition, ended: Ended, scope: dict[str, object]) -> list[Decision]:
    """The end of a run whose steps have ended."""
    result = None
    if ended.state is StepState.DONE and definition.result is not None:
        try:
            result = render(definition.result, scope)
        except FormulaError as error:
            ended = Ended(StepState.FAILED, None, f"its result could not be worked out: {error}")
    state = _RUN_STATES[ended.state]
    if state is RunState.FAILED and definition.on_failure:
        return [BeginEnding(state, ended.at, ended.reason)]
    return [EndRun(state, ended.at, ended.reason, result)]


def _break_off(
    definition: Definition, snapshot: Snapshot, walk: Walk, ending: Ending, *, cleans_up: bool
) -> list[Decision]:
    """End a run in the middle, once nothing of it is at a vendor. What has just come to its end is written down so."""
    if _may_have_acted(snapshot):
        return _ends_of_calls(walk, snapshot)
    over = _ends_of_calls(walk, snapshot)
    ended = {decision.at for decision in over if isinstance(decision, EndStep)}
    open_ = tuple(at for at, view in snapshot.steps.items() if view.state in _OPEN and at not in ended)
    given_up: list[Decision] = [Abandon(open_, ending.reason)] if open_ else []
    if cleans_up and definition.on_failure:
        return [*over, *given_up, BeginEnding(ending.state, ending.at, ending.reason)]
    return [*over, *given_up, EndRun(ending.state, ending.at, ending.reason)]


_OPEN = frozenset({StepState.WAITING, StepState.CALLING, StepState.RUNNING})


def _ends_of_calls(walk: Walk, snapshot: Snapshot) -> list[Decision]:
    """Of what a walk came to: the ends of steps whose call has ended. Nothing new is begun.

    A step whose time is up before its call has left is not one of them: it is given up, and its call with it.
    """
    ended = {at for at, effect in snapshot.effects.items() if not EFFECT_MOVES[effect.state] and at in snapshot.steps}
    return [decision for decision in walk.decisions if isinstance(decision, EndStep) and decision.at in ended]


def _finish(definition: Definition, snapshot: Snapshot, ending: Ending, now: datetime) -> list[Decision]:
    """Carry the on_failure steps out, then end the run as was settled."""
    walk = Walk(snapshot, now)
    scope = first_scope(definition, snapshot, now)
    learn(scope, definition.steps, snapshot.steps, "")
    scope["failure"] = {"step": ending.at or "", "reason": ending.reason}
    ended = walk.sequence(definition.on_failure, "", scope)
    if ended is None and now < snapshot.expires_at:
        return [*walk.decisions, *_rest(walk)]
    if ended is None and _may_have_acted(snapshot):
        return _ends_of_calls(walk, snapshot)
    if ended is None:
        ended = Ended(StepState.FAILED, None, "it expired")
    more = "" if ended.state is StepState.DONE else f"; then on_failure {ended.state}: {ended.reason}"
    decisions: Sequence[Decision] = walk.decisions if ended.at is not None or ended.state is StepState.DONE else ()
    return [*decisions, EndRun(ending.state, ending.at, f"{ending.reason}{more}")]


def _may_have_acted(snapshot: Snapshot) -> bool:
    return any(effect.state in OUT_THERE for effect in snapshot.effects.values())


def _first_open(definition: Definition, walk: Walk) -> str | None:
    """The first step under way that contains no others."""
    open_ = {at.step for at in walk.open_steps()}
    return next(
        (step.id for step in all_steps(definition.steps) if step.id in open_ and not inner_steps(step.verb)), None
    )


def _rest(walk: Walk) -> list[Decision]:
    return [] if walk.rests_until is None else [Rest(walk.rests_until)]
