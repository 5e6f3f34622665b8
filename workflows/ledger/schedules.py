"""Schedules: when workflows that are started by the clock are started next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.ledger.tables import schedules


@dataclass(frozen=True)
class Scheduled:
    """A workflow whose time has come."""

    workflow: str
    definition_hash: str
    due_at: datetime


def put(connection: Connection, planned: Mapping[str, tuple[str, datetime]]) -> None:
    """Put these in place of what was planned: workflow to definition and next time. One that is unchanged keeps its
    time, so that applying twice does not pass over one."""
    present = {row.workflow: row.definition_hash for row in connection.execute(sa.select(schedules))}
    changed = {name: plan for name, plan in planned.items() if present.get(name) != plan[0]}
    gone = [name for name in present if name not in planned or name in changed]
    if gone:
        connection.execute(schedules.delete().where(schedules.c.workflow.in_(gone)))
    rows = [{"workflow": name, "definition_hash": hash_, "due_at": at} for name, (hash_, at) in sorted(changed.items())]
    if rows:
        connection.execute(schedules.insert(), rows)


_ANY_DUE = sa.select(sa.literal(1)).where(schedules.c.due_at <= sa.bindparam("now")).limit(1)


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether the time of a workflow has come."""
    return connection.scalar(_ANY_DUE, {"now": now}) is not None


def take_due(connection: Connection, now: datetime) -> Scheduled | None:
    """Lock one workflow whose time has come; None where there is none that no other process is at."""
    statement = sa.select(schedules).where(schedules.c.due_at <= now).order_by(schedules.c.due_at).limit(1)
    row = connection.execute(statement.with_for_update(skip_locked=True)).one_or_none()
    return None if row is None else Scheduled(row.workflow, row.definition_hash, row.due_at)


def move_on(connection: Connection, workflow: str, due_at: datetime) -> None:
    """It was started; this is the next time."""
    connection.execute(schedules.update().where(schedules.c.workflow == workflow).values(due_at=due_at))
