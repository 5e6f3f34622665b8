"""The systems of the follow-up workload: Stagedoor on either engine, and its peers, each as real processes.

Every one takes the same webhooks over HTTP and makes the same two calls to the same vendor.
"""

from __future__ import annotations

import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from benchmarks.environments import PEERS, environment_of
from tasks.supervisor.readiness import free_port, http_ready
from tests.acceptance.service import Service, base_environment
from tests.acceptance.stack import procfile
from vendors.catalogue import build_catalogue
from workflows.ledger import schema, tables
from workflows.ledger.database import Database
from workflows.runtime.apply import apply_configuration
from workflows.settings import read_settings

ROOT = Path(__file__).resolve().parents[1]
OUR_PROGRAMS = Path(sys.executable).parent

CONFIGURATION = """\
sources:
  symphony: {{preset: symphony, token: "${{SYMPHONY_WEBHOOK_TOKEN}}", brand: main}}
vendors:
  symphony:
    advertising_api: {vendor}
    partner_api: {vendor}
    api_key: ${{SYMPHONY_API_KEY}}
    deadline_seconds: 5
    concurrency: {calls}
brands:
  main: {{zone: Europe/London, currency: USD}}
"""
WORKFLOW = """\
workflow: follow-up
description: Raise a completed campaign's budget, then show it in one more city. The second call must not be repeated.
when:
  event: symphony.campaign.completed
  where: event.data.type == 'link_clicks'
steps:
  - id: raise
    call: symphony.edit_campaign
    with: {id: =event.data.id, budget: 400 USD}
  - id: add
    call: symphony.add_locations
    with:
      id: =event.data.id
      market_id: "120330000000000001"
      locations: [{key: "2673660", name: Madrid, type: city}]
"""
TOKEN = "token-of-the-benchmark"
CALLS = 64
"""Calls under way at a time: as many as two workers of each peer have threads."""
THREADS = 16
WEB = ("--interface", "wsgi", "--host", "127.0.0.1", "--workers", "2", "--blocking-threads", "32", "--no-ws")


class System(ABC):
    """One system on this machine. Entering the block starts it, leaving it ends it."""

    path = "/webhook"

    def __init__(self, name: str, folder: Path, *, vendor_url: str, broker_url: str, database_url: str) -> None:
        self.name = name
        self.port = free_port()
        self._folder = folder
        self._vendor_url = vendor_url
        self._broker_url = broker_url
        self._database_url = database_url
        folder.mkdir()
        self._services: dict[str, Service] = {}

    def __enter__(self) -> Self:
        self.prepare()
        self._services = self.services()
        try:
            for service in self._services.values():
                service.start()
            for service in self._services.values():
                service.await_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        for service in self._services.values():
            service.end()

    def kill_workers(self) -> None:
        """Kill every worker without warning, and start each again at once, as a supervisor would."""
        workers = [service for name, service in self._services.items() if name != "web"]
        for service in workers:
            service.kill9()
        for service in workers:
            service.start()

    @abstractmethod
    def prepare(self) -> None:
        """Whatever has to be there before the processes start."""

    @abstractmethod
    def services(self) -> dict[str, Service]:
        """Its processes by name; all but `web` are workers."""

    def is_settled(self) -> bool:
        """Whether nothing moves by itself any more; where only the vendor can tell, always."""
        return True

    def shown_to_a_person(self) -> set[str]:
        """The campaigns whose follow-up has stopped and waits, visibly, for a person's decision."""
        return set()

    def logs(self) -> str:
        """The end of what each process wrote."""
        return "\n".join(f"--- {name}\n{service.last_lines()}" for name, service in self._services.items())

    def service(
        self, name: str, command: str, environment: Mapping[str, str], ready: Callable[[], bool] | str, folder: Path
    ) -> Service:
        service = Service(name, command, environment, folder, ready)
        service.log = self._folder / f"{name}.log"
        return service


class Stagedoor(System):
    """The processes of the Procfile, the workers twice."""

    path = f"/webhooks/symphony/{TOKEN}"

    def prepare(self) -> None:
        config = self._folder / "config"
        (config / "workflows").mkdir(parents=True)
        (config / "stagedoor.yml").write_text(CONFIGURATION.format(vendor=self._vendor_url, calls=CALLS))
        (config / "workflows" / "follow-up.yml").write_text(WORKFLOW)
        self._environment = {
            **base_environment(OUR_PROGRAMS),
            "DATABASE_URL": self._database_url,
            "BROKER_URL": self._broker_url,
            "STAGEDOOR_DATA": str(self._folder / "var"),
            "STAGEDOOR_CONFIG": str(config),
            "STAGEDOOR_LOG": "json",
            "STAGEDOOR_WORKER_THREADS": str(THREADS),
            "SYMPHONY_WEBHOOK_TOKEN": TOKEN,
            "SYMPHONY_API_KEY": "key-of-the-benchmark",
            "PORT": str(self.port),
        }
        self.ledger = Database(self._database_url)
        schema.upgrade(self.ledger)
        settings = read_settings(self._environment)
        apply_configuration(self.ledger, settings, build_catalogue(settings), by="the benchmark")

    def services(self) -> dict[str, Service]:
        commands = procfile()
        named = {
            "web": commands["web"].replace("0.0.0.0", "127.0.0.1"),
            "intake": commands["intake"],
            "worker": commands["worker"],
            "worker2": commands["worker"].replace("worker@", "worker2@"),
        }
        ready = {"web": http_ready(f"http://127.0.0.1:{self.port}/ready")}
        return {
            name: self.service(name, command, self._environment, ready.get(name, " ready."), self._folder)
            for name, command in named.items()
        }

    def is_settled(self) -> bool:
        doubt = sa.select(tables.effects.c.run_id).where(tables.effects.c.state == "in_doubt")
        moving = sa.select(tables.runs.c.id).where(tables.runs.c.state == "running", tables.runs.c.id.not_in(doubt))
        waiting = sa.select(tables.deliveries.c.id).where(tables.deliveries.c.state == "pending")
        with self.ledger.read() as connection:
            return all(connection.scalar(each.limit(1)) is None for each in (moving, waiting))

    def shown_to_a_person(self) -> set[str]:
        joined = tables.effects.join(tables.runs, tables.runs.c.id == tables.effects.c.run_id).join(tables.events)
        doubt = sa.select(tables.events.c.subject).select_from(joined).where(tables.effects.c.state == "in_doubt")
        with self.ledger.read() as connection:
            return {subject.rpartition(":")[2] for subject in connection.scalars(doubt)}

    def __exit__(self, *raised: object) -> None:
        super().__exit__(*raised)
        if hasattr(self, "ledger"):
            self.ledger.close()


class Peer(System):
    """A system of others, in an environment of its own."""

    peer: str

    def prepare(self) -> None:
        self._programs = environment_of(self.peer)
        self._environment = {
            **base_environment(self._programs),
            "VENDOR_URL": self._vendor_url,
            "BROKER_URL": self._broker_url,
            "DATABASE_URL": self._database_url,
            **self.variables(),
        }
        self._environment.pop("PYTHONPATH", None)

    def variables(self) -> dict[str, str]:
        """Further variables of its processes."""
        return {}

    def web(self, target: str) -> Service:
        command = f"granian {' '.join(WEB)} --port {self.port} {target}"
        return self.of_peer("web", command, http_ready(f"http://127.0.0.1:{self.port}/ready"))

    def of_peer(self, name: str, command: str, ready: Callable[[], bool] | str) -> Service:
        return self.service(name, command, self._environment, ready, PEERS / self.peer)


class PlainCelery(Peer):
    """A chain of two tasks, two workers of sixteen threads."""

    peer = "celery"

    def services(self) -> dict[str, Service]:
        worker = f"celery -A app:tasks worker -P threads -c {THREADS} --loglevel INFO -n worker{{}}@%h"
        workers = {name: self.of_peer(name, worker.format(name[-1]), " ready.") for name in ("worker1", "worker2")}
        return {"web": self.web("app:app"), **workers}


class Dbos(Peer):
    """A queue, two workers; DBOS runs a workflow in a thread."""

    peer = "dbos"

    def variables(self) -> dict[str, str]:
        return {"DATABASE_URL": self._database_url.replace("postgresql://", "postgresql+psycopg://")}

    def services(self) -> dict[str, Service]:
        workers = {name: self.of_peer(name, f"python worker.py {name}", "ready.") for name in ("worker1", "worker2")}
        # The first one makes the schema, which the others need when they start.
        workers["worker1"].restart()
        workers["worker1"].stop()
        return {"web": self.web("web:app"), **workers}


class Director(Peer):
    """A workflow of two tasks, two workers of sixteen threads."""

    peer = "director"

    def prepare(self) -> None:
        super().prepare()
        command = [str(self._programs / "director"), "db", "upgrade"]
        subprocess.run(
            command,
            env=self._environment,
            cwd=PEERS / self.peer,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def variables(self) -> dict[str, str]:
        return {
            "DIRECTOR_HOME": str(PEERS / self.peer),
            "DIRECTOR_DATABASE_URI": self._database_url,
            "DIRECTOR_BROKER_URI": self._broker_url,
            "DIRECTOR_RESULT_BACKEND_URI": self._broker_url.removesuffix("/0") + "/1",
        }

    def services(self) -> dict[str, Service]:
        worker = f"celery -A director._auto:cel worker -P threads -c {THREADS} --loglevel INFO -n worker{{}}@%h"
        workers = {name: self.of_peer(name, worker.format(name[-1]), " ready.") for name in ("worker1", "worker2")}
        return {"web": self.web("web:app"), **workers}
