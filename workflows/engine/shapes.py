"""Shapes: which fields a kind of payload has, learned from samples, and what of a new sample is unlike them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from decimal import Decimal

from workflows.redaction import redact_text
from workflows.values import Money, Percent

LEARNING = 20
"""Samples before anything is called unusual."""
GONE_AFTER = 20
"""So many samples in a row lack a field that every sample had."""
MOST_FIELDS = 500
"""Of one shape; a payload whose keys are ids would have no end of them."""
DEEPEST = 8
MOST_ITEMS = 20
LONGEST_NAME = 100

Found = Mapping[str, frozenset[str]]
"""The kinds of value at each path of a sample: `{"items": {"list"}, "items[]": {"object"}, "items[].id": {"text"}}`."""


@dataclass(frozen=True)
class Field:
    """A field as learned: in how many samples it was, and how many in a row have lacked it though they had its parent.

    `is_optional`: once it was not there and then it was, so nobody may count on it.
    """

    kinds: tuple[str, ...]
    seen: int = 0
    missed: int = 0
    is_optional: bool = False


@dataclass(frozen=True)
class Shape:
    """What was learned of one kind of payload."""

    samples: int = 0
    fields: Mapping[str, Field] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """What is unlike everything before: a `new` field, one that is `gone`, or one of another `type`."""

    what: str
    path: str
    before: tuple[str, ...]
    now: tuple[str, ...]


def fields_of(value: object) -> Found:
    """The paths of a payload and the kinds of value there, within bounds."""
    found: dict[str, set[str]] = {}
    for path, kind in _walk(value, "", DEEPEST):
        if path and (path in found or len(found) < MOST_FIELDS):
            found.setdefault(path, set()).add(kind)
    return {path: frozenset(kinds) for path, kinds in found.items()}


def learn(shape: Shape, found: Found) -> tuple[Shape, list[Difference]]:
    """What is known after one more sample, and what in it was unlike what was known before.

    Whatever differs is learned at once, so it is told once.
    """
    is_known = shape.samples >= LEARNING
    differences = [*_unlike(shape, found)] if is_known else []
    fields: dict[str, Field] = {}
    for path, known in shape.fields.items():
        kinds = found.get(path)
        if kinds is not None:
            is_optional = known.is_optional or known.missed > 0
            fields[path] = Field(tuple(sorted({*known.kinds, *kinds})), known.seen + 1, 0, is_optional)
        elif not path.endswith("[]") and _has_parent(path, found):  # a list may be empty at any time
            fields[path] = replace(known, missed=known.missed + 1)
            if fields[path].missed == GONE_AFTER and known.seen >= LEARNING and not known.is_optional:
                differences.append(Difference("gone", path, known.kinds, ()))
        else:
            fields[path] = known
    for path, kinds in found.items():
        if path not in fields and len(fields) < MOST_FIELDS:
            fields[path] = Field(tuple(sorted(kinds)), 1, 0, _lacked_before(path, shape))
    return Shape(shape.samples + 1, fields), _topmost(differences)


def _unlike(shape: Shape, found: Found) -> Iterator[Difference]:
    is_full = len(shape.fields) >= MOST_FIELDS
    for path, kinds in found.items():
        known = shape.fields.get(path)
        if known is None:
            if not is_full:
                yield Difference("new", path, (), tuple(sorted(kinds)))
        elif not kinds <= set(known.kinds):
            yield Difference("type", path, known.kinds, tuple(sorted(kinds)))


def _lacked_before(path: str, shape: Shape) -> bool:
    """Whether earlier samples had its parent without it."""
    parent = parent_of(path)
    return parent in shape.fields if parent else shape.samples > 0


def _has_parent(path: str, found: Found) -> bool:
    parent = parent_of(path)
    return not parent or parent in found


def parent_of(path: str) -> str:
    """The path above: `items[]` for `items[].name`, `items` for `items[]`; "" at the top."""
    if path.endswith("[]"):
        return path[:-2]
    return path.rpartition(".")[0]


def _topmost(differences: Sequence[Difference]) -> list[Difference]:
    """Without those below another of the same sort: what is in a new object is new with it."""
    told = {(item.what, item.path) for item in differences}

    def is_below(item: Difference) -> bool:
        above = parent_of(item.path)
        while above:
            if (item.what, above) in told:
                return True
            above = parent_of(above)
        return False

    return [item for item in differences if not is_below(item)]


def _walk(value: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    yield path, kind_of(value)
    if not depth:
        return
    if isinstance(value, Mapping):
        for name, item in list(value.items())[:MOST_FIELDS]:
            if len(name) <= LONGEST_NAME:
                shown = redact_text(name)  # some payloads have people's addresses for names
                yield from _walk(item, f"{path}.{shown}" if path else shown, depth - 1)
    elif isinstance(value, (list, tuple)):
        for item in value[:MOST_ITEMS]:
            yield from _walk(item, f"{path}[]", depth - 1)


def kind_of(value: object) -> str:
    """The kind of a value, in one word."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float() | Decimal():
            return "number"
        case str():
            return "text"
        case Mapping():
            return "object"
        case list() | tuple():
            return "list"
        case Money():
            return "money"
        case Percent():
            return "percentage"
        case datetime():
            return "instant"
        case timedelta():
            return "duration"
        case time():
            return "time"
    return type(value).__name__
