"""Looks: settle what is in doubt and follow what was only accepted, by reading at the vendor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from workflows.catalogue import Look, Operation, Outcome, OutcomeKind
from workflows.engine.states import EffectState
from workflows.errors import InputError
from workflows.ledger import effects, runs
from workflows.ledger.effects import EffectRow
from workflows.runtime.effects import Performer
from workflows.runtime.release import Publish, Released

ENOUGH_LOOKS = 3
"""So many looks that find nothing, spread over a minute, show that a call was not processed."""
LONGEST_FOLLOWED = timedelta(days=2)
MOST_PAGES = 20
"""Of a list that one look reads. What may stand further on is not known to be missing."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Looker:
    """Looks at vendors for effects; one object a process. The caller takes a slot of the limits for every request."""

    performer: Performer
    publish: Publish

    def tell_due(self, limit: int) -> int:
        """Tell the workers of effects to look for; how many."""
        database = self.performer.database
        with database.write() as connection:
            found = effects.take_looks(connection, database.now(connection), limit)
        told = [Released(effect.id, effect.operation, effect.vendor) for effect in found]
        return len(told) - len(self.publish(told)) if told else 0

    def look(self, effect_id: str) -> Outcome | None:
        """Look once; the outcome that settled the effect, None when it is as it was."""
        with self.performer.database.read() as connection:
            effect = effects.find(connection, effect_id)
        wanted = None if effect is None else self._wanted(effect)
        if effect is None or wanted is None:
            return None
        return self._record(effect, self._seen(effect, wanted))

    def _wanted(self, effect: EffectRow) -> Look | None:
        operation = self.performer.rules.catalogue.operations.get(effect.operation)
        if operation is None:  # of another release; the one that has it looks
            return None
        if effect.state is EffectState.ACCEPTED:
            return operation.follow
        return operation.verify if effect.state is EffectState.IN_DOUBT else None

    def _seen(self, effect: EffectRow, look: Look) -> tuple[bool, Outcome | None]:
        """Whether the vendor could be read, and what that says of the effect. A list is read page by page."""
        reading: Operation = self.performer.rules.catalogue.operation(look.operation)
        wanted = look.inputs(effect.inputs, effect.output)
        for _ in range(MOST_PAGES):
            try:
                request = reading.prepare(wanted)
            except InputError as error:
                log.warning("look_impossible", effect_id=effect.id, problems=len(error.problems))
                return False, None
            answer = self.performer.caller.send(reading, request)
            if answer.kind is not OutcomeKind.DONE:
                return False, None
            outcome = look.judge(effect.inputs, answer.output)
            following = None if reading.pages is None else reading.pages.following(wanted, answer.output)
            if outcome is not None or following is None:
                return outcome is not None or look.is_conclusive, outcome
            wanted = following
        return False, None

    def _record(self, effect: EffectRow, seen: tuple[bool, Outcome | None]) -> Outcome | None:
        was_read, judged = seen
        database = self.performer.database
        with database.write() as connection:
            if effect.run_id is not None:
                runs.lock(connection, effect.run_id)
            now = database.now(connection)
            current = effects.lock(connection, effect.id)
            if current is None or (current.state, current.token) != (effect.state, effect.token):
                return None
            outcome = judged or (_unseen(current, now) if was_read else None)
            if outcome is not None and self.performer.settle(connection, current, outcome, now):
                return outcome
            effects.looked(connection, current, now + _pause(current.looks), was_read=was_read)
        return None


def _unseen(effect: EffectRow, now: datetime) -> Outcome | None:
    """What it means that a look saw nothing; None: look again.

    A call in doubt is made again only where its holder itself has said that it is over (`holder` is None): one whose
    worker vanished might still reach the vendor, so a person decides.
    """
    if effect.state is EffectState.ACCEPTED and now - effect.created_at > LONGEST_FOLLOWED:
        return Outcome(OutcomeKind.REFUSED, "the vendor accepted it, but had not ended it after two days")
    if effect.state is EffectState.IN_DOUBT and effect.holder is None and effect.looks + 1 >= ENOUGH_LOOKS:
        reason = f"not found at the vendor in {ENOUGH_LOOKS} looks, so it was not processed"
        return Outcome(OutcomeKind.RETRY, reason)
    return None


def _pause(looks: int) -> timedelta:
    """Between looks: 3 s, 9, 27, 81 … up to an hour."""
    return timedelta(seconds=min(3 ** (min(looks, 10) + 1), 3600))
