"""The door is not ready while the ledger cannot be read, what it stored waits too long, or the disk is nearly full."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.builders.ledger import START, ClockedDatabase, store_delivery
from webhooks.readiness import Readiness
from workflows.ledger.backlog import oldest_pending
from workflows.ledger.database import Database
from workflows.settings import Settings
from workflows.settings.admission import DoorSettings


def settings(database_url: str, folder: Path, **door: object) -> Settings:
    return Settings(
        data_dir=folder,
        config_dir=folder,
        database_url=database_url,
        broker_url="memory://",
        door=replace(DoorSettings(free_disk=0), **door),  # type: ignore[arg-type]
    )


def codes(database: Database, given: Settings) -> list[str]:
    return [problem.code for problem in Readiness(database, given).problems()]


def test_it_is_ready_while_nothing_waits_long(clocked: ClockedDatabase, database_url: str, tmp_path: Path) -> None:
    given = settings(database_url, tmp_path, oldest_pending=timedelta(minutes=5))
    assert codes(clocked, given) == []
    with clocked.write() as connection:
        store_delivery(connection, "01", drafts=[], shard=3)
        store_delivery(connection, "00", state="taken")
    clocked.pass_time(minutes=5)
    assert codes(clocked, given) == []
    clocked.pass_time(seconds=1)
    assert codes(clocked, given) == ["backlog"]


def test_the_oldest_is_found_over_all_shards(clocked: ClockedDatabase) -> None:
    with clocked.write() as connection:
        assert oldest_pending(connection) is None
        for number in range(16):
            store_delivery(connection, f"{number:02}", drafts=[], shard=15 - number)
        assert oldest_pending(connection) == START


def test_a_disk_that_is_nearly_full_is_told(clocked: ClockedDatabase, database_url: str, tmp_path: Path) -> None:
    assert codes(clocked, settings(database_url, tmp_path, free_disk=10**9)) == ["disk"]
    gone = settings(database_url, tmp_path / "gone", free_disk=10**9)
    assert codes(clocked, gone) == (["disk"] if clocked.is_sqlite else [])


def test_a_ledger_that_cannot_be_read_is_told(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    assert codes(database, settings(database_url, tmp_path)) == ["ledger"]
    database.close()
