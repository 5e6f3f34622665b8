"""Effects: vendor calls from the intent to the outcome, with their leases, subjects and attempts.

Every write that moves an effect names the states it may come from and, once claimed, the token of its holder, and says
whether it landed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice, zip_longest
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from workflows.catalogue import Inputs, Outcome, Repeat, Request
from workflows.engine.gates import Closed, Milestone, Precondition, occupied
from workflows.engine.snapshot import At
from workflows.engine.states import EFFECT_MOVES, OUT_THERE, EffectState, sources_of
from workflows.errors import NotFound
from workflows.ledger import once
from workflows.ledger.lines import in_state
from workflows.ledger.prepared import Later, Prepared, one_of
from workflows.ledger.tables import attempts, effect_subjects, effects, milestones
from workflows.values import EffectId, new_id

MOST_TENANTS = 50
"""Others that are looked at when one has more to do than may leave."""

RELEASE_SECONDS = 30
"""A released effect that nobody claimed within this time is released again: its message was lost."""


FINAL = frozenset({EffectState.DONE, EffectState.REFUSED, EffectState.CANCELLED, EffectState.SKIPPED})
"""The states of an effect that is over."""


@dataclass(frozen=True)
class Intent:
    """A call that shall be made."""

    key: str
    run_id: str | None
    step: str | None
    inputs: Inputs
    request: Request
    vendor: str
    repeat: Repeat
    requires: tuple[Precondition, ...]
    subjects: tuple[str, ...]
    max_attempts: int
    give_up_at: datetime
    iteration: str = ""
    round: int = 0
    tenant: str = ""
    once_key: str | None = None
    expects: tuple[ExpectedRead, ...] = ()


class ExpectedRead(NamedTuple):
    """What a step read at `path` must still be `value`; `operation` and `inputs` read it again."""

    name: str
    step: str
    path: tuple[str | int, ...]
    value: Any
    operation: str
    inputs: Inputs


@dataclass(frozen=True)
class EffectRow:
    """One effect as the ledger has it."""

    id: EffectId
    run_id: str | None
    operation: str
    vendor: str
    inputs: Inputs
    request: Request
    repeat: Repeat
    requires: tuple[Precondition, ...]
    state: EffectState
    attempts: int
    max_attempts: int
    give_up_at: datetime
    token: int
    holder: str | None
    lease_until: datetime | None
    looks: int
    output: Any
    created_at: datetime
    once_key: str | None
    expects: tuple[ExpectedRead, ...]
    seen: Any
    seen_at: datetime | None
    tenant: str

    @classmethod
    def of(cls, row: Row[Any]) -> EffectRow:
        return cls(
            id=EffectId(row.id),
            run_id=row.run_id,
            operation=row.operation,
            vendor=row.vendor,
            inputs=row.inputs,
            request=Request.from_dict(row.request),
            repeat=Repeat(row.repeat),
            requires=tuple(Precondition(*need) for need in row.requires),
            state=EffectState(row.state),
            attempts=row.attempts,
            max_attempts=row.max_attempts,
            give_up_at=row.give_up_at,
            token=row.token,
            holder=row.holder,
            lease_until=row.lease_until,
            looks=row.looks,
            output=row.output,
            created_at=row.created_at,
            once_key=row.once_key,
            expects=tuple(
                ExpectedRead(name, step, tuple(path), value, operation, inputs)
                for name, step, path, value, operation, inputs in row.expects or ()
            ),
            seen=row.seen,
            seen_at=row.seen_at,
            tenant=row.tenant,
        )


def intend(connection: Connection, intent: Intent, closed: Closed | None, now: datetime) -> EffectId:
    """Write down that a call shall be made; `closed` is the gate that holds it from the start, if one does."""
    effect_id = EffectId(new_id())
    connection.execute(effects.insert().values(row_of(effect_id, intent, closed, now)))
    if intent.subjects:
        rows = [{"effect_id": effect_id, "subject": subject} for subject in intent.subjects]
        connection.execute(effect_subjects.insert(), rows)
    return effect_id


def row_of(effect_id: EffectId, intent: Intent, closed: Closed | None, now: datetime) -> dict[str, Any]:
    """The row of an effect that is to be made; `closed` as in `intend`."""
    held = closed is not None and not closed.for_good
    return {
        "id": effect_id,
        "key": intent.key,
        "run_id": intent.run_id,
        "step": intent.step,
        "iteration": intent.iteration,
        "round": intent.round,
        "tenant": intent.tenant,
        "once_key": intent.once_key,
        "expects": [list(item) for item in intent.expects] or None,
        "operation": intent.request.operation,
        "vendor": intent.vendor,
        "inputs": intent.inputs,
        "request": intent.request.as_dict(),
        "requires": [list(need) for need in intent.requires],
        "repeat": intent.repeat,
        "state": EffectState.HELD if held else EffectState.INTENDED,
        "gate": closed.gate if closed and held else None,
        "gate_key": closed.key if closed and held else None,
        "reason": closed.reason if closed else None,
        "due_at": recheck_at(now, now) if held else now,
        "token": 0,
        "attempts": 0,
        "holder": None,
        "lease_until": None,
        "max_attempts": intent.max_attempts,
        "give_up_at": intent.give_up_at,
        "created_at": now,
    }


def recheck_at(created_at: datetime, now: datetime) -> datetime:
    """When a held effect looks at its gate again by itself; `created_at` is `now` when it was not held before.

    News about the gate's key wakes it at once; this look only finds what arrived in the very moment it was held, so
    it is soon at first and then ever rarer.
    """
    age = now - created_at
    return now + min(max(age, timedelta(seconds=1)), timedelta(minutes=5))


_SEEN = Prepared(sa.select(milestones.c.subject, milestones.c.type).where(one_of(milestones.c.subject, "subjects")))


def seen_milestones(connection: Connection, required: Iterable[Precondition]) -> set[Milestone]:
    """Everything seen so far about the subjects of these preconditions."""
    return ask_seen(connection, required)()


def ask_seen(connection: Connection, required: Iterable[Precondition]) -> Later[set[Milestone]]:
    """The same, to be had later."""
    subjects = {need.subject for need in required}
    if not subjects:
        return set
    found = _SEEN.ask(connection, subjects=subjects)
    return lambda: {Milestone(row.subject, row.type) for row in found()}


def _wake_where(which: sa.ColumnElement[bool]) -> sa.Update:
    """Of the held effects those that nobody has locked."""
    held = sa.select(effects.c.id).where(in_state(effects, EffectState.HELD), which)
    free = effects.c.id.in_(held.with_for_update(skip_locked=True))
    return effects.update().where(free).values(due_at=sa.bindparam("at"))


_WAKE_HELD = Prepared(_wake_where(one_of(effects.c.gate_key, "keys")).returning(effects.c.id))


def wake_held(connection: Connection, keys: Collection[str], now: datetime) -> int:
    """There is news about these subjects: let what they hold look at its gate again; how many effects.

    Waits for nobody, since others wait for what this transaction holds already: an effect that another transaction is
    just waking or looking at is left to it (see `ask_missed`).
    """
    return len(_WAKE_HELD.all(connection, keys=keys, at=now)) if keys else 0


_BEHIND = sa.select(effect_subjects.c.subject).where(one_of(effect_subjects.c.effect_id, "ids"))
_WAKE_BEHIND = Prepared(_wake_where(effects.c.gate_key.in_(_BEHIND)))


def wake_behind(connection: Connection, effect_ids: Collection[str], now: datetime) -> None:
    """The same for what waits behind these effects, for the subjects they have just freed."""
    _WAKE_BEHIND.run(connection, ids=effect_ids, at=now)


def ask_missed(connection: Connection, keys: Collection[str], now: datetime) -> Later[bool]:
    """Whether these subjects hold an effect that does not look at its gate by `now`, the time of the news."""
    found = _ASLEEP.ask(connection, keys=keys, by=now)
    return lambda: bool(found())


_ASLEEP = Prepared(
    sa.select(sa.literal(1))
    .where(
        in_state(effects, EffectState.HELD),
        one_of(effects.c.gate_key, "keys"),
        effects.c.due_at > sa.bindparam("by"),
    )
    .limit(1)
)


_DUE = in_state(effects, EffectState.INTENDED, EffectState.HELD) & (effects.c.due_at <= sa.bindparam("by"))


def with_due(connection: Connection, vendors: Sequence[str], now: datetime) -> list[str]:
    """Those of these vendors of which an effect may be released now."""
    return ask_due(connection, vendors, now)()


def ask_due(connection: Connection, vendors: Sequence[str], now: datetime) -> Later[list[str]]:
    """The same, to be had later."""
    if not vendors:
        return list
    found = _are_due(tuple(vendors)).ask(connection, by=now)
    return lambda: [vendor for vendor, is_due in zip(vendors, found()[0], strict=True) if is_due]


@lru_cache(maxsize=64)
def _are_due(vendors: tuple[str, ...]) -> Prepared:
    asked = [sa.exists().where(_DUE, effects.c.vendor == vendor) for vendor in vendors]
    columns: list[sa.ColumnElement[Any]] = [each.label(f"vendor_{place}") for place, each in enumerate(asked)]
    return Prepared(sa.select(*columns))


def count_out(connection: Connection, vendor: str) -> int:
    """How many effects of this vendor are with the workers."""
    return ask_out(connection, vendor)()


def ask_out(connection: Connection, vendor: str) -> Later[int]:
    """The same, to be had later."""
    found = _COUNT_OUT.ask(connection, of=vendor)
    return lambda: found()[0][0]


_COUNT_OUT = Prepared(
    sa.select(sa.func.count()).where(
        in_state(effects, EffectState.RELEASED, EffectState.CLAIMED), effects.c.vendor == sa.bindparam("of")
    )
)


class DueRow(NamedTuple):
    """As much of an effect as its release needs."""

    id: str
    operation: str
    vendor: str
    tenant: str
    requires: tuple[Precondition, ...]
    state: EffectState
    created_at: datetime


def due(connection: Connection, vendor: str, now: datetime, limit: int) -> list[DueRow]:
    """Effects of this vendor that may leave now, the longest waiting first; locked, those locked elsewhere left out.

    Where more are due than asked for, tenants take turns, so that one with thousands keeps none of the others waiting.
    """
    found = _due_of(connection, _FIRST_DUE, {"of": vendor, "by": now, "most": limit})
    if len(found) < limit:
        return found
    ours = found[0].tenant
    turns = [[effect for effect in found if effect.tenant == ours]]
    for tenant in islice(_tenants(connection, vendor, ours), MOST_TENANTS):
        of_tenant = _due_of(connection, _FIRST_DUE_OF_TENANT, {"of": vendor, "by": now, "most": limit, "whose": tenant})
        turns += [of_tenant] if of_tenant else []
    return [effect for turn in zip_longest(*turns) for effect in turn if effect is not None][:limit]


def _due_of(connection: Connection, statement: Prepared, given: dict[str, Any]) -> list[DueRow]:
    return [
        DueRow(
            row.id,
            row.operation,
            row.vendor,
            row.tenant,
            tuple(Precondition(*need) for need in row.requires),
            EffectState(row.state),
            row.created_at,
        )
        for row in statement.all(connection, **given)
    ]


def _tenants(connection: Connection, vendor: str, after: str) -> Iterator[str]:
    """The other tenants with effects that wait for this vendor, going round from the one behind `after`."""
    tenant = _NEXT_TENANT.scalar(connection, of=vendor, after=after)
    while tenant is not None:
        yield tenant
        tenant = _NEXT_TENANT.scalar(connection, of=vendor, after=tenant)
    tenant = _NEXT_TENANT.scalar(connection, of=vendor, after="")
    while tenant is not None and tenant < after:
        yield tenant
        tenant = _NEXT_TENANT.scalar(connection, of=vendor, after=tenant)


_NEXT_TENANT = Prepared(
    sa.select(sa.func.min(effects.c.tenant)).where(
        in_state(effects, EffectState.INTENDED, EffectState.HELD),
        effects.c.vendor == sa.bindparam("of"),
        effects.c.tenant > sa.bindparam("after"),
    )
)


_DUE_OF_VENDOR = sa.select(*(effects.c[name] for name in DueRow._fields)).where(
    _DUE, effects.c.vendor == sa.bindparam("of")
)
_FIRST_DUE, _FIRST_DUE_OF_TENANT = (
    Prepared(
        which.order_by(effects.c.due_at, effects.c.id).limit(sa.bindparam("most")).with_for_update(skip_locked=True)
    )
    for which in (_DUE_OF_VENDOR, _DUE_OF_VENDOR.where(effects.c.tenant == sa.bindparam("whose")))
)


def release(connection: Connection, effect_ids: Sequence[str], now: datetime) -> None:
    """Hand these effects to the workers, under a lease that a lost message outlives."""
    if not effect_ids:
        return
    _RELEASE.run(connection, ids=effect_ids, until=now + timedelta(seconds=RELEASE_SECONDS))


_RELEASE = Prepared(
    effects.update()
    .where(
        one_of(effects.c.id, "ids"),
        in_state(effects, *sources_of(EFFECT_MOVES, EffectState.RELEASED)),
    )
    .values(state=EffectState.RELEASED, gate=None, gate_key=None, lease_until=sa.bindparam("until"))
)


def take_back(connection: Connection, effect_ids: Sequence[str], due_at: datetime) -> None:
    """The broker did not take their messages: they are due again at `due_at`."""
    connection.execute(
        effects.update()
        .where(effects.c.id.in_(effect_ids), effects.c.state == EffectState.RELEASED)
        .values(state=EffectState.INTENDED, lease_until=None, due_at=due_at)
    )


def hold(connection: Connection, effect: EffectRow | DueRow, closed: Closed, now: datetime) -> bool:
    """Let a closed gate hold an effect that is not claimed, until news about its key or its time comes."""
    before = [*sources_of(EFFECT_MOVES, EffectState.HELD), EffectState.HELD]
    moved = connection.execute(
        effects.update()
        .where(effects.c.id == effect.id, effects.c.state.in_(before))
        .values(
            state=EffectState.HELD,
            gate=closed.gate,
            gate_key=closed.key,
            reason=closed.reason,
            lease_until=None,
            due_at=closed.opens_at or recheck_at(effect.created_at if effect.state is EffectState.HELD else now, now),
        )
    )
    return bool(moved.rowcount)


def lock(connection: Connection, effect_id: str) -> EffectRow | None:
    """Lock one effect for this transaction."""
    row = connection.execute(sa.select(effects).where(effects.c.id == effect_id).with_for_update()).one_or_none()
    return None if row is None else EffectRow.of(row)


def find(connection: Connection, effect_id: str) -> EffectRow | None:
    """Look at one effect."""
    row = connection.execute(sa.select(effects).where(effects.c.id == effect_id)).one_or_none()
    return None if row is None else EffectRow.of(row)


def run_of(connection: Connection, effect_id: str) -> str | None:
    """The run an effect belongs to, read without a lock: a run is always locked before its effects."""
    return connection.scalar(sa.select(effects.c.run_id).where(effects.c.id == effect_id))


def key_of(connection: Connection, effect_id: str) -> str:
    """The key of an effect, its identity for ever."""
    key: str = connection.scalars(sa.select(effects.c.key).where(effects.c.id == effect_id)).one()
    return key


def occupant(connection: Connection, effect_id: str) -> Closed | None:
    """The gate that is closed while another effect has one of this effect's subjects."""
    mine = sa.select(effect_subjects.c.subject).where(effect_subjects.c.effect_id == effect_id)
    other = sa.select(effect_subjects.c.subject, effect_subjects.c.effect_id).where(
        effect_subjects.c.subject.in_(mine), effect_subjects.c.occupied == 1, effect_subjects.c.effect_id != effect_id
    )
    taken = connection.execute(other.order_by(effect_subjects.c.subject).limit(1)).one_or_none()
    return None if taken is None else occupied(taken.subject, taken.effect_id)


def occupy(connection: Connection, effect_id: str) -> Closed | None:
    """Take the effect's subjects; the gate that is closed when another effect has one of them."""
    closed = occupant(connection, effect_id)
    if closed is not None:
        return closed
    mine = sa.select(effect_subjects.c.subject).where(effect_subjects.c.effect_id == effect_id)
    subjects = list(connection.scalars(mine.order_by(effect_subjects.c.subject)))
    try:
        with connection.begin_nested():
            # One by one and in order: two claims that took the same ones crosswise would wait for each other.
            for subject in subjects:
                _set_occupied(connection, effect_id, 1, effect_subjects.c.subject == subject)
        return None
    except IntegrityError:  # another claim took it between the look and the write
        return occupant(connection, effect_id) or occupied(subjects[0], "that has just ended")


def _set_occupied(connection: Connection, effect_id: str, value: int, *which: sa.ColumnElement[bool]) -> None:
    mine = effect_subjects.update().where(effect_subjects.c.effect_id == effect_id, *which)
    connection.execute(mine.values(occupied=value))


def claim(connection: Connection, effect: EffectRow, *, holder: str, lease_until: datetime, now: datetime) -> int:
    """Give a released effect to `holder` until `lease_until`; the token its outcome must carry."""
    number = effect.attempts + 1
    connection.execute(
        effects.update()
        .where(effects.c.id == effect.id, effects.c.state == EffectState.RELEASED)
        .values(
            state=EffectState.CLAIMED,
            token=effect.token + 1,
            attempts=number,
            holder=holder,
            lease_until=lease_until,
            reason=None,
        )
    )
    connection.execute(attempts.insert().values(effect_id=effect.id, number=number, holder=holder, started_at=now))
    return effect.token + 1


def end_attempt(connection: Connection, effect: EffectRow, outcome: Outcome, now: datetime) -> None:
    """Write down how the attempt under way ended."""
    this = (attempts.c.effect_id == effect.id, attempts.c.number == effect.attempts)
    connection.execute(
        attempts.update()
        .where(*this)
        .values(ended_at=now, outcome=outcome.kind, status=outcome.status, reason=outcome.reason)
    )


def let_go(connection: Connection, effect: EffectRow) -> None:
    """The holder itself says that its call is over, whatever became of it."""
    mine = (effects.c.id == effect.id) & (effects.c.token == effect.token)
    connection.execute(effects.update().where(mine).values(holder=None))


def move(
    connection: Connection,
    effect: EffectRow,
    state: EffectState,
    now: datetime,
    *,
    keeps_subjects: bool = False,
    **values: Any,
) -> bool:
    """Move an effect out of the hands of whoever holds it under `effect.token`; whether that landed.

    Its subjects are free afterwards, unless it is in doubt or told to keep them.
    """
    final = state in FINAL
    moved = connection.execute(
        effects.update()
        .where(
            effects.c.id == effect.id,
            effects.c.token == effect.token,
            effects.c.state.in_(sources_of(EFFECT_MOVES, state)),
        )
        .values(
            state=state,
            gate=None,
            gate_key=None,
            lease_until=None,
            ended_at=now if final else None,
            **values,
        )
    )
    if not moved.rowcount:
        return False
    if state is not EffectState.IN_DOUBT and not keeps_subjects:
        free_subjects(connection, effect.id, now)
    if effect.once_key is not None and final:
        _free_once(connection, effect, state, now)
    return True


def _free_once(connection: Connection, effect: EffectRow, state: EffectState, now: datetime) -> None:
    """Those that wait for how it ends look again: they are not needed any more, or the next of them may go."""
    if state is not EffectState.DONE:
        once.give_back(connection, effect.id)
    wake_held(connection, [effect.once_key or ""], now)


def give_up(connection: Connection, run_id: str, steps: Sequence[At] | None, reason: str, now: datetime) -> None:
    """Cancel what a locked run (at these steps; None: at any) has intended and not sent."""
    unsent = effects.c.state.in_(sources_of(EFFECT_MOVES, EffectState.CANCELLED))
    rows = connection.execute(sa.select(effects).where(effects.c.run_id == run_id, unsent).with_for_update()).all()
    for row in rows:
        if steps is None or At(row.step, row.iteration) in steps:
            move(connection, EffectRow.of(row), EffectState.CANCELLED, now, reason=reason)


def see(connection: Connection, effect_id: str, seen: Mapping[str, Any], now: datetime) -> None:
    """Keep what was read just now of what an effect expects: by step the answer."""
    connection.execute(effects.update().where(effects.c.id == effect_id).values(seen=seen, seen_at=now))


def call_of(connection: Connection, run_id: str, at: At) -> tuple[str, Inputs]:
    """The operation and the inputs of the last call a step made. Raises NotFound."""
    statement = (
        sa.select(effects.c.operation, effects.c.inputs)
        .where(effects.c.run_id == run_id, effects.c.step == at.step, effects.c.iteration == at.iteration)
        .order_by(effects.c.round.desc())
        .limit(1)
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFound(f"the step {at.step} has made no call")
    return row.operation, row.inputs


def acted(connection: Connection, run_id: str) -> frozenset[At]:
    """The steps of a run whose call a vendor has acted on. One that only reads does nothing to anybody."""
    columns = (effects.c.step, effects.c.iteration, effects.c.repeat, effects.c.request)
    rows = connection.execute(
        sa.select(*columns).where(effects.c.run_id == run_id, effects.c.state == EffectState.DONE)
    )
    return frozenset(At(row.step, row.iteration) for row in rows if not only_reads(row.repeat, row.request))


def only_reads(repeat: str, request: Mapping[str, Any]) -> bool:
    """Whether a call changes nothing at the vendor."""
    return repeat == Repeat.SAFE and request["method"] == "GET"


def out_there(connection: Connection, run_id: str) -> list[EffectRow]:
    """Calls of a run on which a vendor may be acting."""
    out = in_state(effects, *sorted(OUT_THERE))
    rows = connection.execute(sa.select(effects).where(effects.c.run_id == run_id, out).order_by(effects.c.id))
    return [EffectRow.of(row) for row in rows]


def free_subjects(connection: Connection, effect_id: str, now: datetime) -> None:
    """Nothing of this effect is under way any more: let others change its subjects."""
    had = list(
        connection.scalars(
            sa.select(effect_subjects.c.subject).where(
                effect_subjects.c.effect_id == effect_id, effect_subjects.c.occupied == 1
            )
        )
    )
    if had:
        _set_occupied(connection, effect_id, 0)
        wake_held(connection, had, now)


def lapsed(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Effects whose lease has run out, the oldest first."""
    out = in_state(effects, EffectState.RELEASED, EffectState.CLAIMED)
    statement = sa.select(effects.c.id).where(out, effects.c.lease_until <= now).order_by(effects.c.lease_until)
    return list(connection.scalars(statement.limit(limit)))


def looks_due(connection: Connection, now: datetime) -> bool:
    """Whether there is an effect to look at the vendor for."""
    return connection.scalar(sa.select(sa.literal(1)).where(_to_look_for(now)).limit(1)) is not None


def take_looks(connection: Connection, now: datetime, limit: int) -> list[EffectRow]:
    """Effects to look at the vendor for: those accepted, and those in doubt that a look can settle.

    Each is given out again only after a while, should nobody have looked by then.
    """
    statement = sa.select(effects).where(_to_look_for(now)).order_by(effects.c.due_at).limit(limit)
    found = [EffectRow.of(row) for row in connection.execute(statement.with_for_update(skip_locked=True))]
    if found:
        given_out = effects.c.id.in_([effect.id for effect in found])
        again_at = now + timedelta(seconds=RELEASE_SECONDS)
        connection.execute(effects.update().where(given_out).values(due_at=again_at))
    return found


def _to_look_for(now: datetime) -> sa.ColumnElement[bool]:
    to_settle = in_state(effects, EffectState.ACCEPTED) | (effects.c.repeat == Repeat.VERIFY)
    return in_state(effects, EffectState.ACCEPTED, EffectState.IN_DOUBT) & to_settle & (effects.c.due_at <= now)


def looked(connection: Connection, effect: EffectRow, next_at: datetime, *, was_read: bool) -> None:
    """A look saw nothing that settles it: look again at `next_at`. One that could not read the vendor proves nothing
    and is not counted.
    """
    this = (effects.c.id == effect.id) & (effects.c.token == effect.token) & (effects.c.state == effect.state)
    connection.execute(effects.update().where(this).values(looks=effect.looks + was_read, due_at=next_at))
