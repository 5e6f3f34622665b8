"""While webhooks flood in the door goes first, and never for long."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.builders.ledger import ClockedDatabase, store_delivery
from workflows.ledger.backlog import count_since
from workflows.runtime.courtesy import FLOOD, LONGEST_SECONDS, LOOK_SECONDS, Courtesy
from workflows.values import new_id, utc_now


def store(clocked: ClockedDatabase, count: int, state: str = "pending") -> None:
    with clocked.write() as connection:
        for number in range(count):
            store_delivery(connection, new_id(), drafts=[], shard=number % 16, state=state)


class Clock:
    """Time that passes only while somebody pauses; then `meanwhile` happens."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.now = 0.0
        self._meanwhile = meanwhile

    def pause(self, seconds: float) -> None:
        self.now += seconds
        self._meanwhile()


def courtesy(clocked: ClockedDatabase, meanwhile: Callable[[], None]) -> tuple[Courtesy, Clock]:
    clock = Clock(meanwhile)
    return Courtesy(clocked, clock.pause, lambda: clock.now), clock


def test_what_has_come_lately_and_waits_is_counted_over_all_shards(clocked: ClockedDatabase):
    before = utc_now() - timedelta(seconds=1)
    store(clocked, 20)
    store(clocked, 3, state="taken")
    with clocked.read() as connection:
        assert count_since(connection, before, 100) == 20
        assert count_since(connection, before, 7) == 7
        assert count_since(connection, utc_now() + timedelta(seconds=1), 100) == 0


def test_nothing_waits_where_little_comes(clocked: ClockedDatabase):
    store(clocked, FLOOD - 1)
    polite, clock = courtesy(clocked, lambda: None)
    polite.give_way()
    assert clock.now == 0


def test_a_flood_is_given_way_to_for_so_long_and_then_not_for_as_long(clocked: ClockedDatabase):
    polite, clock = courtesy(clocked, lambda: store(clocked, FLOOD))
    store(clocked, FLOOD)
    polite.give_way()
    assert LONGEST_SECONDS <= clock.now <= LONGEST_SECONDS + LOOK_SECONDS
    given = clock.now
    polite.give_way()
    assert clock.now == given
    clock.now += LONGEST_SECONDS
    store(clocked, FLOOD)
    polite.give_way()
    assert clock.now > given + LONGEST_SECONDS


def test_it_goes_on_as_soon_as_the_flood_is_over(clocked: ClockedDatabase, monkeypatch: pytest.MonkeyPatch):
    polite, clock = courtesy(clocked, lambda: None)
    counts = [FLOOD, FLOOD, FLOOD - 1]
    monkeypatch.setattr("workflows.runtime.courtesy.count_since", lambda *_: counts.pop(0))
    polite.give_way()
    assert clock.now == 2 * LOOK_SECONDS
