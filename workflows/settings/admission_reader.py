"""Reading admission: the keys of a source and of the door, with every mistake and its place.

dedup: {by: [id, updated_at], window: 1h}
where: event.type != 'symphony.campaign.updated'
by_event:
  symphony.campaign.updated: {dedup: {by: body, window: 1m}, where: event.data.provider == 'facebook'}
sequence: updated_at
limits: {rate: {count: 100, seconds: 1, burst: 200}, concurrent: 8, body_bytes: 65536}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from functools import cache, reduce
from types import MappingProxyType
from typing import Any, Literal

from workflows.events import EVENT_TYPES
from workflows.language.formulas import Formula, check
from workflows.language.pieces import Pieces
from workflows.language.types import (
    Boolean,
    FieldType,
    InstantType,
    ObjectOf,
    Text,
    Type,
    Unknown,
    either,
    of_schema,
)
from workflows.settings.admission import (
    DEEPEST,
    KEPT,
    MOST_BODY_BYTES,
    MOST_HEADER_BYTES,
    MOST_ITEMS,
    Admission,
    Dedup,
    DoorSettings,
    EventRule,
    Rate,
)
from workflows.yaml_nodes import Node
from workflows.yaml_shapes import Findings

SOURCE_KEYS = ("dedup", "where", "by_event", "sequence", "limits")
"""What may stand under every source, whatever its preset."""
MOST_CONCURRENT = 4096
MOST_BODY_SECONDS = 300
MOST_REQUESTS = 1_000_000
LONGEST_SECONDS = 86_400
LONGEST_WINDOW = timedelta(days=366)
LONGEST_BACKLOG = timedelta(days=7)
MOST_FIELDS = 10
MOST_MEGABYTES = 10_000_000
ALIKE = 0.9

_SOURCE_LIMITS: Mapping[str, tuple[int, int]] = {
    "concurrent": (1, MOST_CONCURRENT),
    "body_bytes": (1, MOST_BODY_BYTES),
    "unpacked_bytes": (1, MOST_BODY_BYTES),
    "depth": (1, DEEPEST),
    "items": (1, MOST_ITEMS),
}
_RATE: Mapping[str, tuple[int, int]] = {
    "count": (1, MOST_REQUESTS),
    "seconds": (1, LONGEST_SECONDS),
    "burst": (1, MOST_REQUESTS),
}
_DOOR: Mapping[str, tuple[int, int]] = {
    "header_bytes": (1024, MOST_HEADER_BYTES),
    "body_seconds": (1, MOST_BODY_SECONDS),
    "concurrent": (1, MOST_CONCURRENT),
    "free_disk": (0, MOST_MEGABYTES),
}
EVENT_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,199}")
_FIELD = re.compile(r"[^.\s]{1,100}(\.[^.\s]{1,100}){0,9}")


class AdmissionReader:
    """Reads what belongs to admission; mistakes go to `findings`."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._pieces = Pieces()
        self._pieces.findings = findings

    def door(self, node: Node) -> DoorSettings:
        """The section `door`."""
        found = self._findings.entries(node, "door", (*_DOOR, "oldest_pending"))
        values: dict[str, Any] = self._numbers(found, _DOOR, "door")
        if "oldest_pending" in found:
            length = self._pieces.duration(found["oldest_pending"].node, "oldest_pending", LONGEST_BACKLOG)
            values |= {} if length is None else {"oldest_pending": length}
        return DoorSettings(**values)

    def source(self, found: Mapping[str, Any], path: str) -> Admission:
        """Those of SOURCE_KEYS that stand under a source, which is at `path`."""
        values: dict[str, Any] = {}
        if "dedup" in found:
            values["dedup"] = self._dedup(found["dedup"].node, f"{path}.dedup")
        if "where" in found:
            values["where"] = self._where(found["where"].node, None)
        if "by_event" in found:
            values["by_event"] = self._by_event(found["by_event"].node, f"{path}.by_event")
        if "sequence" in found:
            values["sequence"] = self._field(found["sequence"].node, f"{path}.sequence")
        if "limits" in found:
            values |= self._limits(found["limits"].node, f"{path}.limits")
        return Admission(**values)

    def _by_event(self, node: Node, path: str) -> Mapping[str, EventRule]:
        rules = {}
        for name, entry in self._findings.any_entries(node, path).items():
            if not EVENT_TYPE.fullmatch(name):
                self._findings.add("E124", entry.key_place, f"{name!r} cannot be a type of event")
            # Vendors have types we do not know, and they may be named here; but hardly one so like one we know.
            elif name not in EVENT_TYPES and (meant := get_close_matches(name, EVENT_TYPES, n=1, cutoff=ALIKE)):
                hint = f"did you mean {meant[0]!r}?"
                self._findings.add("E301", entry.key_place, f"{name!r} is not a type of event", hint)
            rules[name] = self._rule(name, entry.node, f"{path}.{name}")
        return MappingProxyType(rules)

    def _rule(self, name: str, node: Node, path: str) -> EventRule:
        found = self._findings.entries(node, path, ("dedup", "where"))
        return EventRule(
            dedup=self._dedup(found["dedup"].node, f"{path}.dedup") if "dedup" in found else None,
            where=self._where(found["where"].node, name) if "where" in found else None,
        )

    def _dedup(self, node: Node, path: str) -> Dedup:
        found = self._findings.entries(node, path, ("by", "window"))
        return Dedup(
            by=self._by(found["by"].node, f"{path}.by") if "by" in found else None,
            window=self._window(found["window"].node) if "window" in found else None,
        )

    def _by(self, node: Node, path: str) -> Literal["id", "body"] | tuple[str, ...] | None:
        if node.kind == "list":
            items = self._findings.items(node, path)
            if len(items) > MOST_FIELDS:
                self._findings.add("E123", node.place, f"{path} has more than {MOST_FIELDS} fields")
            fields = [self._field(item, f"{path}.{at}") for at, item in enumerate(items)]
            return tuple(field for field in fields if field is not None)
        choice = self._findings.choice(node, f"{path}, unless it is a list of fields", ("id", "body"))
        return "id" if choice == "id" else "body" if choice == "body" else None

    def _window(self, node: Node) -> timedelta | Literal["kept"] | None:
        if node.value == KEPT:
            return "kept"
        return self._pieces.duration(node, "window", LONGEST_WINDOW)

    def _field(self, node: Node, path: str) -> str | None:
        """The way to a value in the body: `payload.updated_at`, without the `$.` a JSON path begins with."""
        text = self._findings.text(node, path)
        if text is None:
            return None
        if not _FIELD.fullmatch(text) or text.startswith("$"):
            hint = "write the names on the way to it with dots between them: payload.updated_at"
            self._findings.add("E126", node.place, f"{path} cannot be {text!r}", hint)
            return None
        return text

    def _where(self, node: Node, event_type: str | None) -> Formula | None:
        formula = self._pieces.formula(node, "where")
        if formula is not None:
            _, problems = check(formula, event_scope(event_type), Boolean())
            self._findings.problems.extend(problems)
        return formula

    def _limits(self, node: Node, path: str) -> dict[str, Any]:
        found = self._findings.entries(node, path, ("rate", *_SOURCE_LIMITS))
        limits: dict[str, Any] = self._numbers(found, _SOURCE_LIMITS, path)
        if "rate" in found:
            limits["rate"] = self._rate(found["rate"].node, f"{path}.rate")
        return limits

    def _rate(self, node: Node, path: str) -> Rate | None:
        found = self._findings.entries(node, path, _RATE, required=("count", "seconds"))
        values = self._numbers(found, _RATE, path)
        if not {"count", "seconds"} <= values.keys():
            return None
        return Rate(values["count"], values["seconds"], values.get("burst", values["count"]))

    def _numbers(self, found: Mapping[str, Any], known: Mapping[str, tuple[int, int]], path: str) -> dict[str, int]:
        numbers = {
            key: self._findings.whole_number(found[key].node, f"{path}.{key}", *known[key])
            for key in known
            if key in found
        }
        return {key: value for key, value in numbers.items() if value is not None}


@cache
def event_scope(event_type: str | None) -> ObjectOf:
    """What a formula of the door may read: of a type we know all that is documented, of another that it came."""
    data: Type
    if event_type is None:
        data = reduce(either, (of_schema(schema) for schema in EVENT_TYPES.values()))
    else:
        data = of_schema(EVENT_TYPES[event_type]) if event_type in EVENT_TYPES else Unknown()
    known: dict[str, Type] = {"type": Text(), "subject": Text(), "occurred_at": InstantType(), "data": data}
    event = ObjectOf({name: FieldType(found) for name, found in known.items()}, name="event")
    return ObjectOf({"event": FieldType(event)})
