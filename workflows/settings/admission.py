"""Admission: what the door does with authentic deliveries beyond reading them, as `stagedoor.yml` says for each source.

Repeats are told from news, what nobody wants is filtered, what is older than what is known is set aside, and no source
takes more than its share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from workflows.language.formulas import Formula

KEPT = "kept"
"""The window of a key that counts as long as its delivery is kept."""

MIB = 1 << 20
MOST_BODY_BYTES = 64 * MIB
MOST_HEADER_BYTES = 256 * 1024
"""The server itself takes a few more and then answers by itself."""
DEEPEST = 64
MOST_ITEMS = 100_000


@dataclass(frozen=True)
class Dedup:
    """What makes two deliveries the same.

    by      the sender's id of the delivery, the bytes of the body, or these fields of it; None: as the preset does
    window  how long a delivery is known, or KEPT; None: as the preset does
    """

    by: Literal["id", "body"] | tuple[str, ...] | None = None
    window: timedelta | Literal["kept"] | None = None


@dataclass(frozen=True)
class EventRule:
    """What is said for one type of event; None: what is said for its source."""

    dedup: Dedup | None = None
    where: Formula | None = None


@dataclass(frozen=True)
class Rate:
    """At most `count` deliveries in `seconds` on the average, and no more than `burst` at once."""

    count: int
    seconds: int
    burst: int


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What is said for a source.

    where       events for which it does not hold are kept and start nothing
    by_event    by event type, before what is said for the source
    sequence    where in the body stands a number, or an instant, that grows with every event of a subject
    concurrent  how many of its deliveries one process handles at a time
    body_bytes as sent, `unpacked_bytes` after its Content-Encoding; `depth` and `items` (objects and lists) of its JSON
    """

    dedup: Dedup = field(default_factory=Dedup)
    where: Formula | None = None
    by_event: Mapping[str, EventRule] = field(default_factory=dict)
    sequence: str | None = None
    rate: Rate | None = None
    concurrent: int | None = None
    body_bytes: int = MIB
    unpacked_bytes: int = 8 * MIB
    depth: int = DEEPEST
    items: int = 10_000


@dataclass(frozen=True, kw_only=True)
class DoorSettings:
    """What is said for the door as a whole.

    body_seconds    how long a sender may take over the body of a request
    concurrent      how many webhooks one process handles at a time
    oldest_pending  the door is not ready while a delivery has waited longer to be taken in
    free_disk       nor while the data folder's disk has less room, in megabytes
    """

    header_bytes: int = 64 * 1024
    body_seconds: int = 10
    concurrent: int = 256
    oldest_pending: timedelta = timedelta(minutes=15)
    free_disk: int = 100
