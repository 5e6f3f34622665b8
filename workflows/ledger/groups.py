"""Reads and writes for many effects and their runs at once: a few statements a group instead of some dozens an effect.

Only for the ordinary (see `workflows.runtime.groups`); the statements for one effect, which know every case, are in
`effects`, `runs` and `steps`. Rows are locked in the order of their ids, runs before effects: two groups that have some
in common would otherwise wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.catalogue import Outcome
from workflows.engine.decisions import EndRun, EndStep
from workflows.engine.gates import Closed, occupied
from workflows.engine.snapshot import At, EffectView, StepView
from workflows.engine.states import EffectState, RunState, StepState
from workflows.ledger import effects as one
from workflows.ledger.effects import EffectRow, Intent
from workflows.ledger.events import ask_these
from workflows.ledger.prepared import Later, Prepared, in_one_go, insert_all, one_of
from workflows.ledger.runs import RunRow, run_of
from workflows.ledger.tables import attempts, effect_subjects, effects, nudges, runs, steps
from workflows.values import EffectId, new_id

_ORDINARY = (effects.c.once_key.is_(None), effects.c.expects.is_(None))
_RUNS_OF = sa.select(effects.c.run_id).where(one_of(effects.c.id, "ids"), *_ORDINARY)
_LOCK_CLAIMABLE = Prepared(
    sa.select(runs.c.id)
    .where(runs.c.id.in_(_RUNS_OF), runs.c.state == RunState.RUNNING, runs.c.cancel.is_(None))
    .order_by(runs.c.id)
    .with_for_update()
)
_TO_BE_CANCELLED = Prepared(
    sa.select(nudges.c.run_id).where(one_of(nudges.c.run_id, "ids"), nudges.c.cancel.is_not(None))
)
_LOCK_RELEASED = Prepared(
    sa.select(effects)
    .where(
        one_of(effects.c.id, "ids"),
        one_of(effects.c.run_id, "runs"),
        effects.c.state == EffectState.RELEASED,
        *_ORDINARY,
    )
    .order_by(effects.c.id)
    .with_for_update()
)
_other = effect_subjects.alias("other")
_SUBJECTS = Prepared(
    sa.select(effect_subjects.c.effect_id, effect_subjects.c.subject, _other.c.effect_id.label("taken_by"))
    .select_from(
        effect_subjects.outerjoin(
            _other,
            (_other.c.subject == effect_subjects.c.subject)
            & (_other.c.occupied == 1)
            & (_other.c.effect_id != effect_subjects.c.effect_id),
        )
    )
    .where(one_of(effect_subjects.c.effect_id, "ids"))
)
_OCCUPIED = Prepared(
    sa.select(effect_subjects.c.subject).where(
        one_of(effect_subjects.c.subject, "subjects"), effect_subjects.c.occupied == 1
    )
)
_OCCUPY = Prepared(
    effect_subjects.update()
    .where(
        effect_subjects.c.effect_id == sa.bindparam("this_effect"),
        effect_subjects.c.subject == sa.bindparam("this_subject"),
    )
    .values(occupied=1)
)
_CLAIM = Prepared(
    effects.update()
    .where(
        effects.c.id == sa.bindparam("this"),
        effects.c.state == EffectState.RELEASED,
        effects.c.token == sa.bindparam("before"),
    )
    .values(
        state=EffectState.CLAIMED,
        token=sa.bindparam("after"),
        attempts=sa.bindparam("number"),
        holder=sa.bindparam("by"),
        lease_until=sa.bindparam("until"),
        reason=None,
    )
)
_LOCK_RUNNING = Prepared(
    sa.select(runs)
    .where(one_of(runs.c.id, "ids"), runs.c.state == RunState.RUNNING)
    .order_by(runs.c.id)
    .with_for_update()
)
_STEPS = Prepared(
    sa.select(
        *(steps.c.run_id, steps.c.step, steps.c.iteration, steps.c.state),
        *(steps.c.output, steps.c.reason, steps.c.started_at),
    ).where(one_of(steps.c.run_id, "ids"))
)
_EFFECTS = Prepared(
    sa.select(
        *(effects.c.id, effects.c.run_id, effects.c.step, effects.c.iteration, effects.c.round),
        *(effects.c.state, effects.c.token, effects.c.output, effects.c.reason),
    )
    .where(one_of(effects.c.run_id, "ids"))
    .order_by(effects.c.round)
)
_FREE_SUBJECTS = Prepared(
    effect_subjects.update()
    .where(one_of(effect_subjects.c.effect_id, "ids"), effect_subjects.c.occupied == 1)
    .values(occupied=0)
)
_END_ATTEMPT = Prepared(
    attempts.update()
    .where(attempts.c.effect_id == sa.bindparam("this"), attempts.c.number == sa.bindparam("which"))
    .values(
        ended_at=sa.bindparam("at"),
        outcome=sa.bindparam("kind"),
        status=sa.bindparam("with_status"),
        reason=sa.bindparam("why"),
    )
)
_DONE = Prepared(
    effects.update()
    .where(
        effects.c.id == sa.bindparam("this"),
        effects.c.token == sa.bindparam("under"),
        effects.c.state == EffectState.CLAIMED,
    )
    .values(
        state=EffectState.DONE,
        gate=None,
        gate_key=None,
        lease_until=None,
        holder=None,
        ended_at=sa.bindparam("at"),
        reason=sa.bindparam("why"),
        status=sa.bindparam("with_status"),
        output=sa.bindparam("with_output"),
    )
)
_END_STEP = Prepared(
    steps.update()
    .where(
        steps.c.run_id == sa.bindparam("this_run"),
        steps.c.step == sa.bindparam("this_step"),
        steps.c.iteration == sa.bindparam("this_iteration"),
        steps.c.ended_at.is_(None),
    )
    .values(
        state=sa.bindparam("ends"),
        output=sa.bindparam("with_output"),
        reason=sa.bindparam("why"),
        ended_at=sa.bindparam("at"),
    )
)
_END_RUN = Prepared(
    runs.update()
    .where(runs.c.id == sa.bindparam("this"), runs.c.ended_at.is_(None))
    .values(
        state=sa.bindparam("ends"),
        at_step=sa.bindparam("where"),
        reason=sa.bindparam("why"),
        result=sa.bindparam("with_result"),
        ended_at=sa.bindparam("at"),
        wake_at=None,
        slot=None,
    )
)
_SETTLE_DOWN = Prepared(
    runs.update()
    .where(runs.c.id == sa.bindparam("this"), runs.c.state == RunState.RUNNING)
    .values(wake_at=sa.bindparam("until"))
)


@dataclass(frozen=True)
class Subjects:
    """The subjects of an effect, and the gate that is closed while another effect has one of them."""

    names: tuple[str, ...] = ()
    closed: Closed | None = None


def lock_claimable(connection: Connection, effect_ids: Collection[str]) -> list[EffectRow]:
    """Lock those of these effects that are released and ordinary, and their runs; without those whose run has ended or
    is to be cancelled."""
    locked = set(_LOCK_CLAIMABLE.scalars(connection, ids=effect_ids)) if effect_ids else set()
    if not locked:
        return []
    with in_one_go(connection):
        ask_cancelled = ask_to_be_cancelled(connection, locked)
        ask_released = _LOCK_RELEASED.ask(connection, ids=effect_ids, runs=locked)
    cancelled = {row.run_id for row in ask_cancelled()}
    return [EffectRow.of(row) for row in ask_released() if row.run_id not in cancelled]


def subjects_of(connection: Connection, effect_ids: Collection[str]) -> dict[str, Subjects]:
    """What each of these effects changes; those that change nothing are not in it."""
    return ask_subjects(connection, effect_ids)()


def ask_subjects(connection: Connection, effect_ids: Collection[str]) -> Later[dict[str, Subjects]]:
    """The same, to be had later."""
    rows = _SUBJECTS.ask(connection, ids=effect_ids) if effect_ids else list

    def found() -> dict[str, Subjects]:
        of: dict[str, Subjects] = {}
        for row in rows():
            known = of.get(row.effect_id, Subjects())
            closed = None if row.taken_by is None else occupied(row.subject, row.taken_by)
            of[row.effect_id] = Subjects((*known.names, row.subject), known.closed or closed)
        return of

    return found


def claim(
    connection: Connection,
    found: Sequence[EffectRow],
    occupying: Mapping[str, Subjects],
    leases: Mapping[str, datetime],
    *,
    holder: str,
    now: datetime,
) -> list[EffectRow]:
    """Give locked, released effects to `holder`, with the subjects they change; as they are then.

    Raises IntegrityError where another transaction has just taken one of the subjects.
    """
    # In the order of the subjects: two groups that took the same ones crosswise would wait for each other.
    taken = sorted((subject, effect_id) for effect_id, item in occupying.items() for subject in item.names)
    claimed = [
        replace(
            effect,
            state=EffectState.CLAIMED,
            token=effect.token + 1,
            attempts=effect.attempts + 1,
            holder=holder,
            lease_until=leases[effect.id],
        )
        for effect in found
    ]
    claims = [
        {
            "this": effect.id,
            "before": effect.token - 1,
            "after": effect.token,
            "number": effect.attempts,
            "by": holder,
            "until": effect.lease_until,
        }
        for effect in claimed
    ]
    begun = [{"effect_id": item.id, "number": item.attempts, "holder": holder, "started_at": now} for item in claimed]
    with in_one_go(connection):
        _OCCUPY.run_all(connection, [{"this_effect": effect, "this_subject": subject} for subject, effect in taken])
        _CLAIM.run_all(connection, claims)
        insert_all(connection, attempts, begun)
    return claimed


@dataclass(frozen=True)
class Known:
    """A locked running run with its steps and effects; `tokens` are those of the effects under claim, by effect."""

    run: RunRow
    wake_at: datetime | None
    steps: Mapping[At, StepView]
    effects: Mapping[At, EffectView]
    tokens: Mapping[str, int]
    places: Mapping[str, At]


def ask_running(connection: Connection, run_ids: Collection[str]) -> Later[list[Any]]:
    """Lock those of these runs that are running; their rows, for `known`."""
    return _LOCK_RUNNING.ask(connection, ids=run_ids)


def known(connection: Connection, rows: Sequence[Any]) -> list[Known]:
    """What there is of locked runs."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    with in_one_go(connection):
        ask_events = ask_these(connection, {row.event_id for row in rows})
        ask_steps = _STEPS.ask(connection, ids=ids)
        ask_effects = _EFFECTS.ask(connection, ids=ids)
    found = {event.id: event for event in ask_events()}
    step_views: dict[str, dict[At, StepView]] = {row.id: {} for row in rows}
    for step in ask_steps():
        view = StepView(StepState(step.state), step.output, step.reason or "", step.started_at)
        step_views[step.run_id][At(step.step, step.iteration)] = view
    effect_views: dict[str, dict[At, EffectView]] = {row.id: {} for row in rows}
    tokens: dict[str, dict[str, int]] = {row.id: {} for row in rows}
    places: dict[str, dict[str, At]] = {row.id: {} for row in rows}
    for effect in ask_effects():
        at, state = At(effect.step, effect.iteration), EffectState(effect.state)
        effect_views[effect.run_id][at] = EffectView(state, effect.output, effect.reason or "", effect.round)
        places[effect.run_id][effect.id] = at
        if state is EffectState.CLAIMED:
            tokens[effect.run_id][effect.id] = effect.token
    return [
        Known(
            run_of(row, found[row.event_id]),
            row.wake_at,
            step_views[row.id],
            effect_views[row.id],
            tokens[row.id],
            places[row.id],
        )
        for row in rows
    ]


def done(connection: Connection, ended: Sequence[tuple[EffectRow, Outcome]], now: datetime) -> None:
    """The vendor has confirmed these claimed effects: their attempts are over and their subjects free."""
    ids = [effect.id for effect, _ in ended]
    told = [
        {"this": effect.id, "at": now, "why": outcome.reason, "with_status": outcome.status}
        for effect, outcome in ended
    ]
    attempts_over = [
        {**words, "which": effect.attempts, "kind": outcome.kind}
        for words, (effect, outcome) in zip(told, ended, strict=True)
    ]
    effects_over = [
        {**words, "under": effect.token, "with_output": outcome.output}
        for words, (effect, outcome) in zip(told, ended, strict=True)
    ]
    _END_ATTEMPT.run_all(connection, attempts_over)
    _DONE.run_all(connection, effects_over)
    _FREE_SUBJECTS.run(connection, ids=ids)
    one.wake_behind(connection, ids, now)


def enter_steps(connection: Connection, calling: Sequence[tuple[str, At]], now: datetime) -> None:
    """These steps of runs were reached and call."""
    rows = [
        {"run_id": run_id, "step": at.step, "iteration": at.iteration, "state": StepState.CALLING, "started_at": now}
        for run_id, at in calling
    ]
    insert_all(connection, steps, rows)


def end_steps(
    connection: Connection,
    entered: Sequence[tuple[str, EndStep]],
    passed: Sequence[tuple[str, EndStep]],
    now: datetime,
) -> None:
    """These steps of runs are over: those that had been entered, and those that were passed at once."""
    if entered:
        _END_STEP.run_all(
            connection,
            [
                {
                    "this_run": run_id,
                    "this_step": decision.at.step,
                    "this_iteration": decision.at.iteration,
                    "ends": decision.state,
                    "with_output": decision.output,
                    "why": decision.reason or None,
                    "at": now,
                }
                for run_id, decision in entered
            ],
        )
    insert_all(
        connection,
        steps,
        [
            {
                "run_id": run_id,
                "step": decision.at.step,
                "iteration": decision.at.iteration,
                "state": decision.state,
                "output": decision.output,
                "reason": decision.reason or None,
                "started_at": now,
                "ended_at": now,
            }
            for run_id, decision in passed
        ],
    )


@dataclass(frozen=True)
class Departure:
    """How a call leaves as soon as it is written down: released, or claimed by `holder` with what it changes."""

    lease_until: datetime
    holder: str | None = None
    occupies: bool = False


def intend(
    connection: Connection,
    intents: Sequence[tuple[Intent, Closed | None]],
    leaving: Mapping[str, Departure],
    now: datetime,
) -> list[EffectId]:
    """Write down that these calls shall be made, each held from the start by its closed gate, if it has one; those of
    which `leaving` has the key leave at once. Their ids, in the order of the intents.

    Raises IntegrityError where another transaction has just taken a subject.
    """
    if not intents:
        return []
    ids = [EffectId(new_id()) for _ in intents]
    departures = [leaving.get(intent.key) for intent, _ in intents]
    written = list(zip(ids, intents, departures, strict=True))
    rows = [_departed(one.row_of(each, intent, closed, now), how) for each, (intent, closed), how in written]
    insert_all(connection, effects, rows)
    subjects = [
        {"effect_id": effect_id, "subject": subject, "occupied": int(how is not None and how.occupies)}
        for effect_id, (intent, _), how in written
        for subject in intent.subjects
    ]
    # In the order of the subjects, as in `claim`.
    insert_all(connection, effect_subjects, sorted(subjects, key=itemgetter("subject")))
    begun = [
        {"effect_id": effect_id, "number": 1, "holder": how.holder, "started_at": now}
        for effect_id, _, how in written
        if how is not None and how.holder is not None
    ]
    insert_all(connection, attempts, begun)
    return ids


def _departed(row: dict[str, Any], how: Departure | None) -> dict[str, Any]:
    if how is None:
        return row
    if how.holder is None:
        return {**row, "state": EffectState.RELEASED, "lease_until": how.lease_until}
    under_way = {"state": EffectState.CLAIMED, "token": 1, "attempts": 1}
    return {**row, **under_way, "holder": how.holder, "lease_until": how.lease_until}


def claimed_at_once(effect_id: EffectId, intent: Intent, how: Departure, now: datetime) -> EffectRow:
    """An effect that was claimed as it was written down."""
    return EffectRow(
        id=effect_id,
        run_id=intent.run_id,
        operation=intent.request.operation,
        vendor=intent.vendor,
        inputs=intent.inputs,
        request=intent.request,
        repeat=intent.repeat,
        requires=intent.requires,
        state=EffectState.CLAIMED,
        attempts=1,
        max_attempts=intent.max_attempts,
        give_up_at=intent.give_up_at,
        token=1,
        holder=how.holder,
        lease_until=how.lease_until,
        looks=0,
        output=None,
        created_at=now,
        once_key=None,
        expects=(),
        seen=None,
        seen_at=None,
        tenant=intent.tenant,
    )


def ask_to_be_cancelled(connection: Connection, run_ids: Collection[str]) -> Later[list[Any]]:
    """Whether there is news that one of these runs is to be cancelled: a row for each."""
    return _TO_BE_CANCELLED.ask(connection, ids=run_ids) if run_ids else list


def ask_occupied(connection: Connection, subjects: Collection[str]) -> Later[set[str]]:
    """Those of these subjects that a call under way changes, or may have changed."""
    if not subjects:
        return set
    found = _OCCUPIED.ask(connection, subjects=subjects)
    return lambda: {row.subject for row in found()}


def end_runs(connection: Connection, ended: Iterable[tuple[str, EndRun]], now: datetime) -> None:
    """These runs are over; of none of them anything waits, is to be sent, or is waited for by others."""
    rows = [
        {
            "this": run_id,
            "ends": decision.state,
            "where": decision.at,
            "why": decision.reason or None,
            "with_result": decision.result,
            "at": now,
        }
        for run_id, decision in ended
    ]
    if rows:
        _END_RUN.run_all(connection, rows)


def settle_down(connection: Connection, resting: Iterable[tuple[str, datetime | None]]) -> None:
    """Nothing more can be decided now about these runs, until something happens or that time comes."""
    rows = [{"this": run_id, "until": until} for run_id, until in resting]
    if rows:
        _SETTLE_DOWN.run_all(connection, rows)
