"""A crew over the shipped configuration whose vendors are the sandbox over HTTP: all is real but the messages."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import Running, start
from tasks.up.sandbox import sandbox_environment
from tests.builders.ledger import ClockedDatabase, Crew
from tests.waiting import wait_until
from vendors.catalogue import build_catalogue
from vendors.client import Client
from workflows.catalogue import Catalogue
from workflows.ledger import schema
from workflows.ledger.tables import effects
from workflows.runtime.settlement import Verdict, settle_by_hand
from workflows.settings import read_settings

CARRIED = "account_operation_payload"
CONFIG = Path(__file__).parents[2] / "config"


@dataclass
class Desk:
    """A crew over the shipped configuration, its vendors the sandbox over HTTP."""

    crew: Crew
    url: str

    def fault(self, operation: str, **how: Any) -> None:
        self.control("_faults", operation=operation, **how)

    def control(self, path: str, **what: Any) -> Any:
        """Tell the sandbox something."""
        answer = requests.post(f"{self.url}/{path}", json=what, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def received(self, operation: str) -> list[Any]:
        """The bodies of the calls of this operation that the vendor processed."""
        rows = requests.get(f"{self.url}/_journal", params={"operation": operation}, timeout=10).json()
        bodies = [json.loads(row["body"]) for row in rows if row["processed"]]
        return [json.loads(body["account_operation_payload"]) if CARRIED in body else body for body in bodies]

    def wait_until_completed(self, campaign: str) -> None:
        wait_until(lambda: self._is_completed(campaign))

    def _is_completed(self, campaign: str) -> bool:
        rows = requests.get(f"{self.url}/_state/symphony", timeout=10).json()["campaigns"]
        return any(str(row["id"]) == campaign and row["is_completed"] for row in rows)

    def look_until_settled(self) -> None:
        """Follow what a vendor has accepted until it is over there, by the sandbox's own clock."""
        with self.crew.database.read() as connection:
            waiting = effects.select().where(effects.c.state == "accepted")
            accepted = [row.id for row in connection.execute(waiting)]
        for effect in accepted:
            wait_until(lambda effect=effect: self.crew.looker.look(effect) is not None)

    def processed(self, operation: str) -> Counter[bool]:
        rows = requests.get(f"{self.url}/_journal", params={"operation": operation}, timeout=10).json()
        return Counter(row["processed"] for row in rows)

    def call(self, operation: str, **inputs: Any) -> Any:
        """One call that goes well; its answer."""
        effect = self.crew.intend(self.crew.catalogue.operation(operation), **inputs)
        self.crew.work()
        row = self.crew.effect(effect)
        assert row.state == "done", row.reason
        return row.output

    def lose_the_answer(self, operation: str, **inputs: Any) -> str:
        """Make a call whose connection drops after the vendor has processed it; the effect."""
        self.fault(operation, fault="drop_after", times=1)
        effect = self.crew.intend(self.crew.catalogue.operation(operation), **inputs)
        self.crew.work()
        return effect

    def settle(self, effect: str) -> str:
        """Wait for the looks, then ask a person, who looks at the vendor; the state afterwards."""
        for _ in range(4):
            self.crew.database.pass_time(minutes=2)
            self.crew.look()
            self.crew.work()
        if self.crew.effect(effect).state == "in_doubt":
            settle_by_hand(self.crew.performer, effect, Verdict.DONE, by="ada", reason="seen at the vendor")
        return str(self.crew.effect(effect).state)


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[Running]:
    with start() as running:
        no_limits = {"requests_per_second": None, "requests_per_day": None}
        requests.post(f"{running.url}/_settings/constant_contact", json=no_limits, timeout=10).raise_for_status()
        yield running


@pytest.fixture
def desk(stand_ins: Running, tmp_path: Path) -> Iterator[Desk]:
    requests.delete(f"{stand_ins.url}/_journal", timeout=10)
    settings = read_settings(
        {
            **sandbox_environment(tmp_path, stand_ins.url),
            "STAGEDOOR_DATA": str(tmp_path),
            "STAGEDOOR_CONFIG": str(CONFIG),
        }
    )
    database = ClockedDatabase(settings.database_url)
    schema.upgrade(database)
    client = Client(settings)
    yield Desk(Crew(database, _without_limits(build_catalogue(settings)), client), stand_ins.url)  # type: ignore[arg-type]
    client.close()
    database.close()


def _without_limits(catalogue: Catalogue) -> Catalogue:
    """These tests are about doubts; limits have tests of their own and would take half an hour here."""
    return Catalogue(tuple(replace(vendor, limits=()) for vendor in catalogue.vendors))
