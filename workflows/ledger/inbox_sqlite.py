"""The group insert of deliveries on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from workflows.errors import LedgerUnavailable
from workflows.ledger.arrivals import Arrival, Receipt, RowRefused, receipt_of
from workflows.ledger.database import SQLITE_PRAGMAS
from workflows.ledger.locks import LOCK_NAME, WriteLock
from workflows.ledger.tables import micros
from workflows.values import utc_now

# What intake set aside later (it has a taken_at) was accepted here all the same.
FIND_FIRST = """
SELECT delivery_id, CASE WHEN taken_at IS NULL THEN problems END
FROM dedup_keys JOIN deliveries ON deliveries.id = dedup_keys.delivery_id
WHERE dedup_keys.source = ? AND dedup_keys.key = ? AND dedup_keys.until > ?
"""

INSERT_DELIVERY = """
INSERT INTO deliveries (id, source, received_at, shard, state, headers, body, drafts, problems)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

# A key that stands at this point has run out: the writer is alone, and has just looked.
INSERT_KEY = """
INSERT INTO dedup_keys (source, key, delivery_id, until) VALUES (?, ?, ?, ?)
ON CONFLICT (source, key) DO UPDATE SET delivery_id = excluded.delivery_id, until = excluded.until
"""


class SqliteInbox:
    """The inbox in the database file at `path`, which must exist and be migrated."""

    linger_seconds = 0.003
    """A commit is one flush, and the processes take turns: the more it serves, the more are served."""

    def __init__(self, path: str) -> None:
        self._path = Path(path).absolute()
        self._lock = WriteLock(self._path.with_name(LOCK_NAME))
        self._connection: sqlite3.Connection | None = None

    def store(self, batch: Sequence[Arrival]) -> list[Receipt]:
        """Store in one commit. Raises LedgerUnavailable or RowRefused."""
        with self._lock:
            try:
                connection = self._connect()
                connection.execute("BEGIN IMMEDIATE")
                receipts = _store(connection, batch)
                connection.execute("COMMIT")
            except BaseException as error:
                self.close()  # which undoes the transaction too
                raise _translated(error) from error
        return receipts

    def close(self) -> None:
        """Close the connection; what was not committed is undone."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            # mode=rw: a file that is not there is a ledger that is not there, not an empty one to begin.
            self._connection = sqlite3.connect(
                f"{self._path.as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
            )
            for pragma in SQLITE_PRAGMAS:
                self._connection.execute(pragma)
        return self._connection


def _store(connection: sqlite3.Connection, batch: Sequence[Arrival]) -> list[Receipt]:
    now = micros(utc_now())
    receipts = [_find_or_issue(connection, arrival, now) for arrival in batch]
    new = [arrival for arrival, receipt in zip(batch, receipts, strict=True) if not receipt.is_repeat]
    connection.executemany(INSERT_DELIVERY, [_row(arrival, now) for arrival in new])
    connection.executemany(INSERT_KEY, [(item.source, item.key, item.id, item.until(now)) for item in new])
    return receipts


def _find_or_issue(connection: sqlite3.Connection, arrival: Arrival, now: int) -> Receipt:
    first = connection.execute(FIND_FIRST, (arrival.source, arrival.key, now)).fetchone()
    if first is None:
        return receipt_of(arrival.id, arrival.problems, is_repeat=False)
    return receipt_of(*first, is_repeat=True)


def _row(arrival: Arrival, now: int) -> tuple[object, ...]:
    return (
        *(arrival.id, arrival.source, now, arrival.shard, arrival.state),
        *(arrival.headers, arrival.body, arrival.drafts, arrival.problems),
    )


def _translated(error: BaseException) -> BaseException:
    """The error as the inbox names it; the text of a driver's error may quote values, so only its kind is told."""
    match error:
        case sqlite3.OperationalError():  # locked, disk full, no such file or table, I/O error
            return LedgerUnavailable(f"SQLite cannot store now: {error.sqlite_errorname}")
        case sqlite3.DataError() | sqlite3.IntegrityError() | sqlite3.InterfaceError() | sqlite3.ProgrammingError():
            return RowRefused(type(error).__name__)
        case UnicodeError() | OverflowError():
            return RowRefused(type(error).__name__)
        case sqlite3.Error():  # not a database, malformed
            return LedgerUnavailable(f"SQLite cannot store now: {type(error).__name__}")
        case _:
            return error
