"""Rates: how many deliveries of a source are taken, all processes of the door together.

What a request may use lies here, in this process; the shared buckets are asked by a thread of its own, for as much as a
tenth of a second may use. So a source gets, in any time t, at most its burst, what its rate allows in t, and for each
process one such portion, which may have lain there. While the ledger does not answer nothing is limited: nothing is
stored either.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from workflows.errors import LedgerUnavailable
from workflows.ledger import buckets
from workflows.ledger.database import Database
from workflows.ledger.tables import micros
from workflows.settings.admission import Rate

PORTION_SECONDS = 0.1
WAIT_SECONDS = 0.5
"""How long a request waits for its process's next portion."""
STOP_SECONDS = 5.0

log = structlog.stdlib.get_logger(__name__)


class Rates:
    """The rates of the sources that have one."""

    def __init__(self, database: Database, rates: Mapping[str, Rate]) -> None:
        self._database = database
        self._shares = {name: _Share(rate) for name, rate in rates.items()}
        self._changed = threading.Condition()
        self._wanted = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def refused_for(self, source: str) -> float:
        """For how many seconds every delivery of the source is refused; 0 when one may be taken."""
        share = self._shares.get(source)
        return 0.0 if share is None or share.tokens > 0 else max(0.0, share.empty_until - time.monotonic())

    def take(self, source: str) -> float:
        """Take the place of one delivery: 0, or in how many seconds there may be one again."""
        share = self._shares.get(source)
        if share is None:
            return 0.0
        with self._changed:
            if share.tokens <= 0:
                self._await(share)
            if share.tokens <= 0 and (wait := share.empty_until - time.monotonic()) > 0:
                return wait
            # Below none where the ledger did not answer in time: the next portion pays for it.
            share.tokens = max(share.tokens - 1, -share.portion)
            if share.tokens < share.portion // 2:
                self._ask(share)
            return 0.0

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _await(self, share: _Share) -> None:
        """Wait for the next portion, unless it is known that there is none yet."""
        end = time.monotonic() + WAIT_SECONDS
        while share.tokens <= 0 and share.empty_until <= (now := time.monotonic()) < end:
            self._ask(share)
            self._changed.wait(end - now)

    def _ask(self, share: _Share) -> None:
        if share.is_asked:
            return
        share.is_asked = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="rates", daemon=True)
            self._thread.start()
        self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            if self._closed:
                return
            self._wanted.clear()
            self._refill()

    def _refill(self) -> None:
        """Draw a portion for each source that asked, in one transaction."""
        asking = {name: share for name, share in self._shares.items() if share.is_asked}
        try:
            drawn = self._draw(asking)
        except Exception as error:
            if not isinstance(error, LedgerUnavailable):
                log.exception("drawing from the buckets failed")  # a bug of ours, which must not stop the door
            drawn = {name: (share.portion, 0.0) for name, share in asking.items()}
        with self._changed:
            for name, (granted, wait) in drawn.items():
                share = asking[name]
                share.tokens += granted
                share.empty_until = 0.0 if granted else time.monotonic() + wait
                share.is_asked = False
            self._changed.notify_all()

    def _draw(self, asking: Mapping[str, _Share]) -> dict[str, tuple[int, float]]:
        """What each got, and in how many seconds it may get a portion. In the order of names: others do likewise."""
        drawn: dict[str, tuple[int, float]] = {}
        with self._database.write() as connection:
            now = self._database.now(connection)
            for name, share in sorted(asking.items()):
                found = buckets.draw(connection, name, share.rate, share.portion, now)
                wait = buckets.wait_for(found.spent_until, micros(now), share.rate, share.portion)
                drawn[name] = found.granted, wait
        return drawn


@dataclass
class _Share:
    """What this process has of a source's rate. `empty_until` is on the monotonic clock."""

    rate: Rate
    tokens: int = 0
    empty_until: float = 0.0
    is_asked: bool = False
    portion: int = field(init=False)

    def __post_init__(self) -> None:
        of_rate = math.ceil(self.rate.count / self.rate.seconds * PORTION_SECONDS)
        self.portion = max(1, min(of_rate, self.rate.burst))
