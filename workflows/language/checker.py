"""Whether a definition can work: every name it uses is there, of the right type, and known by the time it is used."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import reduce

from workflows.catalogue import Catalogue, Operation
from workflows.events import EVENT_TYPES
from workflows.language.definition import Call, Definition, Set, Step, StopUnless, Wait
from workflows.language.folds import unfolded
from workflows.language.formulas import Formula, check
from workflows.language.names import formulas_of, narrowed, roots_of
from workflows.language.trees import Tree, check_tree
from workflows.language.types import (
    Boolean,
    FieldType,
    InstantType,
    Mistaken,
    Number,
    ObjectOf,
    Text,
    Type,
    either,
    of_schema,
)
from workflows.language.values import type_of_value
from workflows.language.waits import WaitChecker
from workflows.problems import Place, Problem, nearest
from workflows.yaml_nodes import examine

_RUN = ObjectOf({name: FieldType(Text()) for name in ("id", "key", "workflow")}, name="run")


def check_definition(
    definition: Definition,
    catalogue: Catalogue,
    brand_fields: Mapping[str, FieldType] | None,
    unread: Collection[str] = (),
) -> list[Problem]:
    """Every problem, in document order. Without `brand_fields`, what is said of `brand` is not looked at.

    Nothing is known of the steps `unread`, whose mistakes have been reported already.
    """
    checker = _Checker(definition, catalogue, brand_fields, unread)
    checker.check()
    if not checker.problems:
        return []
    file = next(problem.place.file for problem in checker.problems if problem.place)
    root, _ = examine(definition.source, file)
    return unfolded(checker.problems, root)


class _Checker:
    """Walks the definition in the order it runs; `_scope` is what is known where it stands."""

    def __init__(
        self,
        definition: Definition,
        catalogue: Catalogue,
        brand_fields: Mapping[str, FieldType] | None,
        unread: Collection[str],
    ) -> None:
        self.problems: list[Problem] = []
        self._definition = definition
        self._catalogue = catalogue
        self._to_come = {step.id for step in definition.steps}
        self._silent: set[str] = set()
        brand: Type = Mistaken() if brand_fields is None else ObjectOf(brand_fields, name="brand")
        variables = {name: FieldType(type_of_value(value)) for name, value in definition.variables.items()}
        known = {
            "event": FieldType(self._event()),
            "brand": FieldType(brand),
            "vars": FieldType(ObjectOf(variables, name="vars")),
        }
        # What a step will give is Mistaken until it has run: saying so once is enough.
        self._scope = ObjectOf({**dict.fromkeys([*self._to_come, *unread], FieldType(Mistaken())), **known})

    def check(self) -> None:
        trigger = self._definition.trigger
        if trigger.where is not None:
            self._formula(trigger.where, self._scope, Boolean())
        self._scope = narrowed(self._scope, trigger.where)
        if self._definition.key is not None:
            self._key(self._definition.key)
        self._learn("run", FieldType(_RUN))
        for step in self._definition.steps:
            self._step(step)

    def _event(self) -> Type:
        data: list[ObjectOf] = []
        trigger = self._definition.trigger
        for name, place in zip(trigger.events, trigger.event_places, strict=True):
            if name in EVENT_TYPES:
                data.append(replace(of_schema(EVENT_TYPES[name]), name=name))
            else:
                hint = nearest(name, EVENT_TYPES) or f"known are {', '.join(EVENT_TYPES)}"
                self._add("E301", place, f"{name!r} is not a type of event", hint)
        merged = reduce(either, data) if data else Mistaken()
        known: dict[str, Type] = {name: Text() for name in ("id", "type", "subject")}
        known |= {"occurred_at": InstantType(), "data": merged}
        return ObjectOf({name: FieldType(found) for name, found in known.items()}, name="event")

    def _key(self, key: Formula) -> None:
        found = self._formula(key, self._scope)
        if not isinstance(found, (Text, Number, Mistaken)):
            self._add("E307", key.place, f"a key is text or a number, this is {found}", "text(...) writes it as text")

    def _step(self, step: Step) -> None:
        if step.condition is not None:
            self._formula(step.condition, self._scope, Boolean())
        here = narrowed(self._scope, step.condition)
        may_be_skipped = step.condition is not None or step.on_error == "continue"
        output: Type | None = None
        match step.verb:
            case Call() as call:
                output = self._call(call, here)
            case Set() as assignment:
                output = self._set(step.id, assignment, here)
            case Wait() as wait:
                self._wait(wait, here)
            case StopUnless(condition):
                self._formula(condition, here, Boolean())
                if not may_be_skipped:
                    self._scope = narrowed(self._scope, condition)
        self._to_come.discard(step.id)
        if output is None:
            self._silent.add(step.id)
        else:
            self._learn(step.id, FieldType(output, optional=may_be_skipped))

    def _call(self, call: Call, scope: ObjectOf) -> Type | None:
        operation = self._catalogue.operations.get(call.operation)
        if operation is None:
            hint = nearest(call.operation, self._catalogue.operations)
            self._add("E302", call.operation_place, f"there is no operation {call.operation!r}", hint)
            self._tree(call.inputs, scope)
            return Mistaken()
        if operation.unavailable:
            self._add("E303", call.operation_place, operation.unavailable)
        self._tree(call.inputs, scope, replace(of_schema(operation.inputs, as_input=True), name=operation.name))
        return _output_of(operation)

    def _set(self, step_id: str, assignment: Set, scope: ObjectOf) -> ObjectOf:
        values = ObjectOf({}, name=step_id)
        for name, tree in assignment.values.items():
            self._to_come.discard(step_id)  # a later value may use an earlier one
            inner = replace(scope, fields={**scope.fields, step_id: FieldType(values)})
            found = self._tree(tree, inner)
            values = replace(values, fields={**values.fields, name: FieldType(found)})
        return values

    def _wait(self, wait: Wait, scope: ObjectOf) -> None:
        checker = WaitChecker(lambda tree, goes_to: self._tree(tree, scope, goes_to), self._definition.expires)
        self.problems.extend(checker.check(wait))

    def _formula(self, formula: Formula, scope: ObjectOf, expected: Type | None = None) -> Type:
        self._names(formula)
        found, problems = check(formula, scope, expected)
        self.problems.extend(problems)
        return Mistaken() if problems else found

    def _tree(self, tree: Tree, scope: ObjectOf, goes_to: Type | None = None) -> Type:
        for formula in formulas_of(tree):
            self._names(formula)
        found, problems = check_tree(tree, scope, goes_to)
        self.problems.extend(problems)
        return found

    def _names(self, formula: Formula) -> None:
        """Steps named where there is nothing to read of them."""
        for name, place in dict(roots_of(formula)).items():
            if name in self._to_come:
                self._add("E305", place, f"the step {name!r} has not run yet here")
            elif name in self._silent:
                self._add("E306", place, f"the step {name!r} gives nothing that can be read")

    def _learn(self, name: str, found: FieldType) -> None:
        self._scope = replace(self._scope, fields={**self._scope.fields, name: found})

    def _add(self, code: str, place: Place | None, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, message, place=place, hint=hint))


def _output_of(operation: Operation) -> Type | None:
    """What a step that calls it gives; None where no document describes an answer."""
    if operation.output is not None:
        return replace(of_schema(operation.output), name=operation.name)
    return Mistaken() if operation.unavailable else None
