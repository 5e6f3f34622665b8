"""Correlation: which event is meant by `it.<path> == value`, as one text that an index can look up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any

from workflows.engine.decisions import Wanted
from workflows.engine.paths import path_of, path_text, value_at
from workflows.events import Event

# No number that JSON gave is rounded in it, or beyond it.
_ANY = Context(prec=5_000, Emax=MAX_EMAX, Emin=MIN_EMIN)
_SHOWN = 100
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
            # Written out only where it is short: a stranger may send 1E+999999.
            is_whole = value.adjusted() < LONGEST_VALUE and value == value.to_integral_value()
            written = f"n:{int(value)}" if is_whole else f"n:{value.normalize(_ANY)}"
        case _:
            return None
    if _fits(written):
        return f"{kind}|{path}|{written}"
    return f"{kind}|{path}|{written[:1]}#{_digest(written)}"


def key_text(value: object) -> str:
    """What a key of a run came to, as a text that an index takes: a long one is cut, and told apart by its digest."""
    written = str(value)
    return written if _fits(written) else f"{written[:_SHOWN]}…#{_digest(written)}".replace("\x00", "\ufffd")


def _fits(written: str) -> bool:
    return len(written) <= LONGEST_VALUE and "\x00" not in written


def _digest(written: str) -> str:
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Sought:
    """One type of event that is awaited: the key of those that are meant, and the path it is made of."""

    wanted: Wanted
    type: str
    path: str
    key: str


def sought(wanted: Iterable[Wanted]) -> Iterator[Sought]:
    """What is looked for where these are awaited; a value that can be no key has no event with it."""
    for item in wanted:
        path = path_text(item.path)
        for kind in item.types:
            key = correlation_key(kind, path, item.value)
            if key is not None:
                yield Sought(item, kind, path, key)


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
