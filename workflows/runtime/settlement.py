"""Settle by hand: a person has looked at the vendor and says what became of a call that stood in doubt."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from workflows.catalogue import Outcome, OutcomeKind
from workflows.engine.states import EffectState
from workflows.errors import NotFound, StagedoorError
from workflows.ledger import audit, effects, runs
from workflows.ledger.effects import EffectRow
from workflows.runtime.effects import Performer

TIME_FOR_ANOTHER = timedelta(hours=6)


class Verdict(StrEnum):
    """What a person found at the vendor."""

    DONE = "done"
    """The vendor acted: the run goes on."""
    REFUSED = "refused"
    """The vendor did not act, and the call shall not be made again."""
    AGAIN = "again"
    """The vendor did not act, and the call shall be made once more, with identical bytes."""


class NotInDoubt(StagedoorError):
    """Only an effect in doubt can be settled."""


def settle_by_hand(
    performer: Performer, effect_id: str, verdict: Verdict, *, by: str, reason: str, output: Any = None
) -> EffectState:
    """Settle an effect as a person says, and take its run on; the state it is in now.

    `output` is what later steps see as the vendor's answer, with `done`. Raises NotFound and NotInDoubt.
    """
    words = f"settled as {verdict} by {by}: {reason}"
    with performer.database.write() as connection:
        effect = _in_doubt(connection, effect_id)
        now = performer.database.now(connection)
        match verdict:
            case Verdict.DONE:
                performer.settle(connection, effect, Outcome(OutcomeKind.DONE, words, output=output or {}), now)
            case Verdict.REFUSED:
                performer.settle(connection, effect, Outcome(OutcomeKind.REFUSED, words), now)
            case Verdict.AGAIN:
                once_more: dict[str, Any] = {"max_attempts": effect.attempts + 1, "give_up_at": now + TIME_FOR_ANOTHER}
                effects.move(connection, effect, EffectState.INTENDED, now, due_at=now, reason=words, **once_more)
        settled = effects.lock(connection, effect_id)
        assert settled is not None
        audit.record(
            connection,
            by=by,
            action="effect.settle",
            about=effect_id,
            reason=reason,
            details={"as": str(verdict), "operation": effect.operation, "state": str(settled.state)},
            now=now,
        )
    return settled.state


def _in_doubt(connection: Connection, effect_id: str) -> EffectRow:
    run_id = effects.run_of(connection, effect_id)
    if run_id is not None:
        runs.lock(connection, run_id)
    effect = effects.lock(connection, effect_id)
    if effect is None:
        raise NotFound(f"there is no effect {effect_id}")
    if effect.state is not EffectState.IN_DOUBT:
        raise NotInDoubt(f"the effect is {effect.state}, and only one in doubt can be settled")
    return effect
