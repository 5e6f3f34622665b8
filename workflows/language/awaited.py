"""Whether the events a workflow listens to, waits for or is cancelled by are there, and which of them is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

from workflows.events import EVENT_TYPES
from workflows.language.definition import Match, WaitFor
from workflows.language.examiner import Examiner
from workflows.language.formulas import Formula
from workflows.language.formulas.nodes import Path
from workflows.language.matches import IT
from workflows.language.scopes import knowing
from workflows.language.surroundings import Surroundings
from workflows.language.types import (
    FieldType,
    InstantType,
    Mistaken,
    Nullable,
    Number,
    ObjectOf,
    Text,
    Type,
    either,
    of_schema,
)
from workflows.problems import Place, nearest

OWN = "stagedoor."
RESERVED = ("stagedoor.batch", "stagedoor.manual", "stagedoor.schedule")
"""Events no workflow emits: they are made where a run begins without a single event of a source."""


def event_type(data: Type) -> ObjectOf:
    """The type of an event with that data."""
    known: dict[str, Type] = {name: Text() for name in ("id", "type", "subject")}
    known |= {"occurred_at": InstantType(), "data": data}
    return ObjectOf({name: FieldType(found) for name, found in known.items()}, name="event")


class AwaitedChecker:
    """Checks types of events and matches."""

    def __init__(self, examiner: Examiner, surroundings: Surroundings) -> None:
        self._examiner = examiner
        self._surroundings = surroundings

    def data_of(self, names: Sequence[str], places: Sequence[Place]) -> Type:
        """The type of the data of an event of one of these types; types there are none of are noted."""
        found = [self._data(name, place) for name, place in zip(names, places, strict=True)]
        known = [data for data in found if isinstance(data, ObjectOf)]
        return reduce(either, known) if known and len(known) == len(found) else Mistaken()

    def match(self, events: Sequence[str], places: Sequence[Place], match: Match, scope: ObjectOf) -> Type:
        """Check which event is meant; the type of that event."""
        event = event_type(self.data_of(events, places))
        formula = match.formula
        wanted = self._examiner.formula(match.value, scope)
        path = Formula(formula.text, formula.place, _side_of_it(formula))
        found = self._examiner.path(path, knowing(scope, {IT: FieldType(replace(event, name="it"))}))
        plain = found.inner if isinstance(found, Nullable) else found
        if isinstance(wanted, Mistaken) or isinstance(plain, Mistaken):
            return event
        for type_ in (plain, wanted):
            if not isinstance(type_, (Text, Number)):
                message = f"events are told apart by text or a number, this is {type_}"
                self._examiner.add("E315", formula.place, message, "text(…) makes text of many a value")
                return event
        if plain != wanted:
            message = f"{plain} is never equal to {wanted}"
            self._examiner.add("E216", formula.place, message, "text(…) makes text of a number")
        return event

    def wait_for(self, wait: WaitFor, scope: ObjectOf) -> FieldType:
        """Check a `wait_for`; what it gives, which may be absent where the run goes on without an event."""
        optional = wait.on_timeout == "continue"
        events = {one.name: self.match(one.events, one.event_places, one.match, scope) for one in wait.awaited}
        if wait.mode == "one":
            return FieldType(events[""], optional)
        fields = {name: FieldType(event, optional=wait.mode == "any") for name, event in events.items()}
        if wait.mode == "any":
            fields["first"] = FieldType(Text())
        return FieldType(ObjectOf(fields, name="the events that came"), optional)

    def _data(self, name: str, place: Place) -> Type:
        if name in EVENT_TYPES:
            return replace(of_schema(EVENT_TYPES[name]), name=name)
        if name in self._surroundings.events:
            return self._surroundings.events[name]
        if name in self._surroundings.told:
            return self._surroundings.told[name]
        if name in RESERVED:
            hint = f"a workflow is started so by '{name.removeprefix(OWN)}:' under 'when'"
            self._examiner.add("E301", place, f"{name!r} cannot be listened to", hint if name != RESERVED[0] else "")
            return Mistaken()
        known = [*EVENT_TYPES, *self._surroundings.events, *self._surroundings.told]
        hint = nearest(name, known) or f"known are {', '.join(known)}"
        what = "is emitted by no workflow" if name.startswith(OWN) else "is not a type of event"
        self._examiner.add("E301", place, f"{name!r} {what}", hint)
        return Mistaken()


def _side_of_it(formula: Formula) -> Path:
    return next(path for path in _sides(formula) if path.root == IT)


def _sides(formula: Formula) -> Iterator[Path]:
    for side in ("left", "right"):
        node = getattr(formula.root, side)
        if isinstance(node, Path):
            yield node
