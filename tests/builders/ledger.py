"""Ledgers with a clock of their own, and the rows and operations that tests of the runtime are about."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from marshmallow import Schema
from sqlalchemy import Connection

from workflows.catalogue import Catalogue, Limit, Operation, Outcome, OutcomeKind, Repeat, Request, Requirement, Vendor
from workflows.errors import LedgerUnavailable
from workflows.events import Event
from workflows.fields import Text
from workflows.ledger import correlations, deliveries, effects, events
from workflows.ledger.database import Database
from workflows.ledger.tables import deliveries as delivery_table
from workflows.ledger.tables import effects as effect_table
from workflows.runtime.effects import Performer
from workflows.runtime.intents import intent_of
from workflows.runtime.looks import Looker
from workflows.runtime.release import Released, Releaser
from workflows.runtime.rules import Rules
from workflows.values import new_id

START = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)


class ClockedDatabase(Database):
    """A database whose clock the test sets; the next `fails` writes find it gone."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.time = START
        self.fails = 0

    def now(self, connection: Connection) -> datetime:
        return self.time

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.fails:
            self.fails -= 1
            raise LedgerUnavailable("the test took it away")
        with super().write() as connection:
            yield connection

    def pass_time(self, **duration: float) -> None:
        self.time += timedelta(**duration)


class Inputs(Schema):
    """One id, as most operations have."""

    id = Text(required=True)
    note = Text()


COMPLETED = Requirement(
    "symphony.campaign.completed",
    "symphony:campaign:{id}",
    never_after="symphony.campaign.failed",
    why="Symphony takes edits only then.",
)


def operation(name: str = "symphony.edit_campaign", **changes: object) -> Operation:
    """An operation about a campaign; safe, without preconditions, unless told otherwise."""
    declared: dict[str, object] = {
        "name": name,
        "summary": "Change a campaign.",
        "source": "a test",
        "method": "PUT",
        "path": "/v1/campaign/{id}",
        "inputs": Inputs,
        "repeat": Repeat.SAFE,
        "subjects": ("symphony:campaign:{id}",),
        "deadline_seconds": 10.0,
    }
    return Operation(**{**declared, **changes})  # type: ignore[arg-type]


def catalogue(*operations: Operation, concurrency: int = 8, limits: tuple[Limit, ...] = ()) -> Catalogue:
    """A catalogue of these, by vendor."""
    vendors = sorted({item.vendor for item in operations})
    return Catalogue(
        tuple(
            Vendor(name, name.title(), tuple(item for item in operations if item.vendor == name), concurrency, limits)
            for name in vendors
        )
    )


@dataclass
class ScriptedVendor:
    """A caller that answers what the test says and remembers what it was sent."""

    answers: list[Outcome] = field(default_factory=list)
    received: list[Request] = field(default_factory=list)
    during: Callable[[], None] = lambda: None

    def send(self, operation: Operation, request: Request) -> Outcome:
        self.received.append(request)
        self.during()
        return self.answers.pop(0) if self.answers else Outcome(OutcomeKind.DONE, "ok", status=200, output={})


@dataclass
class Crew:
    """One worker process's objects over a clocked ledger, telling nobody: the test performs what was released."""

    database: ClockedDatabase
    catalogue: Catalogue
    vendor: ScriptedVendor = field(default_factory=ScriptedVendor)
    told: list[Released] = field(default_factory=list)
    broker_is_down: bool = False
    holder: str = "test:1"
    random: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        self.rules = Rules(self.catalogue)
        self.monotonic = 0.0
        self.performer = Performer(
            self.database,
            self.rules,
            self.vendor,
            holder=self.holder,
            random=self.random,
            monotonic=lambda: self.monotonic,
            pause=self._pause,
        )
        self.releaser = Releaser(self.database, self.rules, self._tell)
        self.looker = Looker(self.performer, self._tell)

    def _pause(self, seconds: float) -> None:
        self.monotonic += seconds
        self.database.pass_time(seconds=seconds)

    def _tell(self, released):
        if self.broker_is_down:
            return released
        self.told.extend(released)
        return ()

    def intend(self, operation: Operation, *, key: str | None = None, attempts: int = 3, **inputs: str) -> str:
        """Write down a call that belongs to no run."""
        with self.database.write() as connection:
            now = self.database.now(connection)
            intent = intent_of(
                operation,
                inputs,
                key=key or new_id(),
                max_attempts=attempts,
                give_up_at=now + timedelta(hours=6),
            )
            return effects.intend(connection, intent, None, now)

    def work(self) -> list[Outcome | None]:
        """Release what is due and perform it, until nothing is due."""
        outcomes = []
        while self.releaser.release_due() or self.told:
            while self.told:
                outcomes.append(self.performer.perform(self.told.pop(0).effect_id))
        return outcomes

    def look(self) -> list[Outcome | None]:
        """Look for whatever is due to be looked for."""
        self.looker.tell_due(100)
        found, self.told = self.told, []
        return [self.looker.look(item.effect_id) for item in found]

    def effect(self, effect_id: str):
        """The effect's row."""
        with self.database.read() as connection:
            return connection.execute(effect_table.select().where(effect_table.c.id == effect_id)).one()

    def happen(self, kind: str, subject: str = "symphony:campaign:5017", **data: object) -> Event:
        """Let an event be in the ledger, as intake writes it."""
        event = Event(new_id(), kind, subject, self.database.time, data, "symphony", new_id(), "main")
        with self.database.write() as connection:
            store_delivery(connection, event.delivery_id, state="taken")
            events.record(connection, [event])
            deliveries.record_milestones(connection, [event], self.database.time)
            correlations.note(connection, [event], self.database.time)
            effects.wake_held(connection, {subject}, self.database.time)
        return event


def store_delivery(
    connection: Connection,
    delivery_id: str,
    *,
    drafts: list[dict] | None = None,
    state: str = "pending",
    shard: int = 0,
) -> None:
    """Put a delivery into the ledger as the door does."""
    connection.execute(
        delivery_table.insert().values(
            id=delivery_id,
            source="symphony",
            received_at=START,
            shard=shard,
            state=state,
            headers={},
            body=b"{}",
            drafts=drafts,
        )
    )
