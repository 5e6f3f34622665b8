"""What a trigger says of an event: whether it means it, with which key, whom its run counts with, what cancels it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.engine.correlation import event_scope, key_text
from workflows.engine.decisions import Wanted
from workflows.engine.scopes import Scope
from workflows.events import Event
from workflows.language.definition import Definition
from workflows.language.formulas import Formula

DEEPEST = 10
"""So many runs may have led to one another by `emit` and `run`: more is a loop."""


@dataclass(frozen=True)
class Meant:
    """What a trigger came to for an event that it means: all that formulas say, worked out before anything is written.

    `by` tells which events are gathered, or which runs limited, together.
    """

    key: str
    by: str = ""
    cancels: tuple[Wanted, ...] = ()


def meant(definition: Definition, event: Event, scope: Scope, now: datetime) -> Meant | None:
    """What the trigger says of an event; None where its condition does not hold. Raises FormulaError."""
    if definition.trigger.where is not None and not definition.trigger.where.holds(scope):
        return None
    if definition.batch is not None:
        return Meant("", by=text_or(definition.batch.by, scope, event.brand))
    if definition.debounce is not None:
        return Meant("", by=text_or(definition.debounce.by or definition.key, scope, event.subject))
    return run_as_meant(definition, event, scope, text_or(definition.key, scope, event.subject), now)


def run_as_meant(definition: Definition, event: Event, scope: Scope, key: str, now: datetime) -> Meant:
    """What formulas say of a run with that key. Raises FormulaError."""
    by = ""
    cancels: tuple[Wanted, ...] = ()
    if definition.concurrency is not None:
        by = text_or(definition.concurrency.by, scope, key)
    if definition.cancel_on is not None:
        cancel_on = definition.cancel_on
        value: Any = cancel_on.match.value.evaluate(scope)
        # What happened before the event of the run is none of its business, but may well arrive before it.
        since = min(event.occurred_at, now)
        cancels = (Wanted("", cancel_on.events, cancel_on.match.path, value, since),)
    return Meant(key, by, cancels)


def stale(definition: Definition, event: Event, now: datetime) -> str:
    """Why a person must say whether the event's run shall begin; "" where it may. Of a replay a person has said so."""
    stale_after, age = definition.trigger.stale_after, now - event.occurred_at
    if stale_after is None or age <= stale_after or event.replay_of is not None:
        return ""
    return f"it happened {age.total_seconds() / 3600:.1f} hours before it came, which is too long ago"


def batch_data(found: Sequence[Event]) -> dict[str, Any]:
    """The data of the event that stands for many."""
    return {
        "count": len(found),
        "first_at": found[0].occurred_at,
        "last_at": found[-1].occurred_at,
        "events": [event_scope(event) for event in found],
    }


def text_or(formula: Formula | None, scope: Scope, otherwise: str) -> str:
    """What a formula gives, as the text of a key."""
    return otherwise if formula is None else key_text(formula.evaluate(scope))
