"""A worker, and intake, that is asked to stop ends the calls it has begun; the next one does what it had not begun."""

import pytest

from tests.acceptance.conftest import MakeStack
from tests.acceptance.definitions import WELCOME
from tests.acceptance.sender import address, deliver
from tests.acceptance.stack import Stack

CONTACT = "cymbal.create_contact"
SLOW_SECONDS = 3
ORDERS = [f"order-{number}" for number in range(12)]
"""More than Cymbal's eight lanes: some are under way, the others wait for their turn."""


@pytest.fixture(scope="module")
def stack(make_stack: MakeStack) -> Stack:
    made = make_stack("sqlite", {"welcome": WELCOME})
    made.start()
    return made


def test_a_worker_that_is_stopped_in_the_middle_of_calls_records_how_they_ended(stack: Stack) -> None:
    stack.sandbox.fault(CONTACT, "slow", seconds=SLOW_SECONDS, times=len(ORDERS))
    deliver(stack.url, [stack.order(name) for name in ORDERS])
    stack.sandbox.wait_for(CONTACT, 4)
    stack["worker"].stop()
    states = {row.state for row in stack.effects()}
    assert "done" in states
    assert states <= {"done", "intended", "released"}, "no call is left under way, and none stands in doubt"
    stack.sandbox.clear_faults()
    stack["worker"].restart()
    stack.await_settled(len(ORDERS), within_seconds=60)
    bodies = [row["body"] for row in stack.sandbox.journal(CONTACT)]
    assert [sum(f'"{address(name)}"' in body for body in bodies) for name in ORDERS] == [1] * len(ORDERS)
    assert {row.state for row in stack.effects()} == {"done"}


def test_intake_that_is_stopped_in_the_middle_of_calls_records_how_they_ended(stack: Stack) -> None:
    called = len(stack.sandbox.journal(CONTACT))
    stack.sandbox.fault(CONTACT, "slow", seconds=SLOW_SECONDS)
    deliver(stack.url, [stack.order("order-of-intake")])
    stack.sandbox.wait_for(CONTACT, called + 1)
    (effect,) = stack.effects(state="claimed")
    assert effect.holder.endswith(f":{stack['intake'].pid}"), "intake makes the first calls"
    stack["intake"].stop()
    assert stack.effects(state="claimed") == []
    assert {row.state for row in stack.effects()} == {"done"}
