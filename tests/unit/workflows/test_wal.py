"""What `write` has returned from, and what the door acknowledges, is on the disk; nobody waits for the disk in his turn
to write. On PostgreSQL the server sees to it (`tests/conformance/test_database.py`)."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from webhooks.inbox import Inbox
from workflows.errors import LedgerUnavailable
from workflows.ledger import schema, wal
from workflows.ledger.arrivals import Arrival
from workflows.ledger.database import Database
from workflows.ledger.inbox import InboxWriter
from workflows.ledger.locks import WriteLock
from workflows.ledger.tables import buckets, deliveries
from workflows.values import new_id, utc_now


class Disk:
    """Stands between SQLite's log and the disk: notes how many rows each flush finds committed, or fails."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._lock = WriteLock(folder / "ledger.lock")
        self.found: list[int] = []
        self.is_broken = False

    def sync(self, descriptor: int) -> None:
        assert os.path.samestat(os.fstat(descriptor), os.stat(f"{self._database.engine.url.database}-wal"))
        if self.is_broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        with self._lock, self._database.read() as connection:  # it would wait for ever in a turn to write
            self.found.append(connection.scalar(sa.select(sa.func.count()).select_from(buckets)) or 0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    schema.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def disk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(database, tmp_path)
    monkeypatch.setattr(wal, "_sync", disk.sync)
    return disk


def write(database: Database, name: str, *, defers: bool = False) -> None:
    with database.write() as connection:
        if defers:
            database.defer_flush(connection)
        connection.execute(buckets.insert().values(source=name, spent_until=utc_now()))


def test_a_write_is_flushed_after_its_commit_and_outside_of_its_turn(database: Database, disk: Disk) -> None:
    write(database, "a")
    assert disk.found == [1]


def test_what_is_deferred_goes_to_the_disk_with_the_next_write(database: Database, disk: Disk) -> None:
    write(database, "a", defers=True)
    assert disk.found == []
    write(database, "b")
    assert disk.found == [2]


def test_a_deferred_write_that_is_undone_defers_nothing_of_others(database: Database, disk: Disk) -> None:
    with contextlib.suppress(ZeroDivisionError), database.write() as connection:
        database.defer_flush(connection)
        raise ZeroDivisionError
    write(database, "a")
    assert disk.found == [1]


def test_what_changes_nothing_is_not_flushed(database: Database, disk: Disk) -> None:
    with database.write() as connection:
        connection.execute(buckets.delete().where(buckets.c.source == "nobody"))
    assert disk.found == []


def test_a_disk_that_fails_is_told(database: Database, disk: Disk) -> None:
    disk.is_broken = True
    with pytest.raises(LedgerUnavailable, match="does not reach the disk"):
        write(database, "a")


def test_nothing_is_acknowledged_that_the_disk_does_not_have(database: Database, disk: Disk) -> None:
    delivery = Arrival(
        id=new_id(), source="shop", key="id:1", window=None, shard=3, headers="{}", body=b"", drafts="[]", problems=None
    )
    with contextlib.closing(Inbox(InboxWriter(str(database.engine.url)), lambda: None)) as inbox:
        disk.is_broken = True
        with pytest.raises(LedgerUnavailable, match="does not reach the disk"):
            inbox.store(delivery)
        disk.is_broken = False
        receipt = inbox.store(delivery)
    assert receipt.delivery_id == delivery.id, "it was stored all the same, and the sender's repeat finds it"
    assert len(disk.found) == 1
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(deliveries)) == 1


def test_a_log_that_is_not_there_holds_nothing_back(tmp_path: Path) -> None:
    wal.flush(tmp_path / "nothing.db")
