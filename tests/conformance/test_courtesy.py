"""While webhooks flood in the door goes first, and never for long."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.builders.ledger import ClockedDatabase, store_delivery
from workflows.ledger import schema
from workflows.ledger.backlog import came_since
from workflows.runtime.courtesy import FLOOD, LONGEST_SECONDS, LOOK_SECONDS, Courtesy
from workflows.values import new_id, utc_now


@pytest.fixture
def database(database_url: str):
    made = ClockedDatabase(database_url)
    schema.upgrade(made)
    yield made
    made.close()


def store(database: ClockedDatabase, count: int, state: str = "pending") -> None:
    with database.write() as connection:
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


def courtesy(database: ClockedDatabase, meanwhile: Callable[[], None]) -> tuple[Courtesy, Clock]:
    clock = Clock(meanwhile)
    return Courtesy(database, clock.pause, lambda: clock.now), clock


def test_what_has_come_lately_and_waits_is_counted_over_all_shards(database: ClockedDatabase):
    before = utc_now() - timedelta(seconds=1)
    store(database, 20)
    store(database, 3, state="taken")
    with database.read() as connection:
        assert came_since(connection, before, 100) == 20
        assert came_since(connection, before, 7) == 7
        assert came_since(connection, utc_now() + timedelta(seconds=1), 100) == 0


def test_nothing_waits_where_little_comes(database: ClockedDatabase):
    store(database, FLOOD - 1)
    polite, clock = courtesy(database, lambda: None)
    polite.give_way()
    assert clock.now == 0


def test_a_flood_is_given_way_to_for_so_long_and_then_not_for_as_long(database: ClockedDatabase):
    polite, clock = courtesy(database, lambda: store(database, FLOOD))
    store(database, FLOOD)
    polite.give_way()
    assert LONGEST_SECONDS <= clock.now <= LONGEST_SECONDS + LOOK_SECONDS
    given = clock.now
    polite.give_way()
    assert clock.now == given
    clock.now += LONGEST_SECONDS
    store(database, FLOOD)
    polite.give_way()
    assert clock.now > given + LONGEST_SECONDS


def test_it_goes_on_as_soon_as_the_flood_is_over(database: ClockedDatabase, monkeypatch: pytest.MonkeyPatch):
    polite, clock = courtesy(database, lambda: None)
    counts = [FLOOD, FLOOD, FLOOD - 1]
    monkeypatch.setattr("workflows.runtime.courtesy.came_since", lambda *_: counts.pop(0))
    polite.give_way()
    assert clock.now == 2 * LOOK_SECONDS
