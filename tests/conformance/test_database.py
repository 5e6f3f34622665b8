"""What a database does to those who hold it up."""

from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest

from tests.builders.statements import statements
from workflows.errors import LedgerUnavailable
from workflows.ledger import schema
from workflows.ledger.database import Database

LOCK = "UPDATE shards SET id = id"


def test_who_stands_still_inside_a_transaction_is_thrown_out_and_others_go_on(postgres_database: str) -> None:
    database = Database(postgres_database)
    schema.upgrade(database)

    def stand_still() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 100")
            connection.exec_driver_sql(LOCK)
            with database.write() as other:
                other.exec_driver_sql(LOCK)  # waits for the one above, which does not move
            connection.exec_driver_sql(LOCK)

    with pytest.raises(LedgerUnavailable):
        stand_still()
    with database.write() as connection:
        connection.exec_driver_sql(LOCK)
    database.close()


def test_every_connection_has_such_a_limit(postgres_database: str) -> None:
    database = Database(postgres_database)
    with database.read() as connection:
        assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one() != "0"
    database.close()


def test_only_the_transaction_that_defers_it_is_over_before_the_disk_has_it(postgres_database: str) -> None:
    database = Database(postgres_database)
    waits = "SHOW synchronous_commit"
    with database.write() as connection:
        database.defer_flush(connection)
        assert connection.exec_driver_sql(waits).scalar_one() == "off"
    with database.write() as connection:
        assert connection.exec_driver_sql(waits).scalar_one() == "on"
    database.close()


def test_the_servers_clock_is_asked_for_once_a_second_and_counted_on_in_between(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgres_database)
    passed = 100.0
    monkeypatch.setattr("workflows.ledger.database.time", SimpleNamespace(monotonic=lambda: passed))
    with database.read() as connection, statements(database) as asked:
        first = database.now(connection)
        passed += 0.5
        assert database.now(connection) - first == timedelta(seconds=0.5)
        assert len(asked) == 1
        passed += 0.5
        connection.exec_driver_sql("SELECT 1")
        database.now(connection)
        assert len(asked) == 3
    database.close()


def test_a_server_that_is_slow_to_tell_its_time_is_asked_again(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgres_database)
    times = count(100.0, 0.01)
    monkeypatch.setattr("workflows.ledger.database.time", SimpleNamespace(monotonic=lambda: next(times)))
    with database.read() as connection, statements(database) as asked:
        database.now(connection)
        connection.exec_driver_sql("SELECT 1")
        database.now(connection)
        assert len(asked) == 3
    database.close()
