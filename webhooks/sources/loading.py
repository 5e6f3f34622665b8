"""Loading a payload by its schema: quickly where it is plainly right, and by marshmallow wherever there is doubt.

A schema says once what a vendor sends. Reading by it costs marshmallow a third of a request; so a schema is turned into
plain functions that take the usual value of each field and leave everything else to marshmallow. What they accept they
load exactly as it does; what is wrong, and how it is told, is marshmallow's to say alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, missing

from webhooks.errors import PayloadError
from webhooks.sources.payload import Identifier
from workflows.catalogue import problems_of
from workflows.fields import Flag, Text

Reader = Callable[[Any], Any]
"""Gives the loaded value, or raises ValidationError: then marshmallow decides."""

USUAL: dict[type[fields.Field[Any]], type] = {Text: str, Identifier: str, Flag: bool, fields.Integer: int}
"""Fields that load a value of this very type as it is, before their validators."""


class Loader:
    """Loads what one schema describes."""

    def __init__(self, schema: type[Schema]) -> None:
        self._schema = schema()
        self._quickly = _of_schema(self._schema, self._schema.unknown)

    def load(self, value: Any, path: str) -> dict[str, Any]:
        """Load `value`, which stands at `path`. Raises PayloadError with every problem and its JSON path."""
        try:
            loaded = self._quickly(value)
        except ValidationError:
            loaded = self._thoroughly(value, path)
        assert isinstance(loaded, dict)
        return loaded

    def _thoroughly(self, value: Any, path: str) -> Any:
        try:
            return self._schema.load(value)
        except ValidationError as error:
            raise PayloadError(list(problems_of(error, type(self._schema), path))) from error


def _of_schema(schema: Schema, unknown: str | None) -> Reader:
    if any(schema._hooks.values()):  # a rule over several fields: only marshmallow knows how to ask it
        return schema.load
    readers = [
        (field.data_key or name, field.attribute or name, _of_field(field), field.required, field.load_default)
        for name, field in schema.load_fields.items()
    ]
    names = frozenset(name for name, *_ in readers)
    keeps_unknown = unknown == INCLUDE

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise ValidationError("not an object")
        loaded = {key: item for key, item in value.items() if key not in names} if keeps_unknown else {}
        for name, key, read_field, is_required, default in readers:
            if name in value:
                loaded[key] = read_field(value[name])
            elif is_required:
                raise ValidationError("missing")
            elif default is not missing:
                loaded[key] = default() if callable(default) else default
        return loaded

    return read


def _of_field(field: fields.Field[Any]) -> Reader:
    if field.pre_load or field.post_load or callable(field.load_default):
        return field.deserialize
    if isinstance(field, fields.Nested) and not field.many:
        return _validated(field, dict, _of_schema(field.schema, field.unknown or field.schema.unknown))
    if type(field) is fields.List:
        read_item = _of_field(field.inner)
        return _validated(field, list, lambda value: [read_item(item) for item in value])
    if type(field) in USUAL:
        return _validated(field, USUAL[type(field)], None)
    return field.deserialize


def _validated(field: fields.Field[Any], usual: type, read: Reader | None) -> Reader:
    """A reader of values of the type `usual`, as they are or through `read`; of others, the field's own."""
    validators = field.validators

    def read_value(value: Any) -> Any:
        # Only in text beyond ASCII can be halves of characters.
        if type(value) is not usual or (type(value) is str and not value.isascii()):
            return field.deserialize(value)
        loaded = value if read is None else read(value)
        for validate in validators:
            validate(loaded)
        return loaded

    return read_value
