"""What 100,000 waiting runs cost: how exactly timers ring, what an idle worker takes, what one more wait takes.

    python benchmarks/waiting.py [--runs 100000] [--due 1000] [--engine sqlite|postgresql …] [--json]

On each engine a ledger with so many runs that wait, of which some are due over one minute, and one real worker. The
error of a timer is from when it was due to the end of its run, which has one step more. Adding a wait is measured in
this process, on an empty ledger and on the full one, in turns. Exit 1 where a promise is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import sqlalchemy as sa  # noqa: E402

from benchmarks.ingest import machine  # noqa: E402
from benchmarks.load import percentile  # noqa: E402
from tasks.supervisor.guard import Guard  # noqa: E402
from tests.acceptance.service import Service, base_environment  # noqa: E402
from tests.acceptance.stack import procfile  # noqa: E402
from tests.servers.postgresql import PostgreSQL  # noqa: E402
from tests.servers.valkey import Valkey  # noqa: E402
from tests.waiting import wait_until  # noqa: E402
from vendors.catalogue import build_catalogue  # noqa: E402
from workflows.ledger import schema, tables  # noqa: E402
from workflows.ledger.database import Database  # noqa: E402
from workflows.runtime.apply import apply_configuration  # noqa: E402
from workflows.runtime.intake import Intake  # noqa: E402
from workflows.runtime.rules import Rules  # noqa: E402
from workflows.settings import read_settings  # noqa: E402
from workflows.values import new_id, utc_now  # noqa: E402

WORKFLOW = """\
workflow: patience
description: Wait, then be done.
when:
  event: symphony.campaign.completed
steps:
  - id: later
    wait: {for: 3d}
  - id: noted
    set: {is_over: "=true"}
"""
FIRST_DUE = timedelta(seconds=15)
DUE_WITHIN = timedelta(minutes=1)
IDLE_SECONDS = 20.0
ROWS_AT_ONCE = 5_000
WAITS_ADDED = 100

PROMISED_ERROR_SECONDS = 1.0
PROMISED_IDLE = 0.03
PROMISED_ADDING = 1.2


@dataclass(frozen=True)
class Figures:
    """What was found on one engine. `idle` is the share of a core; `adding` how many times as long one wait takes."""

    error_p50: float
    error_p99: float
    idle: float
    adding: float


class Ledger:
    """A ledger with the workflow in force."""

    def __init__(self, folder: Path, url: str, broker_url: str) -> None:
        config = folder / "config"
        (config / "workflows").mkdir(parents=True)
        (config / "stagedoor.yml").write_text("brands:\n  main: {zone: Europe/London, currency: USD}\n")
        (config / "workflows" / "patience.yml").write_text(WORKFLOW)
        self.folder = folder
        self.environment = {
            **base_environment(Path(sys.executable).parent),
            "DATABASE_URL": url,
            "BROKER_URL": broker_url,
            "STAGEDOOR_DATA": str(folder / "var"),
            "STAGEDOOR_CONFIG": str(config),
            "STAGEDOOR_LOG": "json",
        }
        settings = read_settings(self.environment)
        catalogue = build_catalogue(settings)
        self.database = Database(url)
        schema.upgrade(self.database)
        apply_configuration(self.database, settings, catalogue, by="the benchmark")
        self.intake = Intake(self.database, Rules(catalogue))

    def add(self, count: int) -> None:
        """Let so many runs begin to wait, as intake does, one delivery in a transaction."""
        for _ in range(count):
            with self.database.write() as connection:
                delivery_id = new_id()
                draft = _draft(delivery_id)
                connection.execute(tables.deliveries.insert(), [_delivery(delivery_id, [draft], "pending")])
            self.intake.take_batch()

    def fill(self, count: int, *, are_due: bool) -> None:
        """Put `count` runs that wait into the ledger: for days, or due over the next minute."""
        with self.database.read() as connection:
            now = self.database.now(connection)
            definition = connection.scalar(sa.select(tables.definitions.c.hash))
        for start in range(0, count, ROWS_AT_ONCE):
            ids = [new_id() for _ in range(start, min(start + ROWS_AT_ONCE, count))]
            rows: dict[sa.Table, list[dict[str, Any]]] = {
                tables.deliveries: [_delivery(each, None, "taken") for each in ids],
                tables.events: [_event(each, now) for each in ids],
                tables.runs: [_run(each, definition, now) for each in ids],
                tables.steps: [
                    {"run_id": each, "step": "later", "state": "waiting", "started_at": now} for each in ids
                ],
                tables.waits: [
                    _wait(each, now, now + (_soon(place, count) if are_due else timedelta(days=3, seconds=place)))
                    for place, each in enumerate(ids, start=start)
                ],
            }
            with self.database.write() as connection:
                for table, several in rows.items():
                    connection.execute(table.insert(), several)
        if not self.database.is_sqlite:
            with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text("ANALYZE"))

    def errors(self) -> list[float]:
        """How late the runs of the timers that were due over that minute ended, in seconds, sorted."""
        joined = tables.runs.join(tables.waits, tables.waits.c.run_id == tables.runs.c.id)
        ended = sa.select(tables.waits.c.due_at, tables.runs.c.ended_at).select_from(joined)
        with self.database.read() as connection:
            rows = connection.execute(ended.where(tables.runs.c.state == "done")).all()
        return sorted((row.ended_at - row.due_at).total_seconds() for row in rows)

    @contextlib.contextmanager
    def worker(self) -> Iterator[Service]:
        """One worker as in the Procfile."""
        (self.folder / "var").mkdir(exist_ok=True)
        worker = Service("worker", procfile()["worker"], self.environment, self.folder, " ready.")
        worker.restart()
        try:
            yield worker
        finally:
            worker.end()


def _soon(place: int, count: int) -> timedelta:
    return FIRST_DUE + DUE_WITHIN * place / count


def _draft(name: str) -> dict[str, Any]:
    data = {"id": name, "provider": "facebook", "type": "link_clicks"}
    subject = f"symphony:campaign:{name}"
    return {
        "type": "symphony.campaign.completed",
        "subject": subject,
        "occurred_at": None,
        "brand": "main",
        "data": data,
    }


def _delivery(delivery_id: str, drafts: list[dict[str, Any]] | None, state: str) -> dict[str, Any]:
    fixed = {"source": "symphony", "shard": 0, "headers": {}, "body": b"{}"}
    return {"id": delivery_id, "drafts": drafts, "state": state, "received_at": utc_now(), **fixed}


def _event(name: str, now: Any) -> dict[str, Any]:
    draft = _draft(name)
    return {**draft, "id": name, "delivery_id": name, "source": "symphony", "occurred_at": now}


def _run(name: str, definition: str, now: Any) -> dict[str, Any]:
    return {
        "id": name,
        "event_id": name,
        "workflow": "patience",
        "definition_hash": definition,
        "key": name,
        "brand": {},
        "state": "running",
        "created_at": now,
        "wake_at": None,
        "expires_at": now + timedelta(days=14),
    }


def _wait(name: str, now: Any, due_at: Any) -> dict[str, Any]:
    fixed = {"step": "later", "kind": "timer", "state": "open"}
    return {"id": name, "run_id": name, "due_at": due_at, "created_at": now, **fixed}


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _seconds_a_wait(ledger: Ledger) -> float:
    begun = time.process_time()
    ledger.add(WAITS_ADDED)
    return (time.process_time() - begun) / WAITS_ADDED


def measure(empty: Ledger, full: Ledger, count: int, due: int) -> Figures:
    """Everything, on one engine."""
    full.fill(count - due, are_due=False)
    for ledger in (empty, full):
        ledger.add(20)
    pairs = [(_seconds_a_wait(empty), _seconds_a_wait(full)) for _ in range(5)]
    full.fill(due, are_due=True)
    with full.worker() as worker:
        wait_until(lambda: len(full.errors()) >= due, within_seconds=150, every_seconds=1)
        errors = full.errors()
        before = _cpu_seconds(worker.pid)
        time.sleep(IDLE_SECONDS)
        idle = (_cpu_seconds(worker.pid) - before) / IDLE_SECONDS
    adding = median(of_full for _, of_full in pairs) / median(of_empty for of_empty, _ in pairs)
    return Figures(percentile(errors, 0.5), percentile(errors, 0.99), idle, adding)


def verdicts(found: Figures) -> list[tuple[str, float, float]]:
    """What is promised: (of what, found, at most)."""
    return [
        ("seconds late, p99", found.error_p99, PROMISED_ERROR_SECONDS),
        ("of a core while idle", found.idle, PROMISED_IDLE),
        ("times as long to add a wait", found.adding, PROMISED_ADDING),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000, help="how many wait")
    parser.add_argument("--due", type=int, default=1_000, help="how many of them are due over one minute")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    guard = Guard()
    results: dict[str, Figures] = {}
    with contextlib.ExitStack() as stack:
        stack.callback(guard.end)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stagedoor-waiting-")))
        broker = Valkey(guard)
        stack.callback(broker.remove)
        broker.start()
        for engine in given.engine or ("sqlite", "postgresql"):
            urls = [f"sqlite:///{folder}/{engine}-{name}/ledger.db" for name in ("empty", "full")]
            if engine == "postgresql":
                server = PostgreSQL(guard, is_durable=True)
                stack.callback(server.remove)
                server.start()
                urls = [server.create_database(), server.create_database()]
            names = (f"{engine}-empty", f"{engine}-full")
            empty, full = (Ledger(folder / name, url, broker.url) for name, url in zip(names, urls, strict=True))
            results[engine] = measure(empty, full, given.runs, given.due)
            empty.database.close()
            full.database.close()
    holds = show(results, given.runs, as_json=given.json)
    sys.exit(0 if holds else 1)


def show(results: Mapping[str, Figures], count: int, *, as_json: bool) -> bool:
    """Print what was found; whether everything promised holds."""
    if as_json:
        engines = {engine: asdict(found) for engine, found in results.items()}
        print(json.dumps({"machine": machine(), "runs": count, "engines": engines}, indent=2))
    else:
        print(f"{count:,} waiting runs on {machine()}")
    judged = [(engine, *each) for engine, found in results.items() for each in verdicts(found)]
    for engine, what, value, most in () if as_json else judged:
        print(f"  {'ok  ' if value <= most else 'MISS'} {engine:10} {value:8.3f} {what} (at most {most:g})")
    return all(value <= most for _, _, value, most in judged)


if __name__ == "__main__":
    main()
