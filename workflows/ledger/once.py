"""Once: of all effects with the same key only one is ever made."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.gates import Closed, taken_once
from workflows.engine.states import EffectState
from workflows.ledger.database import insert
from workflows.ledger.tables import effects, once_keys


def holder(connection: Connection, key: str) -> tuple[str, EffectState] | None:
    """The effect that has the key, and what it is at."""
    statement = sa.select(effects.c.id, effects.c.state).join(once_keys, once_keys.c.effect_id == effects.c.id)
    row = connection.execute(statement.where(once_keys.c.key == key)).one_or_none()
    return None if row is None else (row.id, EffectState(row.state))


def closed(connection: Connection, key: str, effect_id: str) -> Closed | None:
    """The gate that is closed while another effect has the key, for good once that one is done."""
    found = holder(connection, key)
    if found is None or found[0] == effect_id:
        return None
    return taken_once(key, found[0], is_done=found[1] is EffectState.DONE)


def take(connection: Connection, key: str, effect_id: str) -> Closed | None:
    """Take the key for an effect; the gate that is closed when another has it."""
    fresh = insert(connection, once_keys).values(key=key, effect_id=effect_id).on_conflict_do_nothing()
    # Not by the count of rows, which a driver may not know of an insert.
    is_taken = connection.scalar(fresh.returning(once_keys.c.key)) is not None
    return None if is_taken else closed(connection, key, effect_id)


def give_back(connection: Connection, effect_id: str) -> list[str]:
    """The effect came to nothing: the next may have its keys; which those are."""
    keys = list(connection.scalars(sa.select(once_keys.c.key).where(once_keys.c.effect_id == effect_id)))
    if keys:
        connection.execute(once_keys.delete().where(once_keys.c.effect_id == effect_id))
    return keys
