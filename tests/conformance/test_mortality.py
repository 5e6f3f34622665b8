"""A process killed before or after every one of its commits, and around every call, on both engines.

After each death another process goes on. Whatever was delivered leads to one run, what can be repeated reaches the
vendor in the same bytes, and what cannot reaches it once at most; where nobody can know, it stands in doubt.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import sqlalchemy as sa

from tests.builders.ledger import ClockedDatabase, Crew, ScriptedVendor, catalogue, operation, store_delivery
from workflows.catalogue import Operation, Outcome, OutcomeKind, Repeat, Request
from workflows.language.reader import read_definition
from workflows.ledger import configuration, schema
from workflows.ledger.tables import deliveries, effects, events, runs
from workflows.runtime.intake import Intake
from workflows.runtime.sweep import Sweep
from workflows.values import new_id

SAFE = operation()
ASK = operation("symphony.create_campaign", repeat=Repeat.ASK, method="POST", path="/v1/campaign/{id}", subjects=())
TEXT = """
workflow: road
description: One call that can be repeated, a wait, one that cannot.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: edit
    call: symphony.edit_campaign
    with: {id: =event.data.id, note: first}
  - id: rest
    wait: {for: 5m}
  - id: create
    call: symphony.create_campaign
    with: {id: =event.data.id, note: second}
"""


class Killed(BaseException):
    """What ends a process, as far as a test can tell."""


class Mortal(ClockedDatabase):
    """A database whose process is killed right before, or right after, one of its commits."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.die: Callable[[str], None] = lambda moment: None

    @contextmanager
    def write(self):
        with super().write() as connection:
            yield connection
            self.die("before a commit")
        self.die("after a commit")


class Vendor(ScriptedVendor):
    """A vendor that acts on every request; the process may be killed before it leaves or before it is answered."""

    die: Callable[[str], None] = staticmethod(lambda moment: None)

    def send(self, operation: Operation, request: Request) -> Outcome:
        self.die("before a call")
        self.received.append(request)
        self.die("after a call")
        return Outcome(OutcomeKind.DONE, "ok", status=200, output={})


class Death:
    """Strikes at one moment of a life: the `number`th of all."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.moment = ""

    def __call__(self, moment: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.moment = moment
            raise Killed


def never(moment: str) -> None:
    """Live on."""


@pytest.fixture
def database(database_url: str) -> Iterator[Mortal]:
    made = Mortal(database_url)
    schema.upgrade(made)
    with made.write() as connection:
        configuration.apply(connection, [read_definition(TEXT, "road.yml")], {}, by="a test", now=made.time)
    yield made
    made.close()


def deliver(database: Mortal, campaign: str) -> None:
    draft = {
        "type": "symphony.campaign.created",
        "subject": f"symphony:campaign:{campaign}",
        "brand": "",
        "data": {"id": campaign},
    }
    with database.write() as connection:
        store_delivery(connection, new_id(), drafts=[draft])


def live(database: Mortal, vendor: Vendor, rounds: int) -> None:
    """One process: take in, sweep, release and perform, while time passes."""
    crew = Crew(database, catalogue(SAFE, ASK), vendor=vendor)
    intake = Intake(database, crew.rules)
    sweep = Sweep(database, crew.rules, crew.performer, crew.releaser, crew.looker)
    for _ in range(rounds):
        while intake.take_batch():
            pass
        sweep.once()
        crew.work()
        database.pass_time(minutes=2)


def test_at_whatever_moment_a_process_is_killed_nothing_is_lost_and_nothing_is_done_twice(database: Mortal):
    vendor, number, moments = Vendor(), 0, Counter[str]()
    while True:
        number += 1
        campaign = f"{number}"
        deliver(database, campaign)
        database.die = vendor.die = death = Death(number)
        with suppress(Killed):
            live(database, vendor, rounds=5)
        database.die = vendor.die = never
        live(database, vendor, rounds=10)
        if not death.moment:
            break
        moments[death.moment] += 1
        assert_well(database, vendor, campaign, death.moment)
    assert set(moments) == {"before a commit", "after a commit", "before a call", "after a call"}
    assert sum(moments.values()) > 20


def assert_well(database: Mortal, vendor: Vendor, campaign: str, moment: str) -> None:
    with database.read() as connection:
        waiting = connection.scalar(sa.select(sa.func.count()).where(deliveries.c.state == "pending"))
        (run,) = connection.execute(
            sa.select(runs).join(events).where(events.c.subject == f"symphony:campaign:{campaign}")
        ).all()
        states = dict(
            connection.execute(sa.select(effects.c.operation, effects.c.state).where(effects.c.run_id == run.id)).all()
        )
    made = Counter(request for request in vendor.received if request.path.endswith(f"/{campaign}"))
    edits = {request: times for request, times in made.items() if request.operation == SAFE.name}
    created = sum(times for request, times in made.items() if request.operation == ASK.name)
    assert waiting == 0
    assert len(edits) == 1, "always the same bytes"
    assert states[SAFE.name] == "done"
    assert created <= 1
    if states[ASK.name] == "in_doubt":
        assert run.state == "running"
    else:
        assert (states[ASK.name], run.state, created) == ("done", "done", 1), moment
