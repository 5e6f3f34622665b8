"""The postman: webhooks on their way to those who asked for them, repeated until taken, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Event, Lock
from typing import Any

import requests

from sandbox.journal import Journal, Row
from sandbox.scheduler import Scheduler

# The receiver's answer is kept for reading, not for keeping.
ANSWER_LIMIT = 2000


@dataclass(frozen=True)
class Letter:
    """One delivery. `stamp` makes the headers when it leaves, since some vendors sign the time of sending."""

    source: str
    event: str
    url: str
    body: bytes
    stamp: Callable[[], Mapping[str, str]]
    about: str | None = None
    """What it is about, for readers of the journal: a campaign's or an order's id."""


class Postman:
    """Delivers letters. Those of one lane arrive in order: one leaves when that before was taken or given up."""

    def __init__(
        self,
        journal: Journal,
        scheduler: Scheduler,
        stopping: Event,
        *,
        retry_delays: tuple[float, ...],
        timeout: float,
    ) -> None:
        self._journal = journal
        self._scheduler = scheduler
        self._stopping = stopping
        self._retry_delays = retry_delays
        self._timeout = timeout
        self._lock = Lock()
        self._lanes: dict[Hashable, deque[Letter]] = {}

    def post(self, lane: Hashable, letter: Letter) -> None:
        """Hand over a letter; it is tried until answered 2xx, or given up after the last retry delay."""
        with self._lock:
            is_idle = lane not in self._lanes
            self._lanes.setdefault(lane, deque()).append(letter)
        if is_idle:
            self._scheduler.after(0, partial(self._serve, lane, 1))

    def send(self, letter: Letter, *, attempt: int = 1) -> Row:
        """Deliver a letter once, now, and return the journal's row on it."""
        with requests.Session() as session:
            session.trust_env = False
            status, answer, error = _posted(session, letter, self._timeout)
        return self._journal.append(
            {
                "source": letter.source,
                "event": letter.event,
                "about": letter.about,
                "url": letter.url,
                "body": letter.body.decode("utf-8", errors="replace"),
                "attempt": attempt,
                "status": status,
                "answer": answer,
                "error": error,
            }
        )

    def _serve(self, lane: Hashable, attempt: int) -> None:
        if self._stopping.is_set():
            return
        status = self.send(self._lanes[lane][0], attempt=attempt)["status"]
        is_taken = status is not None and 200 <= status < 300
        if not is_taken and attempt <= len(self._retry_delays):
            self._scheduler.after(self._retry_delays[attempt - 1], partial(self._serve, lane, attempt + 1))
        elif self._has_more(lane):
            self._scheduler.after(0, partial(self._serve, lane, 1))

    def _has_more(self, lane: Hashable) -> bool:
        """Put the first letter of the lane aside and close the lane if it was the last."""
        with self._lock:
            letters = self._lanes[lane]
            letters.popleft()
            if not letters:
                del self._lanes[lane]
            return bool(letters)


def _posted(session: requests.Session, letter: Letter, timeout: float) -> tuple[int | None, str | None, str | None]:
    """Post once: (status, answer, None), or (None, None, error) where no answer came. A redirect is an answer."""
    headers: dict[str, Any] = {"Content-Type": "application/json", "User-Agent": "stagedoor-sandbox", **letter.stamp()}
    try:
        reply = session.post(letter.url, data=letter.body, headers=headers, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        return None, None, type(error).__name__
    return reply.status_code, reply.text[:ANSWER_LIMIT], None
