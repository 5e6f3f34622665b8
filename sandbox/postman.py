"""The postman: webhooks on their way to those who asked for them, repeated until taken, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from threading import Event
from typing import Any

import certifi
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from sandbox.journal import Journal, Row
from sandbox.scheduler import Scheduler
from sandbox.store import Shelf, Store

# The receiver's answer is kept for reading, not for keeping.
ANSWER_LIMIT = 2000


@dataclass(frozen=True)
class Letter:
    """One delivery: a webhook's text, where it goes, and the headers that prove where it comes from."""

    source: str
    event: str
    url: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    about: str | None = None
    """What it is about, for readers of the journal: a campaign's or an order's id."""


@dataclass(frozen=True)
class Lane:
    """Letters that have to arrive in order: the first is tried for the `attempt`th time when it is due."""

    letters: tuple[Letter, ...]
    attempt: int
    due_at: float


class Postman:
    """Delivers letters. One leaves when that before it in its lane was taken or given up.

    What was posted and not yet delivered is sent after a restart; a letter under way while the sandbox was killed is
    sent again, for nobody knows whether it was taken.
    """

    def __init__(
        self,
        store: Store,
        journal: Journal,
        scheduler: Scheduler,
        stopping: Event,
        *,
        retry_delays: tuple[float, ...],
        timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._journal = journal
        self._scheduler = scheduler
        self._stopping = stopping
        self._retry_delays = retry_delays
        self._timeout = timeout
        self._clock = clock
        self._lanes: Shelf[Lane] = Shelf(store, "letters", load=_lane, dump=asdict)

    def wake(self) -> None:
        """Go on with what a sandbox before this one left undelivered."""
        for name in self._lanes:
            self._schedule(name)

    def post(self, lane: str, letter: Letter) -> None:
        """Hand over a letter; it is tried until answered 2xx, or given up after the last retry delay."""
        with self._store.together():
            waiting = self._lanes.get(lane)
            if waiting is None:
                self._put(lane, (letter,))
            else:
                self._lanes.put(lane, Lane((*waiting.letters, letter), waiting.attempt, waiting.due_at))

    def send(self, letter: Letter, *, attempt: int = 1) -> Row:
        """Deliver a letter once, now, and return the journal's row on it."""
        return self._journal.append(self._delivered(letter, attempt))

    def _put(self, name: str, letters: tuple[Letter, ...], *, attempt: int = 1, delay: float = 0) -> None:
        self._lanes.put(name, Lane(letters, attempt, self._clock() + delay))
        self._schedule(name)

    def _schedule(self, name: str) -> None:
        lane = self._lanes.get(name)
        if lane is not None:
            self._scheduler.after(max(0.0, lane.due_at - self._clock()), partial(self._serve, name))

    def _serve(self, name: str) -> None:
        with self._store.lock:  # what was posted leaves only once it is committed
            lane = self._lanes.get(name)
        if lane is None or self._stopping.is_set():
            return
        row = self._delivered(lane.letters[0], lane.attempt)
        with self._store.together():
            self._journal.append(row)
            # Others may have been posted to the lane meanwhile.
            self._go_on(name, self._lanes.get(name) or lane, row["status"])

    def _go_on(self, name: str, lane: Lane, status: int | None) -> None:
        """Decide what becomes of a lane whose first letter was just answered."""
        is_taken = status is not None and 200 <= status < 300
        if not is_taken and lane.attempt <= len(self._retry_delays):
            delay = self._retry_delays[lane.attempt - 1]
            self._put(name, lane.letters, attempt=lane.attempt + 1, delay=delay)
        elif len(lane.letters) > 1:
            self._put(name, lane.letters[1:])
        else:
            self._lanes.remove(name)

    def _delivered(self, letter: Letter, attempt: int) -> Row:
        """Post a letter and say how it went, as a row for the journal."""
        with PoolManager(timeout=self._timeout, retries=False, ca_certs=certifi.where()) as pool:
            status, answer, error = _posted(pool, letter)
        row = asdict(letter)
        del row["headers"]
        return {**row, "attempt": attempt, "status": status, "answer": answer, "error": error}


def _lane(record: Mapping[str, Any]) -> Lane:
    letters = tuple(Letter(**letter) for letter in record["letters"])
    return Lane(letters, record["attempt"], float(record["due_at"]))


def _posted(pool: PoolManager, letter: Letter) -> tuple[int | None, str | None, str | None]:
    """Post once: (status, answer, None), or (None, None, error) where no answer came. A redirect is an answer."""
    headers: dict[str, Any] = {"Content-Type": "application/json", "User-Agent": "stagedoor-sandbox", **letter.headers}
    body = letter.body.encode("utf-8", errors="replace")
    try:
        reply = pool.request("POST", letter.url, body=body, headers=headers, redirect=False)
    except (HTTPError, ValueError) as error:
        return None, None, type(error).__name__
    return reply.status, reply.data.decode(errors="replace")[:ANSWER_LIMIT], None
