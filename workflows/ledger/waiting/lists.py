"""Everything that waits, and what one run or one effect waits for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection

from workflows.engine.states import EffectState, WaitState
from workflows.ledger import tables
from workflows.ledger.lines import in_state
from workflows.ledger.waiting.arrivals import gatherings, intake
from workflows.ledger.waiting.effects import effects
from workflows.ledger.waiting.runs import asleep, children, idle, parked, queued, queues
from workflows.ledger.waiting.thing import LATE, LIMIT, LIVE, ORDER, Waiting
from workflows.ledger.waiting.waits import waits


def waiting(connection: Connection, now: datetime, *, limit: int = LIMIT) -> list[Waiting]:
    """Everything that waits, at most `limit` of a kind: what needs a person first, then what has waited longest."""
    effect, run, wait = tables.effects, tables.runs, tables.waits
    late = now - LATE
    # In the words of its partial index, which knows these two states together.
    intended = in_state(effect, EffectState.INTENDED, EffectState.HELD) & (effect.c.state == EffectState.INTENDED)
    asked: list[ColumnElement[bool]] = [
        in_state(effect, EffectState.IN_DOUBT),
        in_state(effect, EffectState.ACCEPTED),
        in_state(effect, EffectState.HELD),
        intended & ((effect.c.attempts > 0) | (effect.c.due_at <= late)),
        in_state(effect, EffectState.RELEASED, EffectState.CLAIMED) & (effect.c.lease_until <= late),
    ]
    found = [item for which in asked for item in effects(connection, which, now, limit)]
    found += waits(connection, in_state(wait, WaitState.OPEN), now, limit)
    found += parked(connection, run.c.state.is_not(None), limit)
    found += queues(connection, limit)
    found += children(connection, None, limit)
    found += gatherings(connection, now, limit)
    found += idle(connection, (run.c.created_at <= late) & asleep(late), now, limit)
    found += intake(connection, now)
    return sorted(
        (item for item in found if item.kind != "moving"), key=lambda item: (ORDER.index(item.kind), item.since)
    )


def waiting_of(connection: Connection, run_id: str, now: datetime) -> list[Waiting]:
    """What one run waits for now, also where it only waits for its turn; empty when it has ended."""
    effect, wait, run = tables.effects, tables.waits, tables.runs
    found = effects(connection, in_state(effect, *LIVE) & (effect.c.run_id == run_id), now, LIMIT)
    found += waits(connection, in_state(wait, WaitState.OPEN) & (wait.c.run_id == run_id), now, LIMIT)
    found += children(connection, run.c.parent_id == run_id, LIMIT)
    found += parked(connection, run.c.id == run_id, 1)
    found += queued(connection, run_id)
    return found or idle(connection, run.c.id == run_id, now, LIMIT)


def waiting_of_effect(connection: Connection, effect_id: str, now: datetime) -> list[Waiting]:
    """What one effect waits for now, also where it only waits for its turn; empty when it is over."""
    effect = tables.effects
    return effects(connection, in_state(effect, *LIVE) & (effect.c.id == effect_id), now, LIMIT)
