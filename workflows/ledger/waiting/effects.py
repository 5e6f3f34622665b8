"""Vendor calls that wait: for a gate, a vendor, a retry, a person, a worker, or only their turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from workflows.catalogue import Repeat
from workflows.engine.gates import Gate, Milestone, Precondition
from workflows.engine.states import EffectState
from workflows.ledger import tables
from workflows.ledger.effects import seen_milestones
from workflows.ledger.lines import EffectLine, line_of, select_effects
from workflows.ledger.waiting.thing import LATE, Kind, Waiting, clock, where
from workflows.redaction import redact_text

ENOUGH_LOOKS = 3
"""After so many looks at the vendor that found nothing, a person may as well look too."""

NOT_YET = {
    "completed": "has not completed yet",
    "failed": "has not failed yet",
    "processing": "is not processing yet",
}


def effects(connection: Connection, which: ColumnElement[bool], now: datetime, limit: int) -> list[Waiting]:
    # Not by id, which is the same order: SQLite would go through all there ever was to save itself the sorting.
    statement = select_effects().where(which).order_by(tables.effects.c.created_at).limit(limit)
    lines = [line_of(EffectLine, row) for row in connection.execute(statement)]
    needs = {line.id: [Precondition(*need) for need in line.requires] for line in lines}
    seen = seen_milestones(connection, [need for required in needs.values() for need in required])
    blockers = _blockers(connection, lines)
    return [_held_by(_effect(line, needs[line.id], seen, now), line, blockers) for line in lines]


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
    if line.gate == Gate.RATE:
        return _of(line, "vendor", line.reason or "a limit is used up", "time", until=line.due_at)
    if line.gate == Gate.OPERATION:
        return _of(line, "gate", line.reason or "", f"a release that has {line.operation}", until=line.due_at)
    if line.gate != Gate.VENDOR:
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
        step=None if line.step is None else where(line.step, line.iteration),
        effect_id=line.id,
    )


def _because(line: EffectLine) -> str:
    return f": {line.reason}" if line.reason else ""


def _blockers(connection: Connection, lines: Sequence[EffectLine]) -> Mapping[tuple[str, str], tuple[str, str | None]]:
    """Which effect, of which run, has what others are held for: by gate and key."""
    effect, subject, once = tables.effects, tables.effect_subjects, tables.once_keys
    found: dict[tuple[str, str], tuple[str, str | None]] = {}
    subjects = sorted({line.gate_key for line in lines if line.gate == Gate.SUBJECT and line.gate_key})
    if subjects:
        taken = sa.select(subject.c.subject, effect.c.id, effect.c.run_id).join(effect)
        for row in connection.execute(taken.where(subject.c.subject.in_(subjects), subject.c.occupied == 1)):
            found["subject", row.subject] = (row.id, row.run_id)
    keys = sorted({line.gate_key for line in lines if line.gate == Gate.ONCE and line.gate_key})
    if keys:
        held = sa.select(once.c.key, effect.c.id, effect.c.run_id).join(effect, effect.c.id == once.c.effect_id)
        for row in connection.execute(held.where(once.c.key.in_(keys))):
            found["once", row.key] = (row.id, row.run_id)
    return found


def _held_by(waiting: Waiting, line: EffectLine, blockers: Mapping[tuple[str, str], tuple[str, str | None]]) -> Waiting:
    found = blockers.get((line.gate or "", line.gate_key or ""))
    if found is None:
        return waiting
    effect_id, run_id = found
    of_run = f" of run {run_id}" if run_id else ""
    opens = f"the end of effect {effect_id}{of_run}"
    return replace(waiting, opens=opens, held_by_effect=effect_id, held_by_run=run_id)
