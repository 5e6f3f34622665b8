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
from workflows.events import EVENT_TYPES, Event
from workflows.fields import Instant, Text
from workflows.language.trees import read_as, render
from workflows.language.trials.values import Trial
from workflows.language.types import FieldType, ObjectOf, of_schema
from workflows.problems import Problem, nearest
from workflows.typed_json import load_foreign

DEFAULT_NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""When a trial takes place that says nothing of it: a Monday, always the same one."""
MAX_BYTES = 1024 * 1024


def event_of(trial: Trial) -> tuple[Event, datetime]:
    """The event, and when the trial takes place. Raises DefinitionError with everything wrong with the event.

    A file's path is relative to the folder of the workflow.
    """
    try:
        written, name = _written(trial), trial.event.file
        kind = _type_of(written)
        loaded = _load(read_as(written, form_of(kind)), kind, name)
    except DefinitionError as error:
        raise DefinitionError([replace(item, place=trial.event.place) for item in error.problems]) from error
    now = trial.now or loaded.get("occurred_at") or DEFAULT_NOW
    event = Event(
        id="event-of-the-test",
        type=kind,
        subject=loaded["subject"],
        occurred_at=loaded.get("occurred_at") or now,
        data=loaded["data"],
        source="",
        delivery_id="",
        brand=trial.brand.name if trial.brand else "",
    )
    return event, now


def form_of(kind: str) -> ObjectOf:
    """The type of an event of that kind, as it is written."""
    whole = of_schema(_FORMS[kind], as_input=True)
    data = FieldType(replace(of_schema(EVENT_TYPES[kind], as_input=True), name=kind))
    return replace(whole, fields={**whole.fields, "data": data}, name="an event")


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


def _written(trial: Trial) -> dict[str, Any]:
    event = trial.event
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


def _type_of(written: Mapping[str, Any]) -> str:
    kind = written.get("type")
    if not isinstance(kind, str):
        raise DefinitionError([Problem("E320", "the event needs a 'type'", hint="such as order.placed")])
    if kind not in EVENT_TYPES:
        hint = nearest(kind, EVENT_TYPES) or f"known are {', '.join(EVENT_TYPES)}"
        raise DefinitionError([Problem("E301", f"{kind!r} is not a type of event", hint=hint)])
    return kind


def _load(written: object, kind: str, file: str) -> dict[str, Any]:
    schema = _FORMS[kind]
    try:
        loaded = schema().load(written)  # type: ignore[arg-type]
    except ValidationError as error:
        raise DefinitionError(list(_problems(error, schema, file))) from error
    assert isinstance(loaded, dict)
    return loaded


def _problems(error: ValidationError, schema: type[Schema], file: str) -> Iterator[Problem]:
    for problem in problems_of(error, schema):
        where = f"{file} {problem.path}" if file else problem.path
        yield Problem("E320", f"{where} {problem.message}", hint=problem.hint)
