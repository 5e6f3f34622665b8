"""Prepared statements: SQLAlchemy's expressions, made into the engine's own text once and then run by its driver.

Where thousands of effects a minute come through, SQLAlchemy's way to run a statement costs several times what the
statement itself does (60 to 150 us against 10). Its expressions, types and errors stay: only the road between is short.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

Process = Callable[[Any], Any]
Answer = TypeVar("Answer")
Later = Callable[[], Answer]
"""An answer that is to be had once `in_one_go` is over."""
Statement = sa.Select[Any] | sa.UpdateBase | sa.TextClause


class Prepared:
    """One statement, for every connection of either engine.

    Values that change are its `bindparam`s; for an INSERT, `columns` are those that are given. The rows of a SELECT, or
    of RETURNING, have its columns as attributes.
    """

    def __init__(self, statement: Statement, columns: Sequence[str] = ()) -> None:
        self._statement = statement
        self._columns = columns
        self._made: dict[str, _Made] = {}

    def all(self, connection: Connection, **given: Any) -> list[Any]:
        """Its rows."""
        return self.ask(connection, **given)()

    def ask(self, connection: Connection, **given: Any) -> Later[list[Any]]:
        """Its rows, to be had later: what is asked within `in_one_go` is answered all at once."""
        made = self._for(connection)
        with _errors(connection, made.sql) as driver:
            cursor = driver.execute(made.sql, made.parameters(given))

        @cache
        def answered() -> list[Any]:
            with _errors(connection, made.sql):
                return made.loaded(cursor.fetchall())

        return answered

    def scalars(self, connection: Connection, **given: Any) -> list[Any]:
        """The first column of its rows."""
        return [row[0] for row in self.all(connection, **given)]

    def scalar(self, connection: Connection, **given: Any) -> Any:
        """The first column of its first row; None without one."""
        return next(iter(self.scalars(connection, **given)), None)

    def run(self, connection: Connection, **given: Any) -> int:
        """Run it; how many rows it changed, which is not known within `in_one_go`."""
        made = self._for(connection)
        with _errors(connection, made.sql) as driver:
            rowcount: int = driver.execute(made.sql, made.parameters(given)).rowcount
        return rowcount

    def run_all(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it with each of these values."""
        made = self._for(connection)
        with _errors(connection, made.sql) as driver:
            if len(rows) == 1:
                driver.execute(made.sql, made.parameters(rows[0]))
            elif rows:
                driver.cursor().executemany(made.sql, [made.parameters(row) for row in rows])

    def _for(self, connection: Connection) -> _Made:
        dialect = connection.dialect
        made = self._made.get(dialect.name)
        if made is None:
            made = self._made[dialect.name] = _make(self._statement, self._columns, dialect)
        return made


def insert_all(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns."""
    if rows:
        _insert(table, tuple(rows[0])).run_all(connection, rows)


@cache
def _insert(table: sa.Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(table.insert(), columns)


@dataclass(frozen=True)
class _Made:
    """The statement as text of one engine; `fixed` are the values that never change, ready for the driver."""

    sql: str
    given: Sequence[tuple[str, str, Process | None]]
    fixed: Mapping[str, Any]
    order: Sequence[str] | None
    row: Callable[[Sequence[Any]], Any] | None
    load: Sequence[tuple[int, Process]]

    def parameters(self, given: Mapping[str, Any]) -> Any:
        values = dict(self.fixed)
        for name, key, process in self.given:
            value = given[key]
            values[name] = value if process is None else process(value)
        return values if self.order is None else tuple(values[name] for name in self.order)

    def loaded(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        assert self.row is not None
        if not self.load:
            return [self.row(row) for row in rows]
        made = []
        for row in rows:
            values = list(row)
            for place, process in self.load:
                values[place] = process(values[place])
            made.append(self.row(values))
        return made


def _make(statement: Statement, columns: Sequence[str], dialect: Dialect) -> _Made:
    compiled = statement.compile(dialect=dialect, column_keys=list(columns) or None)
    assert isinstance(compiled, SQLCompiler)
    given, fixed = [], {}
    for name, bind in compiled.binds.items():
        process = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if bind.required:
            given.append((name, bind.key, process))
        else:
            fixed[name] = bind.effective_value if process is None else process(bind.effective_value)
    results = list(getattr(statement, "exported_columns", ()))
    loads = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in results]
    make_row = _row_type(tuple(column.key for column in results))._make if results else None
    return _Made(
        sql=str(compiled),
        given=given,
        fixed=fixed,
        order=tuple(compiled.positiontup) if compiled.positional and compiled.positiontup is not None else None,
        row=make_row,
        load=[(place, process) for place, process in enumerate(loads) if process is not None],
    )


def _row_type(names: Sequence[str]) -> Any:
    return namedtuple("Row", names, rename=True)


@contextmanager
def _errors(connection: Connection, sql: str) -> Iterator[Any]:
    """The driver's connection, within the transaction; its errors are told as SQLAlchemy tells them."""
    if not connection.in_transaction():
        connection.begin()
    try:
        yield connection.connection.dbapi_connection
    except connection.dialect.loaded_dbapi.Error as error:
        # What SQLAlchemy itself does with them: find out whether the connection is lost, and wrap.
        connection._handle_dbapi_exception(error, sql, None, None, None)


@contextmanager
def in_one_go(connection: Connection) -> Iterator[None]:
    """Have PostgreSQL carry out what is run within without waiting for each answer; an error shows at the end."""
    with _errors(connection, "") as driver, driver.pipeline() if hasattr(driver, "pipeline") else nullcontext():
        yield


class _Texts(sa.TypeDecorator[Collection[str]]):
    """Several texts as one value: an array on PostgreSQL, JSON on SQLite."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(sa.Text()) if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> Any:
        texts = sorted(value or ())
        return texts if dialect.name == "postgresql" else json.dumps(texts)


class one_of(sa.ColumnElement[bool]):
    """Whether a column is one of the texts given under a name: of any number, by the same text of the statement."""

    inherit_cache = True
    type = sa.Boolean()

    def __init__(self, column: sa.ColumnElement[Any], name: str) -> None:
        self.column = column
        self.given = sa.bindparam(name, type_=_Texts())

    def self_group(self, against: Any = None) -> one_of:
        """As it is: with the `= 1` that SQLAlchemy would add, SQLite would use no index."""
        return self


@compiles(one_of, "sqlite")
def _one_of_sqlite(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, given = (compiler.process(each, **options) for each in (element.column, element.given))
    return f"{column} IN (SELECT value FROM json_each({given}))"  # noqa: S608 - both are SQLAlchemy's own texts


@compiles(one_of, "postgresql")
def _one_of_postgresql(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, given = (compiler.process(each, **options) for each in (element.column, element.given))
    return f"{column} = ANY({given})"
