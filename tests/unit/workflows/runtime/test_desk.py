"""The desk serves who comes at once, and together those who come meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.waiting import wait_until
from workflows.runtime.desk import Desk


class Clerk:
    """Serves when let, and remembers in which groups."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self, asked: Sequence[int]) -> list[int | Exception]:
        self.groups.append(list(asked))
        assert self.may_go.wait(10)
        return [ValueError("odd") if number % 2 else number * 10 for number in asked]


def test_who_comes_alone_is_served_at_once() -> None:
    clerk = Clerk()
    desk = Desk(clerk, most=8)
    assert [desk.ask(2), desk.ask(4)] == [20, 40]
    assert clerk.groups == [[2], [4]]


def test_who_comes_meanwhile_is_served_together_and_never_more_than_so_many_at_a_time() -> None:
    clerk = Clerk()
    clerk.may_go.clear()
    desk = Desk(clerk, most=3)
    with ThreadPoolExecutor(6) as threads:
        first = threads.submit(desk.ask, 2)
        wait_until(lambda: clerk.groups)
        others = [threads.submit(desk.ask, number) for number in (4, 6, 8, 10)]
        wait_until(lambda: len(desk._waiting) == 4)
        clerk.may_go.set()
        assert first.result(10) == 20
        assert [other.result(10) for other in others] == [40, 60, 80, 100]
    assert [len(group) for group in clerk.groups] == [1, 3, 1]


def test_an_answer_that_is_an_error_is_raised_for_who_asked_and_for_nobody_else() -> None:
    clerk = Clerk()
    clerk.may_go.clear()
    desk = Desk(clerk, most=8)
    with ThreadPoolExecutor(3) as threads:
        threads.submit(desk.ask, 2)
        wait_until(lambda: clerk.groups)
        odd, even = threads.submit(desk.ask, 3), threads.submit(desk.ask, 4)
        wait_until(lambda: len(desk._waiting) == 2)
        clerk.may_go.set()
        assert even.result(10) == 40
        with pytest.raises(ValueError, match="odd"):
            odd.result(10)


def test_where_serving_fails_all_of_the_group_are_told_and_the_next_are_served() -> None:
    calls: list[int] = []

    def serve(asked: Sequence[int]) -> list[int | Exception]:
        calls.append(len(asked))
        if len(calls) == 1:
            raise OSError("gone")
        return list(asked)

    desk = Desk(serve, most=8)
    with pytest.raises(OSError, match="gone"):
        desk.ask(1)
    assert desk.ask(2) == 2


def test_a_hundred_threads_are_each_given_their_own_answer() -> None:
    desk: Desk[int, int] = Desk(lambda asked: [number + 1 for number in asked], most=16)
    with ThreadPoolExecutor(32) as threads:
        assert list(threads.map(desk.ask, range(2000))) == [number + 1 for number in range(2000)]
