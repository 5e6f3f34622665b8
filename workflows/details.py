"""Answers and events no document describes, read as the operator's configuration says.

    fields:
      market_id: {from: data.campaign_metadata.platform_details.campaignsMapping.fbCampaign.id, type: text}
      ctr: {from: data.ctr, type: percent, unit: ratio}

Every field configured must be there: what comes without it is not what was configured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from marshmallow import Schema, fields, pre_load

from workflows.fields import Flag, Instant, MoneyField, Number, PartialSchema, PercentField, Text

_ABSENT = object()

_READERS: Mapping[str, Callable[[str], fields.Field[Any]]] = {
    "text": lambda unit: Text(required=True),
    "number": lambda unit: Number(required=True),
    "boolean": lambda unit: Flag(required=True),
    "money": lambda unit: MoneyField(required=True),
    "percent": lambda unit: PercentField(required=True, unit=unit or "ratio"),
    "instant": lambda unit: Instant(required=True),
}


class Details(PartialSchema):
    """An answer of which configured places are read."""

    places: ClassVar[Mapping[str, str]] = {}

    @pre_load
    def _pick(self, answer: Any, **kwargs: Any) -> dict[str, Any]:
        found = {name: dig(answer, path) for name, path in self.places.items()}
        return {name: value for name, value in found.items() if value is not _ABSENT}


def details_of(configured: Mapping[str, Mapping[str, str]]) -> type[Schema]:
    """The schema that reads `{name: {"from": dotted path, "type": …, "unit": …}}`."""
    readers = {name: _READERS[field["type"]](field.get("unit", "")) for name, field in configured.items()}
    schema = Details.from_dict(dict(readers), name="Details")
    schema.places = {name: field["from"] for name, field in configured.items()}  # type: ignore[attr-defined]
    return schema


def dig(answer: Any, path: str) -> Any:
    """What stands at a dotted path, a number counting from 0 in a list; `_ABSENT` where nothing does."""
    for step in path.split("."):
        if isinstance(answer, Mapping) and step in answer:
            answer = answer[step]
        elif isinstance(answer, list) and step.isdecimal() and int(step) < len(answer):
            answer = answer[int(step)]
        else:
            return _ABSENT
    return answer
