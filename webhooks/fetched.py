"""What was fetched because an event pointed at it: examined and stored as a delivery of the same source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from webhooks.examination import examine
from webhooks.headers import FETCHED
from webhooks.signatures import Presented
from webhooks.sources import Source
from workflows.catalogue import encode_json
from workflows.events import Event
from workflows.ledger import deliveries
from workflows.ledger.arrivals import Arrival

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class FetchedDeliveries:
    """Takes answers in; what does not fit is kept as rejected, like anything that comes in by the door."""

    sources: Mapping[str, Source]

    def __call__(self, connection: Connection, event: Event, output: Any, now: datetime) -> None:
        """Store what `event` pointed at, once: the same state of the same thing is one delivery."""
        source = self.sources.get(event.source)
        if source is None:
            log.warning("fetched_for_nobody", event_id=event.id, source=event.source)
            return
        arrival = examine(source, Presented(encode_json(output).encode(), {FETCHED: event.type}))
        assert isinstance(arrival, Arrival), "an answer of a vendor's is no greeting"
        deliveries.post(connection, arrival, now)
