"""Runs that wait: for their turn, for a person, for a run they began, or to be taken on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from workflows.engine.states import RunState, WaitState
from workflows.ledger import tables
from workflows.ledger.lines import RunLine, in_state, line_of, select_runs
from workflows.ledger.waiting.thing import LATE, LIVE, Kind, Waiting, clock, where
from workflows.redaction import redact_text

MOST_NAMED = 3
"""So many runs of a crowd are named; the others are counted."""


def idle(connection: Connection, which: ColumnElement[bool], now: datetime, limit: int) -> list[Waiting]:
    """Running runs that wait on nothing in the ledger: their next step is about to be decided."""
    run, wait, effect, child = tables.runs, tables.waits, tables.effects, tables.runs.alias()
    timer = sa.exists().where(wait.c.run_id == run.c.id, in_state(wait, WaitState.OPEN))
    call = sa.exists().where(effect.c.run_id == run.c.id, in_state(effect, *LIVE))
    begun = sa.exists().where(child.c.parent_id == run.c.id, child.c.state.in_((RunState.RUNNING, RunState.QUEUED)))
    # In the words of the partial index of what is not over, and by its column, so that SQLite uses it.
    running = in_state(run, RunState.RUNNING, RunState.QUEUED) & (run.c.state == RunState.RUNNING)
    statement = select_runs().where(running, which, ~timer, ~call, ~begun)
    rows = connection.execute(statement.order_by(run.c.expires_at).limit(limit))
    return [_undecided(line_of(RunLine, row), now) for row in rows]


def asleep(late: datetime) -> ColumnElement[bool]:
    """Runs nobody has woken, or that were to be woken long ago."""
    wake_at = tables.runs.c.wake_at
    return wake_at.is_(None) | (wake_at <= late)


def parked(connection: Connection, which: ColumnElement[bool], limit: int) -> list[Waiting]:
    """Runs that a person is to begin or to end."""
    run = tables.runs
    # Not by id, which is the same order: SQLite would go through all there ever was to save itself the sorting.
    statement = select_runs().where(in_state(run, RunState.PARKED), which).order_by(run.c.created_at).limit(limit)
    lines = [line_of(RunLine, row) for row in connection.execute(statement)]
    return [_parked(line) for line in lines]


def queues(connection: Connection, limit: int) -> list[Waiting]:
    """Crowds in which runs wait for their turn, each told once."""
    run = tables.runs
    columns = (run.c.workflow, run.c.crowd, sa.func.count().label("many"), sa.func.min(run.c.id).label("first"))
    grouped = sa.select(*columns).where(in_state(run, RunState.QUEUED)).group_by(run.c.workflow, run.c.crowd)
    found = connection.execute(grouped.order_by(run.c.workflow, run.c.crowd).limit(limit)).all()
    return [waiting for row in found for waiting in queued(connection, row.first, behind=row.many - 1)]


def queued(connection: Connection, run_id: str, *, behind: int = 0) -> list[Waiting]:
    """A run that waits for its turn, and how many do `behind` it; nothing when it does not."""
    run = tables.runs
    row = connection.execute(select_runs().where(run.c.id == run_id, run.c.state == RunState.QUEUED)).one_or_none()
    if row is None:
        return []
    line = line_of(RunLine, row)
    same = (run.c.workflow == line.workflow) & (run.c.crowd == line.crowd)
    before = sa.select(sa.func.count()).where(in_state(run, RunState.QUEUED), same, run.c.id < run_id)
    ahead = connection.scalar(before) or 0
    slots = list(connection.scalars(sa.select(run.c.id).where(same, run.c.slot.is_not(None)).order_by(run.c.slot)))
    return [_queued(line, slots, ahead, behind)]


def children(connection: Connection, which: ColumnElement[bool] | None, limit: int) -> list[Waiting]:
    """Runs that wait for one they began; `which` is about the run that was begun."""
    child, parent = tables.runs, tables.runs.alias("parent")
    columns = [child.c[name] for name in ("id", "workflow", "state", "created_at", "parent_step", "parent_iteration")]
    of_parent = (parent.c.id.label("parent_id"), parent.c.workflow.label("of"), parent.c.key)
    statement = (
        sa.select(*columns, *of_parent)
        .join(parent, parent.c.id == child.c.parent_id)
        # In the words of the partial index of those that are not over.
        .where(in_state(child, RunState.RUNNING, RunState.QUEUED), child.c.parent_id.is_not(None))
        .where(*(() if which is None else (which,)))
    )
    # By a column of that index, so that SQLite uses it.
    rows: list[Any] = list(connection.execute(statement.order_by(child.c.expires_at).limit(limit)))
    return [_child(row) for row in rows]


def _undecided(line: RunLine, now: datetime) -> Waiting:
    due_at = line.wake_at or line.created_at
    is_late = due_at <= now - LATE
    late = f"to be taken on since {clock(due_at, line.zone, now)}, and no worker has"
    return _of(
        line,
        "worker" if is_late else "moving",
        late if is_late else "its next step is decided within a second or two",
        "a worker that is running" if is_late else "its turn",
        since=due_at,
        until=line.wake_at,
    )


def _parked(line: RunLine) -> Waiting:
    opens = f"a person who begins it (stagedoor retry {line.id}) or ends it (stagedoor cancel {line.id})"
    return _of(line, "parked", f"a person says whether it shall run: {line.reason or 'it was parked'}", opens)


def _queued(line: RunLine, slots: list[str], ahead: int, behind: int) -> Waiting:
    named = ", ".join(slots[:MOST_NAMED]) + (f" and {len(slots) - MOST_NAMED} more" if len(slots) > MOST_NAMED else "")
    runs = "run" if len(slots) == 1 else "runs"
    first = f"queued behind {runs} {named}, of the same {line.crowd}" if slots else "queued, and its place is free"
    before = f"; {ahead} more before it" if ahead else ""
    after = f"; {behind} more behind it" if behind else ""
    opens = f"the end of {'one of ' if len(slots) > 1 else ''}{runs} {named}" if slots else "its turn"
    waiting = _of(line, "queue", f"{first}{before}{after}", opens)
    return Waiting(**{**waiting.__dict__, "held_by_run": slots[0] if slots else None})


def _child(row: sa.Row[Any]) -> Waiting:
    return Waiting(
        kind="run",
        what=row.parent_step,
        why=f"waits for the run {row.id} of {row.workflow}, which is {row.state}",
        opens=f"the end of run {row.id}",
        since=row.created_at,
        run_id=row.parent_id,
        workflow=row.of,
        run_key=row.key,
        step=where(row.parent_step, row.parent_iteration or ""),
        held_by_run=row.id,
    )


def _of(
    line: RunLine,
    kind: Kind,
    why: str,
    opens: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Waiting:
    return Waiting(
        kind=kind,
        what=line.workflow,
        why=redact_text(why),
        opens=redact_text(opens),
        since=since or line.created_at,
        until=until,
        run_id=line.id,
        workflow=line.workflow,
        run_key=line.key,
    )
