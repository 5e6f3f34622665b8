"""The doorbell: tells the crew that deliveries wait, from a thread of its own and never more often than useful.

A ring is worth nothing but time: whatever it leaves lying, a sweep in every worker finds. So it is sent once, without
waiting, repeating or keeping it, and a broker that is down delays nobody and fills no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import structlog
from celery import Celery
from kombu.connection import Connection

from webhooks.queues import INTAKE, INTAKE_TASK
from workflows.errands import Errand

INTERVAL_SECONDS = 0.01
"""Webhooks that come more rarely are each taken in at once; of those that come faster, several with one ring."""
CONNECT_SECONDS = 3.0

log = structlog.stdlib.get_logger(__name__)


class Doorbell:
    """Rings at once, and again at the end of an interval in which it was asked again."""

    def __init__(self, ring_once: Callable[[], None], interval_seconds: float = INTERVAL_SECONDS) -> None:
        """`ring_once` may take its time and may raise."""
        self._ring_once = ring_once
        self._errand = Errand("doorbell", self._ring, interval_seconds)
        self._is_down = False

    def ring(self) -> None:
        """Ask for a ring. Returns at once."""
        self._errand.ask()

    def close(self) -> None:
        """End the thread, after the ring that was asked for last."""
        self._errand.close()

    def _ring(self) -> None:
        """Once an outage, say that it began and that it ended."""
        try:
            self._ring_once()
        except Exception as error:
            if not self._is_down:
                log.warning("the broker cannot be reached; sweeps find what arrives", error=type(error).__name__)
            self._is_down = True
        else:
            if self._is_down:
                log.info("the broker is back")
            self._is_down = False


class IntakeBell:
    """Sends the intake task, unless one lies in its queue already: whoever takes that sees what is stored now.

    So the queue does not grow while nobody takes from it, for days if need be.
    """

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("stagedoor", broker=broker_url, set_as_current=False)
        self._app.conf.update(
            task_queues=[INTAKE],
            task_create_missing_queues=False,
            broker_connection_timeout=CONNECT_SECONDS,
            # Without these, a connection that cannot be made is tried again for ever.
            broker_transport_options={
                "max_retries": 0,
                # RabbitMQ: return when it has the message, or the next look at the queue would not see it.
                "confirm_publish": True,
                "socket_connect_timeout": CONNECT_SECONDS,
                "socket_timeout": CONNECT_SECONDS,
            },
        )
        self._connection: Connection | None = None

    def __call__(self) -> None:
        """Raises whatever the broker's library raises; the next call connects anew."""
        try:
            self._send()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; a broken one may fail even at that."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.release()  # type: ignore[no-untyped-call]

    def _send(self) -> None:
        if self._connection is None:
            self._connection = self._app.connection_for_write()
            self._connection.ensure_connection(max_retries=1, timeout=CONNECT_SECONDS)
        queue = INTAKE(self._connection.default_channel)
        if queue.queue_declare().message_count == 0:  # type: ignore[no-untyped-call]
            self._app.send_task(
                INTAKE_TASK, queue=INTAKE.name, connection=self._connection, retry=False, ignore_result=True
            )
