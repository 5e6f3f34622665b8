"""Reads and writes for many effects and their runs at once: a few statements a group instead of some dozens an effect.

Only for the ordinary (see `workflows.runtime.groups`); the statements for one effect, which know every case, are in
`effects`, `runs` and `steps`. Rows are locked in the order of their ids, runs before effects: two groups that have some
in common would otherwise wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
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
from workflows.ledger.events import read_events
from workflows.ledger.runs import RunRow, run_of
from workflows.ledger.tables import attempts, effect_subjects, effects, nudges, runs, steps
from workflows.values import EffectId, new_id

_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_RUNS_OF = sa.select(effects.c.id, effects.c.run_id).where(
    effects.c.id.in_(_IDS),
    effects.c.run_id.is_not(None),
    effects.c.once_key.is_(None),
    effects.c.expects.is_(None),
)
_LOCK_CLAIMABLE = (
    sa.select(runs.c.id)
    .where(runs.c.id.in_(_IDS), runs.c.state == RunState.RUNNING, runs.c.cancel.is_(None))
    .order_by(runs.c.id)
    .with_for_update()
)
_TO_BE_CANCELLED = sa.select(nudges.c.run_id).where(nudges.c.run_id.in_(_IDS), nudges.c.cancel.is_not(None))
_LOCK_RELEASED = (
    sa.select(effects)
    .where(effects.c.id.in_(_IDS), effects.c.state == EffectState.RELEASED)
    .order_by(effects.c.id)
    .with_for_update()
)
_other = effect_subjects.alias("other")
_SUBJECTS = (
    sa.select(effect_subjects.c.effect_id, effect_subjects.c.subject, _other.c.effect_id.label("taken_by"))
    .select_from(
        effect_subjects.outerjoin(
            _other,
            (_other.c.subject == effect_subjects.c.subject)
            & (_other.c.occupied == 1)
            & (_other.c.effect_id != effect_subjects.c.effect_id),
        )
    )
    .where(effect_subjects.c.effect_id.in_(_IDS))
)
_OCCUPY = (
    effect_subjects.update()
    .where(
        effect_subjects.c.effect_id == sa.bindparam("this_effect"),
        effect_subjects.c.subject == sa.bindparam("this_subject"),
    )
    .values(occupied=1)
)
_CLAIM = (
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
_LOCK_RUNNING = (
    sa.select(runs).where(runs.c.id.in_(_IDS), runs.c.state == RunState.RUNNING).order_by(runs.c.id).with_for_update()
)
_STEPS = sa.select(
    *(steps.c.run_id, steps.c.step, steps.c.iteration, steps.c.state),
    *(steps.c.output, steps.c.reason, steps.c.started_at),
).where(steps.c.run_id.in_(_IDS))
_EFFECTS = (
    sa.select(
        *(effects.c.id, effects.c.run_id, effects.c.step, effects.c.iteration, effects.c.round),
        *(effects.c.state, effects.c.token, effects.c.output, effects.c.reason),
    )
    .where(effects.c.run_id.in_(_IDS))
    .order_by(effects.c.round)
)
_HAD_SUBJECTS = sa.select(effect_subjects.c.subject).where(
    effect_subjects.c.effect_id.in_(_IDS), effect_subjects.c.occupied == 1
)
_FREE_SUBJECTS = effect_subjects.update().where(effect_subjects.c.effect_id.in_(_IDS)).values(occupied=0)
_END_ATTEMPT = (
    attempts.update()
    .where(attempts.c.effect_id == sa.bindparam("this"), attempts.c.number == sa.bindparam("which"))
    .values(
        ended_at=sa.bindparam("at"),
        outcome=sa.bindparam("kind"),
        status=sa.bindparam("with_status"),
        reason=sa.bindparam("why"),
    )
)
_DONE = (
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
_END_STEP = (
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
_END_RUN = (
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
_SETTLE_DOWN = (
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
    of = {row.id: row.run_id for row in connection.execute(_RUNS_OF, {"ids": sorted(effect_ids)})}
    locked = set(connection.scalars(_LOCK_CLAIMABLE, {"ids": sorted(set(of.values()))})) if of else set()
    if locked:
        locked -= set(connection.scalars(_TO_BE_CANCELLED, {"ids": sorted(locked)}))
    wanted = sorted(effect_id for effect_id, run_id in of.items() if run_id in locked)
    if not wanted:
        return []
    return [EffectRow.of(row) for row in connection.execute(_LOCK_RELEASED, {"ids": wanted})]


def subjects_of(connection: Connection, effect_ids: Collection[str]) -> dict[str, Subjects]:
    """What each of these effects changes; those that change nothing are not in it."""
    found: dict[str, Subjects] = {}
    for row in connection.execute(_SUBJECTS, {"ids": sorted(effect_ids)}) if effect_ids else ():
        known = found.get(row.effect_id, Subjects())
        closed = None if row.taken_by is None else occupied(row.subject, row.taken_by)
        found[row.effect_id] = Subjects((*known.names, row.subject), known.closed or closed)
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
    taken = sorted((subject, effect_id) for effect_id, item in occupying.items() for subject in item.names)
    if taken:
        # In the order of the subjects: two groups that took the same ones crosswise would wait for each other.
        connection.execute(_OCCUPY, [{"this_effect": effect, "this_subject": subject} for subject, effect in taken])
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
    connection.execute(
        _CLAIM,
        [
            {
                "this": effect.id,
                "before": effect.token - 1,
                "after": effect.token,
                "number": effect.attempts,
                "by": holder,
                "until": effect.lease_until,
            }
            for effect in claimed
        ],
    )
    connection.execute(
        attempts.insert(),
        [{"effect_id": item.id, "number": item.attempts, "holder": holder, "started_at": now} for item in claimed],
    )
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


def lock_known(connection: Connection, run_ids: Collection[str]) -> list[Known]:
    """Lock those of these runs that are running, and read what there is of them."""
    rows = connection.execute(_LOCK_RUNNING, {"ids": sorted(run_ids)}).all()
    if not rows:
        return []
    found = {event.id: event for event in read_events(connection, {row.event_id for row in rows})}
    ids = {"ids": [row.id for row in rows]}
    step_views: dict[str, dict[At, StepView]] = {row.id: {} for row in rows}
    for step in connection.execute(_STEPS, ids):
        view = StepView(StepState(step.state), step.output, step.reason or "", step.started_at)
        step_views[step.run_id][At(step.step, step.iteration)] = view
    effect_views: dict[str, dict[At, EffectView]] = {row.id: {} for row in rows}
    tokens: dict[str, dict[str, int]] = {row.id: {} for row in rows}
    places: dict[str, dict[str, At]] = {row.id: {} for row in rows}
    for effect in connection.execute(_EFFECTS, ids):
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
    connection.execute(
        _END_ATTEMPT,
        [
            {**words, "which": effect.attempts, "kind": outcome.kind}
            for words, (effect, outcome) in zip(told, ended, strict=True)
        ],
    )
    connection.execute(
        _DONE,
        [
            {**words, "under": effect.token, "with_output": outcome.output}
            for words, (effect, outcome) in zip(told, ended, strict=True)
        ],
    )
    had = list(connection.scalars(_HAD_SUBJECTS, {"ids": ids}))
    if had:
        connection.execute(_FREE_SUBJECTS, {"ids": ids})
        one.wake_held(connection, had, now)


def enter_steps(connection: Connection, calling: Sequence[tuple[str, At]], now: datetime) -> None:
    """These steps of runs were reached and call."""
    rows = [
        {"run_id": run_id, "step": at.step, "iteration": at.iteration, "state": StepState.CALLING, "started_at": now}
        for run_id, at in calling
    ]
    if rows:
        connection.execute(steps.insert(), rows)


def end_steps(
    connection: Connection,
    entered: Sequence[tuple[str, EndStep]],
    passed: Sequence[tuple[str, EndStep]],
    now: datetime,
) -> None:
    """These steps of runs are over: those that had been entered, and those that were passed at once."""
    if entered:
        connection.execute(
            _END_STEP,
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
    if passed:
        connection.execute(
            steps.insert(),
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


def intend(connection: Connection, intents: Sequence[tuple[Intent, Closed | None]], now: datetime) -> None:
    """Write down that these calls shall be made, each held from the start by its closed gate, if it has one."""
    if not intents:
        return
    rows = [(EffectId(new_id()), intent, closed) for intent, closed in intents]
    connection.execute(
        effects.insert(), [one.row_of(effect_id, intent, closed, now) for effect_id, intent, closed in rows]
    )
    subjects = [
        {"effect_id": effect_id, "subject": subject} for effect_id, intent, _ in rows for subject in intent.subjects
    ]
    if subjects:
        connection.execute(effect_subjects.insert(), subjects)


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
        connection.execute(_END_RUN, rows)


def settle_down(connection: Connection, resting: Iterable[tuple[str, datetime | None]]) -> None:
    """Nothing more can be decided now about these runs, until something happens or that time comes."""
    rows = [{"this": run_id, "until": until} for run_id, until in resting]
    if rows:
        connection.execute(_SETTLE_DOWN, rows)
