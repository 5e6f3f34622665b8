"""One thread watches over the deadlines of all calls."""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.waiting import wait_until
from vendors.connections import Call, Deadlines


@pytest.fixture
def deadlines() -> Iterator[Deadlines]:
    made = Deadlines()
    yield made
    made.close()


def test_the_deadline_that_comes_first_is_kept_whichever_call_began_first(deadlines: Deadlines) -> None:
    with Call(60.0, deadlines) as patient, Call(0.05, deadlines) as hasty:
        wait_until(lambda: hasty.is_late)
        assert not patient.is_late


def test_whoever_waits_on_a_late_call_is_woken(deadlines: Deadlines) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Call(0.05, deadlines) as call:
        call.begin(ours)
        assert ours.recv(1) == b""
        assert call.is_late


def test_a_call_that_was_over_in_time_is_left_as_it_is(deadlines: Deadlines) -> None:
    with Call(0.05, deadlines) as early:
        pass
    with Call(0.1, deadlines) as late:
        wait_until(lambda: late.is_late)
    assert not early.is_late


def test_many_calls_have_one_thread(deadlines: Deadlines) -> None:
    before = set(threading.enumerate())
    with Call(60.0, deadlines), Call(50.0, deadlines), Call(40.0, deadlines):
        assert len(set(threading.enumerate()) - before) == 1
