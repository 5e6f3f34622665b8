"""A source: a company or system that sends us webhooks, as its preset declares it and the configuration names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from webhooks.signatures import Headers, Scheme
from workflows.settings.admission import Admission


@dataclass(frozen=True, slots=True)
class Fetch:
    """A read that gets what an event only points at; its answer comes in as a delivery of the same source."""

    operation: str
    inputs: Mapping[str, Any]


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
    fetch: Fetch | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What an authentic request says: its JSON and headers, to the source of this name with these options."""

    payload: Any
    headers: Headers
    source: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Greeting:
    """The answer to a sender that only tries whether we are there: its request tells of nothing and is not stored."""

    answer: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A kind of sender, declared once.

    scheme       makes the scheme from the source's options; None while its secrets are not set. Where the preset has
                 none of its own, what stands under `verify` is all there is
    read         turns an authentic request into events; raises PayloadError with every problem
    delivery_id  the sender's own id of the delivery, where it has one
    apart        what beside the body tells deliveries of the same bytes apart: an event that a header names
    greet        the answer to what is no news: a handshake, a test; None for all else
    quarantine   why deliveries can be taken in but not yet believed, from the source's options; "" where they can
    window       how long a repeat is known where there is no such id and the bytes are the key; None: for ever
    carries_secret  a body carries a secret of ours, so it is stored sealed or not at all
    carries_many one delivery may carry several subjects, so that order is kept for the whole source
    sequence     where in the body stands a number, or an instant, that grows with every event of a subject
    """

    name: str
    scheme: Callable[[Mapping[str, Any]], Scheme | None] | None
    read: Callable[[Content], list[EventDraft]]
    delivery_id: Callable[[Content], str | None] = lambda content: None
    apart: Callable[[Content], str | None] = lambda content: None
    greet: Callable[[Content], Greeting | None] = lambda content: None
    quarantine: Callable[[Mapping[str, Any]], str] = lambda options: ""
    window: timedelta | None = timedelta(minutes=10)
    carries_many: bool = False
    carries_secret: bool = False
    sequence: str | None = None


@dataclass(frozen=True)
class Source:
    """One configured source.

    `scheme` is None while its secrets are not set; `quarantine` says why its deliveries are not believed yet.
    """

    name: str
    brand: str
    preset: Preset
    scheme: Scheme | None = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    quarantine: str = ""
    admission: Admission = field(default_factory=Admission)
