"""What runs wait on themselves: times, events, people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from workflows.engine.states import WaitKind
from workflows.ledger import tables
from workflows.ledger.lines import WaitLine, line_of, select_waits
from workflows.ledger.waiting.thing import LATE, Kind, Waiting, clock, where
from workflows.redaction import redact_text


def waits(connection: Connection, which: ColumnElement[bool], now: datetime, limit: int) -> list[Waiting]:
    """Waits of runs, the first due first."""
    statement = select_waits().where(which).order_by(tables.waits.c.due_at).limit(limit)
    lines = [line_of(WaitLine, row) for row in connection.execute(statement)]
    wanted = _wanted(connection, [line.id for line in lines if line.kind == WaitKind.EVENT])
    votes = _votes(connection, [line.id for line in lines if line.kind == WaitKind.APPROVAL])
    return [_wait(line, wanted.get(line.id, {}), votes.get(line.id, []), now) for line in lines]


def _wait(line: WaitLine, wanted: Mapping[str, str], votes: Sequence[str], now: datetime) -> Waiting:
    at = clock(line.due_at, line.zone, now)
    if line.due_at <= now - LATE:
        what = "timer" if line.kind == WaitKind.TIMER else "wait"
        return _of(line, "worker", f"{what} ended at {at}, and no worker has looked", "a worker that is running")
    match line.kind:
        case WaitKind.EVENT:
            return _of(line, "event", *_awaited(line, wanted, at))
        case WaitKind.APPROVAL:
            return _of(line, "approval", *_asked(line, votes, at))
    return _of(line, "timer", f"timer until {at}", "time")


def _awaited(line: WaitLine, wanted: Mapping[str, str], at: str) -> tuple[str, str]:
    details = line.details or {}
    names = details.get("names", [])
    told = [f"{name}: {wanted[name]}" if name else wanted[name] for name in names if name in wanted]
    missing = told or details.get("events", [])
    joined = (" or " if details.get("is_any") else " and ").join(missing)
    came = [name for name in names if name and name not in wanted]
    so_far = f"; came so far: {', '.join(came)}" if came and len(names) > 1 else ""
    return f"waits for {joined}{so_far}", f"{joined}; it is given up at {at}"


def _asked(line: WaitLine, votes: Sequence[str], at: str) -> tuple[str, str]:
    asked = line.details or {}
    roles, count = " or ".join(asked.get("roles", [])), asked.get("count", 1)
    agreed = f", {', '.join(votes)} agreed" if votes else ""
    again = ", asked again because the numbers moved" if line.round else ""
    why = f"{asked.get('title', '')} {count} of {roles} must agree{agreed}{again}"
    return why.strip(), f"{roles} (stagedoor approve {line.id}); it expires at {at}"


def _wanted(connection: Connection, wait_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """What has not come yet, by wait and name: "symphony.campaign.completed with data.id 5017"."""
    if not wait_ids:
        return {}
    table = tables.awaited
    rows = connection.execute(
        sa.select(table.c.wait_id, table.c.name, table.c.key).where(
            table.c.wait_id.in_(wait_ids), table.c.is_open == 1, table.c.event_id.is_(None)
        )
    )
    kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
    values: dict[tuple[str, str], str] = {}
    for row in rows:
        kind, path, value = row.key.split("|", 2)
        kinds[row.wait_id, row.name].append(kind)
        values[row.wait_id, row.name] = f"{path} {value[2:]}"
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for (wait_id, name), names in kinds.items():
        found[wait_id][name] = f"{' or '.join(sorted(names))} with {values[wait_id, name]}"
    return found


def _votes(connection: Connection, wait_ids: Sequence[str]) -> dict[str, list[str]]:
    if not wait_ids:
        return {}
    table = tables.votes
    found: dict[str, list[str]] = defaultdict(list)
    asked = sa.select(table.c.wait_id, table.c.person).where(table.c.wait_id.in_(wait_ids))
    for row in connection.execute(asked.order_by(table.c.voted_at)):
        found[row.wait_id].append(row.person)
    return found


def _of(line: WaitLine, kind: Kind, why: str, opens: str) -> Waiting:
    return Waiting(
        kind=kind,
        what=line.step,
        why=redact_text(why),
        opens=redact_text(opens),
        since=line.created_at,
        until=line.due_at,
        run_id=line.run_id,
        workflow=line.workflow,
        run_key=line.run_key,
        step=where(line.step, line.iteration),
        wait_id=line.id,
    )
