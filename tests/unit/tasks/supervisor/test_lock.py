"""The lock of a data folder has one holder, and outlives none."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.supervisor.errors import AlreadyRunning
from tasks.supervisor.lock import data_lock

HOLD = """
import sys, time
from pathlib import Path
from tasks.supervisor.lock import data_lock
with data_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(folder)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout as output:
        assert output.readline() == "held\n"
    return holder


def test_a_second_holder_is_told_at_once_who_the_first_is(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    asked = time.monotonic()
    with pytest.raises(AlreadyRunning, match=f"process {holder.pid}: stop that one") as refused, data_lock(tmp_path):
        pass
    assert refused.value.pid == holder.pid
    assert time.monotonic() - asked < 2
    holder.kill()
    holder.wait()


def test_a_killed_holder_holds_no_longer(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with data_lock(tmp_path):
        pass


def test_the_lock_waits_for_what_a_killed_holder_left_running(tmp_path: Path) -> None:
    with data_lock(tmp_path) as descriptor:
        left = subprocess.Popen(["sleep", "0.5"], pass_fds=[descriptor])
        (tmp_path / "up.lock").write_text(str(_ended_process()))
    with data_lock(tmp_path):
        assert left.poll() == 0 or left.wait(1) == 0


def test_the_lock_makes_the_folder_and_can_be_taken_again(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "var"
    for _ in range(2):
        with data_lock(folder):
            assert (folder / "up.lock").read_text() == str(os.getpid())


def _ended_process() -> int:
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid
