"""What earlier runs for the same news have done already, so that a replay never does it again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.decisions import EndStep
from workflows.engine.snapshot import At
from workflows.engine.states import EffectState, StepState
from workflows.ledger import replays
from workflows.ledger.runs import RunRow
from workflows.ledger.tables import effects

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
