"""Correlation: which event is meant by `it.<path> == value`, as one text that an index can look up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from workflows.engine.paths import path_of, value_at
from workflows.events import Event

LONGEST_VALUE = 200
"""A longer value stands in its key as a digest: an index takes no text of any length."""


def correlation_key(kind: str, path: str, value: object) -> str | None:
    """The key under which an event of type `kind` with `value` at `path` (as `path_text` writes it) is found.

    None for what can be no key. A whole number and the same number as text differ, as they do in formulas.
    """
    match value:
        case bool():
            return None
        case str():
            written = f"s:{value}"
        case int():
            written = f"n:{value}"
        case Decimal() if value.is_finite():
            whole = value.to_integral_value()
            written = f"n:{int(whole)}" if value == whole else f"n:{value.normalize()}"
        case _:
            return None
    if len(written) > LONGEST_VALUE or "\x00" in written:
        written = f"{written[:1]}#{hashlib.sha256(written.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return f"{kind}|{path}|{written}"


def keys_of(event: Event, paths: Iterable[str]) -> list[str]:
    """The keys of an event, one for each of `paths` (as `path_text` writes them) at which something can be a key."""
    seen = event_scope(event)
    found = (correlation_key(event.type, path, value_at(seen, path_of(path))) for path in paths)
    return [key for key in found if key is not None]


def event_scope(event: Event) -> dict[str, Any]:
    """An event as formulas see it."""
    return {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "occurred_at": event.occurred_at,
        "data": event.data,
    }
