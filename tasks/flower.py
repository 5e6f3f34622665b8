"""What Flower is told of calls that a task went on with: each group of them shows as a task of its own.

Nobody sent a message for them, so Celery knows nothing of them; but whoever watches the crew wants to see every call
under the name of its operation. Told are the events Celery itself sends for a task (Celery, "Monitoring and Management
Guide", "Event Reference"), through the same dispatcher.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import structlog

log = structlog.get_logger(__name__)


class FollowOns:
    """Tells of calls without a message, by the worker given to `start`; before that, nobody."""

    def __init__(self) -> None:
        self._worker: Any = None

    def start(self, worker: Any) -> None:
        """From now on by this Celery worker's dispatcher."""
        self._worker = worker

    def began(self, operation: str, effect_ids: Sequence[str], *, after: str | None) -> str:
        """Calls were begun, after the task of that id; the id under which they show."""
        task_id = str(uuid4())
        shown = {"args": repr(list(effect_ids)), "kwargs": "{}", "root_id": after, "parent_id": after}
        self._tell("task-received", uuid=task_id, name=operation, retries=0, eta=None, expires=None, **shown)
        self._tell("task-started", uuid=task_id)
        return task_id

    def succeeded(self, task_id: str, result: str, seconds: float) -> None:
        """All of them are over."""
        self._tell("task-succeeded", uuid=task_id, result=repr(result), runtime=seconds)

    def failed(self, task_id: str, error: BaseException) -> None:
        """All of them are over, and this is the worst that came of them."""
        self._tell("task-failed", uuid=task_id, exception=repr(error), traceback="")

    def _tell(self, kind: str, **fields: Any) -> None:
        dispatcher = getattr(getattr(self._worker, "consumer", None), "event_dispatcher", None)
        if dispatcher is None:
            return
        try:
            dispatcher.send(kind, **fields)
        except Exception as error:  # whatever a broker that goes away makes its library raise
            log.warning("flower_not_told", error=type(error).__name__)
