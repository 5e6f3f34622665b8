"""Whether a flood at one source leaves the others alone.

    python benchmarks/flood.py [--seconds 30] [--engine sqlite|postgresql] [--json]

One source is calm: it sends a little all the time, and how long its webhooks take is measured. Another may send 100 a
second and is sent ten times that. What the calm source's p99 is during the flood is divided by what it is without one,
before it; exit 1 where that is more than promised, on any engine. The clients run on the same machine, in processes of
their own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.ingest import SECRET, Bench  # noqa: E402
from tasks.supervisor.guard import Guard  # noqa: E402
from tests.servers.postgresql import PostgreSQL  # noqa: E402
from tests.servers.valkey import Valkey  # noqa: E402
from workflows.ledger.database import Database  # noqa: E402
from workflows.ledger.schema import upgrade  # noqa: E402

RATE = 100
TIMES = 10
CALM_RATE = 50
CALM_CONNECTIONS, FLOOD_CONNECTIONS = 8, 32
PROMISED_RATIO = 2.0
CONFIGURATION = f"""
sources:
  calm: {{preset: tickettailor, secrets: ["${{TICKETTAILOR_WEBHOOK_SECRET}}"], brand: main}}
  flooded:
    preset: tickettailor
    secrets: ["${{TICKETTAILOR_WEBHOOK_SECRET}}"]
    brand: main
    limits: {{rate: {{count: {RATE}, seconds: 1}}}}
brands:
  main: {{zone: Europe/London, currency: USD}}
"""


@dataclass(frozen=True)
class Found:
    """What happened to the calm source before and during the flood, and to the flooded one."""

    calm_p99_ms: float
    flooded_p99_ms: float
    ratio: float
    flood_statuses: dict[str, int]
    flood_per_second: float


class Clients:
    """Start clients, each sending numbers nobody sent before."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._firsts = count(step=10_000_000)

    def start(self, source: str, rate: float, seconds: float, connections: int) -> subprocess.Popen[str]:
        arguments = {
            "port": self._port,
            "secret": SECRET,
            "path": f"/webhooks/{source}",
            "first": next(self._firsts),
            "count": int(rate * seconds) + 1,
            "seconds": seconds,
            "connections": connections,
            "rate": rate,
        }
        words = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )


def told(client: subprocess.Popen[str]) -> dict[str, Any]:
    """What a client found, once it is done."""
    out, _ = client.communicate()
    if client.returncode:
        raise SystemExit("a client failed")
    found: dict[str, Any] = json.loads(out)
    return found


def measure(bench: Bench, database_url: str, seconds: float) -> Found:
    database = Database(database_url)
    upgrade(database)
    database.close()
    with bench.server("webhooks.rsgi:app", database_url) as port:
        clients = Clients(port)
        told(clients.start("calm", CALM_RATE, 2, CALM_CONNECTIONS))  # warms it up
        calm = told(clients.start("calm", CALM_RATE, seconds, CALM_CONNECTIONS))
        flood = clients.start("flooded", RATE * TIMES, seconds + 2, FLOOD_CONNECTIONS)
        during = told(clients.start("calm", CALM_RATE, seconds, CALM_CONNECTIONS))
        flooded = told(flood)
    for found in (calm, during):
        if set(found["statuses"]) != {"202"}:
            raise SystemExit(f"the calm source was answered {found['statuses']}")
    return Found(
        calm["p99_ms"],
        during["p99_ms"],
        during["p99_ms"] / calm["p99_ms"],
        flooded["statuses"],
        flooded["per_second"],
    )


def _line(engine: str, found: Found) -> str:
    verdict = "ok  " if found.ratio <= PROMISED_RATIO else "MISS"
    return (
        f"{verdict} {engine}: p99 {found.calm_p99_ms:.1f} ms calm, {found.flooded_p99_ms:.1f} ms in a flood of "
        f"{found.flood_per_second:.0f}/s {found.flood_statuses}: {found.ratio:.2f} times, at most {PROMISED_RATIO:g}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    guard = Guard()
    results: dict[str, Found] = {}
    with contextlib.ExitStack() as stack:
        stack.callback(guard.end)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stagedoor-flood-")))
        broker = Valkey(guard)
        stack.callback(broker.remove)
        broker.start()
        bench = Bench(folder, guard, broker.url, given.seconds, CALM_CONNECTIONS, CONFIGURATION)
        for engine in given.engine or ("sqlite", "postgresql"):
            url = f"sqlite:///{folder}/ledger.db"
            if engine == "postgresql":
                server = PostgreSQL(guard, is_durable=True)
                stack.callback(server.remove)
                server.start()
                url = server.create_database()
            results[engine] = measure(bench, url, given.seconds)
    if given.json:
        print(json.dumps({engine: asdict(found) for engine, found in results.items()}, indent=2))
    else:
        for engine, found in results.items():
            print(_line(engine, found))
    sys.exit(0 if all(found.ratio <= PROMISED_RATIO for found in results.values()) else 1)


if __name__ == "__main__":
    main()
