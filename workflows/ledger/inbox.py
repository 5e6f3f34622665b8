"""The inbox: deliveries stored in groups, each group one commit.

This path speaks to the drivers directly: through SQLAlchemy it is half as fast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from sqlalchemy.engine import make_url

from workflows.errors import LedgerUnavailable
from workflows.ledger.arrivals import Arrival, Receipt, Row, RowRefused
from workflows.ledger.inbox_postgresql import PostgresInbox
from workflows.ledger.inbox_sqlite import SqliteInbox

Result = Receipt | LedgerUnavailable


class InboxWriter:
    """Stores arrivals in the database at `url`, for one thread. Connects when first needed and after any failure."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)

    @property
    def linger_seconds(self) -> float:
        """How long it pays to wait for company before a commit; see the engines."""
        return self._engine.linger_seconds

    def turn(self) -> AbstractContextManager[None]:
        """The turn to store, to be held around `store`. What comes while one waits for it can still join the batch.

        Raises LedgerUnavailable on entering.
        """
        return self._engine.turn()

    def store(self, batch: Sequence[Arrival]) -> list[Result]:
        """Store a batch, in a turn, and say for each arrival what became of it, in the batch's order.

        Of several with one key the first is stored and the others are repeats of it. A row the database refuses for
        what it holds fails alone. What is answered with a LedgerUnavailable may not be acknowledged; it may have been
        stored all the same (the connection broke during the commit), then the sender's repeat finds it.
        """
        firsts = {(arrival.source, arrival.key): arrival for arrival in reversed(batch)}
        # In order: two processes inserting the same keys in opposite order would wait for each other.
        keys = sorted(firsts)
        again = Counter((arrival.source, arrival.key) for arrival in batch) if len(keys) < len(batch) else {}
        rows = [Row(firsts[key], again.get(key, 1) - 1) for key in keys]
        results = dict(zip(keys, self._store(rows), strict=True))
        return [_seen_by(arrival, results[arrival.source, arrival.key]) for arrival in batch]

    def flush(self) -> None:
        """Return once what was stored is on the disk; nothing may be acknowledged before. Raises LedgerUnavailable."""
        self._engine.flush()

    def close(self) -> None:
        """Give the connection back; the next `store` opens another."""
        self._engine.close()

    def _store(self, batch: Sequence[Row]) -> list[Result]:
        """Store in one commit; where the database refuses, in halves, down to the row it refuses."""
        try:
            return list(self._engine.store(batch))
        except LedgerUnavailable as error:
            return [error] * len(batch)
        except RowRefused as error:
            if len(batch) == 1:
                return [LedgerUnavailable(f"the ledger refuses this delivery ({error})")]
            half = len(batch) // 2
            return self._store(batch[:half]) + self._store(batch[half:])


def _seen_by(arrival: Arrival, result: Result) -> Result:
    """The result as another arrival of the same batch and key gets it."""
    if isinstance(result, LedgerUnavailable) or result.is_repeat or result.delivery_id == arrival.id:
        return result
    return replace(result, is_repeat=True)


class _Engine(Protocol):
    """What differs between the two databases. The keys of a batch are distinct and in order."""

    linger_seconds: float

    def turn(self) -> AbstractContextManager[None]:
        """The place in the queue of writers, where the engine needs one. Raises LedgerUnavailable."""

    def store(self, batch: Sequence[Row]) -> list[Receipt]:
        """Store in one commit, and count repeats before any is answered. Raises LedgerUnavailable or RowRefused."""

    def flush(self) -> None:
        """Bring what was stored to the disk, outside of a turn. Raises LedgerUnavailable."""

    def close(self) -> None: ...


def _engine(url: str) -> _Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteInbox(parsed.database or "")
    return PostgresInbox(parsed.set(drivername="postgresql").render_as_string(hide_password=False))
