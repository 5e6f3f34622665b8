"""Whether a trial can be held at all: its event, brand, operations and steps are there, its values of their types."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from workflows.catalogue import Catalogue
from workflows.errors import DefinitionError
from workflows.events import EVENT_TYPES
from workflows.language.definition import Call, Definition, Step, all_steps
from workflows.language.trees import Literal, ObjectTree, Tree, check_tree
from workflows.language.trials.events import event_of, form_of
from workflows.language.trials.values import ExpectedCall, GivenBrand, Mock, Trial
from workflows.language.types import Mistaken, ObjectOf, Type, fits, of_schema
from workflows.language.values import type_of_value
from workflows.problems import Place, Problem, nearest

NO_NAMES = ObjectOf({})


def check_trials(
    definition: Definition,
    catalogue: Catalogue,
    brands: Mapping[str, Mapping[str, Any]] | None,
    unread: Collection[str] = (),
) -> list[Problem]:
    """Every problem of the definition's trials, in document order. Without `brands` nothing is said of them.

    Where steps are `unread`, it is not known what is called.
    """
    checker = _Checker(definition, catalogue, brands, bool(unread))
    for trial in definition.tests:
        checker.check(trial)
    return sorted(checker.problems, key=lambda problem: (problem.place is not None, problem.place))


class _Checker:
    def __init__(
        self,
        definition: Definition,
        catalogue: Catalogue,
        brands: Mapping[str, Mapping[str, Any]] | None,
        is_partial: bool,
    ) -> None:
        self.problems: list[Problem] = []
        self._definition = definition
        self._catalogue = catalogue
        self._brands = brands
        self._is_partial = is_partial
        self._called = {step.verb.operation for step in _steps(definition) if isinstance(step.verb, Call)}

    def check(self, trial: Trial) -> None:
        self._event(trial)
        if trial.brand is not None and self._brands is not None:
            self._brand(trial.brand, self._brands)
        for mock in trial.mocks:
            self._mock(mock)
        for call in trial.expected.calls or ():
            self._call(call)
        steps = [step.id for step in _steps(self._definition)]
        at, place = trial.expected.at, trial.expected.at_place
        if at is not None and at not in steps and not self._is_partial:
            self._add("E323", place, f"there is no step {at!r}", nearest(at, steps))

    def _event(self, trial: Trial) -> None:
        before = len(self.problems)
        written = trial.event.written
        kind = "" if written is None else _kind_of(written)
        if written is not None and kind:
            self.problems.extend(check_tree(written, NO_NAMES, form_of(kind))[1])
        if len(self.problems) > before:
            return
        try:
            event, _ = event_of(trial)
        except DefinitionError as error:
            self.problems.extend(error.problems)
            return
        listened = self._definition.trigger.events
        if event.type not in listened:
            message = f"the workflow does not listen to {event.type!r}"
            self._add("E321", trial.event.place, message, f"it does to {', '.join(listened)}")

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

    def _mock(self, mock: Mock) -> None:
        if not self._is_called(mock.operation, mock.place):
            return
        operation = self._catalogue.operations[mock.operation]
        output: Type = Mistaken() if operation.unavailable else ObjectOf({}, name=mock.operation)
        if operation.output is not None:
            output = replace(of_schema(operation.output), name=operation.name)
        for answer in mock.answers:
            if answer.output is not None:
                self._part(answer.output, output)

    def _call(self, call: ExpectedCall) -> None:
        if self._is_called(call.operation, call.place) and call.inputs is not None:
            operation = self._catalogue.operations[call.operation]
            self._part(call.inputs, replace(of_schema(operation.inputs, as_input=True), name=operation.name))

    def _is_called(self, operation: str, place: Place) -> bool:
        """Whether a step calls it, and it is an operation: one that is none is a mistake of the step."""
        if operation not in self._called and not self._is_partial:
            hint = nearest(operation, self._called) or f"the steps call {', '.join(sorted(self._called)) or 'nothing'}"
            self._add("E322", place, f"no step calls {operation!r}", hint)
        return operation in self._catalogue.operations

    def _part(self, tree: Tree, goes_to: Type) -> None:
        """A value of which only what matters to the test is written out."""
        found = check_tree(tree, NO_NAMES, goes_to)[1]
        self.problems.extend(problem for problem in found if problem.code != "E224")

    def _add(self, code: str, place: Place | None, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, message, place=place, hint=hint))


def _steps(definition: Definition) -> Iterator[Step]:
    return all_steps((*definition.steps, *definition.on_failure))


def _kind_of(written: Tree) -> str:
    """The type an event written out says it is of; "" where it is none that is known."""
    entries = dict(written.entries) if isinstance(written, ObjectTree) else {}
    kind = entries.get("type")
    return str(kind.value) if isinstance(kind, Literal) and kind.value in EVENT_TYPES else ""
