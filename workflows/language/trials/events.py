"""The event a trial begins with: `{"type": …, "subject"?: …, "occurred_at"?: …, "data": {…}}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields

from workflows.catalogue import problems_of
from workflows.errors import DefinitionError
from workflows.events import EVENT_TYPES, MANUAL, OURS, SCHEDULED, Event
from workflows.fields import Instant, OpenSchema, Text
from workflows.language.definition import Definition
from workflows.language.inputs import load_inputs
from workflows.language.trees import read_as, render
from workflows.language.trials.values import GivenEvent, Trial
from workflows.language.types import FieldType, ObjectOf, Type, of_schema
from workflows.problems import Problem, nearest
from workflows.typed_json import load_foreign

DEFAULT_NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""When a trial takes place that says nothing of it: a Monday, always the same one."""
MAX_BYTES = 1024 * 1024


GIVEN_ID = "event-of-the-test"

Forms = Mapping[str, Type]
"""What the data of events is that workflows emit, by their types."""


def beginning_of(trial: Trial, definition: Definition, emitted: Forms | None = None) -> tuple[Event | None, datetime]:
    """The event a trial begins with, and when it takes place; None where there is none and none is needed.

    Raises DefinitionError with everything wrong with the event, InputError with that of the inputs. A file's path is
    relative to the folder of the workflow.
    """
    trigger, name = definition.trigger, trial.brand.name if trial.brand else ""
    if trial.event is not None:
        event, said_at = read_event(trial.event, emitted or {}, name, GIVEN_ID)
        now = trial.now or said_at or DEFAULT_NOW
        return replace(event, occurred_at=said_at or now), now
    now = trial.now or DEFAULT_NOW
    if trigger.schedule is not None:
        return _own(SCHEDULED, f"schedule:{definition.name}", {"due_at": now}, now, name), now
    if trigger.manual is not None:
        given = {} if trial.inputs is None else render(trial.inputs, {})
        assert isinstance(given, dict)
        return _own(MANUAL, f"manual:{definition.name}", load_inputs(trigger.manual, given), now, name), now
    return None, now


def read_event(given: GivenEvent, emitted: Forms, brand: str, identity: str) -> tuple[Event, datetime | None]:
    """An event as a test has it, and when it says it happened; without that it bears the first instant there is."""
    try:
        written = _written(given)
        kind = _type_of(written, emitted)
        loaded = _load(written, kind, given.file, emitted)
    except DefinitionError as error:
        raise DefinitionError([replace(item, place=given.place) for item in error.problems]) from error
    said_at = loaded.get("occurred_at")
    source = OURS if kind in emitted else ""
    occurred_at = said_at or DEFAULT_NOW
    return Event(identity, kind, loaded["subject"], occurred_at, loaded["data"], source, "", brand), said_at


def form_of(kind: str, emitted: Forms) -> ObjectOf:
    """The type of an event of that kind, as it is written."""
    whole = of_schema(_FORMS.get(kind, _OF_OURS), as_input=True)
    known = emitted.get(kind)
    data = known if known is not None else replace(of_schema(EVENT_TYPES[kind], as_input=True), name=kind)
    return replace(whole, fields={**whole.fields, "data": FieldType(data)}, name="an event")


def _own(kind: str, subject: str, data: Mapping[str, Any], now: datetime, brand: str) -> Event:
    return Event(GIVEN_ID, kind, subject, now, data, OURS, "", brand)


def _form(data: type[Schema]) -> type[Schema]:
    return Schema.from_dict(
        {
            "type": Text(required=True),
            "subject": Text(load_default=""),
            "occurred_at": Instant(),
            "data": fields.Nested(data, required=True),
        },
        name="WrittenEvent",
    )


_FORMS: Mapping[str, type[Schema]] = {kind: _form(data) for kind, data in EVENT_TYPES.items()}
_OF_OURS = _form(OpenSchema)


def _written(event: GivenEvent) -> dict[str, Any]:
    value = _read_file(event.place.file, event.file) if event.written is None else render(event.written, {})
    if not isinstance(value, dict):
        raise DefinitionError([Problem("E320", f"{event.file} holds no event", hint='{"type": …, "data": {…}}')])
    return value


def _read_file(workflow: str, file: str) -> object:
    path = Path(workflow).parent / file
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DefinitionError([Problem("E320", f"{path} is larger than {MAX_BYTES} bytes")])
        return load_foreign(path.read_bytes())
    except OSError as error:
        hint = _nearest_file(path)
        raise DefinitionError([Problem("E320", f"{path}: {error.strerror or 'cannot be read'}", hint=hint)]) from error
    except ValueError as error:
        raise DefinitionError([Problem("E320", f"{path} is not JSON: {error}")]) from error


def _nearest_file(path: Path) -> str:
    return nearest(path.name, sorted(item.name for item in path.parent.glob("*.json")))


def _type_of(written: Mapping[str, Any], emitted: Forms) -> str:
    kind = written.get("type")
    if not isinstance(kind, str):
        raise DefinitionError([Problem("E320", "the event needs a 'type'", hint="such as order.placed")])
    known = [*EVENT_TYPES, *emitted]
    if kind not in known:
        hint = nearest(kind, known) or f"known are {', '.join(known)}"
        raise DefinitionError([Problem("E301", f"{kind!r} is not a type of event", hint=hint)])
    return kind


def _load(written: Mapping[str, Any], kind: str, file: str, emitted: Forms) -> dict[str, Any]:
    schema = _OF_OURS if kind in emitted else _FORMS[kind]
    try:
        loaded = schema().load(read_as(dict(written), form_of(kind, emitted)))  # type: ignore[arg-type]
    except ValidationError as error:
        raise DefinitionError(list(_problems(error, schema, file))) from error
    assert isinstance(loaded, dict)
    return loaded


def _problems(error: ValidationError, schema: type[Schema], file: str) -> Iterator[Problem]:
    for problem in problems_of(error, schema):
        where = f"{file} {problem.path}" if file else problem.path
        yield Problem("E320", f"{where} {problem.message}", hint=problem.hint)
