"""A ledger in memory with a clock the simulation sets, whose process can be killed around every commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
        with self.engine.connect() as connection, suppress(sqlite3.Error):
            driver = connection.connection.dbapi_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.rollback()
            _migrated().backup(driver)

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


class _Template(Database):
    """What is migrated once and copied for every simulation."""

    def __init__(self) -> None:
        self.is_sqlite = True
        self.engine = sa.create_engine("sqlite://", poolclass=StaticPool)
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin_sqlite)
        self._lock = None
        self._writer = self.engine.execution_options(immediate=True)


@cache
def _migrated() -> sqlite3.Connection:
    template = _Template()
    schema.upgrade(template)
    with template.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.rollback()
    _templates.append(template)
    return driver


_templates: list[_Template] = []
"""Kept, so that the connection is."""


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
