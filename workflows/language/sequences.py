"""Sequences of steps: what each of them may know by then, and what those behind it know more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from workflows.language.asking import check_approve
from workflows.language.awaited import AwaitedChecker
from workflows.language.calls import check_call, check_emit, check_run
from workflows.language.definition import (
    Approve,
    Call,
    Choose,
    Definition,
    Emit,
    ForEach,
    Parallel,
    Set,
    Step,
    StopUnless,
    SubRun,
    Wait,
    WaitFor,
    all_steps,
)
from workflows.language.examiner import Examiner, place_of
from workflows.language.formulas import Formula
from workflows.language.keys import ENDS
from workflows.language.scopes import knowing, narrowed, weaker
from workflows.language.surroundings import Emission, Surroundings
from workflows.language.trees import Tree
from workflows.language.types import (
    Boolean,
    FieldType,
    ListOf,
    Mistaken,
    Nullable,
    Number,
    ObjectOf,
    Text,
    Type,
)
from workflows.language.waits import WaitChecker
from workflows.problems import Place

SILENT = ("E306", "the step {!r} gives nothing that can be read")


class SequenceChecker:
    """Walks sequences in the order they run.

    emissions  what is emitted on the way
    """

    def __init__(
        self, examiner: Examiner, awaited: AwaitedChecker, definition: Definition, surroundings: Surroundings
    ) -> None:
        self.emissions: list[Emission] = []
        self._examiner = examiner
        self._awaited = awaited
        self._definition = definition
        self._surroundings = surroundings
        self._steps = {step.id: step for step in all_steps(definition.steps)}

    def check(self, steps: tuple[Step, ...], scope: ObjectOf) -> ObjectOf:
        """The names there are behind `steps`, of those in `scope` before them."""
        jumps: dict[str, list[ObjectOf]] = {}
        for step in steps:
            for other in jumps.pop(step.id, ()):
                scope = weaker(scope, other)
            if step.on_error not in ENDS:
                jumps.setdefault(step.on_error, []).append(self._without_those_to_come(scope))
            scope = self._step(step, scope)
        return scope

    def _without_those_to_come(self, scope: ObjectOf) -> ObjectOf:
        known = {name: found for name, found in scope.fields.items() if name not in self._examiner.unreadable}
        return replace(scope, fields=known)

    def _step(self, step: Step, scope: ObjectOf) -> ObjectOf:
        if step.condition is not None:
            self._examiner.formula(step.condition, scope, Boolean())
        here = narrowed(scope, step.condition)
        if isinstance(step.verb, (Choose, Parallel)):
            return knowing(scope, self._branches(step, step.verb, here))
        output = self._output(step, here)
        # What another run has made once is not made here.
        is_guarded = isinstance(step.verb, Call) and step.verb.once is not None
        may_be_skipped = step.condition is not None or step.on_error == "continue" or is_guarded
        if isinstance(step.verb, StopUnless) and not may_be_skipped:
            scope = narrowed(scope, step.verb.condition)
        return self._learn(step.id, output, scope, may_be_skipped)

    def _learn(self, step_id: str, output: FieldType | None, scope: ObjectOf, may_be_skipped: bool) -> ObjectOf:
        if output is None:
            self._examiner.unreadable[step_id] = (SILENT[0], SILENT[1].format(step_id))
            return scope
        self._examiner.unreadable.pop(step_id, None)
        return knowing(scope, {step_id: replace(output, optional=output.optional or may_be_skipped)})

    def _output(self, step: Step, here: ObjectOf) -> FieldType | None:
        """Check what a step does; what it gives, None for nothing."""
        match step.verb:
            case Call() as call:
                return check_call(self._examiner, self._surroundings, call, here, self._steps)
            case Set() as assignment:
                return FieldType(self._set(step.id, assignment, here))
            case Wait() as wait:
                self._wait(wait, here)
            case WaitFor() as wait_for:
                self._not_longer_than_the_run(wait_for.expires, wait_for.expires_place)
                return self._awaited.wait_for(wait_for, here)
            case Approve() as ask:
                self._not_longer_than_the_run(ask.expires, ask.expires_place)
                return check_approve(self._examiner, self._surroundings, ask, here, self._steps)
            case StopUnless(condition):
                self._examiner.formula(condition, here, Boolean())
            case ForEach() as loop:
                return FieldType(self._for_each(step.id, loop, here))
            case SubRun() as run:
                return check_run(self._examiner, self._surroundings, run, here)
            case Emit() as emit:
                self.emissions += check_emit(self._examiner, emit, here)
        return None

    def _set(self, step_id: str, assignment: Set, scope: ObjectOf) -> ObjectOf:
        values = ObjectOf({}, name=step_id)
        for name, tree in assignment.values.items():
            self._examiner.unreadable.pop(step_id, None)  # a later value may use an earlier one
            found = self._examiner.tree(tree, knowing(scope, {step_id: FieldType(values)}))
            values = replace(values, fields={**values.fields, name: FieldType(found)})
        return values

    def _wait(self, wait: Wait, scope: ObjectOf) -> None:
        checker = WaitChecker(lambda tree, goes_to: self._examiner.tree(tree, scope, goes_to), self._definition.expires)
        self._examiner.problems.extend(checker.check(wait))

    def _not_longer_than_the_run(self, expires: timedelta, place: Place | None) -> None:
        if expires > self._definition.expires:
            hint = "a run ends when 'expires' of 'run' is over"
            self._examiner.add("E308", place, "the wait is longer than the run may last", hint)

    def _branches(self, step: Step, verb: Choose | Parallel, here: ObjectOf) -> dict[str, FieldType]:
        """Check branches, none of which sees another; the names that are there behind them, perhaps."""
        learned: dict[str, FieldType] = {}
        unreadable = self._examiner.unreadable
        for condition, steps in _branches_of(verb):
            if condition is not None:
                self._examiner.formula(condition, here, Boolean())
            after = self.check(steps, narrowed(here, condition))
            for name in [inner.id for inner in all_steps(steps) if inner.id not in unreadable]:
                learned[name] = replace(after.fields[name], optional=True)
                unreadable[name] = ("E314", f"the step {name!r} is in another branch")
        for name in learned:
            del unreadable[name]
        output = FieldType(_parallel_type(verb)) if isinstance(verb, Parallel) else None
        return {**learned, **self._learn(step.id, output, _NO_NAMES, step.condition is not None).fields}

    def _for_each(self, step_id: str, loop: ForEach, here: ObjectOf) -> Type:
        """Check a loop, whose steps nobody outside sees; the type of what it gives."""
        item = self._item(self._examiner.tree(loop.items, here), loop.items)
        after = self.check(loop.steps, knowing(here, {"item": FieldType(item)}))
        fields = {"state": FieldType(Text()), "reason": FieldType(Text())}
        if loop.result is not None:
            fields["result"] = FieldType(self._examiner.tree(loop.result, after), optional=True)
        for inner in all_steps(loop.steps):
            message = f"the step {inner.id!r} is carried out for every item of {step_id!r}, and nothing outside sees it"
            self._examiner.unreadable[inner.id] = ("E314", message)
        counts = {name: FieldType(Number()) for name in ("done", "stopped", "failed")}
        items = FieldType(ListOf(ObjectOf(fields, name=f"an item of {step_id}")))
        return ObjectOf({**counts, "items": items}, name=step_id)

    def _item(self, items: Type, tree: Tree) -> Type:
        match items:
            case ListOf(item=item):
                return item
            case Nullable(inner=ListOf()):
                self._examiner.add("E212", place_of(tree), "the list may be null", "use default(…, …)")
            case Mistaken():
                pass
            case _:
                self._examiner.add("E219", place_of(tree), f"this is {items}, where a list is needed")
        return Mistaken()


_NO_NAMES = ObjectOf({})


def _branches_of(verb: Choose | Parallel) -> Iterator[tuple[Formula | None, tuple[Step, ...]]]:
    if isinstance(verb, Choose):
        yield from ((branch.condition, branch.steps) for branch in verb.branches)
    else:
        yield from ((None, steps) for steps in verb.branches.values())


def _parallel_type(verb: Parallel) -> ObjectOf:
    end = ObjectOf({"state": FieldType(Text()), "reason": FieldType(Text())}, name="the end of a branch")
    branches = ObjectOf({name: FieldType(end) for name in verb.branches}, name="branches")
    return ObjectOf({"first": FieldType(Text()), "branches": FieldType(branches)}, name="the branches")
