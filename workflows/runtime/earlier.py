"""What earlier runs for the same news have done already, so that a replay never does it again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.decisions import EndStep
from workflows.engine.snapshot import At
from workflows.engine.states import EffectState, StepState
from workflows.ledger import replays
from workflows.ledger.runs import RunRow
from workflows.ledger.tables import effects, events, runs, steps

NOTHING_DONE = (EffectState.REFUSED, EffectState.CANCELLED)


def ended_before(connection: Connection, run: RunRow, at: At) -> EndStep | None:
    """The end of a call step that an earlier run has made or may have made; None where the call is to be made now.

    A call that came to nothing gives its key up: the key stands for the one call that happens.
    """
    if run.event.replay_of is None:
        return None
    earlier = replays.runs_for(run.event.origin, run.workflow)
    here = (effects.c.step == at.step) & (effects.c.iteration == at.iteration) & effects.c.run_id.in_(earlier)
    here &= (effects.c.run_id != run.id) & replays.stands()
    for row in connection.execute(sa.select(effects.c.id, effects.c.state, effects.c.output).where(here)).all():
        match EffectState(row.state):
            case EffectState.DONE:
                return EndStep(at, StepState.DONE, row.output, f"not made again: effect {row.id} did it")
            case state if state in NOTHING_DONE:
                replays.give_up_key(connection, effects.c.id == row.id)
            case state:
                return EndStep(at, StepState.SKIPPED, reason=f"not made again: effect {row.id} is {state}")
    return None


def done_before(connection: Connection, run: RunRow, at: At) -> EndStep | None:
    """The end of a step that began a run or wrote an event, where an earlier run has done so; None where not."""
    if run.event.replay_of is None:
        return None
    here = (steps.c.step == at.step) & (steps.c.iteration == at.iteration) & (steps.c.state == StepState.DONE)
    earlier = steps.c.run_id.in_(replays.runs_for(run.event.origin, run.workflow)) & (steps.c.run_id != run.id)
    statement = sa.select(steps.c.run_id, steps.c.output).where(here, earlier).order_by(steps.c.run_id.desc()).limit(1)
    row = connection.execute(statement).one_or_none()
    return None if row is None else EndStep(at, StepState.DONE, row.output, f"not done again: run {row.run_id} did it")


def child_before(connection: Connection, parent: RunRow, at: At, workflow: str) -> str | None:
    """The event of the run that this step of an earlier run began: a run for it keeps the calls that one made."""
    if parent.event.replay_of is None:
        return None
    step = (runs.c.parent_step == at.step) & (runs.c.parent_iteration == at.iteration) & (runs.c.workflow == workflow)
    earlier = runs.c.parent_id.in_(replays.runs_for(parent.event.origin, parent.workflow))
    origin = sa.func.coalesce(events.c.replay_of, events.c.id)
    found = sa.select(origin).select_from(runs.join(events, events.c.id == runs.c.event_id)).where(step, earlier)
    event_id: str | None = connection.scalar(found.order_by(runs.c.id.desc()).limit(1))
    return event_id
