"""A stack: the whole system as real processes, begun as the Procfile says, with a sandbox in place of the vendors.

    with Stack(folder, database_url=…, broker=…, workflows={"welcome": WELCOME}) as stack:
        stack.start()
        deliver(stack.url, [stack.order("o-1")])
        stack.await_settled(1)

Its processes are services by name: `web`, `intake`, `worker`, where wanted further workers and `flower`, and `sandbox`.
"""

import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
import sqlalchemy as sa

from tasks.supervisor.readiness import free_port, http_ready
from tests.acceptance.sender import Delivery, news, order
from tests.acceptance.service import Service, base_environment
from tests.acceptance.stand_ins import CYMBAL_KEY, SYMPHONY_KEY, StandIns
from tests.servers.server import Server
from tests.waiting import wait_until
from vendors.catalogue import build_catalogue
from workflows.errors import LedgerUnavailable
from workflows.ledger import schema, tables
from workflows.ledger.database import Database
from workflows.runtime.apply import apply_configuration
from workflows.settings import read_settings

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CLI_SECONDS = 60.0

SYMPHONY_TOKEN = "symphony-token-of-this-test"
BOX_OFFICE_KEY = "box-office-key-of-this-test"
ANN_TOKEN = "token-of-ann-in-this-test"
FLOWER_PASSWORD = "flower-password-of-this-test"

CONFIGURATION = """\
sources:
  symphony: {{preset: symphony, token: "${{SYMPHONY_WEBHOOK_TOKEN}}", brand: main}}
  box-office: {{preset: cymbal, header: X-Api-Key, keys: ["${{BOX_OFFICE_API_KEY}}"], brand: main}}
vendors:
  symphony:
    advertising_api: {sandbox}/symphony/advertising
    partner_api: {sandbox}/symphony
    api_key: ${{SYMPHONY_API_KEY}}
    deadline_seconds: {symphony_seconds}
  cymbal:
    base_url: {sandbox}/cymbal/v1/partners
    api_key: ${{CYMBAL_API_KEY}}
    deadline_seconds: {cymbal_seconds}
brands:
  main: {{zone: Europe/London, currency: USD, budget_cap: 500 USD}}
people:
  ann: {{token: "${{ANN_TOKEN}}", roles: [approvers]}}
"""

migrating = threading.Lock()
"""Alembic keeps the migration at hand in a global, so that two threads must not migrate at a time."""
started: list["Stack"] = []
"""The stacks that run now: their logs are shown when a test fails."""


class Stack:
    """One system on this machine; `start` brings it up, leaving the block ends it.

    `workers` beyond the first are `worker2`, `worker3` …, each with an `intake2` … beside it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str,
        broker: Server,
        workflows: Mapping[str, str],
        workers: int = 1,
        with_flower: bool = False,
        symphony_seconds: int = 5,
        cymbal_seconds: int = 5,
    ) -> None:
        self.broker = broker
        self._folder = folder
        self._sandbox_port, self._web_port, self._flower_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._web_port}"
        self.flower_url = f"http://127.0.0.1:{self._flower_port}"
        self.sandbox = StandIns(f"http://127.0.0.1:{self._sandbox_port}")
        self.environment = {
            **base_environment(BIN),
            "DATABASE_URL": database_url,
            "BROKER_URL": broker.url,
            "STAGEDOOR_DATA": str(folder / "var"),
            "STAGEDOOR_CONFIG": str(folder / "config"),
            "STAGEDOOR_LOG": "json",
            "STAGEDOOR_FLOWER_PASSWORD": FLOWER_PASSWORD,
            "SYMPHONY_WEBHOOK_TOKEN": SYMPHONY_TOKEN,
            "BOX_OFFICE_API_KEY": BOX_OFFICE_KEY,
            "SYMPHONY_API_KEY": SYMPHONY_KEY,
            "CYMBAL_API_KEY": CYMBAL_KEY,
            "ANN_TOKEN": ANN_TOKEN,
            "PORT": str(self._web_port),
            "FLOWER_PORT": str(self._flower_port),
        }
        self._write_configuration(workflows, symphony_seconds, cymbal_seconds)
        self.ledger = Database(database_url)
        self.services = self._services(workers, with_flower)

    def start(self) -> None:
        """Bring the ledger up to date, put the configuration into force, start everything and wait until it serves."""
        started.append(self)
        (self._folder / "var").mkdir(exist_ok=True)
        for service in self.services.values():
            service.start()
            if service.name == "sandbox":  # while it starts; the others need the ledger's schema
                self._prepare()
        for service in self.services.values():
            service.await_ready()

    def end(self) -> None:
        """Kill what runs."""
        for service in self.services.values():
            service.end()
        self.ledger.close()
        if self in started:
            started.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def order(self, name: str, *, show: str = "ev_1") -> Delivery:
        """An order of the box office this system knows."""
        return order(name, BOX_OFFICE_KEY, show=show)

    def news(self, campaign: str, event: str = "completed") -> Delivery:
        """News of Symphony's about a campaign, as this system is to be told."""
        return news(campaign, event, SYMPHONY_TOKEN)

    def rows(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
        """The rows of a table of the ledger, in the order of their ids where they have any."""
        order = [table.c.id] if "id" in table.c else []
        return self._read(sa.select(table).where(*where).order_by(*order))

    def _read(self, statement: sa.Select[Any]) -> list[sa.Row[Any]]:
        """Ask the ledger; once more where the server was restarted since the connection was used."""
        try:
            with self.ledger.read() as connection:
                return list(connection.execute(statement))
        except LedgerUnavailable:
            with self.ledger.read() as connection:
                return list(connection.execute(statement))

    def effects(self, *, state: str | None = None, operation: str | None = None) -> list[sa.Row[Any]]:
        """The vendor calls in the ledger."""
        asked = [("state", state), ("operation", operation)]
        return self.rows(tables.effects, *(tables.effects.c[name] == value for name, value in asked if value))

    def runs_by_delivery(self) -> dict[str, list[str]]:
        """The states of the runs each delivery led to; of one that led to none, an empty list."""
        joined = tables.deliveries.outerjoin(tables.events).outerjoin(tables.runs)
        statement = sa.select(tables.deliveries.c.id, tables.runs.c.state).select_from(joined)
        found: dict[str, list[str]] = {}
        for delivery_id, state in self._read(statement):
            found.setdefault(delivery_id, []).extend([state] if state else [])
        return found

    def unsettled(self) -> list[str]:
        """What still moves by itself: deliveries not taken in, runs that are neither over nor stand in doubt."""
        doubtful = {row.run_id for row in self.effects(state="in_doubt")}
        waiting = self.rows(tables.deliveries, tables.deliveries.c.state == "pending")
        running = [row for row in self.rows(tables.runs, tables.runs.c.state == "running") if row.id not in doubtful]
        moving = {row.run_id: row for row in self.effects() if row.ended_at is None}
        return [
            *(f"delivery {row.id} is pending" for row in waiting),
            *(f"run {row.id} is running: {_at(moving.get(row.id))}" for row in running),
        ]

    def await_settled(self, deliveries: int, within_seconds: float = 60.0) -> None:
        """Return once that many deliveries are taken in and nothing moves by itself any more."""
        try:
            wait_until(
                lambda: len(self.rows(tables.deliveries)) >= deliveries and not self.unsettled(),
                within_seconds=within_seconds,
                every_seconds=0.25,
            )
        except AssertionError as late:
            count = len(self.rows(tables.deliveries))
            raise AssertionError("\n".join([f"{count} deliveries", *self.unsettled()[:10]])) from late

    def get(self, path: str) -> requests.Response:
        """Look at a page of ours."""
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.url + path, timeout=10)

    def cli(self, *arguments: str) -> Any:
        """Run `stagedoor … --json` and return what it says."""
        done = subprocess.run(
            [str(BIN / "stagedoor"), *arguments, "--json"],
            env=self.environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=CLI_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr or done.stdout
        return json.loads(done.stdout)

    def last_lines(self) -> Sequence[tuple[str, str]]:
        """The end of each service's log."""
        return [(service.name, service.last_lines()) for service in self.services.values()]

    def _write_configuration(self, workflows: Mapping[str, str], symphony_seconds: int, cymbal_seconds: int) -> None:
        config = self._folder / "config"
        (config / "workflows").mkdir(parents=True)
        text = CONFIGURATION.format(
            sandbox=self.sandbox.url, symphony_seconds=symphony_seconds, cymbal_seconds=cymbal_seconds
        )
        (config / "stagedoor.yml").write_text(text)
        for name, definition in workflows.items():
            (config / "workflows" / f"{name}.yml").write_text(f"workflow: {name}\n{definition}")

    def _prepare(self) -> None:
        """What `stagedoor db upgrade && stagedoor apply` does, without two more processes to start."""
        settings = read_settings(self.environment)
        with migrating:
            schema.upgrade(self.ledger)
        apply_configuration(self.ledger, settings, build_catalogue(settings), by="the test")

    def _services(self, workers: int, with_flower: bool) -> dict[str, Service]:
        commands = procfile()
        # The tests listen on this machine only.
        commands["web"] = commands["web"].replace("0.0.0.0", "127.0.0.1")
        named = {name: commands[name] for name in ("web", "intake", "worker")}
        for number in range(2, workers + 1):
            for name in ("intake", "worker"):
                named[f"{name}{number}"] = commands[name].replace(f"{name}@", f"{name}{number}@")
        if with_flower:
            named["flower"] = commands["flower"]
        sandbox = f"{shlex.quote(sys.executable)} -m sandbox --port {self._sandbox_port}"
        ready = {
            "sandbox": http_ready(f"{self.sandbox.url}/_journal"),
            "web": http_ready(f"{self.url}/ready"),
            "flower": http_ready(self.flower_url),
        }
        return {
            name: Service(name, command, self.environment, self._folder, ready.get(name, " ready."))
            for name, command in {"sandbox": sandbox, **named}.items()
        }


def procfile() -> dict[str, str]:
    """The commands of the Procfile by process."""
    lines = (line.partition(": ") for line in (ROOT / "Procfile").read_text().splitlines())
    return {name: command for name, _, command in lines}


def _at(effect: "sa.Row[Any] | None") -> str:
    return "no effect is open" if effect is None else f"{effect.operation} is {effect.state} ({effect.reason})"
