"""One workflow, or one brand, with very much to do keeps none of the others waiting."""

from datetime import timedelta

import pytest

from tests.builders.ledger import START, ClockedDatabase, Crew, catalogue, operation
from workflows.ledger import effects, runs, schema
from workflows.ledger.tables import definitions, deliveries, events
from workflows.ledger.tables import effects as effect_table
from workflows.ledger.tables import runs as run_table
from workflows.runtime.intents import intent_of

EDIT = operation(subjects=())


@pytest.fixture
def crew(database_url):
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    yield Crew(database, catalogue(EDIT, concurrency=4))
    database.close()


def intend(crew: Crew, tenant: str, count: int) -> None:
    with crew.database.write() as connection:
        for number in range(count):
            give_up_at = START + timedelta(hours=6)
            key = f"{tenant}/{number}"
            intent = intent_of(EDIT, {"id": "1"}, key=key, max_attempts=3, give_up_at=give_up_at, tenant=tenant)
            effects.intend(connection, intent, None, START)


def test_a_tenant_with_hundreds_of_calls_leaves_room_for_the_others(crew: Crew):
    intend(crew, "b/flood", 300)
    intend(crew, "a/quiet", 1)
    intend(crew, "c/quiet", 2)
    crew.releaser.release_due()
    out = [crew.effect(item.effect_id).tenant for item in crew.told]
    assert sorted(out) == ["a/quiet", "b/flood", "b/flood", "c/quiet"] or sorted(set(out)) == [
        "a/quiet",
        "b/flood",
        "c/quiet",
    ]


def test_without_others_one_tenant_has_all_the_lanes(crew: Crew):
    intend(crew, "b/flood", 20)
    crew.releaser.release_due()
    assert [crew.effect(item.effect_id).tenant for item in crew.told] == ["b/flood"] * 4


def test_a_workflow_with_hundreds_of_runs_to_take_on_leaves_room_for_the_others(crew: Crew):
    workflows = ["flood"] * 300 + ["quiet"]
    with crew.database.write() as connection:
        connection.execute(definitions.insert().values(hash="h", name="w", source="", created_at=START))
        row = {"source": "s", "received_at": START, "shard": 0, "state": "taken", "headers": {}, "body": b""}
        connection.execute(deliveries.insert().values(id="d", **row))
        for number, workflow in enumerate(workflows):
            event = {"delivery_id": "d", "source": "s", "brand": "", "type": "t", "subject": "x", "data": {}}
            connection.execute(events.insert().values(id=f"e{number}", occurred_at=START, **event))
            connection.execute(
                run_table.insert().values(
                    id=f"r{number:03}",
                    event_id=f"e{number}",
                    workflow=workflow,
                    definition_hash="h",
                    key="k",
                    brand={},
                    state="running",
                    created_at=START,
                    wake_at=START + timedelta(seconds=number),
                    expires_at=START + timedelta(days=1),
                )
            )
    with crew.database.read() as connection:
        assert "r300" in runs.awake(connection, START + timedelta(hours=1), 10)
        assert connection.execute(effect_table.select()).all() == []
