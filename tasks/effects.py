"""One Celery task per vendor operation, named as the operation, so that Flower shows what the crew is doing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial

import structlog
from celery import Celery, Task

from tasks.context import MOST_TOLD, Context
from tasks.flower import FollowOns
from workflows.catalogue import Operation, Outcome, OutcomeKind
from workflows.logs import bind
from workflows.runtime.effects import Claim


class OutcomeNotDone(Exception):
    """The attempt ended other than done; shows as FAILURE in Flower, is expected, and never reaches Sentry."""


class Refused(OutcomeNotDone):
    """The vendor said no for good; the effect says why."""


class InDoubt(OutcomeNotDone):
    """Nobody knows whether the vendor acted; a person settles it."""


COMPANY_SECONDS = 0.03
"""How long a call that has ended waits for others of its task, so that they are recorded together."""
SHIFT_SECONDS = 2.0
"""How long a task goes on with what is due next, so that a worker can be stopped at any moment."""

FAILURES = {OutcomeKind.REFUSED: Refused, OutcomeKind.IN_DOUBT: InDoubt}

log = structlog.get_logger(__name__)


def register(app: Celery, context: Context) -> None:
    """Add a task for each operation of the catalogue."""
    for operation in context.catalogue.operations.values():
        _register_one(app, context, operation)


def _register_one(app: Celery, context: Context, operation: Operation) -> None:
    @app.task(name=operation.name, throws=(OutcomeNotDone,), bind=True)  # type: ignore[untyped-decorator]
    def perform(task: Task, *effect_ids: str) -> str:
        return attempt_all(context, effect_ids, task.request.id)

    perform.__doc__ = operation.summary


def attempt_all(context: Context, effect_ids: Sequence[str], task_id: str | None = None) -> str:
    """Make one attempt at each of several effects, side by side, and go on with what follows from them at the same
    vendor, or is due there next; the outcomes' names, and how many each.

    Raises what `attempt` raises, of several the worst, once all are over.
    """
    performer, callers = context.performer, context.callers
    ends_at = time.monotonic() + SHIFT_SECONDS
    claims: Sequence[Claim] = list(performer.claim_together(effect_ids).values())
    asked = _Part(effect_ids)
    part_of: dict[str, _Part] = {claim.effect.id: asked for claim in claims}
    alone = [callers.submit(attempt, context, effect_id) for effect_id in effect_ids if effect_id not in part_of]
    under_way: dict[Future[Outcome], Claim] = {}
    while claims or under_way:
        outcomes = _outcomes(context, claims, under_way)
        room = MOST_TOLD - len(under_way) if time.monotonic() < ends_at else 0
        claims = performer.record_together(outcomes, room)
        for claim, outcome in outcomes:
            part_of.pop(claim.effect.id).note(partial(told, claim.effect.id, outcome))
        part_of |= _further(context, claims, task_id)
        if not claims:
            context.releasing.ask()
    for made in alone:
        asked.note(made.result)
    return asked.result()


def _outcomes(
    context: Context, claims: Sequence[Claim], under_way: dict[Future[Outcome], Claim]
) -> list[tuple[Claim, Outcome]]:
    """Begin the calls of `claims`, and return those that have ended, at least one; `under_way` are the others."""
    if len(claims) == 1 and not under_way:
        return [(claims[0], context.performer.call(claims[0]))]
    under_way |= {context.callers.submit(context.performer.call, claim): claim for claim in claims}
    done = wait(under_way, return_when=FIRST_COMPLETED).done
    done |= wait(under_way, timeout=COMPANY_SECONDS).done  # most end at nearly the same moment
    return [(under_way.pop(call), call.result()) for call in done]


def _further(context: Context, claims: Sequence[Claim], task_id: str | None) -> dict[str, _Part]:
    """What the task went on with, operation by operation, as Flower shows it; by the ids of the effects."""
    by_operation: dict[str, list[str]] = {}
    for claim in claims:
        by_operation.setdefault(claim.operation.name, []).append(claim.effect.id)
    parts = [_FollowOn(ids, context.follow_ons, name, task_id) for name, ids in by_operation.items()]
    return {effect_id: part for part in parts for effect_id in part.effect_ids}


class _Part:
    """Attempts at several effects of one operation, and how they ended."""

    def __init__(self, effect_ids: Sequence[str]) -> None:
        self.effect_ids = effect_ids
        self._names: Counter[str] = Counter()
        self._failures: list[Exception] = []

    def note(self, result: Callable[[], str]) -> None:
        """One of them ended so."""
        try:
            self._names[result()] += 1
        except Exception as error:
            self._failures.append(error)

    def result(self) -> str:
        """How all of them ended. Raises the worst failure: errors of ours, then doubts."""
        if self._failures:
            raise min(self._failures, key=_how_good)
        if len(self.effect_ids) == 1:
            return next(iter(self._names))
        return ", ".join(f"{name}: {count}" for name, count in sorted(self._names.items()))

    @property
    def is_over(self) -> bool:
        return self._names.total() + len(self._failures) == len(self.effect_ids)


class _FollowOn(_Part):
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


def _how_good(failure: BaseException) -> int:
    """Errors of ours are the worst, then doubts."""
    match failure:
        case Refused():
            return 2
        case InDoubt():
            return 1
        case _:
            return 0


def attempt(context: Context, effect_id: str) -> str:
    """Make one attempt at an effect that is not claimed with others, or look for one that is in doubt or accepted.

    Then release what that made due.

    The outcome's name.

    Raises Refused and InDoubt, which carry only the id.
    """
    with bind(effect_id=effect_id):
        outcome = context.performer.perform_alone(effect_id) or context.looker.look(effect_id)
    context.releasing.ask()
    return "nothing to do" if outcome is None else told(effect_id, outcome)


def told(effect_id: str, outcome: Outcome) -> str:
    """Tell the log how an attempt ended, and Celery: the outcome's name. Raises Refused and InDoubt."""
    with bind(effect_id=effect_id):
        log.info("attempted", outcome=outcome.kind, status=outcome.status)
    failure = FAILURES.get(outcome.kind)
    if failure is not None:
        raise failure(f"effect {effect_id} is {outcome.kind}")
    return str(outcome.kind)
