"""The intake task: drains what the door stored, and makes the first calls itself while it has few to make."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack

from celery import Celery, Task

from tasks.context import Context
from tasks.shifts import Shift
from webhooks.queues import INTAKE_TASK
from workflows.runtime.courtesy import Courtesy
from workflows.runtime.effects import Claim
from workflows.runtime.groups import Hands

DRAIN_SECONDS = 2.0
"""A drain ends after this time and rings again if work is left, so that a worker can be stopped at any moment."""
SEVERAL = 4
"""Deliveries taken at once, from which on it is asked whether there is a flood."""
MOST_IN_HAND = 4
"""Calls that one task of intake makes at a time; what is more is left to the workers."""


def register(app: Celery, context: Context) -> Task:
    """Add the task that a ring of the doorbell starts."""
    drain = Drain(context)

    @app.task(name=INTAKE_TASK, bind=True)  # type: ignore[untyped-decorator]
    def intake(task: Task) -> int:
        """Take deliveries in, and make or release the calls that are due with it; how many deliveries."""
        hands = HandsOfIntake(context, task.request.id)
        with ExitStack() as at_the_end:
            at_the_end.callback(hands.let_go)
            # However the drain ends: nobody else knows what becomes of the calls it has begun.
            at_the_end.callback(hands.work)
            return drain(hands)

    task: Task = intake
    return task


class Drain:
    """Takes batches in until none is left or the time is up; one thread of a process at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._courtesy = Courtesy(context.database)
        self._asked = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, hands: HandsOfIntake) -> int:
        """How many deliveries.

        Who comes while another thread is at it waits for it, so that rings stay in their queue and no others are sent,
        and looks then, once for all who wait. Were the first to look for them, its calls would not be recorded before
        it has done so for the last.
        """
        self._asked.set()
        with self._lock:
            if not self._asked.is_set():
                return 0
            self._asked.clear()
            return self._take_all(hands)

    def _take_all(self, hands: HandsOfIntake) -> int:
        end = time.monotonic() + DRAIN_SECONDS
        total = 0
        while taken := self._context.intake.take_batch(hands):
            total += taken
            hands.catch_up()
            if time.monotonic() > end:
                self._context.ring_intake()
                break
            if taken >= SEVERAL:
                self._courtesy.give_way()
        return total


class HandsOfIntake:
    """The calls that a task of intake makes itself, as long as a thread is left for the next ring."""

    def __init__(self, context: Context, task_id: str | None) -> None:
        self._context = context
        self._shift = Shift(context, task_id, most=MOST_IN_HAND)
        self._is_spared = False

    def free(self) -> Hands | None:
        """Those that are free now, if this thread can be spared."""
        if not self._is_spared:
            self._is_spared = self._context.spare.take()
        return self._context.performer.hands(self._shift.room) if self._is_spared else None

    def take_on(self, claims: Sequence[Claim]) -> None:
        """Begin these calls."""
        self._shift.take_on(claims)
        self._shift.begin()

    def catch_up(self) -> None:
        """Record those that have ended, so that their lanes are free and their runs go on."""
        self._shift.catch_up()

    def work(self) -> None:
        """Return when they, and what followed from them, are over and recorded."""
        self._shift.work()

    def let_go(self) -> None:
        """This thread is free again."""
        if self._is_spared:
            self._context.spare.give_back()
