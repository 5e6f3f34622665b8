"""A shift: a task's calls under claim side by side, what follows from them, and what is due next."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial

import structlog

from tasks.context import Context
from tasks.flower import FollowOns
from tasks.outcomes import Attempts, told
from workflows.catalogue import Outcome
from workflows.runtime.effects import Claim

COMPANY_SECONDS = 0.03
"""How long a call that has ended waits for others of its task, so that they are recorded together."""
SHIFT_SECONDS = 2.0
"""How long a task goes on with what is due next, so that a worker can be stopped at any moment."""

Result = Callable[[], Outcome]

log = structlog.get_logger(__name__)


class Shift:
    """Makes the calls of one task, `most` at a time, and tells Flower of those for which there was no message."""

    def __init__(self, context: Context, task_id: str | None, *, most: int) -> None:
        self._context = context
        self._task_id = task_id
        self._most = most
        self._ends_at = time.monotonic() + SHIFT_SECONDS
        self._claims: list[Claim] = []
        self._under_way: dict[Future[Outcome], Claim] = {}
        self._attempts: dict[str, Attempts] = {}

    @property
    def room(self) -> int:
        """How many more calls it has the hands for."""
        if time.monotonic() >= self._ends_at:
            return 0
        return self._most - len(self._claims) - len(self._under_way)

    def take(self, claims: Sequence[Claim], attempts: Attempts) -> None:
        """Make these calls in `work`; `attempts` is told how they ended."""
        self._claims += claims
        self._attempts |= {claim.effect.id: attempts for claim in claims}

    def take_on(self, claims: Sequence[Claim]) -> None:
        """The same for calls that no message asked for: as Flower shows them, one task for those of an operation."""
        by_operation: dict[str, list[Claim]] = {}
        for claim in claims:
            by_operation.setdefault(claim.operation.name, []).append(claim)
        for name, several in by_operation.items():
            effect_ids = [claim.effect.id for claim in several]
            self.take(several, _FollowOn(effect_ids, self._context.follow_ons, name, self._task_id))

    def begin(self) -> None:
        """Begin the calls that were taken, in other threads."""
        call, callers = self._context.performer.call, self._context.callers
        self._under_way |= {callers.submit(call, claim): claim for claim in self._claims}
        self._claims = []

    def work(self) -> None:
        """Return when all calls and what followed from them are over and recorded.

        Where making or recording one fails, others are recorded all the same; the lease ends that one.
        """
        while self._claims or self._under_way:
            self._record(self._ended())

    def catch_up(self) -> None:
        """Record the calls that have ended by now, and begin what follows from them."""
        ended = [call for call in self._under_way if call.done()]
        if ended:
            self._record([(self._under_way.pop(call), call.result) for call in ended])
            self.begin()

    def _ended(self) -> list[tuple[Claim, Result]]:
        """Begin the calls that were taken, and return those that have ended, at least one."""
        if len(self._claims) == 1 and not self._under_way:
            claim = self._claims.pop()
            return [(claim, partial(self._context.performer.call, claim))]
        self.begin()
        done = wait(self._under_way, return_when=FIRST_COMPLETED).done
        done |= wait(self._under_way, timeout=COMPANY_SECONDS).done  # most end at nearly the same moment
        return [(self._under_way.pop(call), call.result) for call in done]

    def _record(self, ended: Sequence[tuple[Claim, Result]]) -> None:
        """Record calls vendor by vendor, and take on what follows from them."""
        by_vendor: dict[str, list[tuple[Claim, Outcome]]] = {}
        for claim, result in ended:
            try:
                outcome = result()
            except Exception as error:
                self._give_up([claim], error)
            else:
                by_vendor.setdefault(claim.effect.vendor, []).append((claim, outcome))
        for several in by_vendor.values():
            self._record_some(several)

    def _record_some(self, ended: Sequence[tuple[Claim, Outcome]]) -> None:
        """Record calls to one vendor, and take on what follows from them."""
        try:
            claims = self._context.performer.record_together(ended, self.room)
        except Exception as error:
            self._give_up([claim for claim, _ in ended], error)
            return
        for claim, outcome in ended:
            self._attempts.pop(claim.effect.id).note(partial(told, claim.effect.id, outcome))
        self.take_on(claims)
        if not claims:
            self._context.releasing.ask()

    def _give_up(self, claims: Sequence[Claim], error: Exception) -> None:
        """Nothing can be said of how these calls ended."""

        def fail() -> str:
            raise error

        for claim in claims:
            log.error("call_not_recorded", effect_id=claim.effect.id, exc_info=error)
            self._attempts.pop(claim.effect.id).note(fail)


class _FollowOn(Attempts):
    """Attempts that no message asked for; Flower is told of them."""

    def __init__(self, effect_ids: Sequence[str], follow_ons: FollowOns, operation: str, after: str | None) -> None:
        super().__init__(effect_ids)
        self._began_at = time.monotonic()
        self._follow_ons = follow_ons
        self._id = follow_ons.began(operation, effect_ids, after=after)

    def note(self, result: Callable[[], str]) -> None:
        super().note(result)
        if not self.is_over:
            return
        try:
            self._follow_ons.succeeded(self._id, self.result(), time.monotonic() - self._began_at)
        except Exception as error:
            self._follow_ons.failed(self._id, error)
