"""A ledger in memory with a clock the simulation sets, whose process can be killed around every commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy import Connection, event
from sqlalchemy.pool import StaticPool

from tests.builders.ledger import START
from workflows.ledger import schema
from workflows.ledger.database import Database, _begin_sqlite


class Killed(BaseException):
    """What ends a process, as far as a simulation can tell."""


Die = Callable[[str], None]


def never(moment: str) -> None:
    """Live on."""


class Death:
    """Strikes at the `number`th moment of a life; 0: never."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, moment: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


class MemoryDatabase(Database):
    """SQLite in memory, migrated; one connection, so that everything happens in a row."""

    def __init__(self) -> None:
        self.is_sqlite = True
        self.engine = sa.create_engine("sqlite://", poolclass=StaticPool)
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin_sqlite)
        self._lock = None
        self._writer = self.engine.execution_options(immediate=True)
        self.time = START
        self.die: Die = never
        schema.upgrade(self)
        self._empty = sqlite3.connect(":memory:")
        self._driver().backup(self._empty)

    def begin_again(self) -> None:
        """Empty and migrated, as at first. What SQLAlchemy has compiled stays: that is most of the work."""
        self._empty.backup(self._driver())
        self.time, self.die = START, never

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with super().write() as connection:
            yield connection
            self.die("before a commit")
        self.die("after a commit")

    def now(self, connection: Connection) -> datetime:
        return self.time

    def pass_time(self, **duration: float) -> None:
        self.time += timedelta(**duration)

    def _driver(self) -> sqlite3.Connection:
        with self.engine.connect() as connection:
            driver = connection.connection.dbapi_connection
            assert isinstance(driver, sqlite3.Connection)
        return driver


@cache
def memory() -> MemoryDatabase:
    """The one such ledger of this process."""
    return MemoryDatabase()


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
