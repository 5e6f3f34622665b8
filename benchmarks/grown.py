"""Whether a ledger that has grown takes deliveries in as cheaply as a young one.

    python benchmarks/grown.py [--rows 5000000] [--young 10000] [--seconds 4] [--rounds 3] [--engine …] [--json]

On SQLite and on PostgreSQL: the web process as it is takes in what it can, in turns over a ledger that holds ten
thousand deliveries and over one that holds five million, all made here by SQL. The cost of a delivery is the time over
the number taken in; the median of the rounds is compared. Exit 1 where the grown ledger's is more than promised. Needs
some 4 GB of disk for each engine, and a few minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import sqlalchemy as sa  # noqa: E402

from benchmarks.ingest import Bench  # noqa: E402
from tasks.supervisor.guard import Guard  # noqa: E402
from tests.servers.postgresql import PostgreSQL  # noqa: E402
from tests.servers.valkey import Valkey  # noqa: E402
from workflows.ledger.database import Database  # noqa: E402
from workflows.ledger.schema import upgrade  # noqa: E402

PROMISED = 1.2
AT_A_TIME = 250_000

# Ids as they are made, long ago; keys that lie among those of what is to come, which is what an index finds hardest.
NUMBERS = {
    "sqlite": "WITH RECURSIVE n (i) AS (SELECT :begin UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :end)",
    "postgresql": "WITH n (i) AS (SELECT generate_series(CAST(:begin AS bigint), CAST(:end AS bigint) - 1))",
}
IDS = {
    "sqlite": "printf('01800000-0000-7000-8000-%012x', i)",
    "postgresql": "'01800000-0000-7000-8000-' || lpad(to_hex(i), 12, '0')",
}
BODIES = {
    "sqlite": "CAST(printf('%0300d', i) AS BLOB)",
    "postgresql": "convert_to(lpad(i::text, 300, '0'), 'UTF8')",
}
DELIVERIES = """
INSERT INTO deliveries (id, source, received_at, shard, state, headers, body, taken_at)
{numbers}
SELECT {id}, 'tickettailor', 1700000000000000 + i, i % 16, 'taken', '{{}}', {body}, 1700000000000000 + i FROM n
"""
KEYS = """
INSERT INTO dedup_keys (source, key, delivery_id, until)
{numbers} SELECT 'tickettailor', 'id:wh_' || ((i * 7919) % 1000000007) || '-', {id}, 253402214400000000 FROM n
"""


def fill(database_url: str, rows: int) -> float:
    """A ledger with so many deliveries, all taken in; how long it took to make it, in seconds."""
    begun = time.monotonic()
    database = Database(database_url)
    upgrade(database)
    engine = "sqlite" if database.is_sqlite else "postgresql"
    pieces = {"numbers": NUMBERS[engine], "id": IDS[engine], "body": BODIES[engine]}
    if database.is_sqlite:  # what is made here can be made again
        sa.event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    for begin in range(0, rows, AT_A_TIME):
        with database.write() as connection:
            for statement in (DELIVERIES, KEYS):
                part = {"begin": begin, "end": min(begin + AT_A_TIME, rows)}
                connection.execute(sa.text(statement.format(**pieces)), part)
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
    database.close()
    return time.monotonic() - begun


def measure(bench: Bench, urls: Mapping[str, str], rounds: int) -> dict[str, float]:
    """By ledger, what a delivery costs in microseconds: the median of rounds in turns."""
    costs: dict[str, list[float]] = {name: [] for name in urls}
    for _ in range(rounds):
        for name, url in urls.items():
            costs[name].append(1_000_000 / bench.round("webhooks.rsgi:app", url)["per_second"])
    return {name: median(found) for name, found in costs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--young", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    guard = Guard()
    results: dict[str, dict[str, float]] = {}
    with contextlib.ExitStack() as stack:
        stack.callback(guard.end)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stagedoor-grown-")))
        broker = Valkey(guard)
        stack.callback(broker.remove)
        broker.start()
        bench = Bench(folder, guard, broker.url, given.seconds, given.connections)
        for engine in given.engine or ("sqlite", "postgresql"):
            urls = {name: f"sqlite:///{folder}/{name}/ledger.db" for name in ("young", "grown")}
            if engine == "postgresql":
                server = PostgreSQL(guard, is_durable=True)
                stack.callback(server.remove)
                server.start()
                urls = {name: server.create_database() for name in urls}
            for name, rows in (("young", given.young), ("grown", given.rows)):
                print(f"{engine}: {rows:,} rows in {fill(urls[name], rows):.0f} s", file=sys.stderr, flush=True)
            results[engine] = measure(bench, urls, given.rounds)
    ratios = {engine: costs["grown"] / costs["young"] for engine, costs in results.items()}
    if given.json:
        print(json.dumps({engine: {**costs, "ratio": ratios[engine]} for engine, costs in results.items()}, indent=2))
    else:
        _print(results, ratios, given.young, given.rows)
    sys.exit(0 if all(ratio <= PROMISED for ratio in ratios.values()) else 1)


def _print(results: Mapping[str, Mapping[str, float]], ratios: Mapping[str, float], young: int, grown: int) -> None:
    for engine, costs in results.items():
        verdict = "ok  " if ratios[engine] <= PROMISED else "MISS"
        line = f"{verdict} {engine}: {costs['young']:.0f} us a delivery over {young:,}, {costs['grown']:.0f} us over"
        print(f"{line} {grown:,}: {ratios[engine]:.2f} times, at most {PROMISED:g}")


if __name__ == "__main__":
    main()
