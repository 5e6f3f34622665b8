"""The database: one connection pool, reads, and writes that queue where the engine needs it.

What differs between SQLite and PostgreSQL lives here (and, for the hot group insert, in `inbox`).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url

from workflows.errors import LedgerUnavailable
from workflows.ledger import wal
from workflows.ledger.locks import WriteLock
from workflows.ledger.prepared import Prepared
from workflows.ledger.tables import instant
from workflows.ledger.vault import Vault, with_vault
from workflows.settings.keys import SealingKey
from workflows.values import EPOCH, utc_now

BUSY_MILLISECONDS = 15_000
CLEAR_MILLISECONDS = 1000
"""Nobody can write while readers are waited for."""
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",  # commits are brought to the disk by `wal.flush`
    f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA wal_autocheckpoint=2000",
    "PRAGMA secure_delete=ON",  # what is erased is written over
)
SILENCE_SECONDS = 10
POSTGRESQL_CONNECTION = {
    "connect_timeout": 3,
    "keepalives_idle": SILENCE_SECONDS,
    "tcp_user_timeout": SILENCE_SECONDS * 1000,
}
"""A server that does not answer, and has not closed the connection either, is given up after this time."""
POSTGRESQL_SETTINGS = {
    "idle_in_transaction_session_timeout": f"{SILENCE_SECONDS}s",
    "tcp_keepalives_idle": SILENCE_SECONDS,
    "tcp_user_timeout": f"{SILENCE_SECONDS}s",
}
"""The same the other way round: a process that is frozen or cut off inside a transaction would keep its locks, and so
a vendor or a shard, from all others for as long as it stays so."""
PROGRAM_LIMIT = "54"
"""The class of PostgreSQL's errors about values too large for an index or a statement; psycopg counts it as operational
(PostgreSQL, "Error Codes")."""
SURELY_ALIVE_SECONDS = 1.0
_NOW = Prepared(
    sa.select(
        sa.literal_column("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint", sa.BigInteger).label("now")
    )
)
CLOCK_SECONDS = 1.0
SURE_SECONDS = 0.002
_WAITS_FOR_NO_FLUSH = Prepared(sa.text("SET LOCAL synchronous_commit TO OFF"))
RETURNED_AT = "stagedoor.returned_at"
NEEDS_NO_FLUSH = "stagedoor_needs_no_flush"
POOL_SIZE = 10
POOL_OVERFLOW = 70
"""A worker's threads each need a connection for moments only; fifty of them may be recording at once."""


class Database:
    """The ledger's database, by URL: `sqlite:///path/ledger.db` or `postgresql://…`."""

    def __init__(self, url: str, keys: Sequence[SealingKey] = ()) -> None:
        """`keys` open what deliveries hold; see `vault`."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        engine = sa.create_engine(
            parsed,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_use_lifo=True,  # few are used, and what those know of our statements is used again
            connect_args={} if self.is_sqlite else POSTGRESQL_CONNECTION,
            hide_parameters=True,  # an error that is logged must not show what was to be written
        )
        self._clock = (float("-inf"), EPOCH)
        self.vault = Vault(keys)
        self.engine: Engine = with_vault(engine, self.vault)
        self._lock: WriteLock | None = None
        if self.is_sqlite:
            self._path = Path(parsed.database or "").absolute()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = WriteLock(self._path.parent / "ledger.lock")
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "connect", _prepare_postgresql)
            event.listen(self.engine, "checkin", _note_return)
            event.listen(self.engine, "checkout", self._expect_alive)
        self._writer = self.engine.execution_options(immediate=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to look with. Raises LedgerUnavailable when there is no database to look at."""
        with _translated(), self.engine.connect() as connection:
            yield connection
            # Nothing was written; but with a rollback psycopg would forget every statement it has prepared.
            connection.commit()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed and on the disk at the end of the block, undone by an exception.

        On SQLite writers of all processes queue on a lock of ours first: SQLite's own waiting starves some of them.
        Raises LedgerUnavailable when it cannot be begun, written or committed; then nothing was written, unless it was
        the disk that failed in the last moment.
        """
        with _translated():
            if self._lock is None:
                with self._writer.begin() as connection:
                    yield connection
            else:
                with self._lock, self._writer.begin() as connection:
                    before = _changes(connection)
                    yield connection
                    _expect_open(connection)
                    is_deferred = connection.get_execution_options().get(NEEDS_NO_FLUSH)
                    is_changed = _changes(connection) != before
                if is_changed and not is_deferred:
                    wal.flush(self._path)

    def defer_flush(self, connection: Connection) -> None:
        """Let the transaction under way be over before it is on the disk, where a later one's flush brings it.

        For what is done again, to nobody's harm, should the machine lose its power in that moment: the end of a process
        takes nothing away. What is lost then is always the last, so whatever is flushed has all before it on the disk.
        """
        if self.is_sqlite:
            connection.execution_options(**{NEEDS_NO_FLUSH: True})
        else:
            _WAITS_FOR_NO_FLUSH.run(connection)

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """As `write`, for a transaction that may rebuild tables: on SQLite to alter one is to copy it and drop the old.

        Dropping it would delete its rows, and so break the references of other tables to them, which only their being
        there again under the old name mends. So foreign keys are not enforced meanwhile, but checked before the commit;
        SQLite takes that setting only outside of a transaction ("Foreign Key Support", 2).
        """
        if self._lock is None:
            with self.write() as connection:
                yield connection
            return
        with _translated(), self._lock, self._writer.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    _expect_open(connection)
                    _expect_whole(connection)
                wal.flush(self._path)
            finally:
                driver.execute("PRAGMA foreign_keys=ON")

    def clear_log(self) -> bool:
        """On SQLite take the write-ahead log over and empty it, for it has what pages held before; whether it is empty.

        It is not while somebody reads what was there before. PostgreSQL clears such things away by itself.
        """
        if self._lock is None:
            return True
        with _translated(), self._lock, self.engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute(f"PRAGMA busy_timeout={CLEAR_MILLISECONDS}")
            try:
                (is_held, *_) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                driver.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        return not is_held

    def now(self, connection: Connection) -> datetime:
        """The clock that all processes share: the server's on PostgreSQL, this machine's on SQLite.

        The server is asked once a second; in between the time since is added. Where it takes long to answer, nobody
        knows when in that time it looked at its clock, and it is asked again.
        """
        if self.is_sqlite:
            return utc_now()
        asked_at = time.monotonic()
        at, known = self._clock
        if asked_at - at < CLOCK_SECONDS:
            return known + timedelta(seconds=asked_at - at)
        found = instant(_NOW.scalar(connection))
        answered_at = time.monotonic()
        if answered_at - asked_at < SURE_SECONDS:
            self._clock = (asked_at + answered_at) / 2, found
        return found

    def _expect_alive(self, driver: Any, record: Any, proxy: Any) -> None:
        """Have the pool connect anew where the server has gone since this connection was used.

        One used a moment ago is not asked: asking costs as much as a statement, and a server that went just then ends
        one transaction, which is noticed, and with it every connection of the pool.
        """
        if time.monotonic() - record.info.get(RETURNED_AT, 0.0) < SURELY_ALIVE_SECONDS:
            return
        try:
            self.engine.dialect.do_ping(driver)
        except psycopg.Error as error:
            raise exc.DisconnectionError("the connection was lost") from error

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def insert(connection: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say what becomes of a row that is there already: SQLAlchemy has one for each engine."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def is_outage(error: Exception) -> bool:
    """Whether the database failed, and not what was asked of it: then the same may succeed later."""
    match error:
        case LedgerUnavailable() | exc.TimeoutError() | exc.PendingRollbackError():
            return True
        case exc.OperationalError() | exc.InterfaceError():
            return not (getattr(error.orig, "sqlstate", None) or "").startswith(PROGRAM_LIMIT)
        case exc.DBAPIError():
            return error.connection_invalidated
    return False


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except exc.SQLAlchemyError as error:
        if not is_outage(error):
            raise
        # The text of a driver error may quote values; its kind says enough.
        raise LedgerUnavailable(f"the ledger is not available now ({_kind(error)})") from error


def _changes(connection: Connection) -> int:
    driver: Any = connection.connection.dbapi_connection
    count: int = driver.total_changes
    return count


def _expect_open(connection: Connection) -> None:
    """Raise LedgerUnavailable where SQLite has undone the transaction already: its commit would do nothing, silently.

    It does so by itself when the disk is full ("Response To Errors Within A Transaction"); whoever kept that error to
    himself must not take what he wrote for written.
    """
    driver: Any = connection.connection.dbapi_connection
    if not driver.in_transaction:
        raise LedgerUnavailable("SQLite has undone the transaction")


def _expect_whole(connection: Connection) -> None:
    """Raise sqlalchemy's IntegrityError where a row refers to one that is not there."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise exc.IntegrityError("PRAGMA foreign_key_check", None, ValueError(f"{broken[0]} refers to what is gone"))


def _kind(error: exc.SQLAlchemyError) -> str:
    original = getattr(error, "orig", None)
    return type(original or error).__name__


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite`, never by the driver
    for pragma in SQLITE_PRAGMAS:
        connection.execute(pragma)


def _prepare_postgresql(connection: psycopg.Connection[Any], record: Any) -> None:
    for name, value in POSTGRESQL_SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, str(value)))
    connection.commit()  # or the pool's first rollback would take the settings back


def _note_return(driver: Any, record: Any) -> None:
    record.info[RETURNED_AT] = time.monotonic()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
