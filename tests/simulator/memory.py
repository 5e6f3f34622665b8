"""A ledger in memory with a clock the simulation sets, whose process can be killed around every commit."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from sqlalchemy import Connection, event
from sqlalchemy.pool import StaticPool

from tests.builders.ledger import START
from workflows import values
from workflows.ledger import schema
from workflows.ledger.database import Database, _translated
from workflows.ledger.tables import micros


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
        event.listen(self.engine, "begin", _begin)
        self._lock = None
        self.time = START
        self.die: Die = never
        self._connection = self.engine.connect()
        driver = self._connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        self._driver = driver
        schema.upgrade(self)
        self._empty = sqlite3.connect(":memory:")
        self._driver.backup(self._empty)

    @contextmanager
    def begun_again(self, seed: int) -> Iterator[None]:
        """Empty and migrated, as at first; what SQLAlchemy has compiled stays. Meanwhile ids tell the simulated time,
        and they and all else that is left to chance are the same for the same seed."""
        self._empty.backup(self._driver)
        self.time, self.die = START, never
        chance = random.getstate()
        random.seed(seed)
        clock = SimpleNamespace(time_ns=lambda: micros(self.time) * 1000)
        try:
            with patch.object(values, "time", clock), patch.object(values, "_last_id", 0):
                yield
        finally:
            random.setstate(chance)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _translated():
            try:
                yield self._connection
            finally:
                self._connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with _translated(), self._connection.begin():
            yield self._connection
            self.die("before a commit")
        self.die("after a commit")

    def rows(self, query: str, *parameters: object) -> list[Any]:
        """Ask without SQLAlchemy: what must hold is looked at after every step."""
        return self._driver.execute(query, parameters).fetchall()

    def now(self, connection: Connection) -> datetime:
        return self.time

    def pass_time(self, **duration: float) -> None:
        self.time += timedelta(**duration)


@cache
def memory() -> MemoryDatabase:
    """The one such ledger of this process."""
    return MemoryDatabase()


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    driver.execute("BEGIN")
