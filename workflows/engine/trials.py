"""A workflow's own tests, held: each is rehearsed, and what came of it compared with what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.catalogue import Catalogue, Operation
from workflows.engine.rehearsal import Rehearsal, RehearsedCall, rehearse
from workflows.engine.snapshot import EffectView
from workflows.engine.states import EffectState, StepState
from workflows.errors import StagedoorError
from workflows.language.definition import Definition, all_steps
from workflows.language.formulas import shown
from workflows.language.names import formulas_of_step, paths_of
from workflows.language.trials.events import event_of
from workflows.language.trials.values import Expected, ExpectedCall, Mock, Trial
from workflows.language.trials.written import as_seen, value_of
from workflows.language.types import of_schema


@dataclass(frozen=True)
class Held:
    """How one trial went: every difference from what was expected, in words; `rehearsal` None where it broke off."""

    trial: Trial
    differences: tuple[str, ...]
    rehearsal: Rehearsal | None

    @property
    def is_ok(self) -> bool:
        return not self.differences


@dataclass(frozen=True)
class Report:
    """How the trials of a workflow went, and which of its steps no trial carried out."""

    workflow: str
    held: tuple[Held, ...]
    unreached: tuple[str, ...]


class _Unanswered(StagedoorError):
    """A call was made that the trial has no answer for."""


def hold_trials(definition: Definition, brands: Mapping[str, Mapping[str, Any]], catalogue: Catalogue) -> Report:
    """Hold every trial of `definition`, which has no problems. Reads the files their events are in."""
    held = tuple(hold(definition, trial, brands, catalogue) for trial in definition.tests)
    carried_out = {
        at.step
        for one in held
        if one.rehearsal is not None
        for at, view in one.rehearsal.steps.items()
        if view.state is not StepState.SKIPPED
    }
    return Report(
        definition.name, held, tuple(step.id for step in all_steps(definition.steps) if step.id not in carried_out)
    )


def hold(definition: Definition, trial: Trial, brands: Mapping[str, Mapping[str, Any]], catalogue: Catalogue) -> Held:
    """Hold one trial."""
    event, now = event_of(trial)
    brand = _brand(trial, brands)
    answers = _Answers(definition, trial, catalogue)
    try:
        rehearsal = rehearse(definition, event, brand=brand, now=now, catalogue=catalogue, answer=answers)
    except _Unanswered as error:
        return Held(trial, (str(error),), None)
    return Held(trial, tuple(_differences(trial.expected, rehearsal, catalogue)), rehearsal)


def _brand(trial: Trial, brands: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    name = (trial.brand.name if trial.brand else "") or next(iter(brands), "")
    return {**brands.get(name, {}), **(trial.brand.fields if trial.brand else {})}


class _Answers:
    """Plays the vendors as a trial says."""

    def __init__(self, definition: Definition, trial: Trial, catalogue: Catalogue) -> None:
        self._definition = definition
        self._mocks = {mock.operation: mock for mock in trial.mocks}
        self._catalogue = catalogue
        self._made: dict[str, int] = {}

    def __call__(self, call: RehearsedCall) -> EffectView:
        mock = self._mocks.get(call.operation)
        operation = self._catalogue.operation(call.operation)
        number = self._made[call.operation] = self._made.get(call.operation, 0) + 1
        return self._unmocked(call, operation) if mock is None else _answer(mock, operation, number)

    def _unmocked(self, call: RehearsedCall, operation: Operation) -> EffectView:
        """Done, where nobody asks how."""
        read = sorted(self._read_of(call.step))
        if operation.output is not None and read:
            fields = ", ".join(f"{name}: …" for name in read)
            raise _Unanswered(
                f"{call.operation} is called, and steps after {call.step} read its answer: "
                f"say under 'mock' what it is, {call.operation}: {{{fields}}}"
            )
        return EffectView(EffectState.DONE, {} if operation.output is not None else None)

    def _read_of(self, step: str) -> set[str]:
        """The fields of a step's output that are read anywhere."""
        return {
            str(path.steps[0]) if path.steps else "…"
            for other in all_steps((*self._definition.steps, *self._definition.on_failure))
            for formula in formulas_of_step(other)
            for path in paths_of(formula)
            if path.root == step
        }


def _answer(mock: Mock, operation: Operation, number: int) -> EffectView:
    if mock.in_turn and number > len(mock.answers):
        raise _Unanswered(f"{mock.operation} is called {number} times, and {len(mock.answers)} answers are given")
    answer = mock.answers[number - 1] if mock.in_turn else mock.answers[0]
    if answer.kind == "refused":
        return EffectView(EffectState.REFUSED, reason=answer.reason)
    if answer.kind == "in_doubt":
        return EffectView(EffectState.IN_DOUBT, reason=answer.reason)
    if answer.output is None or operation.output is None:
        return EffectView(EffectState.DONE)
    return EffectView(EffectState.DONE, value_of(answer.output, of_schema(operation.output)))


def _differences(expected: Expected, rehearsal: Rehearsal, catalogue: Catalogue) -> Iterator[str]:
    ended = _ending(rehearsal)
    if expected.status is not None and rehearsal.status != expected.status:
        yield f"it was to be {_in_words(expected.status)}: {ended}"
    elif expected.at is not None and rehearsal.at != expected.at:
        yield f"it was to end at {expected.at}: {ended}"
    if expected.reason is not None and expected.reason not in rehearsal.reason:
        yield f"its reason was to have {expected.reason!r} in it: {ended}"
    if expected.calls is not None:
        yield from _calls_that_differ(expected.calls, rehearsal.calls, catalogue)


def _ending(rehearsal: Rehearsal) -> str:
    at = "" if rehearsal.at is None else f" at {rehearsal.at}"
    reason = f", because {rehearsal.reason}" if rehearsal.reason else ""
    return f"it is {_in_words(rehearsal.status)}{at}{reason}"


def _in_words(status: str) -> str:
    return status.replace("_", " ")


def _calls_that_differ(
    expected: tuple[ExpectedCall, ...], made: tuple[RehearsedCall, ...], catalogue: Catalogue
) -> Iterator[str]:
    wanted, found = [call.operation for call in expected], [call.operation for call in made]
    if wanted != found:
        yield f"these were to be called: {_listed(wanted)}; these are: {_listed(found)}"
        return
    for number, (one, call) in enumerate(zip(expected, made, strict=True), 1):
        if one.inputs is None:
            continue
        goes_to = of_schema(catalogue.operation(call.operation).inputs, as_input=True)
        which = f"call {number}, {call.operation}"
        for difference in _parts_that_differ(value_of(one.inputs, goes_to), as_seen(call.inputs, goes_to), ""):
            yield f"{which}: {difference}"


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _parts_that_differ(wanted: object, found: object, path: str) -> Iterator[str]:
    """Where `found` differs from `wanted`; of objects only what is wanted is looked at."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for name, value in wanted.items():
            inner = f"{path}.{name}" if path else str(name)
            if name in found:
                yield from _parts_that_differ(value, found[name], inner)
            else:
                yield f"{inner} was to be {shown(value)}, and is not given"
    elif isinstance(wanted, list) and isinstance(found, (list, tuple)) and len(wanted) == len(found):
        for number, (value, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _parts_that_differ(value, other, f"{path}[{number}]")
    elif wanted != found or isinstance(wanted, bool) is not isinstance(found, bool):
        yield f"{path} was to be {shown(wanted)}, and is {shown(found)}"
