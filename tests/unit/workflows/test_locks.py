"""The turn to write: one holder at a time, of all threads and processes, and none that outlives its process."""

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.waiting import wait_until
from workflows.errors import LedgerUnavailable
from workflows.ledger import locks
from workflows.ledger.locks import WriteLock


def test_two_threads_never_hold_it_together(tmp_path: Path) -> None:
    held = 0
    most = 0

    def work() -> None:
        nonlocal held, most
        for _ in range(50):
            # A value of its own per turn: what excludes them is the file, not the object.
            with WriteLock(tmp_path / "ledger.lock"):
                held += 1
                most = max(most, held)
                held -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (held, most) == (0, 1)


def test_one_value_may_be_shared_by_threads(tmp_path: Path) -> None:
    lock = WriteLock(tmp_path / "ledger.lock")
    turns: list[int] = []

    def work(number: int) -> None:
        for _ in range(50):
            with lock:
                turns.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(turns) == 400


def _hold(path: Path, say: Connection) -> None:
    with WriteLock(path):
        say.send("held")
        signal.pause()


def test_another_process_waits_until_the_holder_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.lock"
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    holder = context.Process(target=_hold, args=(path, there), daemon=True)
    holder.start()
    assert here.recv() == "held"
    got = threading.Event()

    def take() -> None:
        with WriteLock(path):
            got.set()

    thread = threading.Thread(target=take)
    thread.start()
    assert not got.wait(0.2)
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    wait_until(got.is_set)
    thread.join(10)
    holder.join(10)


def test_it_is_given_back_after_an_error(tmp_path: Path) -> None:
    lock = WriteLock(tmp_path / "ledger.lock")
    with pytest.raises(ZeroDivisionError), lock:
        raise ZeroDivisionError
    with lock:
        pass


def test_a_folder_that_is_not_there_is_a_ledger_that_cannot_be_written(tmp_path: Path) -> None:
    lock = WriteLock(tmp_path / "nowhere" / "ledger.lock")
    for _ in range(2):
        with pytest.raises(LedgerUnavailable), lock:
            pass


def test_a_child_begins_with_no_mutex_of_its_parent_held(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_fork_while_held, args=(tmp_path / "ledger.lock", there), daemon=True)
    process.start()
    assert here.poll(20)
    assert here.recv() == "free"
    process.join(10)


def _fork_while_held(path: Path, say: Connection) -> None:
    """Forks in a process of its own: the tests' one has threads."""
    with WriteLock(path):
        child = os.fork()
        if child == 0:
            mutex = locks._mutex_of(path.resolve(), goes_first=False)
            say.send("free" if mutex.acquire(blocking=False) else "held for ever")
            os._exit(0)
        os.waitpid(child, 0)


def _write_again_and_again(path: Path, say: Connection) -> None:
    say.send("begun")
    while not say.poll():
        with WriteLock(path):
            time.sleep(0.005)


def test_while_the_door_is_busy_others_give_way_but_not_for_long(tmp_path: Path) -> None:
    door, other = (WriteLock(tmp_path / "ledger.lock", goes_first=first) for first in (True, False))
    door.is_busy_for(10)
    begun = time.monotonic()
    with other:
        took = time.monotonic() - begun
    assert locks.LONGEST_GIVEN_WAY <= took < 5
    door.is_busy_for(0)
    begun = time.monotonic()
    with other:
        assert time.monotonic() - begun < locks.LONGEST_GIVEN_WAY


def test_before_the_door_there_is_never_more_than_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.lock"
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(4)]
    others = [context.Process(target=_write_again_and_again, args=(path, theirs)) for _, theirs in pipes]
    for process, (ours, _) in zip(others, pipes, strict=True):
        process.start()
        assert ours.recv() == "begun"
    waits = []
    door = WriteLock(path, goes_first=True)
    for _ in range(50):
        begun = time.monotonic()
        with door:
            waits.append(time.monotonic() - begun)
        time.sleep(0.01)
    for process, (ours, _) in zip(others, pipes, strict=True):
        ours.send("enough")
        process.join(10)
    waits.sort()
    assert waits[len(waits) // 2] < 0.015, "it waited for several of them"


def test_the_door_does_not_wait_for_a_thread_of_its_process_that_gives_way_to_it(tmp_path: Path) -> None:
    door, other = (WriteLock(tmp_path / "ledger.lock", goes_first=first) for first in (True, False))
    door.is_busy_for(10)
    gives_way = threading.Thread(target=_hold_for_a_moment, args=(other,))
    gives_way.start()
    time.sleep(0.01)
    begun = time.monotonic()
    with door:
        took = time.monotonic() - begun
    gives_way.join(10)
    assert took < locks.LONGEST_GIVEN_WAY / 2


def _hold_for_a_moment(lock: WriteLock) -> None:
    with lock:
        pass
