"""What a webhook only points at is fetched like any call, and comes in like any delivery, on both engines."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from tests.builders.ledger import ClockedDatabase, Crew, catalogue
from tests.unit.webhooks.payloads import SOURCES, encoded
from vendors.eventbrite.operations import operations
from webhooks.examination import examine
from webhooks.fetched import FetchedDeliveries
from webhooks.signatures import Presented
from workflows.catalogue import Outcome, OutcomeKind
from workflows.language.reader import read_definition
from workflows.ledger import configuration, deliveries, schema
from workflows.ledger.arrivals import Arrival
from workflows.ledger.tables import deliveries as delivery_table
from workflows.ledger.tables import effects, events, runs
from workflows.runtime.intake import Intake
from workflows.runtime.rules import Rules

ORDER = {
    "id": "5",
    "created": "2026-03-01T15:00:00Z",
    "changed": "2026-03-01T15:00:05Z",
    "email": "ana@example.com",
    "attendees": [{"ticket_class_name": "Standing"}],
}
GREET = """
workflow: greet
description: Begins with an order.
owner: tests
when: {event: order.placed}
steps:
  - id: name
    set: {id: =event.data.id}
"""
BUSY = Outcome(OutcomeKind.RETRY, "busy", status=503)


def found(**changes: Any) -> Outcome:
    return Outcome(OutcomeKind.DONE, "ok", status=200, output={**ORDER, **changes})


@pytest.fixture
def crew(database_url: str) -> Iterator[Crew]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    crew = Crew(database, catalogue(*operations({})))
    crew.performer = replace(crew.performer, fetched=FetchedDeliveries(SOURCES))
    with database.write() as connection:
        definition = read_definition(GREET, "greet.yml")
        configuration.apply(connection, [definition], {"main": {}}, by="a test", now=database.time)
    yield crew
    database.close()


def rows(crew: Crew, table: sa.Table) -> Sequence[Any]:
    with crew.database.read() as connection:
        return connection.execute(sa.select(table).order_by(table.c.id)).all()


def point(crew: Crew, action: str = "order.placed", number: int = 5) -> None:
    """Let a pointer come in by the door and be taken in."""
    pointer = {
        "config": {"action": action, "webhook_id": "1"},
        "api_url": f"https://www.eventbriteapi.com/v3/orders/{number}/",
    }
    arrival = examine(
        SOURCES["eventbrite"], Presented(encoded(pointer), {"x-eventbrite-delivery": str(crew.database.time)})
    )
    assert isinstance(arrival, Arrival)
    with crew.database.write() as connection:
        assert deliveries.post(connection, arrival, crew.database.time)
    take_in(crew)


def take_in(crew: Crew) -> None:
    while Intake(crew.database, crew.rules).take_batch():
        pass


def types(crew: Crew) -> list[str]:
    return [row.type for row in rows(crew, events)]


def test_a_pointer_is_fetched_and_the_order_starts_what_listens_to_orders(crew: Crew) -> None:
    crew.vendor.answers = [found()]
    point(crew)
    assert types(crew) == ["eventbrite.order.placed"]
    assert [run.workflow for run in rows(crew, runs)] == []
    crew.work()
    take_in(crew)
    assert types(crew) == ["eventbrite.order.placed", "order.placed"]
    assert {row.subject for row in rows(crew, events)} == {"order:eventbrite:5"}
    assert [(run.workflow, run.state) for run in rows(crew, runs)] == [("greet", "done")]
    (request,) = crew.vendor.received
    assert request.target == "/orders/5/?expand=attendees%2Cevent"
    assert {row.state for row in rows(crew, delivery_table)} == {"taken"}


def test_while_the_vendor_fails_nothing_is_lost_and_it_is_asked_again(crew: Crew) -> None:
    crew.vendor.answers = [BUSY] * 12 + [found()]
    point(crew)
    for _ in range(13):
        crew.work()
        crew.database.pass_time(minutes=11)
    take_in(crew)
    assert types(crew) == ["eventbrite.order.placed", "order.placed"]
    assert [row.state for row in rows(crew, effects)] == ["done"]


def test_an_order_that_is_not_to_be_had_leaves_its_pointer_and_says_why(crew: Crew) -> None:
    crew.vendor.answers = [Outcome(OutcomeKind.REFUSED, "Eventbrite has no such order", status=404)]
    point(crew)
    crew.work()
    take_in(crew)
    assert types(crew) == ["eventbrite.order.placed"]
    assert [(row.state, row.reason) for row in rows(crew, effects)] == [("refused", "Eventbrite has no such order")]


def test_an_answer_that_does_not_fit_is_kept_as_rejected(crew: Crew) -> None:
    crew.vendor.answers = [found(attendees="two")]
    point(crew)
    crew.work()
    _, kept = rows(crew, delivery_table)
    assert (kept.state, kept.headers) == ("rejected", {"stagedoor-fetched": "eventbrite.order.placed"})
    assert [problem["path"] for problem in kept.problems] == ["$.attendees"]


def test_the_same_state_of_an_order_comes_in_once_however_often_it_is_pointed_at(crew: Crew) -> None:
    crew.vendor.answers = [found(), found(), found(changed="2026-03-02T10:00:00Z")]
    for _ in range(3):
        point(crew, "order.updated")
        crew.database.pass_time(minutes=20)
        crew.work()
        take_in(crew)
    assert types(crew).count("order.updated") == 2


def test_what_is_updated_twice_in_a_minute_is_fetched_twice(crew: Crew) -> None:
    crew.vendor.answers = [found(), found(changed="2026-03-01T15:00:30Z")]
    for _ in range(2):
        point(crew, "order.updated")
        crew.work()
        crew.database.pass_time(seconds=20)
    take_in(crew)
    assert types(crew).count("order.updated") == 2


def test_what_has_no_source_any_more_stays_with_its_call(crew: Crew) -> None:
    crew.performer = replace(crew.performer, fetched=FetchedDeliveries({}))
    crew.vendor.answers = [found()]
    point(crew)
    crew.work()
    (effect,) = rows(crew, effects)
    assert (effect.state, effect.output["id"]) == ("done", "5")
    assert len(rows(crew, delivery_table)) == 1


def test_a_pointer_nobody_can_follow_is_taken_in_all_the_same(crew: Crew) -> None:
    crew.rules = Rules(catalogue())
    point(crew)
    assert types(crew) == ["eventbrite.order.placed"]
    assert rows(crew, effects) == []
