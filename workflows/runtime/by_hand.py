"""A call made by hand: an effect in the ledger like any other, but of no run, and tried once, here and now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.catalogue import Inputs, Operation
from workflows.engine.gates import closed_precondition
from workflows.engine.states import EffectState
from workflows.ledger import effects
from workflows.ledger.tables import effects as table
from workflows.runtime.effects import Claim, Performer, Unseen
from workflows.runtime.intents import intent_of
from workflows.values import EffectId, new_id


@dataclass(frozen=True)
class Called:
    """How a call made by hand ended; `reason` is for people, `output` what the vendor answered when it is done."""

    effect_id: EffectId
    state: EffectState
    reason: str
    status: int | None
    output: Any

    @property
    def is_done(self) -> bool:
        """The vendor did it, or took it to do: the workers follow that to its end."""
        return self.state in (EffectState.DONE, EffectState.ACCEPTED)


def call_by_hand(performer: Performer, operation: Operation, inputs: Inputs, *, key: str | None = None) -> Called:
    """Call an operation once and say how it ended. A closed gate cancels it: nothing stays behind that would go later.

    `key` is its identity for ever; without one it is a call like no other. Raises InputError, before anything is
    written, when the inputs make no request.
    """
    intent = _intent(performer, operation, inputs, key or f"by-hand/{new_id()}")
    effect_id, claim = _begin(performer, intent)
    if claim is not None:
        performer.make(claim)
    return _end(performer, effect_id)


def _intent(performer: Performer, operation: Operation, inputs: Inputs, key: str) -> effects.Intent:
    with performer.database.read() as connection:
        now = performer.database.now(connection)
    # Given up before it could be repeated: somebody stands there and waits for this one attempt.
    return intent_of(operation, inputs, key=key, max_attempts=1, give_up_at=now)


def _begin(performer: Performer, intent: effects.Intent) -> tuple[EffectId, Claim | None]:
    """Write the effect down and claim it, or cancel it where a gate is closed, all in one transaction.

    Were it released first and this process killed then, a worker would make the call half a minute later, when whoever
    asked for it has perhaps asked again.
    """
    with performer.database.write() as connection:
        now = performer.database.now(connection)
        closed = closed_precondition(intent.requires, effects.seen_milestones(connection, intent.requires))
        effect_id = effects.intend(connection, intent, closed, now)
        if closed is not None:
            _cancel(connection, effect_id, closed.reason, now)
            return effect_id, None
        effects.release(connection, [effect_id], now)
        claim = performer.claim(connection, effect_id)
        assert not isinstance(claim, Unseen), "a call made by hand expects nothing"
        if claim is None:
            reason = connection.scalar(sa.select(table.c.reason).where(table.c.id == effect_id))
            _cancel(connection, effect_id, str(reason), now)
    return effect_id, claim


def _end(performer: Performer, effect_id: EffectId) -> Called:
    """Read how it ended."""
    with performer.database.read() as connection:
        row = connection.execute(sa.select(table).where(table.c.id == effect_id)).one()
    return Called(effect_id, EffectState(row.state), row.reason or "", row.status, row.output)


def _cancel(connection: Connection, effect_id: EffectId, reason: str, now: datetime) -> None:
    effect = effects.lock(connection, effect_id)
    assert effect is not None
    effects.move(connection, effect, EffectState.CANCELLED, now, reason=reason)
