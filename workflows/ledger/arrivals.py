"""An arrival: one request about to become a delivery, and the receipt it gets."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from workflows import typed_json
from workflows.ledger.tables import SHARDS, micros
from workflows.values import DeliveryId

KEPT = micros(datetime(9999, 12, 31, tzinfo=UTC))
"""The `until` of a key that counts as long as its delivery is kept."""


@dataclass(frozen=True, slots=True)
class Position:
    """The `number` grows with every delivery about `subject`, in the sender's words."""

    subject: str
    number: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery to be stored.

    key      what makes two deliveries of one source the same
    window   how long the key counts; None: as long as the delivery is kept
    headers, drafts, problems  typed JSON, written by whoever made the arrival: a value without a form fails there,
             alone, and not in the batch it shares with others; `problems` is None unless it is rejected or quarantined,
             `drafts` unless something of it is to be taken in
    is_quarantined  it is well as far as can be seen, and its `problems` say why it cannot be believed yet
    reason   why all or some of its events were filtered
    position where it stands among the deliveries about its subject, where the sender says so
    """

    id: DeliveryId
    source: str
    key: str
    window: timedelta | None
    shard: int
    headers: str
    body: bytes
    drafts: str | None
    problems: str | None
    is_quarantined: bool = False
    reason: str | None = None
    position: Position | None = None

    @property
    def state(self) -> str:
        """What it is stored as, unless a later one about its subject is there already: then it is superseded."""
        if self.problems is not None:
            return "quarantined" if self.is_quarantined else "rejected"
        return "filtered" if self.drafts is None else "pending"

    def until(self, now: int) -> int:
        """When the key stops counting, in microseconds, if it was stored at `now`."""
        return KEPT if self.window is None else now + self.window // timedelta(microseconds=1)


class Row(NamedTuple):
    """An arrival as a batch has it: `again` is how many more of the batch have its key."""

    arrival: Arrival
    again: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an arrival: the delivery that stands for it, and that delivery's verdict.

    A repeat names the first delivery and has its verdict. `problems` is empty unless the delivery is rejected or
    quarantined.
    """

    delivery_id: DeliveryId
    problems: tuple[Mapping[str, Any], ...] = ()
    is_repeat: bool = False


def receipt_of(delivery_id: str, problems: str | None, *, is_repeat: bool) -> Receipt:
    """The receipt a stored row gives, `problems` as it stands there."""
    loaded = typed_json.load(problems) if problems is not None else []
    assert isinstance(loaded, list)
    return Receipt(DeliveryId(delivery_id), tuple(loaded), is_repeat)


def shard_of(source: str, subject: str) -> int:
    """Where a delivery queues for intake: the same for everything of one subject, in every process and release."""
    return zlib.crc32(f"{source} {subject}".encode()) % SHARDS


SUPERSEDED = "a later one about the same subject was there already"


class RowRefused(Exception):
    """The database refuses some row of a batch for what it holds; nothing of the batch was stored."""
