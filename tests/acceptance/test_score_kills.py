"""Workflows with loops, branches, waits, runs of other workflows and calls made once, while their workers are killed.

What the simulator (tests/simulator) holds at every moment of its stories, held here of real processes on PostgreSQL: no
call that cannot be repeated is made twice, what is to be done once is done once, no more runs of a crowd are under way
than may be, and every run comes to its end.
"""

from collections import Counter

import pytest

from tests.acceptance.conftest import MakeStack
from tests.acceptance.sender import Sender, address
from tests.acceptance.stack import Stack
from tests.waiting import wait_until
from workflows.ledger import tables

CONTACT = "cymbal.create_contact"
CYMBAL_SECONDS = 2
LIMIT = 4
SETTLE_SECONDS = 240.0

TOUR = """\
description: Everything that can be under way at a time, about one buyer.
when: {event: order.placed, where: has(event.data.buyer.email)}
run:
  key: event.data.buyer.email
  concurrency: {limit: 4, on_conflict: queue, by: event.data.shop}
  expires: 1d
steps:
  - id: everybody
    for_each:
      in: [first, second]
      concurrency: 2
      steps:
        - {id: told, run: tell, with: {email: "{{ item }}-{{ event.data.buyer.email }}"}}
  - id: both
    parallel:
      branches:
        thank:
          - id: thanks
            call: cymbal.create_contact
            with: {contact: {email: "thanks-{{ event.data.buyer.email }}"}, opt_ins: {email: true, sms: null}}
            once: [=event.data.buyer.email]
        listen:
          - {id: ask, emit: {event: stagedoor.asked, data: {email: =event.data.buyer.email}}}
          - id: answer
            wait_for:
              event: stagedoor.answered
              match: it.data.email == event.data.buyer.email
              lookback: 1h
              expires: 1h
"""
TELL = """\
when: {manual: {inputs: {email: text}}}
steps:
  - id: tell
    call: cymbal.create_contact
    with: {contact: {email: =event.data.email}, opt_ins: {email: true, sms: null}}
"""
ANSWER = """\
when: {event: stagedoor.asked}
steps:
  - {id: answer, emit: {event: stagedoor.answered, data: {email: =event.data.email}}}
"""
WORKFLOWS = {"tour": TOUR, "tell": TELL, "answer": ANSWER}


@pytest.mark.parametrize(
    ("orders", "kills"),
    [
        pytest.param(8, 2, id="8 orders"),
        pytest.param(100, 12, id="100 orders", marks=[pytest.mark.acceptance_long, pytest.mark.timeout(1800)]),
    ],
)
def test_whatever_moment_the_workers_die_at_all_that_holds_in_the_simulator_holds(
    make_stack: MakeStack, orders: int, kills: int
) -> None:
    stack = make_stack("postgresql", WORKFLOWS, cymbal_seconds=CYMBAL_SECONDS)
    stack.start()
    stack.sandbox.fault(CONTACT, "slow", seconds=0.2, times=3 * orders)
    names = [f"tour-{number}" for number in range(orders)]
    sender = Sender(stack.url, threads=4)
    sender.send([stack.order(name) for name in names])
    for number in range(kills):
        seen = len(stack.sandbox.journal(CONTACT))
        await_call(stack, seen)
        victim = stack["worker" if number % 3 else "intake"]
        victim.kill9()
        victim.restart()
        assert running(stack) <= LIMIT
    sender.finish()
    settle_all(stack, SETTLE_SECONDS * max(1, orders / 20))
    assert_well(stack, names)
    stack.end()


def await_call(stack: Stack, seen: int) -> None:
    """Return once one more call has arrived, or all is over; tours in doubt would keep all others waiting."""

    def has_come() -> bool:
        settle_doubts(stack)
        return len(stack.sandbox.journal(CONTACT)) > seen or not open_runs(stack)

    wait_until(has_come, within_seconds=60)


def settle_all(stack: Stack, within_seconds: float) -> None:
    """Wait for every run to end."""

    def is_over() -> bool:
        assert running(stack) <= LIMIT
        settle_doubts(stack)
        return not open_runs(stack)

    wait_until(is_over, within_seconds=within_seconds, every_seconds=0.5)


def settle_doubts(stack: Stack) -> None:
    """As a person who looks at the vendor settles what stands in doubt."""
    for row in stack.effects(state="in_doubt"):
        made = sum(row.request["body"] == call["body"] for call in stack.sandbox.journal(CONTACT))
        verdict = "done" if made else "again"
        stack.cli("settle", row.id, "--as", verdict, "--reason", "looked at Cymbal")


def assert_well(stack: Stack, names: list[str]) -> None:
    made = Counter(call["body"] for call in stack.sandbox.journal(CONTACT))
    assert set(made.values()) == {1}, "a call that cannot be repeated was made twice"
    for name in names:
        for kind in ("first", "second", "thanks"):
            about = [body for body in made if f'"{kind}-{address(name)}"' in body]
            assert len(about) == 1, f"{kind} of {name}"
    states = Counter((row.workflow, row.state) for row in stack.rows(tables.runs))
    assert states == {("tour", "done"): len(names), ("tell", "done"): 2 * len(names), ("answer", "done"): len(names)}
    assert {row.state for row in stack.effects()} == {"done"}
    assert stack.rows(tables.nudges) == []


def running(stack: Stack) -> int:
    """How many tours are under way."""
    run = tables.runs
    return len(stack.rows(run, run.c.workflow == "tour", run.c.state == "running"))


def open_runs(stack: Stack) -> bool:
    """Whether a delivery or a run is not over."""
    run, delivery = tables.runs, tables.deliveries
    open_ = stack.rows(run, run.c.state.in_(("running", "queued")))
    return bool(open_ or stack.rows(delivery, delivery.c.state == "pending"))
