"""Whether a trial can be held at all: its events, brand, operations and steps are there, its values of their types."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from workflows.errors import DefinitionError, InputError
from workflows.events import EVENT_TYPES
from workflows.language.definition import Approve, Call, Definition, Emit, Step, SubRun, Wait, WaitFor, all_steps
from workflows.language.examiner import place_of
from workflows.language.surroundings import Surroundings
from workflows.language.trees import Literal, ObjectTree, Tree, check_tree
from workflows.language.trials.events import beginning_of, form_of, read_event
from workflows.language.trials.values import RUN_MOCK, ExpectedCall, GivenBrand, GivenEvent, Mock, Trial
from workflows.language.types import Mistaken, ObjectOf, Type, fits, of_schema
from workflows.language.values import type_of_value
from workflows.problems import Place, Problem, nearest

NO_NAMES = ObjectOf({})

OfVerb = TypeVar("OfVerb")


def check_trials(
    definition: Definition,
    surroundings: Surroundings,
    brands: Mapping[str, Mapping[str, Any]] | None,
    unread: Collection[str] = (),
) -> list[Problem]:
    """Every problem of the definition's trials, in document order. Without `brands` nothing is said of them.

    Where steps are `unread`, it is not known what is called.
    """
    checker = _Checker(definition, surroundings, brands, bool(unread))
    for trial in definition.tests:
        checker.check(trial)
    return sorted(checker.problems, key=lambda problem: (problem.place is not None, problem.place))


def check_mocks(definition: Definition, surroundings: Surroundings, mocks: Sequence[Mock]) -> list[Problem]:
    """Every problem of answers that are given for the calls of a workflow."""
    checker = _Checker(definition, surroundings, None, is_partial=False)
    for mock in mocks:
        checker.mock(mock)
    return checker.problems


class _Checker:
    def __init__(
        self,
        definition: Definition,
        surroundings: Surroundings,
        brands: Mapping[str, Mapping[str, Any]] | None,
        is_partial: bool,
    ) -> None:
        self.problems: list[Problem] = []
        self._definition = definition
        self._surroundings = surroundings
        self._catalogue = surroundings.catalogue
        self._brands = brands
        self._is_partial = is_partial
        self._steps = list(all_steps((*definition.steps, *definition.on_failure)))
        self._called = {verb.operation for _, verb in self._verbs(Call)}
        self._called |= {RUN_MOCK + verb.workflow for _, verb in self._verbs(SubRun)}
        self._emitted = {verb.event for _, verb in self._verbs(Emit)}

    def check(self, trial: Trial) -> None:
        self._beginning(trial)
        for coming in trial.events:
            self._listened_to(coming.event, self._heard(), "nothing in the workflow listens to")
        if trial.brand is not None and self._brands is not None:
            self._brand(trial.brand, self._brands)
        for given in trial.approvals:
            self._step(given.step, given.place, (Approve,), "asks nobody")
        for mock in trial.mocks:
            self.mock(mock)
        self._expected(trial)

    # What is given.

    def _beginning(self, trial: Trial) -> None:
        trigger = self._definition.trigger
        needs_event = bool(trigger.events) or (trigger.schedule is None and trigger.manual is None)
        if trial.event is None and needs_event:
            self._add("E327", trial.place, "the test needs an event to begin with", "given: {event: …}")
        elif trial.event is not None and needs_event:
            self._listened_to(trial.event, trigger.events, "the workflow does not listen to")
        elif trial.event is not None:
            how = "by the clock" if trigger.schedule is not None else "by hand"
            self._add("E327", trial.event.place, f"the workflow is started {how}, and no event begins it")
        elif trial.inputs is not None and trigger.manual is None:
            self._add("E327", place_of(trial.inputs), "the workflow is not started by hand: it has no inputs")
        else:
            self._inputs(trial)

    def _inputs(self, trial: Trial) -> None:
        place = trial.place if trial.inputs is None else place_of(trial.inputs)
        try:
            beginning_of(trial, self._definition)
        except InputError as error:
            for problem in error.problems:
                self._add(problem.code, place, f"{problem.path}: {problem.message}", problem.hint)

    def _heard(self) -> tuple[str, ...]:
        """The types of events the workflow makes something of, whenever they come."""
        kinds = list(self._definition.trigger.events)
        kinds += self._definition.cancel_on.events if self._definition.cancel_on is not None else ()
        kinds += [kind for _, verb in self._verbs(WaitFor) for item in verb.awaited for kind in item.events]
        return tuple(dict.fromkeys(kinds))

    def _listened_to(self, given: GivenEvent, kinds: Sequence[str], otherwise: str) -> None:
        emitted = self._surroundings.further_events
        before = len(self.problems)
        kind = "" if given.written is None else _kind_of(given.written)
        if given.written is not None and (kind in EVENT_TYPES or kind in emitted):
            self.problems.extend(check_tree(given.written, NO_NAMES, form_of(kind, emitted))[1])
        if len(self.problems) > before:
            return
        try:
            event, _ = read_event(given, emitted, "", "")
        except DefinitionError as error:
            self.problems.extend(error.problems)
            return
        if event.type not in kinds and not self._is_partial:
            message = f"{otherwise} {event.type!r}"
            self._add("E321", given.place, message, f"it does to {', '.join(kinds) or 'nothing'}")

    def _brand(self, given: GivenBrand, brands: Mapping[str, Mapping[str, Any]]) -> None:
        name = given.name or next(iter(brands), "")
        if name not in brands:
            self._add("E324", given.place, f"there is no brand {name!r}", nearest(name, brands))
            return
        known = {field: value for brand in brands.values() for field, value in brand.items()}
        for field, value in given.fields.items():
            place = given.field_places[field]
            if field not in known:
                self._add("E213", place, f"{field!r} is not a field of brand", nearest(field, known))
                continue
            found, needed = type_of_value(value), type_of_value(known[field])
            if not fits(found, needed):
                self._add("E219", place, f"this is {found}, where {needed} is needed")

    def mock(self, mock: Mock) -> None:
        if not self._is_called(mock.operation, mock.place):
            return
        output = self._output_of(mock.operation)
        for answer in mock.answers:
            if answer.output is not None:
                self._part(answer.output, output)

    def _output_of(self, called: str) -> Type:
        if called.startswith(RUN_MOCK):
            contract = (self._surroundings.workflows or {}).get(called.removeprefix(RUN_MOCK))
            return Mistaken() if contract is None or contract.result is None else contract.result
        operation = self._catalogue.operations[called]
        if operation.output is None:
            return Mistaken() if operation.unavailable else ObjectOf({}, name=called)
        return replace(of_schema(operation.output), name=operation.name)

    # What is expected.

    def _expected(self, trial: Trial) -> None:
        expected = trial.expected
        for call in expected.calls or ():
            self._call(call)
        if expected.at is not None:
            self._step(expected.at, expected.at_place, (), "")
        for wait in expected.waits or ():
            self._step(wait.step, wait.place, (Wait, WaitFor, Approve), "waits for nothing")
        for question in expected.approvals or ():
            self._step(question.step, question.place, (Approve,), "asks nobody")
        for one in expected.emitted or ():
            if one.type not in self._emitted and not self._is_partial:
                hint = nearest(one.type, self._emitted) or f"they emit {', '.join(sorted(self._emitted)) or 'nothing'}"
                self._add("E326", one.place, f"no step emits {one.type!r}", hint)
        if expected.result is not None and self._definition.result is None:
            message = "the workflow has no result to compare with"
            self._add("E329", place_of(expected.result), message, "say under 'result' what it gives")

    def _call(self, call: ExpectedCall) -> None:
        if self._is_called(call.operation, call.place) and call.inputs is not None:
            operation = self._catalogue.operations[call.operation]
            self._part(call.inputs, replace(of_schema(operation.inputs, as_input=True), name=operation.name))

    def _step(self, name: str, place: Place | None, verbs: tuple[type[Any], ...], otherwise: str) -> None:
        """A step a trial names is there, and is one of those meant."""
        steps = {step.id: step for step in self._steps}
        meant = [one for one, step in steps.items() if not verbs or isinstance(step.verb, verbs)]
        if self._is_partial or name in meant:
            return
        if name in steps:
            self._add("E325", place, f"the step {name!r} {otherwise}", f"{', '.join(meant) or 'none'} does")
        else:
            self._add("E323", place, f"there is no step {name!r}", nearest(name, meant))

    def _is_called(self, operation: str, place: Place) -> bool:
        """Whether a step calls it, and it is an operation: one that is none is a mistake of the step."""
        if operation not in self._called and not self._is_partial:
            hint = nearest(operation, self._called) or f"the steps call {', '.join(sorted(self._called)) or 'nothing'}"
            self._add("E322", place, f"no step calls {operation!r}", hint)
        return operation in self._catalogue.operations or operation in self._called & {
            RUN_MOCK + name for name in self._surroundings.workflows or ()
        }

    def _part(self, tree: Tree, goes_to: Type) -> None:
        """A value of which only what matters to the test is written out."""
        found = check_tree(tree, NO_NAMES, goes_to)[1]
        self.problems.extend(problem for problem in found if problem.code != "E224")

    def _verbs(self, kind: type[OfVerb]) -> Iterator[tuple[Step, OfVerb]]:
        return ((step, step.verb) for step in self._steps if isinstance(step.verb, kind))

    def _add(self, code: str, place: Place | None, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, message, place=place, hint=hint))


def _kind_of(written: Tree) -> str:
    """The type an event written out says it is of; "" where it says none."""
    entries = dict(written.entries) if isinstance(written, ObjectTree) else {}
    kind = entries.get("type")
    return str(kind.value) if isinstance(kind, Literal) else ""
