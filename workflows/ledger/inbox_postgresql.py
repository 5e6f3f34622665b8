"""The group insert of deliveries on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import psycopg
from psycopg import errors

from workflows.errors import LedgerUnavailable
from workflows.ledger.arrivals import KEPT, Arrival, Receipt, RowRefused, receipt_of

CONNECT_SECONDS = 3
SILENCE_MILLISECONDS = 10_000
"""A server that says nothing for this long is given up: a statement by itself, a connection by the kernel."""
DEADLOCK_TRIES = 5

# One statement, in its own transaction: one round trip. The keys are inserted in the order given (the same in all
# processes); `until` is compared and set by the server's clock. A key of another transaction that is just being
# stored is waited for. Foreign keys are checked at the end of the statement, so keys may go before deliveries.
STORE = f"""
WITH clock AS MATERIALIZED (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now),
arrival AS MATERIALIZED (
    SELECT * FROM unnest(
        %b::text[], %b::text[], %b::text[], %b::bigint[], %b::smallint[], %b::text[], %b::text[], %b::bytea[],
        %b::text[], %b::text[]
    ) AS a (id, source, key, window_micros, shard, state, headers, body, drafts, problems)
),
won AS (
    INSERT INTO dedup_keys AS kept (source, key, delivery_id, until)
    SELECT source, key, id, coalesce((SELECT now FROM clock) + window_micros, {KEPT}) FROM arrival
    ON CONFLICT (source, key) DO UPDATE SET delivery_id = excluded.delivery_id, until = excluded.until
        WHERE kept.until <= (SELECT now FROM clock)
    RETURNING delivery_id
)
INSERT INTO deliveries (id, source, received_at, shard, state, headers, body, drafts, problems)
SELECT id, source, (SELECT now FROM clock), shard, state, headers, body, drafts, problems
FROM arrival WHERE id IN (SELECT delivery_id FROM won)
RETURNING id
"""  # noqa: S608 (the number is a constant of ours)

# What intake set aside later (it has a taken_at) was accepted here all the same.
FIND_FIRSTS = """
SELECT wanted.source, wanted.key, deliveries.id, CASE WHEN taken_at IS NULL THEN problems END
FROM unnest(%b::text[], %b::text[]) AS wanted (source, key)
JOIN dedup_keys ON dedup_keys.source = wanted.source AND dedup_keys.key = wanted.key
JOIN deliveries ON deliveries.id = dedup_keys.delivery_id
"""


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

    def store(self, batch: Sequence[Arrival]) -> list[Receipt]:
        """Store in one commit. Raises LedgerUnavailable or RowRefused."""
        try:
            return self._store(batch, tries=DEADLOCK_TRIES)
        except (psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded, UnicodeError) as error:
            raise RowRefused(type(error).__name__) from error
        except psycopg.Error as error:
            self.close()
            # The text may quote values; the kind says enough.
            raise LedgerUnavailable(f"PostgreSQL cannot store now: {type(error).__name__}") from error

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _store(self, batch: Sequence[Arrival], *, tries: int) -> list[Receipt]:
        connection = self._connect()
        try:
            stored = {row[0] for row in connection.execute(STORE, _columns(batch))}
        except (errors.DeadlockDetected, errors.SerializationFailure):
            if tries == 1:
                raise
            return self._store(batch, tries=tries - 1)
        firsts = _find_firsts(connection, [arrival for arrival in batch if arrival.id not in stored])
        return [_receipt(arrival, stored, firsts) for arrival in batch]

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
    ]


def _find_firsts(
    connection: psycopg.Connection[Any], repeats: Sequence[Arrival]
) -> dict[tuple[str, str], tuple[str, str | None]]:
    if not repeats:
        return {}
    keys = [[arrival.source for arrival in repeats], [arrival.key for arrival in repeats]]
    return {(source, key): (first, problems) for source, key, first, problems in connection.execute(FIND_FIRSTS, keys)}


def _receipt(arrival: Arrival, stored: set[str], firsts: dict[tuple[str, str], tuple[str, str | None]]) -> Receipt:
    if arrival.id in stored:
        return receipt_of(arrival.id, arrival.problems, is_repeat=False)
    if (arrival.source, arrival.key) not in firsts:
        raise LedgerUnavailable("the first delivery of this key was just removed")
    return receipt_of(*firsts[arrival.source, arrival.key], is_repeat=True)
