"""The part of a worker that takes messages: Celery's, but that it outlives the loss of a broker while tasks run, and
tells Flower of several tasks at once."""

from __future__ import annotations

from typing import Any

from celery.worker import consumer
from kombu.transport import virtual

TELL_SECONDS = 0.1
"""Between two times that Flower is told what tasks did. To tell it costs as much as a call, and Celery 5.7 does so at
every single event."""


class Consumer(consumer.Consumer):  # type: ignore[misc]
    """A consumer that lets go of a lost connection's messages, and keeps what it has to tell for a moment.

    When Redis or Valkey goes away, kombu 5.7 wants to give the messages of running tasks back over the connection that
    is gone, and Celery 5.7 acknowledges them on it later. Either ends in an AttributeError that nobody expects, and the
    worker stays, as a process that takes no message any more. Nothing need be said about them: the tasks run on, what
    they do stands in the ledger, and where one does not end, its lease does.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._is_to_tell = False

    def on_send_event_buffered(self) -> None:
        """Threads come here as well, so the timer is set by the loop."""
        if self.hub and not self._is_to_tell:
            self._is_to_tell = True
            self.hub.call_soon(self._tell_later)

    def _tell_later(self) -> None:
        self.hub.call_later(TELL_SECONDS, self._tell)

    def _tell(self) -> None:
        self._is_to_tell = False
        self._flush_events()

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        transport = self.connection.transport
        if isinstance(transport, virtual.Transport):
            for channel in transport.channels:
                channel.do_restore = False
                channel.basic_ack = channel.basic_reject = _nothing
        super().on_connection_error_after_connected(exc)


def _nothing(*arguments: Any, **options: Any) -> None:
    """Answer an acknowledgement that comes too late."""
