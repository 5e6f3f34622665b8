"""Places in a request, as an operator writes them: `data.order.id`, `items.0.id`, `header:X-Event`."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from webhooks.sources.source import Content

HEADER = "header:"
MILLISECONDS_FROM = 10**11
"""A count this large is of milliseconds: as seconds it would be in the year 5138."""


def value_at(content: Content, place: str | None) -> Any:
    """What stands there, None where nothing does."""
    if place is None:
        return None
    if place.startswith(HEADER):
        return header_at(content, place)
    value = content.payload
    for step in place.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def header_at(content: Content, place: str | None) -> str | None:
    """What stands there if the place is a header, for that is not among the bytes of the body."""
    if place is None or not place.startswith(HEADER):
        return None
    return content.headers.get(place.removeprefix(HEADER).lower())


def path_of(place: str) -> str:
    """The place as problems name it: `$.data.order.id`."""
    if place.startswith(HEADER):
        return place
    steps = "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in place.split("."))
    return f"${steps}"


def moment(value: Any) -> datetime | None:
    """An instant as senders write them: ISO 8601 with an offset, or seconds or milliseconds since 1970.

    None where it cannot be read, and where nobody knows which zone it is in: then the time of receipt has to do.
    """
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return None if read.tzinfo is None else read.astimezone(UTC)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            number = float(value)
            return datetime.fromtimestamp(number / 1000 if abs(number) >= MILLISECONDS_FROM else number, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def text_at(content: Content, place: str | None) -> str | None:
    """A text or a whole number there as text that may be part of a subject or a key; None where it is neither."""
    value = value_at(content, place)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    return text if 1 <= len(text) <= 200 and text.isprintable() else None
