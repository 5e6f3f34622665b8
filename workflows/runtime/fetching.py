"""Fetching what an event only points at: a call of no run, whose answer comes in as a delivery of the same source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from workflows.catalogue import Catalogue
from workflows.errors import InputError
from workflows.events import Event
from workflows.ledger import effects
from workflows.ledger.effects import EffectRow
from workflows.ledger.events import read_event
from workflows.runtime.intents import intent_of

PREFIX = "fetch/"
"""How the keys of these effects begin; the rest is the id of the event that points."""
WITHIN = timedelta(days=3)
MOST_ATTEMPTS = 200
"""The time is what ends it."""

log = structlog.get_logger(__name__)

Fetched = Callable[[Connection, Event, Any, datetime], None]
"""Takes in what was fetched for an event, in the transaction that writes the call's outcome down."""


def not_taken_in(connection: Connection, event: Event, output: Any, now: datetime) -> None:
    """For processes that know no sources: the answer stays with its effect."""


def begin(connection: Connection, catalogue: Catalogue, event: Event, wanted: Mapping[str, Any], now: datetime) -> None:
    """Write the call down that fetches what `event` points at: `{"operation": …, "inputs": {…}}`.

    Where it makes no request, the event stands and the log says so: news must not be lost for it.
    """
    try:
        intent = intent_of(
            catalogue.operation(wanted["operation"]),
            wanted["inputs"],
            key=PREFIX + event.id,
            max_attempts=MOST_ATTEMPTS,
            give_up_at=now + WITHIN,
        )
    except InputError as error:
        log.error("pointer_not_followed", event_id=event.id, reason=str(error))
        return
    effects.intend(connection, intent, None, now)


def pointer_of(connection: Connection, effect: EffectRow) -> Event | None:
    """The event an effect fetches something for; None for any other effect."""
    key = effects.key_of(connection, effect.id)
    return read_event(connection, key.removeprefix(PREFIX)) if key.startswith(PREFIX) else None
