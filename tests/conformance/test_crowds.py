"""Many effects, many runs and several workers: who looks at what, how often and for how long, on both engines."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.builders.ledger import COMPLETED, ClockedDatabase, Crew, catalogue, operation, store_delivery
from workflows.language.reader import read_definition
from workflows.ledger import configuration, effects, schema
from workflows.ledger.tables import effects as effect_table
from workflows.ledger.tables import events, runs
from workflows.runtime.intake import Intake
from workflows.runtime.sweep import Sweep
from workflows.values import new_id

EDIT = operation()
GATED = operation("symphony.add_locations", requires=(COMPLETED,))
WAITS = """
workflow: waits
description: Waits.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: rest
    wait: {for: 10m}
"""


def deliver(crew: Crew, *numbers: int, shard: int = 0) -> None:
    """One delivery about these campaigns."""
    drafts = [
        {
            "type": "symphony.campaign.created",
            "subject": f"symphony:campaign:{number}",
            "brand": "",
            "data": {"id": str(number)},
        }
        for number in numbers
    ]
    with crew.database.write() as connection:
        store_delivery(connection, new_id(), drafts=drafts, shard=shard)


class Counted(ClockedDatabase):
    """A database that counts the effects each transaction moved or put off."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.moved: list[int] = []

    @contextmanager
    def write(self):
        self.moved.append(0)
        with super().write() as connection:
            sa.event.listen(connection, "after_cursor_execute", self._count)
            yield connection

    def _count(self, connection, cursor, statement, parameters, context, many):
        self.moved[-1] += cursor.rowcount if statement.startswith("UPDATE effects") else 0


@pytest.fixture
def counted(database_url: str) -> Iterator[Counted]:
    database = Counted(database_url)
    schema.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def crew(counted: Counted) -> Crew:
    return Crew(counted, catalogue(EDIT, GATED))


def test_hundreds_of_held_calls_are_looked_at_in_short_transactions(crew: Crew, counted: Counted):
    for number in range(200):
        crew.intend(GATED, id=str(number))
    counted.moved.clear()
    assert crew.releaser.release_due() == 0
    assert sum(counted.moved) == 200
    assert max(counted.moved) < 100


def test_a_call_about_a_campaign_that_is_being_changed_takes_no_lane_and_goes_when_that_is_over(crew: Crew):
    first, second = crew.intend(EDIT, id="1"), crew.intend(EDIT, id="1")
    crew.releaser.release_vendor("symphony")
    claim = crew.performer._claim(first)
    crew.told.clear()
    with crew.database.write() as connection:
        effects.take_back(connection, [second], crew.database.time)
    assert crew.releaser.release_due() == 0
    assert (crew.effect(second).state, crew.effect(second).gate) == ("held", "subject")
    crew.performer.make(claim)
    crew.work()
    assert crew.effect(second).state == "done"


def test_a_call_that_comes_to_be_held_looks_again_soon_however_old_it_is(crew: Crew):
    effect = crew.intend(GATED, id="1")
    crew.database.pass_time(hours=3)
    crew.releaser.release_due()
    first = crew.effect(effect).due_at - crew.database.time
    crew.database.pass_time(seconds=2)
    crew.releaser.release_due()
    second = crew.effect(effect).due_at - crew.database.time
    assert (first.total_seconds(), second.total_seconds()) == (1, 300)


def test_sweeps_of_several_workers_share_the_timers_and_the_runs(crew: Crew):
    database = crew.database
    with database.write() as connection:
        configuration.apply(connection, [read_definition(WAITS, "waits.yml")], {}, by="a test", now=database.time)
    for number in range(40):
        deliver(crew, number, shard=number % 16)
    while Intake(database, crew.rules).take_batch():
        pass
    database.pass_time(minutes=11)
    sweep = Sweep(database, crew.rules, crew.performer, crew.releaser, crew.looker)
    with ThreadPoolExecutor(4) as pool:
        swept = list(pool.map(lambda _: sweep.once(), range(4)))
    assert sum(found.timers for found in swept) == 40
    sweep.once()
    with database.read() as connection:
        states = connection.scalars(sa.select(runs.c.state)).all()
        assert connection.scalar(sa.select(sa.func.count()).select_from(effect_table)) == 0
    assert states == ["done"] * 40


def test_deliveries_of_many_events_are_taken_in_one_by_one(crew: Crew):
    for start in (0, 100, 200):
        deliver(crew, *range(start, start + 100))
    deliver(crew, 1)
    intake = Intake(crew.database, crew.rules)
    assert [intake.take_batch() for _ in range(5)] == [1, 1, 1, 1, 0]


def test_a_delivery_of_thousands_of_events_is_taken_in(crew: Crew):
    deliver(crew, *range(8000))
    assert Intake(crew.database, crew.rules).take_batch() == 1
    with crew.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 8000


def test_news_about_what_holds_more_calls_than_a_statement_has_room_for_wakes_them_all(crew: Crew):
    first = crew.intend(GATED, id="1")
    crew.releaser.release_due()
    with crew.database.write() as connection:
        columns = ", ".join(column.name for column in effect_table.columns if column.name not in ("id", "key"))
        connection.execute(
            sa.text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70000)"
                f" INSERT INTO effects (id, key, {columns}) SELECT 'copy' || i, 'copy' || i, {columns}"
                " FROM effects, n WHERE id = :first"
            ),
            {"first": first},
        )
    with crew.database.write() as connection:
        assert effects.wake_held(connection, {"symphony:campaign:1"}, crew.database.time) == 70001
