"""Ten workers share a limit of four requests a second, logins included: the vendor never sees a fifth."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests

from tasks.up.sandbox import sandbox_environment
from vendors.catalogue import build_catalogue
from vendors.client import Client
from workflows.ledger import effects, schema
from workflows.ledger.database import Database
from workflows.ledger.tables import effects as table
from workflows.runtime.effects import Performer
from workflows.runtime.intents import intent_of
from workflows.runtime.pacer import Pacer
from workflows.runtime.release import Released, Releaser
from workflows.runtime.rules import Rules
from workflows.settings import Settings, read_settings
from workflows.values import new_id, utc_now

CONFIG = Path(__file__).parents[2] / "config"
WORKERS = 10
PER_SECOND = 4


@pytest.fixture
def stand_ins() -> Iterator[str]:
    """The address of a sandbox in a process of its own, so that it sees requests when they come."""
    with subprocess.Popen([sys.executable, "-m", "sandbox"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            # It would answer 429 from the fifth request in a second on; here it is to count, not to help.
            lifted = {"requests_per_second": None}
            requests.post(f"{url}/_settings/constant_contact", json=lifted, timeout=10).raise_for_status()
            yield url
        finally:
            process.terminate()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, stand_ins: str) -> Settings:
    url = f"sqlite:///{tmp_path}/ledger.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
    own = {"STAGEDOOR_DATA": str(tmp_path), "STAGEDOOR_CONFIG": str(CONFIG), "DATABASE_URL": url}
    return read_settings({**sandbox_environment(tmp_path, stand_ins), **own})


@dataclass
class Worker:
    """One worker process's objects: its own connections, its own token."""

    settings: Settings

    def __post_init__(self) -> None:
        self.database = Database(self.settings.database_url)
        self.rules = Rules(build_catalogue(self.settings))
        self.client = Client(self.settings, may_go=Pacer(self.database, self.rules).wait)
        self.performer = Performer(self.database, self.rules, self.client, holder=new_id())

    def work(self, end: float) -> None:
        """Release and perform until nothing is left; what another releases at the same time is another's."""
        told: list[Released] = []

        def tell(released: list[Released]) -> tuple[()]:
            told.extend(released)
            return ()

        releaser = Releaser(self.database, self.rules, tell)  # type: ignore[arg-type]
        while time.monotonic() < end and self._is_something_left():
            releaser.release_due()
            while told:
                self.performer.perform(told.pop().effect_id)
            time.sleep(0.1)  # another worker has the lanes; a real one hears of the next by message

    def _is_something_left(self) -> bool:
        with self.database.read() as connection:
            open_ones = table.select().where(table.c.state != "done").limit(1)
            return connection.execute(open_ones).first() is not None

    def close(self) -> None:
        self.client.close()
        self.database.close()


def intend_reads(settings: Settings, count: int) -> None:
    database = Database(settings.database_url)
    schema.upgrade(database)
    operation = build_catalogue(settings).operation("constant_contact.list_accounts")
    with database.write() as connection:
        for _ in range(count):
            give_up_at = utc_now() + timedelta(hours=1)
            intent = intent_of(operation, {}, key=new_id(), max_attempts=3, give_up_at=give_up_at)
            effects.intend(connection, intent, None, utc_now())
    database.close()


@pytest.mark.acceptance_long  # it measures time, which a suite on a busy machine must not
@pytest.mark.parametrize("count", [30, 200])
def test_no_second_sees_a_fifth_request(settings: Settings, stand_ins: str, count: int) -> None:
    intend_reads(settings, count)
    workers = [Worker(settings) for _ in range(WORKERS)]
    end = time.monotonic() + count / PER_SECOND * 2 + 20
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda worker: worker.work(end), workers))
    for worker in workers:
        worker.close()
    moments = sorted(arrivals(stand_ins))
    assert len(moments) > count, "the logins were counted as well"
    for first in moments:
        assert sum(first <= moment < first + timedelta(seconds=1) for moment in moments) <= PER_SECOND
    took = (moments[-1] - moments[0]).total_seconds()
    ideal = (len(moments) - 1) / PER_SECOND
    assert took <= 1.15 * ideal, f"{len(moments)} requests took {took:.1f} s instead of {ideal:.1f} s"


def arrivals(stand_ins: str) -> list[datetime]:
    rows = requests.get(f"{stand_ins}/_journal", params={"vendor": "constant_contact"}, timeout=10).json()
    assert all(row["status"] == 200 for row in rows)
    return [datetime.fromisoformat(row["at"]) for row in rows]
