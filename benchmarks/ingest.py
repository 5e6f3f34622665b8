"""How many webhooks a second this machine takes in durably, and how long each takes.

    python benchmarks/ingest.py [--seconds 5] [--rounds 3] [--json]

In one run, on SQLite and on PostgreSQL: this server doing everything but storing (its ceiling), this server as it is,
and the same server committing once per request. 64 connections, signed orders of 1 KB, the client on the same machine;
what is compared with what is a matter of ratios, the numbers themselves are this machine's. The rounds take turns, and
the median of each server's is shown. Exit 1 if a ratio or the p99 misses what we promise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import sqlalchemy as sa  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from tasks.supervisor.guard import Guard  # noqa: E402
from tasks.supervisor.readiness import free_port  # noqa: E402
from tests.servers.postgresql import PostgreSQL  # noqa: E402
from tests.servers.valkey import Valkey  # noqa: E402
from tests.waiting import wait_until  # noqa: E402
from workflows.ledger.database import Database  # noqa: E402
from workflows.ledger.schema import upgrade  # noqa: E402
from workflows.ledger.tables import deliveries  # noqa: E402

SECRET = "benchmark-secret"
CONFIGURATION = """
sources:
  tickettailor: {preset: tickettailor, secrets: ["${TICKETTAILOR_WEBHOOK_SECRET}"], brand: main}
brands:
  main: {zone: Europe/London, currency: USD}
"""
SERVERS: Mapping[str, str] = {
    "ceiling": "benchmarks.servers:ceiling",
    "as it is": "webhooks.rsgi:app",
    "per request": "benchmarks.servers:per_request",
}
WARM_UP_SECONDS = 1.0

PROMISED_OF_CEILING = 0.45
PROMISED_OF_PER_REQUEST = {"sqlite": 2.0, "postgresql": 1.2}
PROMISED_P99_MS = 40.0


@dataclass(frozen=True)
class Figures:
    """What one server did: medians of its rounds."""

    per_second: float
    p50_ms: float
    p99_ms: float


@dataclass
class Bench:
    """The benchmark on one machine, with its servers."""

    folder: Path
    guard: Guard
    broker_url: str
    seconds: float
    connections: int
    configuration: str = CONFIGURATION

    def __post_init__(self) -> None:
        self._orders = count(step=1_000_000)
        (self.folder / "config").mkdir()
        (self.folder / "config" / "stagedoor.yml").write_text(self.configuration)

    def round(self, target: str, database_url: str) -> dict[str, Any]:
        """One server, started, warmed up, loaded and stopped. What it acknowledged as new must be in the ledger."""
        before = _stored(database_url)
        with self.server(target, database_url) as port:
            warm = self._load(port, WARM_UP_SECONDS)
            found = self._load(port, self.seconds)
        statuses = {**found["statuses"]}
        if set(statuses) != {"202"}:
            raise SystemExit(f"{target} answered {statuses}")
        acknowledged = warm["statuses"]["202"] + statuses["202"]
        if "ceiling" not in target and _stored(database_url) - before != acknowledged:
            raise SystemExit(f"{target} acknowledged {acknowledged} and stored {_stored(database_url) - before}")
        return found

    @contextlib.contextmanager
    def server(self, target: str, database_url: str) -> Iterator[int]:
        port = free_port()
        command = [
            *(sys.executable, "-m", "granian", "--interface", "rsgi", "--http", "1", target, "--port", str(port)),
            *("--no-ws", "--workers", "2"),
        ]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": database_url,
            "BROKER_URL": self.broker_url,
            "STAGEDOOR_CONFIG": str(self.folder / "config"),
            "STAGEDOOR_DATA": str(self.folder),
            "STAGEDOOR_LOG": "json",
            "TICKETTAILOR_WEBHOOK_SECRET": SECRET,
        }
        with (self.folder / "web.log").open("ab") as log:
            server = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, process_group=self.guard.group
            )
        try:
            wait_until(lambda: _is_ready(port), within_seconds=30)
            yield port
        finally:
            server.terminate()
            server.wait(20)

    def _load(self, port: int, seconds: float) -> dict[str, Any]:
        first = next(self._orders)
        arguments = {
            "port": port,
            "secret": SECRET,
            "first": first,
            "count": int(20_000 * seconds),
            "seconds": seconds,
            "connections": self.connections,
        }
        words = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.load", *words], cwd=ROOT, capture_output=True, text=True, check=True
        )
        found: dict[str, Any] = json.loads(run.stdout)
        return found


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stored(database_url: str) -> int:
    database = Database(database_url)
    with database.read() as connection:
        number = connection.scalar(sa.select(sa.func.count()).select_from(deliveries))
    database.close()
    return int(number or 0)


def measure(bench: Bench, database_url: str, rounds: int) -> dict[str, Figures]:
    """All servers on one database, taking turns."""
    database = Database(database_url)
    upgrade(database)
    database.close()
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in SERVERS}
    for _ in range(rounds):
        for name, target in SERVERS.items():
            found[name].append(bench.round(target, database_url))
    return {
        name: Figures(*(median(each[key] for each in several) for key in ("per_second", "p50_ms", "p99_ms")))
        for name, several in found.items()
    }


def verdicts(engine: str, figures: Mapping[str, Figures]) -> list[tuple[str, float, float, bool]]:
    """What is promised: (of what, found, wanted, whether it holds)."""
    as_it_is = figures["as it is"]
    of_ceiling = as_it_is.per_second / figures["ceiling"].per_second
    of_per_request = as_it_is.per_second / figures["per request"].per_second
    wanted = PROMISED_OF_PER_REQUEST[engine]
    return [
        ("of the ceiling", of_ceiling, PROMISED_OF_CEILING, of_ceiling >= PROMISED_OF_CEILING),
        ("times per request", of_per_request, wanted, of_per_request >= wanted),
        ("p99 in ms, at most", as_it_is.p99_ms, PROMISED_P99_MS, as_it_is.p99_ms <= PROMISED_P99_MS),
    ]


def show(results: Mapping[str, Mapping[str, Figures]], *, as_json: bool) -> bool:
    """Print the tables; whether everything promised holds."""
    judged = {engine: verdicts(engine, figures) for engine, figures in results.items()}
    if as_json:
        report = {
            engine: {
                "servers": {name: item.__dict__ for name, item in figures.items()},
                "ratios": {what: {"found": found, "promised": wanted} for what, found, wanted, _ in judged[engine]},
            }
            for engine, figures in results.items()
        }
        print(json.dumps({"machine": machine(), **report}, indent=2))
    else:
        _print_tables(results, judged)
    return all(holds for several in judged.values() for *_, holds in several)


def _print_tables(
    results: Mapping[str, Mapping[str, Figures]], judged: Mapping[str, list[tuple[str, float, float, bool]]]
) -> None:
    console = Console()
    console.print(f"Webhooks taken in per second on {machine()}")
    for engine, figures in results.items():
        table = Table("server", "per second", "p50 ms", "p99 ms", title=engine)
        for name, item in figures.items():
            table.add_row(name, f"{item.per_second:,.0f}", f"{item.p50_ms:.1f}", f"{item.p99_ms:.1f}")
        console.print(table)
        for what, found, wanted, holds in judged[engine]:
            console.print(f"  {'ok  ' if holds else 'MISS'} {found:7.2f} {what} (promised {wanted:g})")


def machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.release()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each round is measured")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--engine", choices=sorted(PROMISED_OF_PER_REQUEST), action="append")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    guard = Guard()
    results: dict[str, dict[str, Figures]] = {}
    with contextlib.ExitStack() as stack:
        stack.callback(guard.end)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stagedoor-ingest-")))
        broker = Valkey(guard)
        stack.callback(broker.remove)
        broker.start()
        bench = Bench(folder, guard, broker.url, given.seconds, given.connections)
        for engine in given.engine or ("sqlite", "postgresql"):
            url = f"sqlite:///{folder}/ledger.db"
            if engine == "postgresql":
                server = PostgreSQL(guard, is_durable=True)
                stack.callback(server.remove)
                server.start()
                url = server.create_database()
            results[engine] = measure(bench, url, given.rounds)
    sys.exit(0 if show(results, as_json=given.json) else 1)


if __name__ == "__main__":
    main()
