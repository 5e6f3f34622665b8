"""Stand-ins: vendors who are played in a simulation, and remember what they were told.

What they know: single answers that were given for an operation are the state to begin with, lists of answers are given
one after the other. Over an answer shows what was written since: a field of a request that changed a resource, where an
answer about the same resource has a field of that name and type. A resource is told by the path of a request up to its
last input: `/v1/campaign/5017`. Of what was created under a path, a list read from the same path has it too. Nothing
else is known of vendors, so nothing else changes: no status a call brings about, no sum, no search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.catalogue import Operation, Outcome, OutcomeKind
from workflows.engine.paths import value_at
from workflows.engine.rehearsal import Asked, Decided, RehearsedCall
from workflows.engine.snapshot import ChildView
from workflows.engine.trials import Cast, Unanswered
from workflows.language.definition import Definition
from workflows.language.formulas import ABSENT
from workflows.language.trials.written import as_seen
from workflows.language.types import ListOf, Nullable, Number, ObjectOf, Text, Type, fits, of_schema
from workflows.language.values import type_of_value
from workflows.values import Money


@dataclass(frozen=True)
class Spending:
    """What a call would spend: `amount` as the operation declares it, None where it does not say how much; `before` is
    what was set already, of which only the excess counts."""

    call: RehearsedCall
    declared: str
    amount: Money | None = None
    before: Money | None = None

    @property
    def more(self) -> Money | None:
        """How much more is spent than before."""
        if self.amount is None or self.before is None or self.before.currency != self.amount.currency:
            return self.amount
        return Money(max(self.amount.amount - self.before.amount, self.amount.amount * 0), self.amount.currency)


@dataclass(frozen=True)
class Contacting:
    """Whom a call would write to or let be written to; `people` None where the operation does not say how many."""

    call: RehearsedCall
    declared: str
    people: int | None


@dataclass
class _Resource:
    """What a vendor has told of something, and been told about it since."""

    written: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)


class StandIns:
    """Plays the vendors from memory, where `cast` has no answers of its own, and adds up what calls would cause."""

    def __init__(self, cast: Cast) -> None:
        self.spent: list[Spending] = []
        self.contacted: list[Contacting] = []
        self._cast = cast
        self._resources: dict[tuple[str, ...], _Resource] = {}
        self._created: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        self._number = 0

    def answer(self, call: RehearsedCall) -> Outcome:
        operation = self._cast.operation(call.operation)
        resource = self._resources.setdefault(_resource(call, operation), _Resource())
        outcome = self._cast.given(call)
        if outcome is None:
            outcome = Outcome(OutcomeKind.DONE, "", output=self._made_up(call, operation))
        if outcome.kind is not OutcomeKind.DONE:
            return outcome
        if operation.output is not None and not self._cast.is_in_turn(call.operation):
            shape = of_schema(operation.output)
            output = self._as_it_is(call, operation, resource, outcome.output, shape)
            outcome = Outcome(OutcomeKind.DONE, "", output=output)
            self._complain_of_gaps(call, outcome.output)
        if not call.rereads:
            self._take_in(call, operation, resource, outcome.output)
        return outcome

    def decide(self, asked: Asked) -> Decided | None:
        return self._cast.decide(asked)

    def begin(self, workflow: str, inputs: Mapping[str, Any]) -> Definition | ChildView:
        return self._cast.begin(workflow, inputs)

    # Answers.

    def _as_it_is(
        self, call: RehearsedCall, operation: Operation, resource: _Resource, output: Any, shape: ObjectOf
    ) -> dict[str, Any]:
        """An answer, with what was written since."""
        found = dict(output or {})
        if _is_read(operation):
            known = shape.fields
            found |= {
                name: value
                for name, value in resource.written.items()
                if name in known and fits(type_of_value(value), known[name].type)
            }
            self._add_created(call, operation, found, shape)
        return found

    def _add_created(self, call: RehearsedCall, operation: Operation, found: dict[str, Any], shape: ObjectOf) -> None:
        created = self._created.get((operation.vendor, operation.base, call.request.path))
        items = operation.pages.items if operation.pages is not None else ""
        if not created or items not in shape.fields:
            return
        of_items = _plain(shape.fields[items].type)
        if isinstance(of_items, ListOf) and isinstance(of_items.item, ObjectOf):
            known = of_items.item.fields
            fresh = [{name: value for name, value in one.items() if name in known} for one in created]
            found[items] = [*found.get(items, []), *fresh]

    def _made_up(self, call: RehearsedCall, operation: Operation) -> dict[str, Any] | None:
        """The answer to a call nothing was said of: what a vendor makes up, such as ids, is made up; of what it only
        reads, nothing is."""
        if operation.output is None:
            return None
        if _is_read(operation):
            return {}
        self._number += 1
        made: dict[str, Any] = {}
        for name, one in of_schema(operation.output).fields.items():
            kind = _plain(one.type)
            if isinstance(kind, Text):
                made[name] = f"simulated-{self._number}"
            elif isinstance(kind, Number):
                made[name] = self._number
        return made

    def _complain_of_gaps(self, call: RehearsedCall, output: Mapping[str, Any]) -> None:
        read = self._cast.read_of(call.step)
        missing = sorted(name for name in read if name not in output)
        if self._cast.has_answer(call.operation) or not missing:
            return
        lines = "\n".join(f"  {name}: …" for name in sorted(read))
        raise Unanswered(
            f"{call.step} reads {', '.join(missing)} of {call.operation}, and nothing says what the vendor answers. "
            f"Put it into a file and name that with --mocks:\n{call.operation}:\n{lines}"
        )

    # What calls cause.

    def _take_in(self, call: RehearsedCall, operation: Operation, resource: _Resource, output: Any) -> None:
        inputs = as_seen(call.inputs, of_schema(operation.inputs, as_input=True))
        assert isinstance(inputs, dict)
        if operation.spends and not (operation.spends_at and _at(inputs, operation.spends_at) is ABSENT):
            self.spent.append(self._spending(call, operation, inputs, resource))
        if operation.contacts:
            reached = _at(inputs, operation.contacts_at)
            people = len(reached) if isinstance(reached, (list, tuple)) else None if reached is ABSENT else 1
            self.contacted.append(Contacting(call, operation.contacts, people if operation.contacts_at else None))
        if _is_read(operation):
            resource.known |= {name: value for name, value in (output or {}).items() if isinstance(value, Money)}
        elif operation.method == "POST":
            self._created.setdefault((operation.vendor, operation.base, call.request.path), []).append(
                {**inputs, **(output or {})}
            )
        else:
            fresh = {name: value for name, value in inputs.items() if f"{{{name}}}" not in operation.path}
            resource.written |= fresh
            resource.known |= fresh

    def _spending(
        self, call: RehearsedCall, operation: Operation, inputs: Mapping[str, Any], resource: _Resource
    ) -> Spending:
        amount = _at(inputs, operation.spends_at)
        if not isinstance(amount, Money):
            return Spending(call, operation.spends)
        before = resource.known.get(operation.spends_at) if operation.method != "POST" else None
        return Spending(call, operation.spends, amount, before if isinstance(before, Money) else None)


def _is_read(operation: Operation) -> bool:
    return operation.method == "GET"


def _resource(call: RehearsedCall, operation: Operation) -> tuple[str, ...]:
    """What a request is about: its path up to the last input."""
    template = operation.path.split("/")
    last = max((number for number, part in enumerate(template) if "{" in part), default=len(template) - 1)
    return (operation.vendor, operation.base, *call.request.path.split("/")[: last + 1])


def _at(inputs: Mapping[str, Any], path: str) -> object:
    return value_at(inputs, path.split(".")) if path else ABSENT


def _plain(kind: Type) -> Type:
    return kind.inner if isinstance(kind, Nullable) else kind


def sums_of(amounts: Sequence[Money]) -> dict[str, Money]:
    """The sum of each currency."""
    sums: dict[str, Money] = {}
    for one in amounts:
        before = sums.get(one.currency)
        sums[one.currency] = one if before is None else Money(before.amount + one.amount, one.currency)
    return sums
