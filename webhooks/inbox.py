"""The inbox of this process: requests hand their arrival over and are told of the commit that holds it.

One thread writes, so that one flush serves all who came meanwhile. It starts with the first request: a server may
import the application before it forks.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import structlog

from workflows.errors import LedgerUnavailable
from workflows.ledger.arrivals import Arrival, Receipt
from workflows.ledger.inbox import InboxWriter, Result

WAIT_SECONDS = 4.0
"""Symphony gives up after 5 s ("Webhooks", delivery), Shopify as well: a 503 must arrive before that."""
STOP_SECONDS = 10.0
MOST_ROWS = 256
MOST_BYTES = 8 << 20

log = structlog.stdlib.get_logger(__name__)


class Inbox:
    """Stores arrivals in groups. What waits is bounded by the places of the door, each of which waits for one."""

    def __init__(self, writer: InboxWriter, after_commit: Callable[[], None]) -> None:
        """`after_commit` is called when new deliveries are there to be taken in; it must not block."""
        self._writer = writer
        self._after_commit = after_commit
        self._lock = threading.Lock()
        self._queue: deque[Waiting] = deque()
        self._wanted = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def store(self, arrival: Arrival) -> Receipt:
        """Return once it is durable, or was before; the thread waits.

        Raises LedgerUnavailable otherwise. It may then be stored all the same; the sender's repeat finds it.
        """
        told: Future[Result] = Future()
        waiting = self.hand_over(arrival, told.set_result)
        try:
            result = told.result(WAIT_SECONDS)
        except TimeoutError:
            raise self.give_up(waiting) from None
        if isinstance(result, LedgerUnavailable):
            raise result
        return result

    def hand_over(self, arrival: Arrival, tell: Callable[[Result], None]) -> Waiting:
        """Have it stored and `tell` called with what became of it, by the writing thread. Who tires of it gives it up.

        Raises LedgerUnavailable when nothing is stored any more.
        """
        waiting = Waiting(arrival, tell)
        with self._lock:
            if self._closed:
                raise LedgerUnavailable("the server is about to stop")
            self._queue.append(waiting)
            self._start()
        # It is cleared under our lock, when the queue is empty: if it is set now, we are seen. Asking is cheaper.
        if not self._wanted.is_set():
            self._wanted.set()
        return waiting

    def give_up(self, waiting: Waiting) -> LedgerUnavailable:
        """Forget it, so that a ledger that is down for long is not met by a queue of what nobody waits for."""
        with self._lock:
            if waiting in self._queue:
                self._queue.remove(waiting)
        return LedgerUnavailable(f"the ledger has not answered for {WAIT_SECONDS:g} seconds")

    def close(self) -> None:
        """Store what waits, then end the thread and the connection."""
        with self._lock:
            self._closed = True
            thread = self._thread
        self._wanted.set()
        if thread is not None:
            thread.join(STOP_SECONDS)
        else:
            self._writer.close()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed or self._queue:
            self._wanted.wait()
            if not self._closed and self._writer.linger_seconds:
                time.sleep(self._writer.linger_seconds)
            self._store_next()
        self._writer.close()

    def _take(self) -> list[Waiting]:
        """The next batch. At least one row, however large."""
        batch: list[Waiting] = []
        size = 0
        with self._lock:
            while self._queue and len(batch) < MOST_ROWS:
                size += len(self._queue[0].arrival.body)
                if batch and size > MOST_BYTES:
                    break
                batch.append(self._queue.popleft())
            if not self._queue and not self._closed:
                self._wanted.clear()
        return batch

    def _store_next(self) -> None:
        """Store what waits when it is our turn: what came while we waited for it is in the same batch."""
        batch: list[Waiting] = []
        try:
            with self._writer.turn():
                batch = self._take()
                results = self._writer.store([waiting.arrival for waiting in batch]) if batch else []
            if batch:
                self._writer.flush()
        except LedgerUnavailable as error:
            batch = batch or self._take()
            results = [error] * len(batch)
        except Exception:
            # A bug of ours; but the thread must live, for every later request waits for it.
            log.exception("storing deliveries failed", deliveries=len(batch))
            results = [LedgerUnavailable("storing failed; the log says how")] * len(batch)
        self._tell(batch, results)

    def _tell(self, batch: Sequence[Waiting], results: Sequence[Result]) -> None:
        for waiting, result in zip(batch, results, strict=True):
            waiting.tell(result)
        if any(isinstance(result, Receipt) and not result.is_repeat and not result.problems for result in results):
            self._after_commit()


@dataclass(frozen=True, eq=False, slots=True)
class Waiting:
    """An arrival on its way, and who is to be told."""

    arrival: Arrival
    tell: Callable[[Result], None]
