"""The guard ends the group when its parent's end of the pipe closes, and not before."""

import os
import signal
import subprocess
import sys

import pytest

from tasks.supervisor.guard import Guard
from tests.processes import in_group, is_alive
from tests.waiting import wait_until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_to_the_group_reach_its_members_but_not_the_guard(number: signal.Signals) -> None:
    guard = Guard()
    member = subprocess.Popen(["sleep", "60"], process_group=guard.group)
    os.killpg(guard.group, number)
    assert member.wait(10) == -number
    assert is_alive(guard.group)
    guard.end()


def test_ending_it_kills_members_that_ignore_sigterm_and_their_children() -> None:
    guard = Guard()
    script = "trap '' TERM; sleep 60 & echo up; wait"
    member = subprocess.Popen(["sh", "-c", script], process_group=guard.group, stdout=subprocess.PIPE)
    assert member.stdout is not None
    with member.stdout as output:
        output.readline()
    assert len(in_group(guard.group)) == 3
    guard.end()
    member.wait(10)
    wait_until(lambda: in_group(guard.group) == [])


def test_a_held_descriptor_stays_open_until_the_group_has_ended() -> None:
    reading, writing = os.pipe()
    guard = Guard(holding=[writing])
    os.close(writing)
    os.set_blocking(reading, False)
    with pytest.raises(BlockingIOError):
        os.read(reading, 1)
    guard.end()
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_children_do_not_get_the_pipe_that_says_the_parent_lives() -> None:
    guard = Guard()
    listing = "import os; print([fd for fd in range(3, 256) if os.path.exists(f'/dev/fd/{fd}')])"
    child = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "[]"
    guard.end()
