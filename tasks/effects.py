"""One Celery task per vendor operation, named as the operation, so that Flower shows what the crew is doing."""

from __future__ import annotations

from collections.abc import Sequence

from celery import Celery, Task

from tasks.context import MOST_TOLD, Context
from tasks.outcomes import Attempts, OutcomeNotDone, told
from tasks.shifts import Shift
from workflows.catalogue import Operation
from workflows.logs import bind


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
    shift, asked = Shift(context, task_id, most=MOST_TOLD), Attempts(effect_ids)
    claims = context.performer.claim_together(effect_ids)
    alone = [context.callers.submit(attempt, context, effect_id) for effect_id in effect_ids if effect_id not in claims]
    shift.take(list(claims.values()), asked)
    shift.work()
    for made in alone:
        asked.note(made.result)
    return asked.result()


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
