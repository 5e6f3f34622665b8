"""Whether a definition can work: every name it uses is there, of the right type, and known by the time it is used."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from workflows.language.awaited import AwaitedChecker, event_type
from workflows.language.definition import Definition, all_steps
from workflows.language.examiner import Examiner
from workflows.language.folds import unfolded
from workflows.language.formulas import Formula
from workflows.language.scopes import knowing, narrowed
from workflows.language.sequences import SequenceChecker
from workflows.language.surroundings import Contract, Emission, Surroundings, inputs_as_read
from workflows.language.types import (
    Boolean,
    FieldType,
    InstantType,
    ListOf,
    Mistaken,
    Number,
    ObjectOf,
    Text,
    Type,
)
from workflows.language.values import type_of_value
from workflows.problems import Problem, nearest
from workflows.yaml_nodes import examine

RUN_TYPE = ObjectOf({name: FieldType(Text()) for name in ("id", "key", "workflow")}, name="run")
FAILURE_TYPE = ObjectOf({name: FieldType(Text()) for name in ("step", "reason")}, name="failure")


@dataclass(frozen=True)
class Checked:
    """What was found out about a definition: its problems in document order, and what it promises to others."""

    problems: tuple[Problem, ...]
    contract: Contract
    emissions: tuple[Emission, ...]


def check_definition(definition: Definition, surroundings: Surroundings, unread: Collection[str] = ()) -> Checked:
    """Hold one definition against its surroundings.

    Nothing is known of the steps `unread`, whose mistakes have been reported already.
    """
    return _Checker(definition, surroundings, unread).check()


class _Checker:
    """Checks the parts in the order in which they are worked out."""

    def __init__(self, definition: Definition, surroundings: Surroundings, unread: Collection[str]) -> None:
        self._definition = definition
        self._surroundings = surroundings
        self._unread = unread
        self._examiner = Examiner()
        self._awaited = AwaitedChecker(self._examiner, surroundings)
        self._formula = self._examiner.formula

    def check(self) -> Checked:
        definition = self._definition
        single = self._single_event()
        scope = self._first_scope(self._event_of_run(single))
        self._run(single, scope)
        cancel = definition.cancel_on
        if cancel is not None:
            self._awaited.match(cancel.events, cancel.event_places, cancel.match, scope)
        scope = knowing(scope, {"run": FieldType(RUN_TYPE)})
        sequences = SequenceChecker(self._examiner, self._awaited, definition, self._surroundings)
        after = sequences.check(definition.steps, scope)
        result = None if definition.result is None else self._examiner.tree(definition.result, after)
        if definition.on_failure:
            sequences.check(definition.on_failure, self._on_failure_scope(scope, after))
        contract = Contract(definition.trigger.manual, result)
        return Checked(self._problems(), contract, tuple(sequences.emissions))

    def _problems(self) -> tuple[Problem, ...]:
        problems = self._examiner.problems
        if not problems:
            return ()
        file = next((problem.place.file for problem in problems if problem.place), self._definition.name)
        root, _ = examine(self._definition.source, file)
        return tuple(unfolded(problems, root))

    def _single_event(self) -> ObjectOf:
        """The scope in which it is decided what an event that came means: `where`, `key`, `by`."""
        definition, trigger = self._definition, self._definition.trigger
        scope = self._first_scope(self._event())
        if trigger.where is not None:
            self._formula(trigger.where, scope, Boolean())
        scope = narrowed(scope, trigger.where)
        self._brand()
        self._key(definition.key, scope)
        for gathering in (definition.debounce, definition.batch):
            if gathering is not None:
                self._key(gathering.by, scope)
        return scope

    def _run(self, single: ObjectOf, scope: ObjectOf) -> None:
        concurrency = self._definition.concurrency
        if concurrency is not None:
            self._key(concurrency.by, single if self._definition.batch is None else scope)

    def _event(self) -> Type:
        """The event as it comes."""
        trigger = self._definition.trigger
        if trigger.schedule is not None:
            return event_type(ObjectOf({"due_at": FieldType(InstantType())}, name="stagedoor.schedule"))
        if trigger.manual is not None:
            return event_type(inputs_as_read(self._definition))
        if not trigger.events:
            return Mistaken()
        return event_type(self._awaited.data_of(trigger.events, trigger.event_places))

    def _event_of_run(self, single: ObjectOf) -> FieldType:
        """The event the steps see: the one that came, or the batch of them."""
        one = single.fields["event"]
        if self._definition.batch is None or not isinstance(one.type, ObjectOf):
            return one
        fields = {
            "count": FieldType(Number()),
            "first_at": FieldType(InstantType()),
            "last_at": FieldType(InstantType()),
            "events": FieldType(ListOf(replace(one.type, name="an event of the batch"))),
        }
        return FieldType(event_type(ObjectOf(fields, name="stagedoor.batch")))

    def _first_scope(self, event: Type | FieldType) -> ObjectOf:
        """The names there are before any step has been carried out.

        What a step will give is Mistaken until it has run: saying so once is enough.
        """
        brands = self._surroundings.brands
        variables = {name: FieldType(type_of_value(value)) for name, value in self._definition.variables.items()}
        ids = [step.id for step in all_steps((*self._definition.steps, *self._definition.on_failure))]
        for name in ids:
            self._examiner.unreadable.setdefault(name, ("E305", f"the step {name!r} has not run yet here"))
        return ObjectOf(
            {
                **dict.fromkeys([*ids, *self._unread], FieldType(Mistaken())),
                "event": event if isinstance(event, FieldType) else FieldType(event),
                "brand": FieldType(Mistaken() if brands is None else ObjectOf(brands, name="brand")),
                "vars": FieldType(ObjectOf(variables, name="vars")),
            }
        )

    def _on_failure_scope(self, before: ObjectOf, after: ObjectOf) -> ObjectOf:
        """At a failure any step may have been carried out, or not."""
        ids = {step.id for step in all_steps(self._definition.steps)} - self._examiner.unreadable.keys()
        outputs = {name: replace(after.fields[name], optional=True) for name in ids if name in after.fields}
        return knowing(before, {**outputs, "failure": FieldType(FAILURE_TYPE)})

    def _brand(self) -> None:
        """A run without a source needs to know whom it speaks for."""
        trigger, names = self._definition.trigger, self._surroundings.brand_names
        if names is None:
            return
        if trigger.brand and trigger.brand not in names:
            hint = nearest(trigger.brand, names)
            self._examiner.add("E324", trigger.brand_place, f"there is no brand {trigger.brand!r}", hint)
        elif not trigger.brand and len(names) > 1 and (trigger.schedule is not None or trigger.manual is not None):
            hint = f"brand: {names[0]}, or one of {', '.join(names[1:])}"
            self._examiner.add("E338", trigger.place, "there are several brands: 'when' needs the key 'brand'", hint)

    def _key(self, key: Formula | None, scope: ObjectOf) -> None:
        if key is None:
            return
        found = self._formula(key, scope)
        if not isinstance(found, (Text, Number, Mistaken)):
            hint = "text(...) writes it as text"
            self._examiner.add("E307", key.place, f"a key is text or a number, this is {found}", hint)
