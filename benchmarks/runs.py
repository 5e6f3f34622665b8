"""How fast follow-ups run, how soon they begin, and what a crash of every worker costs: the follow-up workload.

    python benchmarks/runs.py [--system NAME …] [--phase burst|paced|kill …] [--webhooks 2000] [--json]

For each distinct one of 2,000 webhooks (1 KB, a tenth are repeats) a condition and two sequential calls to a local
vendor that answers in a millisecond; the second call must not be repeated. First at full speed over 32 connections,
then 50 a second for 20 s, then the first again with `kill -9` of every worker in the middle, restarted at once.
Stagedoor on PostgreSQL and on SQLite, and in the same run, each in an environment of its own and on the same PostgreSQL
and broker: plain Celery, DBOS and celery-director. All is seen from outside: the sender knows when a webhook was
acknowledged, the vendor when a call arrived. What is compared with what is a matter of ratios; the numbers themselves
are this machine's.

Exit 1 where a promise is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from redis import Redis  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from benchmarks.ingest import machine  # noqa: E402
from benchmarks.load import percentile  # noqa: E402
from benchmarks.systems import Dbos, Director, PlainCelery, Stagedoor, System  # noqa: E402
from benchmarks.vendor import FIRST, SECOND  # noqa: E402
from tasks.supervisor.guard import Guard  # noqa: E402
from tasks.supervisor.readiness import free_port, http_ready  # noqa: E402
from tests.servers.postgresql import PostgreSQL  # noqa: E402
from tests.servers.valkey import Valkey  # noqa: E402
from tests.waiting import wait_until  # noqa: E402

SYSTEMS: Mapping[str, tuple[type[System], str]] = {
    "stagedoor-postgresql": (Stagedoor, "postgresql"),
    "stagedoor-sqlite": (Stagedoor, "sqlite"),
    "celery": (PlainCelery, "postgresql"),
    "dbos": (Dbos, "postgresql"),
    "director": (Director, "postgresql"),
}
PHASES = ("burst", "paced", "kill")

WARM_UP = 100
PACE = 50
PACED_SECONDS = 20
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 150.0
"""How long one phase may take; what is not back after this counts as lost."""

PROMISED_ACCEPTED = 3000.0
PROMISED_OF_CELERY = 0.6
PROMISED_P50_MS = 10.0
PROMISED_P99_MS = 30.0
PROMISED_SETTLED_SECONDS = 60.0


@dataclass(frozen=True)
class Burst:
    """At full speed: webhooks acknowledged and follow-ups completed in a second, both from the first byte sent."""

    accepted: float
    completed: float


@dataclass(frozen=True)
class Paced:
    """From a webhook's acknowledgement to its first call, in milliseconds."""

    p50: float
    p99: float


@dataclass(frozen=True)
class Kill:
    """After the kill: campaigns that never had both calls and of which nobody is told, those that had a call twice, the
    repeatable one and the one that is not, those left to a person, and how long it took until nothing moved any more.
    """

    lost: int
    first_doubled: int
    second_doubled: int
    to_a_person: int
    settled_seconds: float


@dataclass
class Found:
    """What was measured of one system."""

    burst: Burst | None = None
    paced: Paced | None = None
    kill: Kill | None = None


class Vendor:
    """The vendor's process, as the benchmark asks it."""

    def __init__(self, guard: Guard) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.vendor", "--port", str(self.port)], cwd=ROOT, process_group=guard.group
        )
        wait_until(http_ready(f"{self.url}/_counts"), within_seconds=20)

    def counts(self) -> Mapping[str, int]:
        """How many campaigns have had each call."""
        found: Mapping[str, int] = self._ask("/_counts")
        return found

    def calls(self) -> list[tuple[str, str, float]]:
        """Every call: which, of what campaign, when."""
        return [(which, campaign, at) for which, campaign, at in self._ask("/_calls")]

    def forget(self) -> None:
        """Begin anew."""
        self._ask("/_forget", data=b"")

    def _ask(self, path: str, data: bytes | None = None) -> Any:
        with urllib.request.urlopen(self.url + path, data=data, timeout=10) as answer:
            return json.load(answer)


class Workload:
    """The three phases on one system that runs."""

    def __init__(self, system: System, vendor: Vendor, campaigns: Iterable[int], webhooks: int) -> None:
        self._system = system
        self._vendor = vendor
        self._campaigns = campaigns
        self._webhooks = webhooks

    def warm_up(self) -> None:
        """Have every process and connection used once."""
        self._sent_and_done(WARM_UP)

    def burst(self) -> Burst:
        """All at once."""
        sent, calls = self._sent_and_done(self._webhooks)
        last = max(at for which, _, at in calls if which == SECOND)
        took = sent["ended"] - sent["begun"]
        return Burst(self._webhooks / took, len(sent["campaigns"]) / (last - sent["begun"]))

    def paced(self) -> Paced:
        """At an even pace."""
        sent, calls = self._sent_and_done(PACE * PACED_SECONDS, "--rate", str(PACE))
        acknowledged = sent["acknowledged"]
        late = sorted(max(0.0, at - acknowledged[campaign]) for which, campaign, at in calls if which == FIRST)
        return Paced(percentile(late, 0.5) * 1000, percentile(late, 0.99) * 1000)

    def kill(self) -> Kill:
        """All at once, and every worker killed when half is done."""
        sender = self._send(self._webhooks)
        wait_until(lambda: self._vendor.counts()[SECOND] >= self._webhooks * 0.45, within_seconds=PATIENCE_SECONDS)
        killed_at = time.monotonic()
        self._system.kill_workers()
        sent = self._end(sender)
        campaigns = {str(number) for number in sent["campaigns"]}
        done_at = self._await(lambda: self._is_over(len(campaigns)))
        calls = Counter((which, campaign) for which, campaign, _ in self._vendor.calls())
        shown = self._system.shown_to_a_person() & campaigns
        complete = {each for each in campaigns if calls[FIRST, each] and calls[SECOND, each]}
        return Kill(
            lost=len(campaigns - complete - shown),
            first_doubled=sum(calls[FIRST, each] > 1 for each in campaigns),
            second_doubled=sum(calls[SECOND, each] > 1 for each in campaigns),
            to_a_person=len(shown),
            settled_seconds=done_at - killed_at,
        )

    def _is_over(self, campaigns: int) -> bool:
        """Whether all that was sent has come to its end. One that a person must decide on may have had its call."""
        if not self._system.is_settled():
            return False
        return self._vendor.counts()[SECOND] + len(self._system.shown_to_a_person()) >= campaigns

    def _sent_and_done(self, webhooks: int, *more: str) -> tuple[dict[str, Any], list[tuple[str, str, float]]]:
        """Send, and return once every follow-up is complete."""
        sent = self._end(self._send(webhooks, *more))
        wanted = len(sent["campaigns"])
        self._await(lambda: self._vendor.counts()[SECOND] >= wanted and self._system.is_settled())
        counts = self._vendor.counts()
        if counts[SECOND] != wanted:
            raise SystemExit(f"{self._system.name}: {wanted} follow-ups began, {counts} calls\n{self._system.logs()}")
        return sent, self._vendor.calls()

    def _send(self, webhooks: int, *more: str) -> subprocess.Popen[str]:
        self._vendor.forget()
        options = {"port": self._system.port, "path": self._system.path, "first": next(iter(self._campaigns))}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        command = [sys.executable, "-m", "benchmarks.sender", *words, "--count", str(webhooks), *more]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def _end(self, sender: subprocess.Popen[str]) -> dict[str, Any]:
        output, _ = sender.communicate(timeout=PATIENCE_SECONDS)
        sent: dict[str, Any] = json.loads(output)
        if refused := {status for status in sent["statuses"] if not status.startswith("2")}:
            raise SystemExit(f"{self._system.name} answered {refused}\n{self._system.logs()}")
        return sent

    def _await(self, is_over: Callable[[], bool]) -> float:
        """Wait until it is over, or for as long as patience lasts; when that was."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not is_over() and time.monotonic() < give_up_at:
            time.sleep(LOOK_SECONDS)
        return time.monotonic()


def measure(system: System, vendor: Vendor, phases: Sequence[str], webhooks: int) -> Found:
    """Every phase wanted, on one system."""
    found = Found()
    campaigns = count(1, step=1_000_000)
    with system:
        workload = Workload(system, vendor, campaigns, webhooks)
        workload.warm_up()
        for phase in phases:
            setattr(found, phase, getattr(workload, phase)())
            print(f"{system.name} {getattr(found, phase)}", file=sys.stderr)
    return found


@dataclass(frozen=True)
class Verdict:
    """What is promised of Stagedoor on one engine, and whether it holds."""

    system: str
    what: str
    found: float
    promised: float
    holds: bool


def verdicts(results: Mapping[str, Found]) -> list[Verdict]:
    """Everything promised that this run could measure."""
    return [verdict for name in results if name.startswith("stagedoor") for verdict in _verdicts(name, results)]


def _verdicts(name: str, results: Mapping[str, Found]) -> Iterable[Verdict]:
    def least(what: str, value: float, promised: float) -> Verdict:
        return Verdict(name, f"{what}, at least", value, promised, value >= promised)

    def most(what: str, value: float, promised: float) -> Verdict:
        return Verdict(name, f"{what}, at most", value, promised, value <= promised)

    ours = results[name]
    if ours.burst is not None:
        yield least("webhooks acknowledged per second", ours.burst.accepted, PROMISED_ACCEPTED)
        of_peers = (("celery", PROMISED_OF_CELERY), ("dbos", 1.0), ("director", 1.0))
        for peer, promised in of_peers:
            theirs = results.get(peer, Found()).burst
            if theirs is not None:
                yield least(f"follow-ups per second, of {peer}'s", ours.burst.completed / theirs.completed, promised)
    if ours.paced is not None:
        yield most("ms from acknowledged to first call, p50", ours.paced.p50, PROMISED_P50_MS)
        yield most("ms from acknowledged to first call, p99", ours.paced.p99, PROMISED_P99_MS)
    if ours.kill is not None:
        yield most("follow-ups lost", ours.kill.lost, 0)
        yield most("calls made twice that must not be", ours.kill.second_doubled, 0)
        yield most("seconds until all was settled", ours.kill.settled_seconds, PROMISED_SETTLED_SECONDS)


def show(results: Mapping[str, Found], judged: Sequence[Verdict], *, as_json: bool) -> None:
    """Print the table and the verdicts."""
    if as_json:
        report = {"machine": machine(), "systems": {name: asdict(found) for name, found in results.items()}}
        print(json.dumps({**report, "verdicts": [asdict(each) for each in judged]}, indent=2))
        return
    console = Console(width=140)
    table = Table(title=f"The follow-up workload on {machine()}")
    for column in ("system", "accepted/s", "follow-ups/s", "to first call p50/p99 ms", "lost", "doubled 1st/2nd"):
        table.add_column(column)
    table.add_column("to a person")
    table.add_column("settled s")
    for name, found in results.items():
        table.add_row(name, *_cells(found))
    console.print(table)
    for each in judged:
        mark = "ok  " if each.holds else "MISS"
        console.print(f"  {mark} {each.system:21} {each.found:9.2f} {each.what} {each.promised:g}", highlight=False)


def _cells(found: Found) -> list[str]:
    burst = ["", ""] if found.burst is None else [f"{found.burst.accepted:,.0f}", f"{found.burst.completed:,.0f}"]
    paced = [""] if found.paced is None else [f"{found.paced.p50:.1f} / {found.paced.p99:.1f}"]
    kill = found.kill
    if kill is None:
        return [*burst, *paced]
    doubled = f"{kill.first_doubled} / {kill.second_doubled}"
    settled = "not back" if kill.lost else f"{kill.settled_seconds:.0f}"
    return [*burst, *paced, str(kill.lost), doubled, str(kill.to_a_person), settled]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", choices=list(SYSTEMS), action="append", help="only this one; may be repeated")
    parser.add_argument("--phase", choices=PHASES, action="append", help="only this one; may be repeated")
    parser.add_argument("--webhooks", type=int, default=2000, help="of a burst, repeats included")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    guard = Guard()
    results: dict[str, Found] = {}
    with contextlib.ExitStack() as stack:
        stack.callback(guard.end)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stagedoor-runs-")))
        vendor = Vendor(guard)
        broker, server = Valkey(guard), PostgreSQL(guard, is_durable=True)
        for each in (broker, server):
            stack.callback(each.remove)
            each.start()
        for name in given.system or SYSTEMS:
            kind, engine = SYSTEMS[name]
            with Redis.from_url(broker.url) as client:
                client.flushall()
            url = server.create_database() if engine == "postgresql" else f"sqlite:///{folder}/{name}/ledger.db"
            system = kind(name, folder / name, vendor_url=vendor.url, broker_url=broker.url, database_url=url)
            results[name] = measure(system, vendor, given.phase or PHASES, given.webhooks)
    judged = verdicts(results)
    show(results, judged, as_json=given.json)
    sys.exit(0 if all(each.holds for each in judged) else 1)


if __name__ == "__main__":
    main()
