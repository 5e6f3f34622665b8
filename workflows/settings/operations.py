"""What no vendor document states about an operation, as an engineer writes it down.

get_campaign:
  path: /v1/campaign/{id}
  fields:
    market_id: {from: data.market.id, type: text}
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from workflows.settings.references import References
from workflows.yaml_nodes import Node
from workflows.yaml_shapes import Findings

FIELD_TYPES = ("text", "number", "boolean", "money", "percent", "instant")
FIELD_UNITS = ("ratio", "percent")


class OperationReader:
    """Reads the `operations` of a vendor; whether the vendor has them is for the catalogue to say."""

    def __init__(self, findings: Findings, references: References) -> None:
        self._findings = findings
        self._references = references

    def read(self, node: Node, path: str) -> Mapping[str, Mapping[str, Any]]:
        """`{"get_campaign": {"path": str, "fields": {name: {"from": str, "type": str, "unit": str}}}}`."""
        entries = self._findings.any_entries(node, path)
        return MappingProxyType({name: self._operation(item.node, f"{path}.{name}") for name, item in entries.items()})

    def _operation(self, node: Node, path: str) -> Mapping[str, Any]:
        found = self._findings.entries(node, path, ("path", "fields"), required=("path",))
        operation: dict[str, Any] = {"path": None, "fields": MappingProxyType({})}
        if "path" in found:
            operation["path"] = self._references.text(found["path"].node, f"{path}.path")
            if operation["path"] and not operation["path"].startswith("/"):
                self._findings.add("E413", found["path"].node.place, f"{path}.path must begin with a slash")
        if "fields" in found:
            operation["fields"] = self.fields(found["fields"].node, f"{path}.fields")
        return MappingProxyType(operation)

    def fields(self, node: Node, path: str) -> Mapping[str, Mapping[str, str]]:
        """`{name: {"from": str, "type": str, "unit": str}}`, those that are whole."""
        entries = self._findings.any_entries(node, path)
        fields = {name: self._field(item.node, f"{path}.{name}") for name, item in entries.items()}
        return MappingProxyType({name: field for name, field in fields.items() if {"from", "type"} <= field.keys()})

    def _field(self, node: Node, path: str) -> Mapping[str, str]:
        found = self._findings.entries(node, path, ("from", "type", "unit"), required=("from", "type"))
        read_by = {
            "from": lambda item: self._findings.text(item, f"{path}.from"),
            "type": lambda item: self._findings.choice(item, f"{path}.type", FIELD_TYPES),
            "unit": lambda item: self._findings.choice(item, f"{path}.unit", FIELD_UNITS),
        }
        values = {key: read_by[key](entry.node) for key, entry in found.items()}
        return MappingProxyType({key: value for key, value in values.items() if value is not None})
