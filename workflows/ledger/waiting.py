"""Waiting: everything that waits and why, in words an operator understands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from workflows.catalogue import Repeat
from workflows.engine.gates import Milestone, Precondition
from workflows.engine.states import EffectState, RunState, WaitState
from workflows.ledger import tables
from workflows.ledger.effects import seen_milestones
from workflows.ledger.lines import (
    EffectLine,
    RunLine,
    WaitLine,
    in_state,
    line_of,
    select_effects,
    select_runs,
    select_waits,
)
from workflows.redaction import redact_text

LIMIT = 200
ENOUGH_LOOKS = 3
"""After so many looks at the vendor that found nothing, a person may as well look too."""

LATE = timedelta(seconds=10)
"""What is due moves within a second or two; after this long something is missing, mostly a running worker."""

LIVE = (
    EffectState.INTENDED,
    EffectState.HELD,
    EffectState.RELEASED,
    EffectState.CLAIMED,
    EffectState.ACCEPTED,
    EffectState.IN_DOUBT,
)

Kind = Literal["person", "gate", "vendor", "retry", "timer", "worker", "intake", "moving"]
ORDER: Sequence[Kind] = ("person", "gate", "vendor", "retry", "timer", "worker", "intake", "moving")
"""What needs a person first. `moving` waits for nothing but its turn."""

NOT_YET = {
    "completed": "has not completed yet",
    "failed": "has not failed yet",
    "processing": "is not processing yet",
}


@dataclass(frozen=True)
class Waiting:
    """One thing that waits.

    what     the operation, the step or the table that waits
    why      one sentence for people, without personal data
    opens    what would let it go on
    until    when it is looked at again or goes on by itself; None: only what `opens` says helps
    """

    kind: Kind
    what: str
    why: str
    opens: str
    since: datetime
    until: datetime | None = None
    run_id: str | None = None
    workflow: str | None = None
    run_key: str | None = None
    step: str | None = None
    effect_id: str | None = None
    wait_id: str | None = None


def waiting(connection: Connection, now: datetime, *, limit: int = LIMIT) -> list[Waiting]:
    """Everything that waits, at most `limit` of a kind: what needs a person first, then what has waited longest."""
    effect = tables.effects
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
    found = [item for which in asked for item in _effects(connection, which, now, limit)]
    found += _timers(connection, in_state(tables.waits, WaitState.OPEN), now, limit)
    found += _idle(connection, (tables.runs.c.created_at <= late) & _asleep(late), now, limit)
    found += _intake(connection, now)
    return sorted(
        (item for item in found if item.kind != "moving"), key=lambda item: (ORDER.index(item.kind), item.since)
    )


def waiting_of(connection: Connection, run_id: str, now: datetime) -> list[Waiting]:
    """What one run waits for now, also where it only waits for its turn; empty when it has ended."""
    effect, wait, run = tables.effects, tables.waits, tables.runs
    found = _effects(connection, in_state(effect, *LIVE) & (effect.c.run_id == run_id), now, LIMIT)
    found += _timers(connection, in_state(wait, WaitState.OPEN) & (wait.c.run_id == run_id), now, LIMIT)
    return found or _idle(connection, run.c.id == run_id, now, LIMIT)


def waiting_of_effect(connection: Connection, effect_id: str, now: datetime) -> list[Waiting]:
    """What one effect waits for now, also where it only waits for its turn; empty when it is over."""
    effect = tables.effects
    return _effects(connection, in_state(effect, *LIVE) & (effect.c.id == effect_id), now, LIMIT)


def clock(moment: datetime, zone: str, now: datetime) -> str:
    """An instant as people in `zone` say it: "09:00 Europe/London", with the day where it is not today."""
    try:
        rules = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone, rules = "UTC", ZoneInfo("UTC")
    local, today = moment.astimezone(rules), now.astimezone(rules)
    time_of_day = f"{local:%H:%M:%S}".removesuffix(":00")
    if local.date() == today.date():
        return f"{time_of_day} {zone}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{time_of_day} on {local:%a} {local.day} {local:%b}{year}, {zone}"


def _effects(connection: Connection, which: ColumnElement[bool], now: datetime, limit: int) -> list[Waiting]:
    # Not by id, which is the same order: SQLite would go through all there ever was to save itself the sorting.
    statement = select_effects().where(which).order_by(tables.effects.c.created_at).limit(limit)
    lines = [line_of(EffectLine, row) for row in connection.execute(statement)]
    needs = {line.id: [Precondition(*need) for need in line.requires] for line in lines}
    seen = seen_milestones(connection, [need for required in needs.values() for need in required])
    return [_effect(line, needs[line.id], seen, now) for line in lines]


def _effect(line: EffectLine, needs: Sequence[Precondition], seen: Iterable[Milestone], now: datetime) -> Waiting:
    match line.state:
        case EffectState.IN_DOUBT if line.repeat == Repeat.VERIFY and line.looks < ENOUGH_LOOKS:
            why = f"in doubt; {line.vendor} is looked at for it" + _because(line)
            opens = f"finding it at {line.vendor}, or a person who settles it"
            return _of(line, "vendor", why, opens, until=line.due_at, since=line.last_attempt_at)
        case EffectState.ACCEPTED:
            why = f"{line.vendor} has accepted it and is at work on it"
            return _of(line, "vendor", why, f"{line.vendor} ending it", until=line.due_at, since=line.last_attempt_at)
        case EffectState.IN_DOUBT:
            why = f"in doubt: a person must decide whether {line.vendor} acted" + _because(line)
            return _of(
                line, "person", why, f"a person who looks at {line.vendor} and settles it", since=line.last_attempt_at
            )
        case EffectState.HELD:
            return _held(line, needs, frozenset(seen), now)
        case EffectState.INTENDED if line.due_at > now and line.attempts:
            after = str(line.status) if line.status else "not being sent"
            at = clock(line.due_at, line.zone, now)
            why = f"next attempt ({line.attempts + 1} of {line.max_attempts}) at {at} after {after}" + _because(line)
            return _of(line, "retry", why, "time", until=line.due_at, since=line.last_attempt_at)
        case EffectState.INTENDED if line.rests_until is not None and line.rests_until > now:
            at = clock(line.rests_until, line.zone, now)
            why = f"{line.vendor} is left alone until {at}: it did not answer, or asked for it"
            return _of(line, "vendor", why, "time", until=line.rests_until)
        case EffectState.INTENDED if line.due_at <= now - LATE:
            why = f"due since {clock(line.due_at, line.zone, now)}, and no worker has taken it"
            opens = f"a worker for {line.vendor} that is running and has a lane free"
            return _of(line, "worker", why, opens, since=line.due_at)
        case EffectState.INTENDED:
            return _of(line, "moving", "due; it goes to a worker within a second or two", "its turn", until=line.due_at)
        case _:
            return _out(line, now)


def _held(line: EffectLine, needs: Sequence[Precondition], seen: frozenset[Milestone], now: datetime) -> Waiting:
    if line.gate == "rate":
        return _of(line, "vendor", line.reason or "a limit is used up", "time", until=line.due_at)
    if line.gate == "operation":
        return _of(line, "gate", line.reason or "", f"a release that has {line.operation}", until=line.due_at)
    if line.gate != "vendor":
        return _of(line, "gate", line.reason or "a gate is closed", "the other effect being settled", until=line.due_at)
    need = next((need for need in needs if Milestone(need.subject, need.event) not in seen), None)
    if need is None:
        return _of(line, "moving", "its gate has opened; it goes out within seconds", "its turn", until=line.due_at)
    thing = " ".join(need.subject.split(":")[1:]) or need.subject
    word = need.event.rpartition(".")[2]
    why = f"{thing} {NOT_YET.get(word, f'has not been {word} yet')}: waits for {need.event} about {need.subject}"
    opens = f"{need.event} about {need.subject}"
    return _of(line, "gate", why + (f". {need.why}" if need.why else ""), opens, until=line.due_at)


def _out(line: EffectLine, now: datetime) -> Waiting:
    """An effect that a worker has, or had."""
    if line.lease_until is not None and line.lease_until <= now - LATE:
        why = f"its worker has not been heard of since its lease ended at {clock(line.lease_until, line.zone, now)}"
        return _of(line, "worker", why, "a worker that sweeps ended leases", since=line.lease_until)
    if line.state == EffectState.RELEASED:
        return _of(line, "moving", "handed to the workers", "its turn", until=line.lease_until)
    why = f"a worker is speaking to {line.vendor}"
    return _of(line, "moving", why, f"the answer of {line.vendor}", since=line.last_attempt_at, until=line.lease_until)


def _of(
    line: EffectLine, kind: Kind, why: str, opens: str, *, until: datetime | None = None, since: datetime | None = None
) -> Waiting:
    return Waiting(
        kind=kind,
        what=line.operation,
        why=redact_text(why),
        opens=redact_text(opens),
        since=since or line.created_at,
        until=until,
        run_id=line.run_id,
        workflow=line.workflow,
        run_key=line.run_key,
        step=line.step,
        effect_id=line.id,
    )


def _because(line: EffectLine) -> str:
    return f": {line.reason}" if line.reason else ""


def _timers(connection: Connection, which: ColumnElement[bool], now: datetime, limit: int) -> list[Waiting]:
    statement = select_waits().where(which).order_by(tables.waits.c.due_at).limit(limit)
    return [_timer(line_of(WaitLine, row), now) for row in connection.execute(statement)]


def _timer(line: WaitLine, now: datetime) -> Waiting:
    at = clock(line.due_at, line.zone, now)
    is_late = line.due_at <= now - LATE
    return Waiting(
        kind="worker" if is_late else "timer",
        what=line.step,
        why=f"timer ended at {at}, and no worker has looked" if is_late else f"timer until {at}",
        opens="a worker that is running" if is_late else "time",
        since=line.created_at,
        until=line.due_at,
        run_id=line.run_id,
        workflow=line.workflow,
        run_key=line.run_key,
        step=line.step,
        wait_id=line.id,
    )


def _asleep(late: datetime) -> ColumnElement[bool]:
    """Runs nobody has woken, or that were to be woken long ago."""
    wake_at = tables.runs.c.wake_at
    return wake_at.is_(None) | (wake_at <= late)


def _idle(connection: Connection, which: ColumnElement[bool], now: datetime, limit: int) -> list[Waiting]:
    """Running runs that wait on nothing in the ledger: their next step is about to be decided."""
    run, wait, effect = tables.runs, tables.waits, tables.effects
    timer = sa.exists().where(wait.c.run_id == run.c.id, in_state(wait, WaitState.OPEN))
    call = sa.exists().where(effect.c.run_id == run.c.id, in_state(effect, *LIVE))
    # In the words of its partial index, which knows these two states together.
    running = in_state(run, RunState.RUNNING, RunState.QUEUED) & (run.c.state == RunState.RUNNING)
    statement = select_runs().where(running, which, ~timer, ~call)
    rows = connection.execute(statement.order_by(run.c.created_at).limit(limit))
    return [_undecided(line_of(RunLine, row), now) for row in rows]


def _undecided(line: RunLine, now: datetime) -> Waiting:
    due_at = line.wake_at or line.created_at
    is_late = due_at <= now - LATE
    late = f"to be taken on since {clock(due_at, line.zone, now)}, and no worker has"
    return Waiting(
        kind="worker" if is_late else "moving",
        what=line.workflow,
        why=late if is_late else "its next step is decided within a second or two",
        opens="a worker that is running" if is_late else "its turn",
        since=due_at,
        until=line.wake_at,
        run_id=line.id,
        workflow=line.workflow,
        run_key=line.key,
    )


def _intake(connection: Connection, now: datetime) -> list[Waiting]:
    table = tables.deliveries
    statement = sa.select(sa.func.count(), sa.func.min(table.c.received_at)).where(in_state(table, "pending"))
    count, oldest = connection.execute(statement).one()
    if not count or oldest > now - LATE:
        return []
    which = "1 delivery is" if count == 1 else f"{count} deliveries are"
    why = f"{which} stored and not taken in yet, the oldest since {clock(oldest, 'UTC', now)}"
    return [Waiting("intake", "deliveries", why, "an intake worker that is running", since=oldest)]
