"""Chores: work that is done now and then by whichever process comes first."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.ledger.database import insert
from workflows.ledger.tables import chores


def is_due(connection: Connection, name: str, now: datetime) -> bool:
    """Whether nobody has done it lately."""
    next_at = connection.scalar(sa.select(chores.c.next_at).where(chores.c.name == name))
    return next_at is None or next_at <= now


def take(connection: Connection, name: str, now: datetime, every: timedelta) -> str | None:
    """Take a chore that is due, locked until this transaction is over: how far it has come, None if another took it."""
    connection.execute(insert(connection, chores).values(name=name, next_at=now).on_conflict_do_nothing())
    due = chores.update().where(chores.c.name == name, chores.c.next_at <= now).values(next_at=now + every)
    cursor: str | None = connection.scalar(due.returning(chores.c.cursor))
    return cursor


def leave(connection: Connection, name: str, cursor: str) -> None:
    """Write down how far it has come."""
    connection.execute(chores.update().where(chores.c.name == name).values(cursor=cursor))


def hurry(connection: Connection, name: str, now: datetime) -> None:
    """There is more to do: it is due at once."""
    connection.execute(chores.update().where(chores.c.name == name).values(next_at=now))
