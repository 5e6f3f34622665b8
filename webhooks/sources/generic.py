"""Any system that posts JSON: what proves it and where its events stand is all in the configuration."""

from __future__ import annotations

from webhooks.sources.named import name_at, named_event
from webhooks.sources.places import header_at, moment, path_of, text_at, value_at
from webhooks.sources.source import Content, EventDraft, Greeting, Preset


def _delivery_id(content: Content) -> str | None:
    return text_at(content, content.options["delivery_id"])


def _apart(content: Content) -> str | None:
    return header_at(content, content.options["type"])


def _greet(content: Content) -> Greeting | None:
    """A challenge is answered with itself, under the name it came by."""
    place = content.options["challenge"]
    challenge = text_at(content, place)
    return Greeting({place.rpartition(".")[2]: challenge}) if challenge is not None else None


def _read(content: Content) -> list[EventDraft]:
    """One event."""
    options = content.options
    name = name_at(content, options["type"])
    place = options["data"]
    event = named_event(
        content,
        name,
        about=text_at(content, options["subject"]),
        occurred_at=moment(value_at(content, options["occurred_at"])),
        data=content.payload if place is None else value_at(content, place),
        path="$" if place is None else path_of(place),
    )
    return [event]


GENERIC = Preset(name="generic", scheme=None, read=_read, delivery_id=_delivery_id, apart=_apart, greet=_greet)
