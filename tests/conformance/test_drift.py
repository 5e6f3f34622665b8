"""Payload drift: learned away from the door, told once, with whoever reads what changed, on both engines."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from tests.builders.ledger import START, ClockedDatabase
from workflows.engine.shapes import LEARNING
from workflows.errors import NotFound
from workflows.language.reader import read_definition
from workflows.ledger import drift
from workflows.ledger.tables import deliveries, events, shapes
from workflows.runtime.drift import SAMPLES, learn_shapes, readers
from workflows.values import new_id

CREATED = "symphony.campaign.created"
USUAL = {"event": "campaign.created", "id": 5017, "provider": "facebook", "budget": {"value": 40}}
READS = """
workflow: reads
description: Reads two fields.
owner: tests
when:
  event: symphony.campaign.created
  where: event.data.provider == 'facebook'
steps:
  - id: note
    set: {amount: =event.data.budget.value}
"""


def deliver(clocked: ClockedDatabase, body: Any, data: Any = None, **changes: Any) -> str:
    row = {"id": new_id(), "source": "symphony", "received_at": START, "shard": 0, "state": "taken", "headers": {}}
    row |= {"body": body if isinstance(body, bytes) else json.dumps(body).encode(), **changes}
    found = {key: item for key, item in body.items() if key != "event"} if data is None else data
    event = {"id": new_id(), "delivery_id": row["id"], "source": "symphony", "brand": "", "type": CREATED}
    event |= {"subject": "symphony:campaign:5017", "occurred_at": START, "data": found}
    with clocked.write() as connection:
        connection.execute(deliveries.insert().values(**row))
        connection.execute(events.insert().values(**event))
    return str(row["id"])


def learn(clocked: ClockedDatabase) -> bool:
    clocked.pass_time(minutes=1)
    return learn_shapes(clocked)


def told(clocked: ClockedDatabase) -> list[tuple[str, str, str]]:
    with clocked.read() as connection:
        return [(item.part, item.what, item.path) for item in drift.listed(connection)][::-1]


@pytest.fixture
def known(clocked: ClockedDatabase) -> ClockedDatabase:
    for _ in range(LEARNING):
        deliver(clocked, USUAL)
    assert learn(clocked)
    assert told(clocked) == []
    return clocked


def test_what_is_unlike_everything_before_is_told_once(known: ClockedDatabase):
    first = deliver(known, {**USUAL, "budget": {"value": "40"}, "locale": "en"})
    deliver(known, {**USUAL, "budget": {"value": "40"}, "locale": "en"})
    learn(known)
    assert told(known) == [("data", "type", "budget.value"), ("data", "new", "locale")]
    learn(known)
    assert len(told(known)) == 2
    with known.read() as connection:
        assert {item.delivery_id for item in drift.listed(connection)} == {first}


def test_a_field_with_a_nul_in_its_name_is_told_and_others_are_learned_after_it(known: ClockedDatabase):
    deliver(known, {**USUAL, "lo\x00cale": "en"})
    learn(known)
    deliver(known, {**USUAL, "locale": "en"})
    learn(known)
    assert told(known) == [("data", "new", "lo\ufffdcale"), ("data", "new", "locale")]


def test_what_only_the_body_shows_is_told_of_the_body(known: ClockedDatabase):
    deliver(known, {**USUAL, "event": {"name": "campaign.created"}})
    learn(known)
    assert told(known) == [("body", "type", "event"), ("body", "new", "event.name")]


def test_what_is_gone_is_told_after_a_while(known: ClockedDatabase):
    without = {key: item for key, item in USUAL.items() if key != "provider"}
    for _ in range(25):
        deliver(known, without)
    learn(known)
    assert told(known) == [("data", "gone", "provider")]


def test_a_turn_is_shared_by_all_processes_and_bounded(known: ClockedDatabase):
    for _ in range(SAMPLES + 5):
        deliver(known, USUAL)
    assert learn(known)
    assert not learn_shapes(known), "somebody has just done it"
    with known.read() as connection:
        row = connection.execute(sa.select(shapes).where(shapes.c.part == "data")).one()
    assert row.samples == LEARNING + SAMPLES
    assert not learn(known), "nothing came meanwhile"


def test_what_cannot_be_read_is_passed_over(known: ClockedDatabase):
    data = {key: item for key, item in USUAL.items() if key != "event"}
    deliver(known, b"{", data)
    deliver(known, b"packed", data, headers={"content-encoding": "gzip"})
    deliver(known, b" " * 70_000, data)
    assert learn(known)
    assert told(known) == []


def test_who_reads_it_is_named_with_the_place(known: ClockedDatabase):
    deliver(known, {**USUAL, "budget": {"value": "40"}, "provider": 4, "locale": "en"})
    learn(known)
    definition = read_definition(READS, "reads.yml")
    with known.read() as connection:
        found = {item.path: readers(item, [definition]) for item in drift.listed(connection)}
    assert found == {
        "budget.value": ["reads.yml:10:20 event.data.budget.value"],
        "provider": ["reads.yml:7:10 event.data.provider"],
        "locale": [],
    }


def test_what_is_accepted_is_listed_no_more(known: ClockedDatabase):
    deliver(known, {**USUAL, "locale": "en"})
    learn(known)
    with known.write() as connection:
        (item,) = drift.listed(connection)
        drift.accept(connection, item.id, known.time)
        assert drift.listed(connection) == []
        (kept,) = drift.listed(connection, with_accepted=True)
        assert kept.accepted_at == known.time
        with pytest.raises(NotFound):
            drift.accept(connection, item.id, known.time)
