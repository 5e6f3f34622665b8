"""Prepared statements do what SQLAlchemy's own way does, on either engine."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tests.builders.ledger import START
from workflows.ledger import schema
from workflows.ledger.database import Database
from workflows.ledger.prepared import Prepared, in_one_go, insert_all, one_of
from workflows.ledger.tables import buckets, lanes

LEVELS = Prepared(sa.select(buckets).where(one_of(buckets.c.source, "sources")).order_by(buckets.c.source))
SPEND = Prepared(
    buckets.update().where(buckets.c.source == sa.bindparam("this")).values(spent_until=sa.bindparam("until"))
)
FAILURES = Prepared(
    lanes.update()
    .where(lanes.c.vendor == sa.bindparam("this"))
    .values(failures=lanes.c.failures + 1, rests_until=None)
    .returning(lanes.c.failures)
)
LATER = START + timedelta(microseconds=1)


def rows(*sources: str) -> list[dict[str, object]]:
    return [{"source": source, "spent_until": START} for source in sources]


def both_in_one_go(connection: sa.Connection) -> None:
    with in_one_go(connection):
        insert_all(connection, buckets, rows("b"))
        insert_all(connection, buckets, rows("a"))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_are_inserted_and_read_with_their_types(database: Database, count: int):
    names = [f"s{number}" for number in range(count)]
    with database.write() as connection:
        insert_all(connection, buckets, rows(*names))
        found = LEVELS.all(connection, sources=[*names, "another"])
    assert [(row.source, row.spent_until) for row in found] == [(name, START) for name in names]


def test_of_no_texts_none_is_one(database: Database):
    with database.write() as connection:
        insert_all(connection, buckets, rows("a"))
        assert LEVELS.all(connection, sources=[]) == []
        assert LEVELS.scalar(connection, sources=[]) is None
        assert LEVELS.scalars(connection, sources=["a", 'with "quotes" and \\']) == ["a"]


def test_a_write_says_how_many_rows_it_changed_and_what_it_returns(database: Database):
    with database.write() as connection:
        insert_all(connection, buckets, rows("a"))
        assert SPEND.run(connection, this="a", until=LATER) == 1
        assert SPEND.run(connection, this="b", until=LATER) == 0
        insert_all(connection, lanes, [{"vendor": "symphony"}])
        assert FAILURES.scalars(connection, this="symphony") == [1]
        SPEND.run_all(connection, [{"this": "a", "until": START}, {"this": "b", "until": START}])
        assert [row.spent_until for row in LEVELS.all(connection, sources=["a"])] == [START]


def test_what_is_asked_in_one_go_is_answered_in_order(database: Database):
    with database.write() as connection:
        with in_one_go(connection):
            before = LEVELS.ask(connection, sources=["a"])
            insert_all(connection, buckets, rows("a"))
            after = LEVELS.ask(connection, sources=["a"])
        assert (len(before()), len(after())) == (0, 1)
        assert after() == after(), "an answer stays"


def test_errors_are_sqlalchemys_and_a_savepoint_undoes_what_failed(database: Database):
    with database.write() as connection:
        insert_all(connection, buckets, rows("a"))
        with pytest.raises(IntegrityError), connection.begin_nested():
            insert_all(connection, buckets, rows("a"))
        with pytest.raises(IntegrityError), connection.begin_nested():
            both_in_one_go(connection)
        assert LEVELS.scalars(connection, sources=["a", "b"]) == ["a"]


def test_a_look_begins_a_transaction_as_everything_else_does(database: Database):
    with database.read() as connection:
        assert LEVELS.all(connection, sources=["a"]) == []
        assert connection.in_transaction()


def test_after_many_looks_postgresql_still_has_its_statements_prepared(postgres_database: str):
    database = Database(postgres_database)
    schema.upgrade(database)
    for _ in range(20):
        with database.read() as connection:
            LEVELS.all(connection, sources=["a"])
    with database.read() as connection:
        prepared = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one()
    assert prepared > 0
    database.close()
