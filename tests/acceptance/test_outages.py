"""What goes away for a while: the broker, the database, a vendor. Nothing is lost, and everything goes on by itself."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from tests.acceptance.conftest import MakeStack
from tests.acceptance.sender import Sender, deliver
from tests.acceptance.stack import Stack
from tests.acceptance.traffic import CONTACT, EDIT, WORKFLOWS, Traffic, assert_one_run_each
from tests.servers.postgresql import PostgreSQL
from tests.servers.rabbitmq import RabbitMQ
from tests.waiting import wait_until
from workflows.ledger import tables

DEADLINE_SECONDS = 2


@pytest.fixture(scope="module")
def stack(make_stack: MakeStack) -> Stack:
    made = make_stack("postgresql", WORKFLOWS, symphony_seconds=DEADLINE_SECONDS, cymbal_seconds=DEADLINE_SECONDS)
    made.start()
    return made


@pytest.fixture
def running(stack: Stack) -> Iterator[Stack]:
    """The system, nothing under way and no fault left from the test before."""
    yield stack
    stack.sandbox.clear_faults()


@pytest.mark.parametrize(
    "outage_seconds",
    [pytest.param(4, id="4 s"), pytest.param(20, id="20 s", marks=pytest.mark.acceptance_long)],
)
def test_while_the_broker_is_stopped_deliveries_are_taken_and_when_it_is_back_they_are_carried_out(
    running: Stack, outage_seconds: float
) -> None:
    traffic = Traffic(running, f"broker-{outage_seconds}", 200)
    sender = Sender(running.url)
    running.broker.stop()
    back_at = time.monotonic() + outage_seconds
    sender.send(traffic.deliveries())
    sender.finish()
    wait_until(lambda: time.monotonic() >= back_at, within_seconds=outage_seconds + 1)
    running.broker.start()
    traffic.await_settled()
    assert sender.answers == {202: 200}
    assert_one_run_each(running, sender)
    assert set(traffic.contacts().values()) == {1}
    assert set(traffic.edits().values()) == {1}


def test_while_postgresql_is_stopped_nothing_is_acknowledged_and_when_it_is_back_all_goes_on(
    running: Stack, postgres_server: PostgreSQL
) -> None:
    traffic = Traffic(running, "database", 60)
    deliveries = traffic.deliveries()
    called = len(running.sandbox.journal(CONTACT))
    running.sandbox.fault(CONTACT, "slow", seconds=1, times=8)
    sender = Sender(running.url)
    sender.send(deliveries[:30])
    running.sandbox.wait_for(CONTACT, called + 4)
    postgres_server.stop()
    try:
        acknowledged = len(sender.acknowledged)
        sender.send(deliveries[30:])
        wait_until(lambda: sender.answers[503] >= 30, within_seconds=20)
        assert len(sender.acknowledged) == acknowledged
    finally:
        postgres_server.start()
    sender.finish()
    traffic.await_settled()
    assert set(sender.answers) <= {200, 202, 503}
    assert_one_run_each(running, sender)
    # Also the calls that were answered while it was away: their workers kept the answers.
    wait_until(lambda: {row.state for row in traffic.effects()} == {"done"}, within_seconds=10)
    assert set(traffic.contacts().values()) == {1}
    assert min(traffic.edits().values()) >= 1


@dataclass(frozen=True)
class Trouble:
    """How a vendor fails, and how the first attempt ends: of what cannot be repeated, and of what can."""

    fault: Mapping[str, Any]
    contact: str
    edit: str


TROUBLES = {
    "500": Trouble({"fault": "status", "status": 500}, "in_doubt", "retry"),
    "429": Trouble({"fault": "status", "status": 429, "retry_after": 1}, "retry", "retry"),
    "400": Trouble({"fault": "status", "status": 400}, "refused", "refused"),
    "garbage": Trouble({"fault": "garbage"}, "in_doubt", "retry"),
    "dropped": Trouble({"fault": "drop_after"}, "in_doubt", "retry"),
    "too slow": Trouble({"fault": "slow", "seconds": DEADLINE_SECONDS + 1}, "in_doubt", "retry"),
}
STATE_AFTER = {"in_doubt": "in_doubt", "retry": "done", "refused": "refused"}
CALLS_AFTER = {"in_doubt": 1, "retry": 2, "refused": 1}


@pytest.mark.parametrize("name", TROUBLES)
def test_what_a_vendor_answers_decides_whether_it_is_asked_again(running: Stack, name: str) -> None:
    trouble = TROUBLES[name]
    traffic = Traffic(running, f"vendor-{name.replace(' ', '-')}", 2)
    for operation in (CONTACT, EDIT):
        running.sandbox.fault(operation, **trouble.fault)
    deliver(running.url, traffic.deliveries())
    traffic.await_settled()
    contact, edit = (running.effects(operation=operation)[-1] for operation in (CONTACT, EDIT))
    assert first_outcome(running, contact) == trouble.contact
    assert first_outcome(running, edit) == trouble.edit
    assert (contact.state, edit.state) == (STATE_AFTER[trouble.contact], STATE_AFTER[trouble.edit])
    assert traffic.contacts().total() == CALLS_AFTER[trouble.contact]
    assert traffic.edits().total() == CALLS_AFTER[trouble.edit]


def first_outcome(stack: Stack, effect: "sa.Row[Any]") -> str:
    table = tables.attempts
    (first,) = stack.rows(table, table.c.effect_id == effect.id, table.c.number == 1)
    return str(first.outcome)


def test_a_vendor_whose_every_call_hangs_keeps_no_other_waiting(running: Stack) -> None:
    traffic = Traffic(running, "hanging", 40)
    orders, news = traffic.deliveries()[::2], traffic.deliveries()[1::2]
    called = len(running.sandbox.journal(CONTACT))
    running.sandbox.fault(CONTACT, "slow", seconds=DEADLINE_SECONDS - 0.5, times=len(orders))
    deliver(running.url, orders)
    running.sandbox.wait_for(CONTACT, called + 8)
    deliver(running.url, news)
    wait_until(lambda: set(traffic.edits().values()) == {1}, within_seconds=20, every_seconds=0.1)
    assert running.effects(state="claimed", operation=CONTACT), "Cymbal still hangs"
    traffic.await_settled()
    assert set(traffic.contacts().values()) == {1}


def test_a_vendor_that_is_down_is_asked_again_until_it_is_back(running: Stack) -> None:
    traffic = Traffic(running, "down", 10)
    orders = traffic.deliveries()[::2]  # campaigns are forgotten when the sandbox starts anew
    running["sandbox"].kill9()
    deliver(running.url, orders)
    wait_until(lambda: len(tried(running)) >= len(orders), within_seconds=20, every_seconds=0.1)
    assert {row.outcome for row in tried(running)} == {"not_sent"}
    running["sandbox"].restart()
    running.await_settled(traffic.known + len(orders))
    assert set(traffic.contacts().values()) == {1}


def tried(stack: Stack) -> list["sa.Row[Any]"]:
    """The attempts at calls that are not over."""
    moving = [row.id for row in stack.effects() if row.ended_at is None and row.state != "in_doubt"]
    table = tables.attempts
    return stack.rows(table, table.c.effect_id.in_(moving), table.c.outcome.is_not(None))


def test_a_worker_that_was_frozen_during_its_calls_does_nothing_twice_when_it_wakes(running: Stack) -> None:
    traffic = Traffic(running, "frozen", 24)
    called = {operation: len(running.sandbox.journal(operation)) for operation in (CONTACT, EDIT)}
    for operation in called:
        running.sandbox.fault(operation, "slow", seconds=1, times=4)
    deliver(running.url, traffic.deliveries())
    for operation, count in called.items():
        running.sandbox.wait_for(operation, count + 2)
    os.kill(running["worker"].pid, signal.SIGSTOP)
    try:
        # The other processes end its leases, and PostgreSQL its transactions: where several of them stand in line for a
        # vendor's lane, one after the other.
        wait_until(lambda: not traffic.effects(state="claimed"), within_seconds=90, every_seconds=0.2)
        doubtful = {row.id for row in traffic.effects(state="in_doubt")}
    finally:
        os.kill(running["worker"].pid, signal.SIGCONT)
    traffic.await_settled()
    assert set(traffic.contacts().values()) == {1}
    assert min(traffic.edits().values()) >= 1
    # Of those in doubt some are settled by the answer that lay ready when the worker woke.
    assert {row.id for row in traffic.effects() if row.state != "done"} <= doubtful


def test_with_rabbitmq_as_broker_work_is_done_and_goes_on_after_its_restart(
    make_stack: MakeStack, rabbitmq_server: RabbitMQ
) -> None:
    stack = make_stack("sqlite", WORKFLOWS, broker=rabbitmq_server)
    stack.start()
    before, during = Traffic(stack, "before", 20), Traffic(stack, "during", 20)
    sender = Sender(stack.url)
    sender.send(before.deliveries())
    before.await_settled()
    stack.sandbox.fault(CONTACT, "slow", seconds=1, times=4)
    stack.sandbox.fault(EDIT, "slow", seconds=1, times=4)
    sender.send(during.deliveries()[:10])
    stack.sandbox.wait_for(CONTACT, 11)
    rabbitmq_server.stop()
    sender.send(during.deliveries()[10:])
    sender.finish()
    rabbitmq_server.start()
    stack.await_settled(40)
    assert sender.answers == {202: 40}
    assert_one_run_each(stack, sender)
    for traffic in (before, during):
        assert set(traffic.contacts().values()) == {1}
        assert set(traffic.edits().values()) == {1}
    stack.end()
