"""Whether what a step hands on fits whom it goes to: an operation, another workflow, those who listen to an event."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from workflows.catalogue import Operation, Repeat
from workflows.events import EVENT_TYPES
from workflows.language.awaited import OWN, RESERVED
from workflows.language.definition import Call, Emit, Expectation, Step, SubRun
from workflows.language.examiner import Examiner, place_of
from workflows.language.formulas.kinds import WRITABLE
from workflows.language.surroundings import Emission, Surroundings
from workflows.language.types import FieldType, Mistaken, ObjectOf, Text, Type, of_schema
from workflows.problems import nearest

_EVENT = re.compile(r"stagedoor(\.[a-z][a-z0-9_]*)+")


def check_call(
    examiner: Examiner, surroundings: Surroundings, call: Call, scope: ObjectOf, steps: Mapping[str, Step]
) -> FieldType | None:
    """Check the call of an operation; what it gives, None where no document describes an answer."""
    operation = surroundings.catalogue.operations.get(call.operation)
    for value in call.once.values if call.once else ():
        found = examiner.tree(value, scope)
        if not isinstance(found, Mistaken) and found.kind not in WRITABLE:
            examiner.add("E317", place_of(value), f"'once' takes values that can be written as text, this is {found}")
    if operation is None:
        hint = nearest(call.operation, surroundings.catalogue.operations)
        examiner.add("E302", call.operation_place, f"there is no operation {call.operation!r}", hint)
        examiner.tree(call.inputs, scope)
        check_expects(examiner, surroundings, call.expects, scope, steps)
        return FieldType(Mistaken())
    if operation.unavailable:
        examiner.add("E303", call.operation_place, operation.unavailable)
    examiner.tree(call.inputs, scope, replace(of_schema(operation.inputs, as_input=True), name=operation.name))
    check_expects(examiner, surroundings, call.expects, scope, steps)
    return _output_of(operation)


def check_expects(
    examiner: Examiner,
    surroundings: Surroundings,
    expects: Sequence[Expectation],
    scope: ObjectOf,
    steps: Mapping[str, Step],
) -> None:
    """Check that what is expected was read by a step that can read it again."""
    for one in expects:
        found = examiner.formula(one.formula, scope)
        step = steps.get(one.step)
        operation = None
        if step is not None and isinstance(step.verb, Call):
            operation = surroundings.catalogue.operations.get(step.verb.operation)
            if operation is None or (operation.repeat is Repeat.SAFE and not operation.subjects):
                continue
        elif isinstance(found, Mistaken):
            continue
        what = f"calls {operation.name}, which does more than read" if operation else "reads nothing from a vendor"
        message = f"{one.step!r} cannot be expected to stay as it is: it {what}"
        examiner.add("E319", one.formula.place, message, "name the answer of a step that only reads")


def check_run(examiner: Examiner, surroundings: Surroundings, run: SubRun, scope: ObjectOf) -> FieldType | None:
    """Check that another workflow is run; what it gives, None where it gives nothing."""
    contracts = surroundings.workflows
    contract = None if contracts is None else contracts.get(run.workflow)
    if contract is not None and contract.inputs is not None:
        examiner.tree(run.inputs, scope, replace(contract.input_type, name=run.workflow))
        return None if contract.result is None else FieldType(contract.result)
    examiner.tree(run.inputs, scope)
    if contract is not None:
        message = f"the workflow {run.workflow!r} is not started by hand"
        examiner.add("E334", run.workflow_place, message, "its 'when' needs 'manual:' with the inputs it takes")
    elif contracts is not None:
        hint = nearest(run.workflow, contracts)
        examiner.add("E333", run.workflow_place, f"there is no workflow {run.workflow!r}", hint)
    return FieldType(Mistaken())


def check_emit(examiner: Examiner, emit: Emit, scope: ObjectOf) -> Iterator[Emission]:
    """Check an event of our own; what those who listen to it will read."""
    data = examiner.tree(emit.data, scope)
    if emit.subject is not None:
        examiner.tree(emit.subject, scope, Text())
    if emit.event in RESERVED or emit.event in EVENT_TYPES:
        examiner.add("E332", emit.event_place, f"{emit.event!r} cannot be emitted: others make it", f"{OWN}<name>")
    elif not _EVENT.fullmatch(emit.event):
        hint = f"{OWN}<name>, in small letters, digits, _ and ."
        examiner.add("E332", emit.event_place, f"{emit.event!r} cannot be the type of an event of our own", hint)
    elif isinstance(data, ObjectOf):
        yield Emission(emit.event, replace(data, name=emit.event))


def _output_of(operation: Operation) -> FieldType | None:
    if operation.output is not None:
        output: Type = replace(of_schema(operation.output), name=operation.name)
        return FieldType(output)
    return FieldType(Mistaken()) if operation.unavailable else None
