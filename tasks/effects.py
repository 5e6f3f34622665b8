"""One Celery task per vendor operation, named as the operation, so that Flower shows what the crew is doing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from functools import partial

import structlog
from celery import Celery

from tasks.context import Context
from workflows.catalogue import Operation, Outcome, OutcomeKind
from workflows.logs import bind


class OutcomeNotDone(Exception):
    """The attempt ended other than done; shows as FAILURE in Flower, is expected, and never reaches Sentry."""


class Refused(OutcomeNotDone):
    """The vendor said no for good; the effect says why."""


class InDoubt(OutcomeNotDone):
    """Nobody knows whether the vendor acted; a person settles it."""


COMPANY_SECONDS = 0.005
"""How long a call that has ended waits for others of its message, so that they are recorded together."""

FAILURES = {OutcomeKind.REFUSED: Refused, OutcomeKind.IN_DOUBT: InDoubt}

log = structlog.get_logger(__name__)


def register(app: Celery, context: Context) -> None:
    """Add a task for each operation of the catalogue."""
    for operation in context.catalogue.operations.values():
        _register_one(app, context, operation)


def _register_one(app: Celery, context: Context, operation: Operation) -> None:
    @app.task(name=operation.name, throws=(OutcomeNotDone,))  # type: ignore[untyped-decorator]
    def perform(*effect_ids: str) -> str:
        if len(effect_ids) == 1:
            return attempt(context, effect_ids[0])
        return attempt_all(context, effect_ids)

    perform.__doc__ = operation.summary


def attempt_all(context: Context, effect_ids: Sequence[str]) -> str:
    """Make one attempt at each of several effects, side by side; their outcomes' names, and how many each.

    Raises what `attempt` raises, of several the worst, once all are over.
    """
    performer, callers = context.performer, context.callers
    claims = performer.claim_together(effect_ids)
    alone = [callers.submit(attempt, context, effect_id) for effect_id in effect_ids if effect_id not in claims]
    under_way = {callers.submit(performer.call, claim): claim for claim in claims.values()}
    ended: list[tuple[str, Outcome]] = []
    while under_way:
        done = wait(under_way, return_when=FIRST_COMPLETED).done
        done |= wait(under_way, timeout=COMPANY_SECONDS).done  # most end at nearly the same moment
        outcomes = [(under_way.pop(call), call.result()) for call in done]
        performer.record_together(outcomes)
        ended += [(claim.effect.id, outcome) for claim, outcome in outcomes]
        context.releasing.soon()
    names: Counter[str] = Counter()
    failures: list[BaseException] = []
    for effect_id, outcome in ended:
        _count(names, failures, partial(told, effect_id, outcome))
    for made in alone:
        _count(names, failures, made.result)
    if failures:
        raise min(failures, key=_how_good)
    return ", ".join(f"{name}: {count}" for name, count in sorted(names.items()))


def _count(names: Counter[str], failures: list[BaseException], result: Callable[[], str]) -> None:
    try:
        names[result()] += 1
    except Exception as error:
        failures.append(error)


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
    """Make one attempt at an effect, or look for one that is in doubt or accepted; then release what that made due.

    The outcome's name.

    Raises Refused and InDoubt, which carry only the id.
    """
    with bind(effect_id=effect_id):
        outcome = context.performer.perform(effect_id) or context.looker.look(effect_id)
    context.releasing.soon()
    return "nothing to do" if outcome is None else told(effect_id, outcome)


def told(effect_id: str, outcome: Outcome) -> str:
    """Tell the log how an attempt ended, and Celery: the outcome's name. Raises Refused and InDoubt."""
    with bind(effect_id=effect_id):
        log.info("attempted", outcome=outcome.kind, status=outcome.status)
    failure = FAILURES.get(outcome.kind)
    if failure is not None:
        raise failure(f"effect {effect_id} is {outcome.kind}")
    return str(outcome.kind)
