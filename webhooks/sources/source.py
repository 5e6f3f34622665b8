"""A source: a company or system that sends us webhooks, as its preset declares it and the configuration names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from webhooks.signatures import Scheme


@dataclass(frozen=True)
class EventDraft:
    """An event as its delivery tells it, before intake gives it an id.

    `data` holds values as the type's schema in `workflows.events` loads them; `occurred_at` is None where the sender
    does not say when.
    """

    type: str
    subject: str
    occurred_at: datetime | None
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A kind of sender, declared once.

    scheme       makes the scheme from the source's options; None while its secrets are not set
    read         turns the body's JSON into events, given the source's name; raises PayloadError with every problem
    delivery_id  the sender's own id of the delivery, where it has one
    window       how long a repeat is known where there is no such id and the bytes are the key; None: for ever
    carries_many one delivery may carry several subjects, so that order is kept for the whole source
    """

    name: str
    scheme: Callable[[Mapping[str, Any]], Scheme | None]
    read: Callable[[Any, str], list[EventDraft]]
    delivery_id: Callable[[Any], str | None] = lambda payload: None
    window: timedelta | None = timedelta(minutes=10)
    carries_many: bool = False


@dataclass(frozen=True)
class Source:
    """One configured source; `scheme` is None while its secrets are not set."""

    name: str
    brand: str
    preset: Preset
    scheme: Scheme | None = field(repr=False)
