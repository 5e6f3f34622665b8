"""Intake drains in one thread at a time, and its other threads make the first calls, but for the one the next ring is
for."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from types import SimpleNamespace

import pytest
from celery import Celery

from tasks.flower import FollowOns
from tasks.intake import Drain, HandsOfIntake, register
from tasks.spare import Spare
from tests.builders.ledger import ClockedDatabase, Crew, ScriptedVendor, catalogue, operation, store_delivery
from tests.waiting import wait_until
from workflows.catalogue import Operation, Outcome, OutcomeKind, Request
from workflows.errors import LedgerUnavailable
from workflows.language.reader import read_definition
from workflows.ledger import configuration
from workflows.ledger.tables import effects
from workflows.runtime.intake import Intake
from workflows.values import new_id

ONE_CALL = """
workflow: note
description: A call for each campaign.
when: {event: symphony.campaign.created}
steps:
  - id: note
    call: symphony.edit_campaign
    with: {id: =event.data.id}
"""


@dataclass
class SlowVendor(ScriptedVendor):
    """Answers once it may."""

    asked: Event = field(default_factory=Event)
    may_answer: Event = field(default_factory=Event)
    breaks_at: str = ""

    def send(self, operation: Operation, request: Request) -> Outcome:
        self.asked.set()
        if request.path == self.breaks_at:
            raise RuntimeError("the client has a fault")
        assert self.may_answer.wait(20)
        return Outcome(OutcomeKind.DONE, "ok", status=200, output={})


@pytest.fixture
def database(clocked: ClockedDatabase) -> ClockedDatabase:
    with clocked.write() as connection:
        definitions = [read_definition(ONE_CALL, "note.yml")]
        configuration.apply(connection, definitions, {"main": {}}, by="a test", now=clocked.time)
    return clocked


@pytest.fixture
def vendor() -> SlowVendor:
    return SlowVendor()


@pytest.fixture
def context(database: ClockedDatabase, vendor: SlowVendor) -> Iterator[SimpleNamespace]:
    """A worker's of two threads."""
    crew = Crew(database, catalogue(operation(), concurrency=32), vendor=vendor)
    crew.releaser.release_vendor("symphony")
    spare = Spare()
    spare.start(SimpleNamespace(concurrency=2))
    with ThreadPoolExecutor(8) as callers:
        yield SimpleNamespace(
            database=database,
            intake=Intake(database, crew.rules, crew.releaser, monotonic=lambda: crew.monotonic),
            performer=crew.performer,
            callers=callers,
            spare=spare,
            follow_ons=FollowOns(),
            releasing=SimpleNamespace(ask=lambda: None),
            ring_intake=lambda: None,
        )


def deliver(database: ClockedDatabase, number: int) -> None:
    draft = {
        "type": "symphony.campaign.created",
        "subject": f"symphony:campaign:{number}",
        "occurred_at": None,
        "brand": "main",
        "data": {"id": str(number)},
    }
    with database.write() as connection:
        store_delivery(connection, new_id(), drafts=[draft])


def states(database: ClockedDatabase) -> list[str]:
    with database.read() as connection:
        return sorted(connection.scalars(effects.select().with_only_columns(effects.c.state)))


def test_the_last_thread_is_never_taken_for_calls(
    database: ClockedDatabase, context: SimpleNamespace, vendor: SlowVendor
) -> None:
    drain = Drain(context)
    first, second, third = (HandsOfIntake(context, None) for _ in range(3))
    deliver(database, 1)
    assert drain(first) == 1
    assert vendor.asked.wait(20), "it is made while the drain goes on"
    deliver(database, 2)
    assert drain(second) == 1
    assert states(database) == ["claimed", "released"]
    vendor.may_answer.set()
    first.work()
    first.let_go()
    second.let_go()
    assert states(database) == ["done", "released"]
    deliver(database, 3)
    assert drain(third) == 1
    third.work()
    assert states(database) == ["done", "done", "released"]


def test_who_comes_while_another_drains_looks_after_it_once_for_all(context: SimpleNamespace) -> None:
    looked: list[str] = []
    drain = Drain(context)
    with ThreadPoolExecutor(2, thread_name_prefix="other") as pool:

        def take_batch(hands: object) -> int:
            looked.append(threading.current_thread().name)
            if len(looked) == 1:
                others.extend(pool.submit(drain, HandsOfIntake(context, None)) for _ in range(2))
                wait_until(lambda: len(pool._threads) == 2 and drain._asked.is_set(), within_seconds=20)
            return 0

        others: list[Future[int]] = []
        context.intake = SimpleNamespace(take_batch=take_batch)
        assert drain(HandsOfIntake(context, None)) == 0
        assert [other.result(20) for other in others] == [0, 0]
    assert looked[0] == threading.current_thread().name
    assert 1 <= len(looked[1:]) <= 2
    assert all(name.startswith("other") for name in looked[1:])


def test_a_call_is_recorded_though_the_drain_that_began_it_fails(
    database: ClockedDatabase, context: SimpleNamespace, vendor: SlowVendor
) -> None:
    take_batch = context.intake.take_batch
    batches = iter([take_batch])

    def take_one_batch(hands: HandsOfIntake) -> int:
        for take in batches:
            return take(hands)
        raise LedgerUnavailable("the test took it away")

    context.intake = SimpleNamespace(take_batch=take_one_batch)
    intake = register(Celery("a test", set_as_current=False), context)
    deliver(database, 1)
    vendor.may_answer.set()
    with pytest.raises(LedgerUnavailable):
        intake()
    assert states(database) == ["done"]
    assert context.spare.take(), "its thread is free again"


def test_a_call_that_has_ended_is_recorded_while_its_thread_goes_on_draining(
    database: ClockedDatabase, context: SimpleNamespace, vendor: SlowVendor
) -> None:
    hands = HandsOfIntake(context, None)
    found: list[list[str]] = []
    take_batch = context.intake.take_batch

    def take_batches(hands: HandsOfIntake) -> int:
        match len(found):
            case 0:
                taken: int = take_batch(hands)
            case 1:
                wait_until(lambda: all(call.done() for call in hands._shift._under_way), within_seconds=20)
                taken = 1
            case _:
                taken = 0
        found.append(states(database))
        return taken

    context.intake = SimpleNamespace(take_batch=take_batches)
    deliver(database, 1)
    vendor.may_answer.set()
    assert Drain(context)(hands) == 2
    assert found[-1] == ["done"]


def test_a_fault_of_ours_in_one_call_keeps_no_other_from_being_recorded(
    database: ClockedDatabase, context: SimpleNamespace, vendor: SlowVendor
) -> None:
    hands = HandsOfIntake(context, None)
    vendor.breaks_at = "/v1/campaign/2"
    vendor.may_answer.set()
    for number in (1, 2, 3):
        deliver(database, number)
    assert Drain(context)(hands) == 3
    hands.work()
    assert states(database) == ["claimed", "done", "done"]
