"""Many threads at one ledger: intake, releases, calls and sweeps of two workers, about the same few campaigns."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from random import Random

import pytest
import sqlalchemy as sa

from tests.builders.ledger import COMPLETED, ClockedDatabase, Inputs, catalogue, operation, store_delivery
from workflows.catalogue import Operation, Outcome, OutcomeKind, Repeat, Request
from workflows.errors import LedgerUnavailable
from workflows.language.reader import read_definition
from workflows.ledger import configuration, schema
from workflows.ledger.tables import deliveries, effects, events, runs
from workflows.runtime.effects import Performer
from workflows.runtime.intake import Intake
from workflows.runtime.looks import Looker
from workflows.runtime.release import Releaser
from workflows.runtime.rules import Rules
from workflows.runtime.sweep import Sweep
from workflows.values import new_id

SECONDS = 8.0
CAMPAIGNS = 6


def both_neighbours(inputs: Inputs) -> tuple[str, ...]:
    """Three campaigns a call changes, so that calls overlap in part."""
    first = int(inputs["id"])
    return tuple(f"symphony:campaign:{(first + step) % CAMPAIGNS}" for step in range(3))


EDIT = operation(subjects=both_neighbours)
GATED = operation("symphony.add_locations", requires=(COMPLETED,), repeat=Repeat.ASK, method="POST")
CREATE = operation("symphony.create_campaign", repeat=Repeat.ASK, method="POST", path="/v1/{id}", subjects=())
PAUSE = operation("symphony.pause_campaign", reduces=True)

WORKFLOW = """
workflow: busy
description: Calls, waits, calls.
owner: tests
when: {event: symphony.campaign.created}
run: {expires: 40s}
steps:
  - id: edit
    call: symphony.edit_campaign
    with: {id: =event.data.id, note: =event.id}
    on_error: continue
  - id: rest
    wait: {for: 5s}
  - id: add
    call: symphony.add_locations
    with: {id: =event.data.id, note: =event.id}
    on_error: continue
  - id: create
    call: symphony.create_campaign
    with: {id: =event.data.id, note: =event.id}
    on_error: continue
  - id: pause
    call: symphony.pause_campaign
    with: {id: =event.data.id, note: =event.id}
"""
ANSWERS = (
    *(Outcome(OutcomeKind.DONE, "ok", status=200, output={}),) * 12,
    Outcome(OutcomeKind.NOT_SENT, "no connection"),
    Outcome(OutcomeKind.RETRY, "429", status=429),
    Outcome(OutcomeKind.REFUSED, "400", status=400),
)


class MovedClock(ClockedDatabase):
    """A clock that goes ten times as fast as the wall's, so that timers, leases and runs end within the test."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._began = time.monotonic()

    def now(self, connection: sa.Connection):
        return self.time + timedelta(seconds=10 * (time.monotonic() - self._began))


class Watchful:
    """A vendor that answers at random and notices calls about one campaign that overlap."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self.overlaps: list[str] = []
        self.processed: Counter[Request] = Counter()
        self.random = Random(7)

    def send(self, operation: Operation, request: Request) -> Outcome:
        number = request.path.rpartition("/")[2]
        subjects = set() if operation.reduces else set(operation.subjects_of({"id": number}))
        with self._lock:
            answer = self.random.choice(ANSWERS)
            self.overlaps += subjects & self._busy
            self._busy |= subjects
        time.sleep(0.002)
        with self._lock:
            self._busy -= subjects
            self.processed[request] += answer.kind is OutcomeKind.DONE
        return answer


class Bustle:
    """Several workers' worth of threads over one ledger."""

    def __init__(self, database: MovedClock) -> None:
        self.database = database
        self.vendor = Watchful()
        self.errors: list[Exception] = []
        self.told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._numbers = count()
        self._catalogue = catalogue(EDIT, GATED, CREATE, PAUSE, concurrency=6)

    def run(self) -> None:
        jobs: list[Callable[[], None]] = []
        for worker in range(2):
            rules = Rules(self._catalogue)
            performer = Performer(
                self.database,
                rules,
                self.vendor,
                holder=f"box:{worker}",
                monotonic=lambda: 0.0,
                pause=lambda _: self.errors.append(LedgerUnavailable("a worker had to wait for the ledger")),
            )
            releaser = Releaser(self.database, rules, self._tell)
            looker = Looker(performer, self._tell)
            intake, sweep = Intake(self.database, rules), Sweep(self.database, rules, performer, releaser, looker)
            jobs += [self._deliver, intake.take_batch, intake.take_batch, sweep.once, releaser.release_due]
            jobs += [lambda performer=performer, releaser=releaser: self._work(performer, releaser)] * 3
        threads = [threading.Thread(target=self._repeat, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        self._stop.wait(SECONDS)
        self._stop.set()
        for thread in threads:
            thread.join()

    def _repeat(self, job: Callable[[], object]) -> None:
        while not self._stop.is_set():
            try:
                job()
            except Exception as error:
                self.errors.append(error)

    def _tell(self, released):
        for item in released:
            self.told.put(item.effect_id)
        return ()

    def _work(self, performer: Performer, releaser: Releaser) -> None:
        try:
            performer.perform(self.told.get(timeout=0.05))
        except queue.Empty:
            return
        releaser.release_due()

    def _deliver(self) -> None:
        """Deliver news about several campaigns at once, in any order, to any shard."""
        random = self.vendor.random
        numbers = [str(random.randrange(CAMPAIGNS)) for _ in range(3)]
        kinds = [random.choice(("created", "updated", "completed", f"{next(self._numbers) // 20}")) for _ in range(3)]
        drafts = [
            {
                "type": f"symphony.campaign.{kind}",
                "subject": f"symphony:campaign:{number}",
                "brand": "main",
                "data": {"id": number},
            }
            for number, kind in zip(numbers, kinds, strict=True)
        ]
        with self.database.write() as connection:
            store_delivery(connection, new_id(), drafts=drafts, shard=random.randrange(16))
        self._stop.wait(0.02)


@pytest.fixture
def bustle(database_url: str) -> Iterator[Bustle]:
    database = MovedClock(database_url)
    schema.upgrade(database)
    with database.write() as connection:
        configuration.apply(connection, [read_definition(WORKFLOW, "busy.yml")], {}, by="a test", now=database.time)
    yield Bustle(database)
    database.close()


def test_workers_beside_each_other_never_deadlock_and_never_change_one_thing_at_once(bustle: Bustle):
    bustle.run()
    assert bustle.errors == []
    assert bustle.vendor.overlaps == []
    with bustle.database.read() as connection:
        begun = connection.execute(sa.select(runs.c.event_id, sa.func.count()).group_by(runs.c.event_id)).all()
        taken = connection.scalar(sa.select(sa.func.count()).where(deliveries.c.state == "taken"))
        happened = connection.scalar(sa.select(sa.func.count()).select_from(events))
        done = connection.scalar(sa.select(sa.func.count()).where(effects.c.state == "done"))
        rejected = connection.scalar(sa.select(sa.func.count()).where(deliveries.c.state == "rejected"))
    assert {number for _, number in begun} == {1}
    assert rejected == 0
    assert happened == 3 * taken
    assert done > 10
    assert max(bustle.vendor.processed.values()) == 1, "no call that was confirmed is made again"
