"""One Celery task per vendor operation, named as the operation, so that Flower shows what the crew is doing."""

from __future__ import annotations

import structlog
from celery import Celery

from tasks.context import Context
from workflows.catalogue import Operation, OutcomeKind
from workflows.logs import bind


class OutcomeNotDone(Exception):
    """The attempt ended other than done; shows as FAILURE in Flower, is expected, and never reaches Sentry."""


class Refused(OutcomeNotDone):
    """The vendor said no for good; the effect says why."""


class InDoubt(OutcomeNotDone):
    """Nobody knows whether the vendor acted; a person settles it."""


FAILURES = {OutcomeKind.REFUSED: Refused, OutcomeKind.IN_DOUBT: InDoubt}

log = structlog.get_logger(__name__)


def register(app: Celery, context: Context) -> None:
    """Add a task for each operation of the catalogue."""
    for operation in context.catalogue.operations.values():
        _register_one(app, context, operation)


def _register_one(app: Celery, context: Context, operation: Operation) -> None:
    @app.task(name=operation.name, throws=(OutcomeNotDone,))  # type: ignore[untyped-decorator]
    def perform(effect_id: str) -> str:
        return attempt(context, effect_id)

    perform.__doc__ = operation.summary


def attempt(context: Context, effect_id: str) -> str:
    """Make one attempt at an effect, or look for one that is in doubt or accepted; then release what that made due.

    The outcome's name.

    Raises Refused and InDoubt, which carry only the id.
    """
    with bind(effect_id=effect_id):
        outcome = context.performer.perform(effect_id) or context.looker.look(effect_id)
        context.releaser.release_due()
        if outcome is None:
            return "nothing to do"
        log.info("attempted", outcome=outcome.kind, status=outcome.status)
        failure = FAILURES.get(outcome.kind)
        if failure is not None:
            raise failure(f"effect {effect_id} is {outcome.kind}")
        return str(outcome.kind)
