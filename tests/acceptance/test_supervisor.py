"""However the supervisor ends, nothing it started is left: told to stop, interrupted, or killed."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import alive
from tests.waiting import wait_until

CREW = Path(__file__).with_name("crew.py")
# Three services, the stubborn one's child, what their shells run, and a guard each.
FEWEST_PROCESSES = 7

Start = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the crew and wait until all are ready."""
    started: list[subprocess.Popen[str]] = []

    def start_one() -> subprocess.Popen[str]:
        command = [sys.executable, str(CREW), str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        started.append(process)
        assert process.stdout is not None
        assert any(line == "all ready\n" for line in process.stdout)
        return process

    yield start_one
    for process in started:
        with process:
            process.kill()


def descendants(pid: int) -> set[int]:
    """All living processes below this one."""
    table = alive()
    found = {pid}
    while more := {process.pid for process in table if process.parent in found} - found:
        found |= more
    return found - {pid}


def none_alive(pids: set[int]) -> bool:
    return not pids & {process.pid for process in alive()}


def test_killed_with_sigkill_it_leaves_nobody_behind_after_ten_seconds(start: Start) -> None:
    supervisor = start()
    family = descendants(supervisor.pid)
    assert len(family) >= FEWEST_PROCESSES
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    wait_until(lambda: none_alive(family), within_seconds=10)


def test_started_again_after_sigkill_it_waits_for_the_old_crew_and_comes_up(start: Start) -> None:
    first = start()
    family = descendants(first.pid)
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = start()
    assert none_alive(family)
    second.send_signal(signal.SIGTERM)
    assert "stopped" in second.communicate()[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_stop_it_stops_all_in_reverse_order(start: Start, number: signal.Signals) -> None:
    supervisor = start()
    family = descendants(supervisor.pid)
    supervisor.send_signal(number)
    said = supervisor.communicate(timeout=20)[0]
    assert supervisor.returncode == 0
    ends = [said.index(f"{name}: ended") for name in ("polite", "stubborn", "broker")]
    assert ends == sorted(ends)
    assert "good bye" in said
    assert none_alive(family)


def test_a_second_one_on_the_same_folder_is_refused_with_a_clear_message(start: Start, tmp_path: Path) -> None:
    supervisor = start()
    second = subprocess.run(
        [sys.executable, str(CREW), str(tmp_path)], capture_output=True, text=True, timeout=20, check=False
    )
    assert second.returncode == 1
    assert f"already runs on {tmp_path} as process {supervisor.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    assert descendants(supervisor.pid)


def test_the_terminals_ctrl_c_reaches_the_supervisor_only(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, str(CREW), str(tmp_path)])
    said = read_until(terminal, "all ready")
    family = descendants(pid)
    os.write(terminal, b"\x03")
    said += read_until(terminal, "stopped")
    assert os.waitpid(pid, 0)[1] == 0
    os.close(terminal)
    assert none_alive(family)
    # Had the interrupt reached it, the broker would have ended first.
    ends = [said.index(f"{name}: ended") for name in ("polite", "stubborn", "broker")]
    assert ends == sorted(ends)
    assert "\x1b[" in said


def read_until(terminal: int, text: str) -> str:
    deadline = time.monotonic() + 30
    said = ""
    while text not in said:
        assert time.monotonic() < deadline
        said += os.read(terminal, 4096).decode(errors="replace")
    return said
