"""The group insert of deliveries on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import psycopg
from psycopg import errors

from workflows.errors import LedgerUnavailable
from workflows.ledger.arrivals import KEPT, SUPERSEDED, Arrival, Receipt, Row, RowRefused, receipt_of

CONNECT_SECONDS = 3
SILENCE_MILLISECONDS = 10_000
"""A server that says nothing for this long is given up: a statement by itself, a connection by the kernel."""
DEADLOCK_TRIES = 5

# One statement, in its own transaction: one round trip. The keys are inserted in the order given (the same in all
# processes); `until` is compared and set by the server's clock. A key of another transaction that is just being
# stored is waited for. Foreign keys are checked at the end of the statement, so keys may go before deliveries.
CLOCK = "clock AS MATERIALIZED (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now)"
WON = f"""
won AS (
    INSERT INTO dedup_keys AS kept (source, key, delivery_id, until)
    SELECT source, key, id, coalesce((SELECT now FROM clock) + window_micros, {KEPT}) FROM arrival
    ON CONFLICT (source, key) DO UPDATE SET delivery_id = excluded.delivery_id, until = excluded.until
        WHERE kept.until <= (SELECT now FROM clock)
    RETURNING delivery_id
)
"""  # noqa: S608 (the number is a constant of ours)
INTO = "INSERT INTO deliveries (id, source, received_at, shard, state, headers, body, drafts, problems, reason)"

STORE = f"""
WITH {CLOCK},
arrival AS MATERIALIZED (
    SELECT * FROM unnest(
        %b::text[], %b::text[], %b::text[], %b::bigint[], %b::smallint[], %b::text[], %b::text[], %b::bytea[],
        %b::text[], %b::text[], %b::text[]
    ) AS a (id, source, key, window_micros, shard, state, headers, body, drafts, problems, reason)
),
{WON}
{INTO}
SELECT id, source, (SELECT now FROM clock), shard, state, headers, body, drafts, problems, reason
FROM arrival WHERE id IN (SELECT delivery_id FROM won)
RETURNING id
"""  # noqa: S608

# The same for a batch in which positions are given. Of a subject only one row is written, in the order of subjects;
# what was the highest number before, the row itself remembers. `floor` is the highest that came earlier in the batch.
STORE_IN_SEQUENCE = f"""
WITH {CLOCK},
arrival AS MATERIALIZED (
    SELECT * FROM unnest(
        %b::text[], %b::text[], %b::text[], %b::bigint[], %b::smallint[], %b::text[], %b::text[], %b::bytea[],
        %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[], %b::bigint[]
    ) AS a (
        id, source, key, window_micros, shard, state, headers, body, drafts, problems, reason, subject, number, floor
    )
),
{WON},
latest AS (
    INSERT INTO sequences AS kept (source, subject, number)
    SELECT source, subject, max(number) FROM arrival
    WHERE number IS NOT NULL AND id IN (SELECT delivery_id FROM won)
    GROUP BY source, subject ORDER BY source, subject
    ON CONFLICT (source, subject)
        DO UPDATE SET number = greatest(kept.number, excluded.number), previous = kept.number
    RETURNING source, subject, previous
),
judged AS (
    SELECT arrival.*, state = 'pending' AND number < greatest(previous, floor) AS is_late
    FROM arrival LEFT JOIN latest USING (source, subject) WHERE id IN (SELECT delivery_id FROM won)
)
{INTO}
SELECT id, source, (SELECT now FROM clock), shard, CASE WHEN is_late THEN 'superseded' ELSE state END,
    headers, body, CASE WHEN is_late THEN NULL ELSE drafts END, problems,
    CASE WHEN is_late THEN '{SUPERSEDED}' ELSE reason END
FROM judged
RETURNING id
"""  # noqa: S608

# What intake set aside later (it has a taken_at) was accepted here all the same. In the order of ids, for the same
# reason as above.
COUNT_REPEATS = f"""
WITH {CLOCK},
firsts AS MATERIALIZED (
    SELECT wanted.source, wanted.key, times, deliveries.id, CASE WHEN taken_at IS NULL THEN problems END AS problems
    FROM unnest(%b::text[], %b::text[], %b::bigint[]) AS wanted (source, key, times)
    JOIN dedup_keys ON dedup_keys.source = wanted.source AND dedup_keys.key = wanted.key
    JOIN deliveries ON deliveries.id = dedup_keys.delivery_id
),
counted AS (
    INSERT INTO repeats AS kept (delivery_id, count, last_at)
    SELECT id, sum(times)::bigint, (SELECT now FROM clock) FROM firsts GROUP BY id ORDER BY id
    ON CONFLICT (delivery_id) DO UPDATE SET count = kept.count + excluded.count, last_at = excluded.last_at
)
SELECT source, key, id, problems FROM firsts
"""  # noqa: S608


class PostgresInbox:
    """The inbox in the database at `url`, a libpq URI."""

    linger_seconds = 0.0
    """Processes do not queue for each other here; while one batch is stored the next one gathers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None

    def turn(self) -> AbstractContextManager[None]:
        """Nothing to wait for."""
        return nullcontext()

    def store(self, batch: Sequence[Row]) -> list[Receipt]:
        """Store in one commit. Raises LedgerUnavailable or RowRefused."""
        try:
            return self._store(batch, tries=DEADLOCK_TRIES)
        except (psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded, UnicodeError) as error:
            raise RowRefused(type(error).__name__) from error
        except psycopg.Error as error:
            self.close()
            # The text may quote values; the kind says enough.
            raise LedgerUnavailable(f"PostgreSQL cannot store now: {type(error).__name__}") from error

    def flush(self) -> None:
        """Nothing is left to do: the commit has waited for the disk."""

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _store(self, batch: Sequence[Row], *, tries: int) -> list[Receipt]:
        connection = self._connect()
        arrivals = [row.arrival for row in batch]
        is_in_sequence = any(arrival.position for arrival in arrivals)
        columns = [*_columns(arrivals), *_positions(arrivals)] if is_in_sequence else _columns(arrivals)
        try:
            stored = {row[0] for row in connection.execute(STORE_IN_SEQUENCE if is_in_sequence else STORE, columns)}
        except (errors.DeadlockDetected, errors.SerializationFailure):
            if tries == 1:
                raise
            return self._store(batch, tries=tries - 1)
        firsts = _count_repeats(connection, batch, stored)
        return [_receipt(arrival, stored, firsts) for arrival in arrivals]

    def _connect(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                tcp_user_timeout=SILENCE_MILLISECONDS,
                application_name="stagedoor inbox",
            )
            self._connection.execute("SET default_transaction_isolation = 'read committed'")
            self._connection.execute(f"SET statement_timeout = {SILENCE_MILLISECONDS}")
        return self._connection


def _columns(batch: Sequence[Arrival]) -> list[list[Any]]:
    return [
        [arrival.id for arrival in batch],
        [arrival.source for arrival in batch],
        [arrival.key for arrival in batch],
        [None if arrival.window is None else arrival.until(0) for arrival in batch],
        [arrival.shard for arrival in batch],
        [arrival.state for arrival in batch],
        [arrival.headers for arrival in batch],
        [arrival.body for arrival in batch],
        [arrival.drafts for arrival in batch],
        [arrival.problems for arrival in batch],
        [arrival.reason for arrival in batch],
    ]


def _positions(batch: Sequence[Arrival]) -> list[list[Any]]:
    """The columns of positions: subject, number, and the highest number that came earlier in the batch."""
    highest: dict[tuple[str, str], int] = {}
    floors: dict[str, int | None] = {}
    for arrival in sorted(batch, key=lambda arrival: arrival.id):  # ids sort by time
        if arrival.position is not None:
            about = (arrival.source, arrival.position.subject)
            floors[arrival.id] = highest.get(about)
            highest[about] = max(highest.get(about, arrival.position.number), arrival.position.number)
    return [
        [arrival.position and arrival.position.subject for arrival in batch],
        [arrival.position and arrival.position.number for arrival in batch],
        [floors.get(arrival.id) for arrival in batch],
    ]


def _count_repeats(
    connection: psycopg.Connection[Any], batch: Sequence[Row], stored: set[str]
) -> dict[tuple[str, str], tuple[str, str | None]]:
    """The first delivery of each key that came again, by key."""
    counted = [(arrival, again + (arrival.id not in stored)) for arrival, again in batch]
    repeated = [(arrival.source, arrival.key, times) for arrival, times in counted if times]
    if not repeated:
        return {}
    found = connection.execute(COUNT_REPEATS, [list(column) for column in zip(*repeated, strict=True)])
    return {(source, key): (first, problems) for source, key, first, problems in found}


def _receipt(arrival: Arrival, stored: set[str], firsts: dict[tuple[str, str], tuple[str, str | None]]) -> Receipt:
    if arrival.id in stored:
        return receipt_of(arrival.id, arrival.problems, is_repeat=False)
    if (arrival.source, arrival.key) not in firsts:
        raise LedgerUnavailable("the first delivery of this key was just removed")
    return receipt_of(*firsts[arrival.source, arrival.key], is_repeat=True)
