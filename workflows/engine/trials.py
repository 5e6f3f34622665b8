"""A workflow's own tests, held: each is rehearsed, and what came of it compared with what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from workflows.catalogue import Catalogue, Operation, Outcome, OutcomeKind
from workflows.engine.coverage import Coverage, coverage_of
from workflows.engine.rehearsal import Asked, Decided, Ending, Played, Rehearsal, RehearsedCall, RehearsedWait
from workflows.engine.snapshot import ChildView
from workflows.engine.stage import Stage
from workflows.engine.states import RunState
from workflows.errors import StagedoorError
from workflows.events import Event
from workflows.language.definition import Definition, all_steps
from workflows.language.formulas import shown
from workflows.language.literals import literal
from workflows.language.names import formulas_of, formulas_of_step, paths_of
from workflows.language.surroundings import Surroundings
from workflows.language.trees import Tree, render
from workflows.language.trials.events import Forms, beginning_of, read_event
from workflows.language.trials.values import (
    RUN_MOCK,
    Answer,
    ComingEvent,
    Expected,
    ExpectedCall,
    ExpectedEvent,
    ExpectedQuestion,
    ExpectedWait,
    GivenApproval,
    Mock,
    Trial,
)
from workflows.language.trials.written import as_seen, value_of
from workflows.language.types import Type, Unknown, of_schema
from workflows.values import Money, Percent

SOMEBODY = "somebody"
"""Who decides where a test does not say."""


@dataclass(frozen=True)
class Held:
    """How one trial went: every difference from what was expected, in words; `played` None where it broke off.

    `rehearsal` is the run the trial is about: the first one its event started.
    """

    trial: Trial
    differences: tuple[str, ...]
    played: Played | None = None
    rehearsal: Rehearsal | None = None

    @property
    def is_ok(self) -> bool:
        return not self.differences


@dataclass(frozen=True)
class Report:
    """How the trials of a workflow went, and what of it they carried out."""

    workflow: str
    held: tuple[Held, ...]
    coverage: Coverage


@dataclass(frozen=True)
class Props:
    """What trials are held with: the configuration.

    definitions  the workflows steps may run, by name
    emitted      the data of the events workflows emit, by type
    results      what workflows that steps run give, by name
    """

    catalogue: Catalogue
    brands: Mapping[str, Mapping[str, Any]]
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    emitted: Forms = field(default_factory=dict)
    results: Mapping[str, Type] = field(default_factory=dict)


def props_of(
    surroundings: Surroundings, brands: Mapping[str, Mapping[str, Any]], definitions: Iterable[Definition] = ()
) -> Props:
    """What trials are held with, where workflows promise each other what `surroundings` says."""
    return Props(
        catalogue=surroundings.catalogue,
        brands=brands,
        definitions={definition.name: definition for definition in definitions},
        emitted=surroundings.further_events,
        results={name: one.result for name, one in (surroundings.workflows or {}).items() if one.result is not None},
    )


class Unanswered(StagedoorError):
    """Something is asked that the trial has no answer for."""


def hold_trials(definition: Definition, props: Props) -> Report:
    """Hold every trial of `definition`, which has no problems. Reads the files their events are in."""
    held = tuple(hold(definition, trial, props) for trial in definition.tests)
    rehearsals = [
        run
        for one in held
        if one.played is not None
        for run in (*one.played.runs, *one.played.declined)
        if run.workflow == definition.name
    ]
    return Report(definition.name, held, coverage_of(definition, rehearsals))


def hold(definition: Definition, trial: Trial, props: Props) -> Held:
    """Hold one trial."""
    try:
        played, now = _play(definition, trial, props)
    except Unanswered as error:
        return Held(trial, (str(error),))
    rehearsal = _run_of(definition, played)
    return Held(trial, tuple(_differences(trial.expected, rehearsal, played, now, props.catalogue)), played, rehearsal)


def _play(definition: Definition, trial: Trial, props: Props) -> tuple[Played, datetime]:
    event, now = beginning_of(trial, definition, props.emitted)
    name = (trial.brand.name if trial.brand else "") or next(iter(props.brands), "")
    brand = {**props.brands.get(name, {}), **(trial.brand.fields if trial.brand else {})}
    stage = Stage(
        [definition],
        now=now + min([timedelta(0), *(one.after for one in trial.events)]),
        catalogue=props.catalogue,
        brands=lambda _: brand,
        players=Cast([definition, *props.definitions.values()], trial.mocks, trial.approvals, props),
    )
    coming = [_coming(one, number, now, name, props) for number, one in enumerate(trial.events, 1)]
    for later in coming:
        if later[1] < now:
            stage.bring(*later)
    if event is not None and definition.trigger.events:
        stage.bring(event, now)
    elif event is not None:
        stage.start(definition, event, now)
    for later in coming:
        if later[1] >= now:
            stage.bring(*later)
    return stage.play(), now


def _coming(one: ComingEvent, number: int, now: datetime, brand: str, props: Props) -> tuple[Event, datetime]:
    event, said_at = read_event(one.event, props.emitted, brand, f"event-{number}-of-the-test")
    at = now + one.after
    return replace(event, occurred_at=said_at or at), at


def _run_of(definition: Definition, played: Played) -> Rehearsal:
    """The run a trial is about."""
    mine = (run for run in (*played.runs, *played.declined) if run.workflow == definition.name and run.parent is None)
    reason = "nothing the workflow listens to has come"
    return next(mine, Rehearsal("", definition.name, Ending.NOT_STARTED, None, reason))


class Cast:
    """Plays the vendors, the people and other workflows as mocks and decisions say."""

    def __init__(
        self,
        definitions: Sequence[Definition],
        mocks: Sequence[Mock],
        approvals: Sequence[GivenApproval],
        props: Props,
    ) -> None:
        self._definitions = {definition.name: definition for definition in reversed(definitions)}
        self._mocks = {mock.operation: mock for mock in mocks}
        self._approvals = {given.step: given for given in approvals}
        self._props = props
        self._made: dict[str, int] = {}
        self._asked: dict[str, int] = {}

    def answer(self, call: RehearsedCall) -> Outcome:
        return self.given(call) or self._unmocked(call, self.operation(call.operation))

    def given(self, call: RehearsedCall) -> Outcome | None:
        """What was said of a call; None where nothing was."""
        mock = self._mocks.get(call.operation)
        if mock is None:
            return None
        operation = self.operation(call.operation)
        answer = self._next(mock, repeats=call.rereads)
        if answer.kind != "done":
            after = None if answer.after is None else answer.after.total_seconds()
            return Outcome(OutcomeKind(answer.kind), answer.reason, retry_after_seconds=after)
        if answer.output is None or operation.output is None:
            return Outcome(OutcomeKind.DONE, "")
        return Outcome(OutcomeKind.DONE, "", output=value_of(answer.output, of_schema(operation.output)))

    def is_in_turn(self, operation: str) -> bool:
        """Whether an operation is answered with one thing after the other."""
        return operation in self._mocks and self._mocks[operation].in_turn

    def has_answer(self, operation: str) -> bool:
        """Whether something is said of an operation."""
        return operation in self._mocks

    def operation(self, name: str) -> Operation:
        return self._props.catalogue.operation(name)

    def decide(self, asked: Asked) -> Decided | None:
        given = self._approvals.get(asked.step)
        number = self._asked[asked.step] = self._asked.get(asked.step, 0) + 1
        if given is None or (given.in_turn and number > len(given.decisions)):
            return None
        decision = given.decisions[number - 1 if given.in_turn else 0]
        if decision.kind == "nobody":
            return None
        count = asked.question.count
        by = decision.by or ((SOMEBODY,) if count == 1 else tuple(f"{SOMEBODY} {n + 1}" for n in range(count)))
        return Decided(decision.kind == "approve", by, decision.reason, decision.after)

    def begin(self, workflow: str, inputs: Mapping[str, Any]) -> Definition | ChildView:
        mock = self._mocks.get(RUN_MOCK + workflow)
        if mock is None:
            if workflow in self._definitions:
                return self._definitions[workflow]
            raise Unanswered(
                f"{workflow} is run, and is not here: say under 'mock' what it gives, {RUN_MOCK}{workflow}: {{…}}"
            )
        answer = self._next(mock, repeats=False)
        if answer.kind != "done":
            return ChildView(RunState.FAILED, reason=answer.reason)
        goes_to = self._props.results.get(workflow, Unknown())
        return ChildView(RunState.DONE, None if answer.output is None else value_of(answer.output, goes_to))

    def _next(self, mock: Mock, *, repeats: bool) -> Answer:
        """The next answer. What is read again is as it was last, where nothing else is said of it."""
        number = self._made.get(mock.operation, 0)
        if not mock.in_turn:
            return mock.answers[0]
        if number >= len(mock.answers):
            if repeats:
                return mock.answers[-1]
            count = f"{len(mock.answers)} answers are given" if len(mock.answers) != 1 else "one answer is given"
            raise Unanswered(f"{mock.operation} is called {number + 1} times, and {count}")
        self._made[mock.operation] = number + 1
        return mock.answers[number]

    def _unmocked(self, call: RehearsedCall, operation: Operation) -> Outcome:
        """Done, where nobody asks how."""
        read = sorted(self.read_of(call.step))
        if operation.output is not None and read:
            fields = ", ".join(f"{name}: …" for name in read)
            raise Unanswered(
                f"{call.operation} is called, and steps after {call.step} read its answer: "
                f"say under 'mock' what it is, {call.operation}: {{{fields}}}"
            )
        return Outcome(OutcomeKind.DONE, "", output={} if operation.output is not None else None)

    def read_of(self, step: str) -> set[str]:
        """The fields of a step's output that are read anywhere."""
        return {
            str(path.steps[0]) if path.steps else "…"
            for definition in self._definitions.values()
            for formula in _formulas(definition)
            for path in paths_of(formula)
            if path.root == step
        }


def _formulas(definition: Definition) -> Iterator[Any]:
    for step in all_steps((*definition.steps, *definition.on_failure)):
        yield from formulas_of_step(step)
    if definition.result is not None:
        yield from formulas_of(definition.result)


# What differs from what was expected.


def _differences(
    expected: Expected, rehearsal: Rehearsal, played: Played, now: datetime, catalogue: Catalogue
) -> Iterator[str]:
    ended = _ending(rehearsal)
    if expected.status is not None and rehearsal.status != expected.status:
        yield f"it was to be {_in_words(expected.status)}: {ended}"
    elif expected.at is not None and rehearsal.at != expected.at:
        yield f"it was to end at {expected.at}: {ended}"
    if expected.reason is not None and expected.reason not in rehearsal.reason:
        yield f"its reason was to have {expected.reason!r} in it: {ended}"
    if expected.runs is not None:
        yield from _runs_that_differ(expected.runs, rehearsal, played)
    if expected.calls is not None:
        made = [call for call in played.calls if not call.rereads]
        yield from _calls_that_differ(expected.calls, made, catalogue)
    if expected.emitted is not None:
        yield from _events_that_differ(expected.emitted, played)
    if expected.waits is not None:
        yield from _waits_that_differ(expected.waits, rehearsal.waits)
    if expected.approvals is not None:
        yield from _questions_that_differ(expected.approvals, rehearsal.asked)
    if expected.result is not None:
        for difference in _parts_that_differ(render(expected.result, {}), rehearsal.result, "", read=_read_like):
            yield f"its result: {difference}".replace("  ", " ")
    if expected.elapsed is not None and rehearsal.began_at is not None:
        elapsed = rehearsal.began_at + rehearsal.elapsed - now
        if elapsed != expected.elapsed:
            yield f"it was to take {shown(expected.elapsed)}, and takes {shown(elapsed)}"


def _ending(rehearsal: Rehearsal) -> str:
    at = "" if rehearsal.at is None else f" at {rehearsal.at}"
    reason = f", because {rehearsal.reason}" if rehearsal.reason else ""
    return f"it is {_in_words(rehearsal.status)}{at}{reason}"


def _in_words(status: str) -> str:
    return status.replace("_", " ")


def _runs_that_differ(expected: Sequence[str], rehearsal: Rehearsal, played: Played) -> Iterator[str]:
    runs = [run for run in played.runs if run.workflow == rehearsal.workflow and run.parent is None]
    found = [str(run.status) for run in runs]
    if list(expected) != found:
        told = "; ".join(f"run {number} is {_ending(run)[6:]}" for number, run in enumerate(runs, 1))
        yield f"its runs were to be {_listed(expected)}; they are {_listed(found)}" + (f" ({told})" if told else "")


def _calls_that_differ(
    expected: Sequence[ExpectedCall], made: Sequence[RehearsedCall], catalogue: Catalogue
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


def _events_that_differ(expected: Sequence[ExpectedEvent], played: Played) -> Iterator[str]:
    wanted, found = [one.type for one in expected], [one.event.type for one in played.emitted]
    if wanted != found:
        yield f"these were to be emitted: {_listed(wanted)}; these are: {_listed(found)}"
        return
    for number, (one, emitted) in enumerate(zip(expected, played.emitted, strict=True), 1):
        yield from _differing(f"event {number}, {one.type}", one.data, emitted.event.data)


def _waits_that_differ(expected: Sequence[ExpectedWait], waits: Sequence[RehearsedWait]) -> Iterator[str]:
    wanted, found = [one.step for one in expected], [wait.step for wait in waits]
    if wanted != found:
        yield f"these were to wait: {_listed(wanted)}; these do: {_listed(found)}"
        return
    for one, wait in zip(expected, waits, strict=True):
        length = wait.until - wait.since
        if one.length is not None and one.length != length:
            yield f"{one.step} was to wait for {shown(one.length)}, and waits for {shown(length)}"


def _questions_that_differ(expected: Sequence[ExpectedQuestion], asked: Sequence[Asked]) -> Iterator[str]:
    wanted, found = [one.step for one in expected], [question.step for question in asked]
    if wanted != found:
        yield f"these were to ask: {_listed(wanted)}; these do: {_listed(found)}"
        return
    for number, (one, question) in enumerate(zip(expected, asked, strict=True), 1):
        pictured = {"title": question.question.title, **question.question.show}
        yield from _differing(f"question {number}, {one.step}", one.shown, pictured)


def _differing(which: str, wanted: Tree | None, found: object) -> Iterator[str]:
    if wanted is not None:
        for difference in _parts_that_differ(render(wanted, {}), found, "", read=_read_like):
            yield f"{which}: {difference}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _as_it_is(wanted: object, found: object) -> object:
    return wanted


def _read_like(wanted: object, found: object) -> object:
    """A value as a test writes it, read as one of the kind that was found: `400 USD` where money is."""
    try:
        match wanted, found:
            case str(), datetime():
                return datetime.fromisoformat(wanted)
            case str(), Money() | Percent() | timedelta():
                return literal(wanted)
            case int(), str() if not isinstance(wanted, bool):
                return str(wanted)
    except ValueError:
        pass
    return wanted


def _parts_that_differ(
    wanted: object, found: object, path: str, read: Callable[[object, object], object] = _as_it_is
) -> Iterator[str]:
    """Where `found` differs from `wanted`; of objects only what is wanted is looked at."""
    wanted = read(wanted, found)
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for name, value in wanted.items():
            inner = f"{path}.{name}" if path else str(name)
            if name in found:
                yield from _parts_that_differ(value, found[name], inner, read)
            else:
                yield f"{inner} was to be {shown(value)}, and is not given"
    elif isinstance(wanted, list) and isinstance(found, (list, tuple)) and len(wanted) == len(found):
        for number, (value, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _parts_that_differ(value, other, f"{path}[{number}]", read)
    elif wanted != found or isinstance(wanted, bool) is not isinstance(found, bool):
        yield f"{path} was to be {shown(wanted)}, and is {shown(found)}".lstrip()
