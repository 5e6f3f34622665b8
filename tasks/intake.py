"""The intake task: drains what the door stored."""

from __future__ import annotations

import time

from celery import Celery, Task

from tasks.context import Context
from webhooks.queues import INTAKE_TASK

DRAIN_SECONDS = 2.0
"""A drain ends after this time and rings again if work is left, so that a worker can be stopped at any moment."""


def register(app: Celery, context: Context) -> Task:
    """Add the task that a ring of the doorbell starts."""

    @app.task(name=INTAKE_TASK)  # type: ignore[untyped-decorator]
    def intake() -> int:
        """Take deliveries in and release what they made due; how many deliveries."""
        return drain(context)

    task: Task = intake
    return task


def drain(context: Context) -> int:
    """Take batches in until none is left or the time is up."""
    end = time.monotonic() + DRAIN_SECONDS
    total = 0
    while taken := context.intake.take_batch():
        total += taken
        if time.monotonic() > end:
            context.ring_intake()
            break
    return total
