"""What a source may send is shared by all processes, and never exceeded, on both engines."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta

import pytest

from webhooks.rates import Rates
from workflows.errors import LedgerUnavailable
from workflows.ledger.buckets import SECOND, draw, spend, wait_for
from workflows.ledger.database import Database
from workflows.settings.admission import Rate

SLOW = Rate(count=5, seconds=3600, burst=40)
"""So slow that nothing comes back while a test runs."""


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(Rate(10, 1, 10), 10), (Rate(10, 1, 30), 30), (Rate(1, 60, 1), 1), (Rate(3, 7, 2), 2)],
)
def test_a_full_bucket_gives_its_burst(rate: Rate, expected: int) -> None:
    now = 10**15
    found = spend(0, now, rate, 1000)
    assert found.granted == expected
    assert spend(found.spent_until, now, rate, 1).granted == 0


@pytest.mark.parametrize("rate", [Rate(10, 1, 10), Rate(3, 7, 2), Rate(999, 1, 1), Rate(1, 60, 5)])
def test_in_no_time_more_is_given_than_the_burst_and_the_rate(rate: Rate) -> None:
    spent, given = 0, 0
    begin = 10**15
    for step in range(2000):
        now = begin + step * 7919
        found = spend(spent, now, rate, 3)
        spent, given = found.spent_until, given + found.granted
        assert given <= rate.burst + (now - begin) * rate.count / (rate.seconds * SECOND)
    whole = (now - begin) * rate.count // (rate.seconds * SECOND)
    assert given >= min(min(3, rate.burst) * 2000, whole), "and what may be sent can be"


def test_after_the_wait_there_is_as_much_and_no_earlier() -> None:
    rate = Rate(3, 7, 2)
    found = spend(0, 10**15, rate, 2)
    later = 10**15 + round(wait_for(found.spent_until, 10**15, rate, 2) * SECOND)
    assert spend(found.spent_until, later, rate, 5).granted == 2
    assert spend(found.spent_until, later - 10, rate, 5).granted == 1


def test_a_row_is_drawn_from_once(database: Database) -> None:
    with database.write() as connection:
        now = database.now(connection)
        assert draw(connection, "shop", SLOW, 30, now).granted == 30
    with database.write() as connection:
        assert draw(connection, "shop", SLOW, 30, now).granted == 10
        assert draw(connection, "shop", SLOW, 30, now + timedelta(hours=1)).granted == 5
        assert draw(connection, "other", SLOW, 3, now).granted == 3


@pytest.fixture
def processes(database: Database) -> Iterator[list[Rates]]:
    """The rates of three processes over one ledger."""
    with ExitStack() as ends:
        yield [ends.enter_context(closing(Rates(database, {"shop": SLOW}))) for _ in range(3)]


def test_three_processes_share_one_burst(processes: list[Rates]) -> None:
    with ThreadPoolExecutor(12) as pool:
        waits = list(pool.map(lambda number: processes[number % 3].take("shop"), range(120)))
    assert waits.count(0.0) == SLOW.burst
    assert all(0 < wait <= 720 for wait in waits if wait)


def test_a_source_that_has_used_up_its_rate_is_known_without_a_look(processes: list[Rates]) -> None:
    rates = processes[0]
    assert rates.refused_for("shop") == 0
    while not rates.take("shop"):
        pass
    assert 0 < rates.refused_for("shop") <= 720
    assert rates.refused_for("another") == rates.take("another") == 0


def test_while_the_ledger_does_not_answer_nothing_is_limited() -> None:
    class Down:
        def write(self) -> None:
            raise LedgerUnavailable("down")

    with closing(Rates(Down(), {"shop": Rate(1, 3600, 1)})) as rates:  # type: ignore[arg-type]
        assert [rates.take("shop") for _ in range(5)] == [0.0] * 5
