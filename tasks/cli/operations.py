"""`stagedoor operations`: the catalogue, as configured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from marshmallow import Schema, fields

from tasks.cli import surroundings
from tasks.cli.output import json_option, print_json, print_table
from vendors.catalogue import build_catalogue
from workflows.catalogue import Catalogue, Operation
from workflows.problems import nearest


@click.command()
@click.argument("vendor", required=False)
@json_option
def operations(vendor: str | None, as_json: bool) -> None:
    """List every operation, or those of one VENDOR, with what it needs and what happens when it is repeated."""
    catalogue = build_catalogue(surroundings.settings())
    found = list(_of_vendor(catalogue, vendor))
    if as_json:
        print_json([as_row(operation) for operation in found])
        return
    print_table(
        ("operation", "what it does", "repeated"),
        ((item.name, item.unavailable or item.summary, item.repeat) for item in found),
        empty="there are no operations",
    )


def _of_vendor(catalogue: Catalogue, vendor: str | None) -> Iterator[Operation]:
    names = [known.name for known in catalogue.vendors]
    if vendor is not None and vendor not in names:
        hint = nearest(vendor, names) or f"vendors are {', '.join(names)}"
        raise click.BadParameter(f"there is no vendor {vendor!r} ({hint})", param_hint="VENDOR")
    for operation in catalogue.operations.values():
        if vendor in (None, operation.vendor):
            yield operation


def as_row(operation: Operation) -> dict[str, Any]:
    """An operation as `--json` writes it."""
    return {
        "name": operation.name,
        "summary": operation.summary,
        "source": operation.source,
        "method": operation.method,
        "path": operation.path,
        "repeat": operation.repeat,
        "reduces": operation.reduces,
        "requires": [{"event": need.event, "subject": need.subject, "why": need.why} for need in operation.requires],
        "inputs": _shape(operation.inputs()),
        "output": None if operation.output is None else _shape(operation.output()),
        "unavailable": operation.unavailable or None,
    }


def _shape(schema: Schema) -> dict[str, Any]:
    """The fields of a schema by the names one writes: `{"id": {"required": true, "description": …}}`."""
    return {field.data_key or name: _field(field) for name, field in schema.fields.items()}


def _field(field: fields.Field[Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"required": field.required}
    if field.metadata.get("description"):
        described["description"] = field.metadata["description"]
    inner = field.inner if isinstance(field, fields.List) else field
    if isinstance(inner, fields.Nested):
        described["items" if inner is not field else "fields"] = _shape(inner.schema)
    return described
