"""Events that are named by their sender.

Nobody gets to a type we know by writing its name: an order or a show must be as ours are, and what only one vendor
sends only that vendor's preset can tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from webhooks.errors import PayloadError
from webhooks.sources.loading import Loader
from webhooks.sources.payload import EVENT_NAME, require_object
from webhooks.sources.places import path_of, value_at
from webhooks.sources.source import Content, EventDraft
from workflows.details import details_of
from workflows.events import EVENT_TYPES
from workflows.problems import Problem

CANONICAL = ("order", "show")
IDENTIFIER = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


def name_at(content: Content, place: str) -> str:
    """The name of the event that stands there. Raises PayloadError."""
    name = value_at(content, place)
    if name is None:
        raise PayloadError([Problem("missing", "is required: the name of the event", path=path_of(place))])
    if not isinstance(name, str) or not EVENT_NAME.fullmatch(name):
        message = "must be the name of an event: at most 100 letters, digits and ._-"
        raise PayloadError([Problem("invalid", message, path=path_of(place))])
    return name


def named_event(
    content: Content, name: str, *, about: str | None, occurred_at: datetime | None, data: Any, path: str
) -> EventDraft:
    """`<prefix>.<name>` about `<source>:<about>`, the prefix that of the configuration, else the source's name.

    With the prefix `order` or `show`, the data must be the canonical order or show, and the subject is what its id
    says. `path` is where the data stand. Raises PayloadError.
    """
    kind = f"{content.options.get('prefix') or content.source}.{name}"
    found = require_object(data, path)
    if kind not in EVENT_TYPES:
        declared = content.options.get("events", {}).get(name, {})
        data = {**found, **_details(declared, found, path)} if declared else found
        return EventDraft(kind, f"{content.source}:{about or name}", occurred_at, data)
    family = kind.partition(".")[0]
    if family not in CANONICAL:
        raise PayloadError([_of_another(kind, path)])
    fitting = _loader(kind).load({**found, "shop": content.source}, path)
    if not IDENTIFIER.fullmatch(fitting["id"]):
        raise PayloadError([Problem("invalid", "must be 1 to 200 printable characters", path=f"{path}.id")])
    return EventDraft(kind, f"{family}:{content.source}:{fitting['id']}", occurred_at, fitting)


def kept_event(kind: str, subject: str, occurred_at: datetime | None, data: Mapping[str, Any]) -> EventDraft:
    """A vendor's event we do not know: kept as it came, under its own type, and starts nothing. Raises PayloadError."""
    if kind in EVENT_TYPES:
        raise PayloadError([_of_another(kind, "$")])
    return EventDraft(kind, subject, occurred_at, data)


def _details(declared: Mapping[str, Mapping[str, str]], found: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The fields that are declared of the event. Raises PayloadError where one is missing or of another type."""
    written = tuple((name, tuple(sorted(field.items()))) for name, field in declared.items())
    try:
        return _details_loader(written).load(found, path)
    except PayloadError as error:
        places = {f"{path}.{name}": path + path_of(field["from"]).removeprefix("$") for name, field in declared.items()}
        raise PayloadError([replace(one, path=places.get(one.path, one.path)) for one in error.problems]) from error


@cache
def _details_loader(written: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> Loader:
    return Loader(details_of({name: dict(field) for name, field in written}))


def _of_another(kind: str, path: str) -> Problem:
    message = f"{kind} is an event of another kind of source: have it sent to one with that preset"
    return Problem("other_source", message, path=path)


@cache
def _loader(kind: str) -> Loader:
    return Loader(EVENT_TYPES[kind])
