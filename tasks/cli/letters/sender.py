"""A sender: one preset's vendor, as it sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.settings import SourceSettings

Body = dict[str, Any]
Headers = dict[str, str]
Template = Callable[[int], Body]
"""Makes a body of a number that differs from delivery to delivery."""


@dataclass(frozen=True)
class Posting:
    """What is about to be posted: to a source, the vendor's name of the event, the bytes, and when."""

    source: SourceSettings
    event: str
    body: bytes
    now: datetime


@dataclass(frozen=True)
class Sender:
    """One preset's vendor.

    bodies  by the vendor's name of the event
    prove   the headers that prove where the bytes come from, and those that say what they are
    path    what follows the source in the address
    seal    the body with what proves it in it, for a vendor that signs inside
    invent  a body for a name that is not in `bodies`, for senders that name their events themselves
    """

    bodies: Mapping[str, Template]
    prove: Callable[[Posting], Headers] = lambda posting: {}
    path: Callable[[SourceSettings], str] = lambda source: ""
    seal: Callable[[SourceSettings, Body], Body] = lambda source, body: body
    invent: Callable[[SourceSettings, str], Template] | None = None

    def template(self, source: SourceSettings, event: str) -> Template | None:
        """How its body of the event is made; None where it sends no such event."""
        if event in self.bodies or self.invent is None:
            return self.bodies.get(event)
        return self.invent(source, event)
