"""What earlier runs for the same news have done already, so that a replay never does it again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.engine.decisions import EndStep
from workflows.engine.requests import effect_key
from workflows.engine.states import EffectState, StepState
from workflows.ledger.replays import give_up_key
from workflows.ledger.runs import RunRow
from workflows.ledger.tables import effects

NOTHING_DONE = (EffectState.REFUSED, EffectState.CANCELLED)


def ended_before(connection: Connection, run: RunRow, step: str) -> EndStep | None:
    """The end of a call step that an earlier run has made or may have made; None where the call is to be made now.

    A call that came to nothing gives its key up: the key stands for the one call that happens.
    """
    if run.event.replay_of is None:
        return None
    key = effect_key(run.event.origin, run.workflow, step)
    row = connection.execute(
        sa.select(effects.c.id, effects.c.state, effects.c.output).where(
            effects.c.key == key, effects.c.run_id != run.id
        )
    ).one_or_none()
    if row is None:
        return None
    match EffectState(row.state):
        case EffectState.DONE:
            return EndStep(step, StepState.DONE, row.output, f"not made again: effect {row.id} did it")
        case state if state in NOTHING_DONE:
            give_up_key(connection, effects.c.id == row.id)
            return None
        case state:
            return EndStep(step, StepState.SKIPPED, reason=f"not made again: effect {row.id} is {state}")
