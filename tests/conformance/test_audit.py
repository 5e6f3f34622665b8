"""The audit: a chain that cannot be changed unseen, one writer at a time, on both engines."""

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import exc, text

from workflows.ledger import audit
from workflows.ledger.database import Database
from workflows.values import Money

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)


def record(database: Database, about: str = "effect-1", **changes: object) -> int:
    entry: dict = {"by": "ada", "action": "effect.settle", "reason": "seen there", "details": {"as": "done"}}
    with database.write() as connection:
        return audit.record(connection, **{**entry, **changes}, about=about, now=NOW)


def verify(database: Database) -> audit.Verification:
    with database.read() as connection:
        return audit.verify(connection)


def tamper(database: Database, statement: str) -> None:
    """Do what only somebody who may also change the schema can do."""
    triggers = ("audit_UPDATE", "audit_DELETE") if database.is_sqlite else ("audit_append_only",)
    with database.write() as connection:
        for trigger in triggers:
            where = "" if database.is_sqlite else " ON audit"
            connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}{where}"))
        connection.execute(text(statement))


def test_an_empty_chain_is_whole(database: Database):
    assert verify(database) == audit.Verification(0, audit.BEGINNING)


def test_entries_are_numbered_and_found_by_what_they_are_about(database: Database):
    assert [record(database), record(database, "effect-2"), record(database)] == [1, 2, 3]
    with database.read() as connection:
        newest, oldest = audit.entries(connection, about="effect-1")
        (page,) = audit.entries(connection, before=3, limit=1)
    assert (newest.number, oldest.number, page.number) == (3, 1, 2)
    assert (newest.at, newest.by, newest.action, newest.reason) == (NOW, "ada", "effect.settle", "seen there")
    assert verify(database).entries == 3


def test_any_value_the_ledger_knows_can_be_a_detail(database: Database):
    record(
        database,
        reason="a NUL\x00, an é",
        details={"most": Money(Decimal("12.34"), "USD"), "at": NOW, "list": [1, None]},
    )
    assert verify(database).breaks == ()


def test_personal_data_and_secrets_never_get_in(database: Database):
    record(database, reason="jo@example.com called from +44 20 7946 0018", details={"email": "jo@example.com"})
    with database.read() as connection:
        (entry,) = audit.entries(connection)
    assert "jo@" not in f"{entry}"
    assert "7946" not in f"{entry}"
    assert verify(database).breaks == ()


@pytest.mark.parametrize("statement", ["UPDATE audit SET reason = 'x'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_an_entry(database: Database, statement: str):
    record(database)
    with pytest.raises(exc.DBAPIError, match="append-only"), database.write() as connection:
        connection.execute(text(statement))
    assert verify(database).entries == 1


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET reason = 'x' WHERE number = 2", "entry 2 is not what was written"),
        ("UPDATE audit SET hash = 'x' WHERE number = 2", "entry 3 is not what was written"),
        ("DELETE FROM audit WHERE number = 2", "entry 2 is missing"),
        ("DELETE FROM audit WHERE number IN (1, 2)", "entries 1 to 2 are missing"),
        ("DELETE FROM audit WHERE number = 4", "entry 4 is missing at the end"),
        ("UPDATE audit_head SET hash = 'x'", "the last entry is not the one"),
    ],
)
def test_what_was_tampered_with_shows(database: Database, statement: str, found: str):
    for _ in range(4):
        record(database)
    tamper(database, statement)
    assert any(found in sentence for sentence in verify(database).breaks)


def test_what_is_undone_leaves_no_gap(database: Database):
    record(database)
    with pytest.raises(ZeroDivisionError):
        _record_and_fail(database)
    assert record(database) == 2
    assert verify(database).breaks == ()


def test_many_at_once_make_one_chain(database: Database):
    threads = [threading.Thread(target=lambda: [record(database) for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(database) == audit.Verification(20, verify(database).last_hash)


def _record_and_fail(database: Database) -> None:
    with database.write() as connection:
        audit.record(connection, by="ada", action="a", about="b", reason="c", now=NOW)
        raise ZeroDivisionError
