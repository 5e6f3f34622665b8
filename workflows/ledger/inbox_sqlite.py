"""The group insert of deliveries on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from workflows.errors import LedgerUnavailable
from workflows.ledger import wal
from workflows.ledger.arrivals import SUPERSEDED, Arrival, Receipt, Row, RowRefused, receipt_of
from workflows.ledger.database import SQLITE_PRAGMAS
from workflows.ledger.locks import LOCK_NAME, WriteLock
from workflows.ledger.tables import micros
from workflows.values import utc_now

# A batch is one statement of one step, which is a transaction by itself: at every step the interpreter's lock is given
# away, and with thirty busy threads it takes milliseconds to come back, while other processes wait for their turn to
# write. So the rules for a row are a trigger of this connection's own.
PREPARE = f"""
PRAGMA temp_store = MEMORY;
CREATE TEMP VIEW arrivals AS
    SELECT id, source, '' AS key, 0 AS until, received_at, shard, state, headers, body, drafts, problems, reason,
        0 AS again, '' AS subject, 0 AS number
    FROM deliveries;
CREATE TEMP TRIGGER store_arrival INSTEAD OF INSERT ON arrivals BEGIN
    INSERT INTO deliveries (id, source, received_at, shard, state, headers, body, drafts, problems, reason)
        SELECT NEW.id, NEW.source, NEW.received_at, NEW.shard, NEW.state,
            NEW.headers, NEW.body, NEW.drafts, NEW.problems, NEW.reason
        WHERE NOT EXISTS (
            SELECT 1 FROM dedup_keys WHERE source = NEW.source AND key = NEW.key AND until > NEW.received_at
        );
    INSERT INTO dedup_keys (source, key, delivery_id, until)
        SELECT NEW.source, NEW.key, NEW.id, NEW.until WHERE EXISTS (SELECT 1 FROM deliveries WHERE id = NEW.id)
        ON CONFLICT (source, key) DO UPDATE SET delivery_id = excluded.delivery_id, until = excluded.until;
    INSERT INTO repeats (delivery_id, count, last_at)
        SELECT delivery_id, NEW.again + (delivery_id <> NEW.id), NEW.received_at FROM dedup_keys
        WHERE source = NEW.source AND key = NEW.key AND (delivery_id <> NEW.id OR NEW.again > 0)
        ON CONFLICT (delivery_id) DO UPDATE SET count = count + excluded.count, last_at = excluded.last_at;
    UPDATE deliveries SET state = 'superseded', drafts = NULL, reason = '{SUPERSEDED}'
        WHERE NEW.number IS NOT NULL AND id = NEW.id AND state = 'pending' AND NEW.number < (
            SELECT number FROM sequences WHERE source = NEW.source AND subject = NEW.subject
        );
    INSERT INTO sequences (source, subject, number)
        SELECT NEW.source, NEW.subject, NEW.number
        WHERE NEW.number IS NOT NULL AND EXISTS (SELECT 1 FROM deliveries WHERE id = NEW.id)
        ON CONFLICT (source, subject) DO UPDATE SET number = max(number, excluded.number);
END;
"""  # noqa: S608 (the words are ours)

STORE = """
INSERT INTO arrivals (
    id, source, key, until, received_at, shard, state, headers, body, drafts, problems, reason, again, subject, number
) VALUES {rows}
"""
ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
CHANGES_OF_A_NEW_ROW = 2
"""And a repeat makes one, so as many as that are made by new rows alone, unless a row makes others as well."""

# What intake set aside later (it has a taken_at) was accepted here all the same.
FIND_FIRSTS = """
SELECT dedup_keys.source, dedup_keys.key, deliveries.id, CASE WHEN taken_at IS NULL THEN problems END
FROM dedup_keys JOIN deliveries ON deliveries.id = dedup_keys.delivery_id
WHERE (dedup_keys.source, dedup_keys.key) IN (VALUES {rows})
"""

MANY = 4
FOLLOWED_SECONDS = 0.015
"""Within which others follow on a batch of so many."""

CACHED_STATEMENTS = 512
"""A statement for every size of batch, twice."""


class SqliteInbox:
    """The inbox in the database file at `path`, which must exist and be migrated."""

    linger_seconds = 0.003
    """A commit is one flush: the more it serves, the more are served."""

    def __init__(self, path: str) -> None:
        self._path = Path(path).absolute()
        self._lock = WriteLock(self._path.with_name(LOCK_NAME), goes_first=True)
        self._connection: sqlite3.Connection | None = None

    def turn(self) -> WriteLock:
        """The place in the queue of all writers of this file."""
        return self._lock

    def store(self, batch: Sequence[Row]) -> list[Receipt]:
        """Store in one commit, in a turn. Raises LedgerUnavailable or RowRefused."""
        try:
            return _store(self._connect(), batch)
        except BaseException as error:
            self.close()
            raise _translated(error) from error
        finally:
            # While many come at a time, those who are answered now are followed at once by others.
            self._lock.is_busy_for(FOLLOWED_SECONDS if len(batch) >= MANY else 0)

    def flush(self) -> None:
        """Bring what was stored to the disk, others having their turn meanwhile. Raises LedgerUnavailable."""
        wal.flush(self._path)

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            # mode=rw: a file that is not there is a ledger that is not there, not an empty one to begin.
            self._connection = sqlite3.connect(
                f"{self._path.as_uri()}?mode=rw",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=CACHED_STATEMENTS,
            )
            for pragma in SQLITE_PRAGMAS:
                self._connection.execute(pragma)
            self._connection.executescript(PREPARE)
        return self._connection


def _store(connection: sqlite3.Connection, batch: Sequence[Row]) -> list[Receipt]:
    now = micros(utc_now())
    before = connection.total_changes
    # Where they have positions, as they came: ids sort by time.
    as_they_came = sorted(batch, key=_id) if any(row.arrival.position for row in batch) else batch
    values = chain.from_iterable(_values(row, now) for row in as_they_came)
    connection.execute(STORE.format(rows=", ".join([ROW] * len(batch))), tuple(values))
    is_plain = not any(row.again or row.arrival.position for row in batch)
    if is_plain and connection.total_changes - before == CHANGES_OF_A_NEW_ROW * len(batch):
        return [receipt_of(arrival.id, arrival.problems, is_repeat=False) for arrival, _ in batch]
    firsts = _find_firsts(connection, batch)
    return [_receipt(arrival, *firsts[arrival.source, arrival.key]) for arrival, _ in batch]


def _id(row: Row) -> str:
    return row.arrival.id


def _values(row: Row, now: int) -> tuple[object, ...]:
    arrival, again = row
    subject, number = (None, None) if arrival.position is None else (arrival.position.subject, arrival.position.number)
    return (
        *(arrival.id, arrival.source, arrival.key, arrival.until(now), now, arrival.shard, arrival.state),
        *(arrival.headers, arrival.body, arrival.drafts, arrival.problems, arrival.reason, again, subject, number),
    )


def _find_firsts(connection: sqlite3.Connection, batch: Sequence[Row]) -> dict[tuple[str, str], tuple[str, str | None]]:
    keys = tuple(chain.from_iterable((arrival.source, arrival.key) for arrival, _ in batch))
    found = connection.execute(FIND_FIRSTS.format(rows=", ".join(["(?, ?)"] * len(batch))), keys)
    return {(source, key): (first, problems) for source, key, first, problems in found}


def _receipt(arrival: Arrival, first: str, problems: str | None) -> Receipt:
    return receipt_of(first, problems, is_repeat=first != arrival.id)


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
