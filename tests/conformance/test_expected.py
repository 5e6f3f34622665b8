"""What must follow: opened and met at intake, raised when overdue, found by asking the vendor, on both engines."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation, store_delivery
from tests.builders.settings import make_settings
from workflows.catalogue import Outcome, OutcomeKind, Repeat
from workflows.language.reader import read_definition
from workflows.ledger import configuration, schema
from workflows.ledger.arrivals import shard_of
from workflows.ledger.tables import deliveries, effects, events, expectations, runs
from workflows.runtime.intake import Intake
from workflows.runtime.rules import Rules
from workflows.runtime.sweep import Sweep
from workflows.values import new_id

READ = operation("symphony.get_campaign", method="GET", repeat=Repeat.SAFE, subjects=(), body=None)
COMPLETED, FAILED = "symphony.campaign.completed", "symphony.campaign.failed"
EXPECTED = {"after": "symphony.campaign.created", "comes": [COMPLETED, FAILED], "within": "14d"}
POLL = {
    "call": "symphony.get_campaign",
    "with": {"id": "=event.data.id"},
    "every": "1h",
    "happened": {COMPLETED: "answer.done == true"},
}
LISTENING = """
workflow: {name}
description: Says that it ran.
owner: tests
when: {{event: {event}}}
steps:
  - id: seen
    set: {{type: =event.type}}
"""


def build(url: str, *, poll: bool = False) -> Crew:
    database = ClockedDatabase(url)
    schema.upgrade(database)
    made = Crew(database, catalogue(READ))
    expected = [{**EXPECTED, **({"poll": POLL} if poll else {})}]
    made.rules = Rules(made.catalogue, make_settings(Path(), expected=expected).expected)
    texts = [
        LISTENING.format(name="on-completed", event=COMPLETED),
        LISTENING.format(name="on-missing", event="stagedoor.expected.missing"),
    ]
    definitions = [read_definition(text, f"{text.split()[1]}.yml") for text in texts]
    with database.write() as connection:
        configuration.apply(connection, definitions, {"main": {}}, by="a test", now=database.time)
    return made


@pytest.fixture
def crew(database_url: str) -> Iterator[Crew]:
    made = build(database_url)
    yield made
    made.database.close()


@pytest.fixture
def asking(database_url: str) -> Iterator[Crew]:
    made = build(database_url, poll=True)
    yield made
    made.database.close()


def deliver(crew: Crew, kind: str, number: str = "5017") -> None:
    subject = f"symphony:campaign:{number}"
    draft = {
        "type": f"symphony.campaign.{kind}",
        "subject": subject,
        "occurred_at": None,
        "brand": "main",
        "data": {"id": number, "provider": "facebook"},
    }
    with crew.database.write() as connection:
        store_delivery(connection, new_id(), drafts=[draft], shard=shard_of("symphony", subject))


def take_all(crew: Crew) -> None:
    while Intake(crew.database, crew.rules).take_batch():
        pass


def sweep(crew: Crew) -> None:
    Sweep(crew.database, crew.rules, crew.performer, crew.releaser, crew.looker).once()
    crew.work()
    Sweep(crew.database, crew.rules, crew.performer, crew.releaser, crew.looker).once()
    take_all(crew)


def rows(crew: Crew, table: sa.Table):
    with crew.database.read() as connection:
        return connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all()


def ran(crew: Crew) -> list[str]:
    return sorted(row.workflow for row in rows(crew, runs))


def answers(crew: Crew, *done: bool) -> None:
    crew.vendor.answers = [Outcome(OutcomeKind.DONE, "ok", status=200, output={"done": item}) for item in done]


def test_a_follow_up_that_comes_meets_it(crew: Crew):
    deliver(crew, "created")
    deliver(crew, "completed")
    take_all(crew)
    crew.database.pass_time(days=15)
    sweep(crew)
    (row,) = rows(crew, expectations)
    assert (row.state, ran(crew)) == ("met", ["on-completed"])


def test_what_does_not_come_in_time_is_raised_once_and_may_start_workflows(crew: Crew):
    deliver(crew, "created")
    take_all(crew)
    crew.database.pass_time(days=13)
    sweep(crew)
    assert ran(crew) == []
    crew.database.pass_time(days=2)
    sweep(crew)
    sweep(crew)
    assert ran(crew) == ["on-missing"]
    created, missing = rows(crew, events)
    assert (missing.type, missing.source, missing.brand) == ("stagedoor.expected.missing", "stagedoor", "main")
    assert missing.subject == created.subject
    assert missing.data["comes"] == [COMPLETED, FAILED]
    assert missing.data["event_id"] == created.id
    assert missing.data["since"] == created.occurred_at


def test_a_follow_up_after_that_is_news_all_the_same(crew: Crew):
    deliver(crew, "created")
    take_all(crew)
    crew.database.pass_time(days=15)
    sweep(crew)
    deliver(crew, "completed")
    take_all(crew)
    (row,) = rows(crew, expectations)
    assert (row.state, ran(crew)) == ("met", ["on-completed", "on-missing"])


def test_each_subject_has_its_own(crew: Crew):
    deliver(crew, "created")
    deliver(crew, "created", "5018")
    deliver(crew, "failed", "5018")
    take_all(crew)
    crew.database.pass_time(days=15)
    sweep(crew)
    assert [row.subject for row in rows(crew, events) if row.type == "stagedoor.expected.missing"] == [
        "symphony:campaign:5017"
    ]


def test_the_same_again_is_expected_once(crew: Crew):
    deliver(crew, "created")
    deliver(crew, "created")
    take_all(crew)
    assert len(rows(crew, expectations)) == 1


def test_a_follow_up_that_overtook_the_first_is_not_waited_for(crew: Crew):
    deliver(crew, "completed")
    take_all(crew)
    deliver(crew, "created")
    take_all(crew)
    assert rows(crew, expectations) == []


def test_the_vendor_is_asked_until_it_says_that_it_happened(asking: Crew):
    deliver(asking, "created")
    take_all(asking)
    answers(asking, False, True)
    for _ in range(3):
        asking.database.pass_time(hours=1, minutes=1)
        sweep(asking)
    assert len(asking.vendor.received) == 2
    assert {row.key.split("/")[0] for row in rows(asking, effects)} == {"expected"}
    assert ran(asking) == ["on-completed"]
    found = next(row for row in rows(asking, events) if row.type == COMPLETED)
    assert (found.source, found.data) == ("stagedoor", {"id": "5017", "provider": "facebook"})
    assert json.loads(rows(asking, deliveries)[-1].body)["type"] == COMPLETED


def test_the_webhook_that_comes_after_all_starts_nothing_again(asking: Crew):
    deliver(asking, "created")
    take_all(asking)
    answers(asking, True)
    asking.database.pass_time(hours=2)
    sweep(asking)
    deliver(asking, "completed")
    take_all(asking)
    assert ran(asking) == ["on-completed"]
    found, late = (row for row in rows(asking, events) if row.type == COMPLETED)
    assert late.replay_of == found.id
    deliver(asking, "completed")  # and only that one: the next is news
    take_all(asking)
    assert ran(asking) == ["on-completed", "on-completed"]


def test_a_webhook_taken_in_before_what_was_found_counts_and_the_other_does_not(asking: Crew):
    deliver(asking, "created")
    take_all(asking)
    answers(asking, True)
    asking.database.pass_time(hours=2)
    Sweep(asking.database, asking.rules, asking.performer, asking.releaser, asking.looker).once()
    asking.work()
    deliver(asking, "completed")
    Sweep(asking.database, asking.rules, asking.performer, asking.releaser, asking.looker).once()
    take_all(asking)
    assert ran(asking) == ["on-completed"]
    assert len([row for row in rows(asking, events) if row.type == COMPLETED]) == 2


def test_another_outcome_than_was_found_is_news(asking: Crew):
    deliver(asking, "created")
    take_all(asking)
    answers(asking, True)
    asking.database.pass_time(hours=2)
    sweep(asking)
    deliver(asking, "failed")
    take_all(asking)
    assert [row.replay_of for row in rows(asking, events)] == [None, None, None]


def test_an_answer_that_makes_no_sense_is_asked_for_again(asking: Crew):
    deliver(asking, "created")
    take_all(asking)
    asking.vendor.answers = [
        Outcome(OutcomeKind.DONE, "ok", status=200, output={"other": 1}),
        Outcome(OutcomeKind.REFUSED, "no", status=404),
    ]
    for _ in range(2):
        asking.database.pass_time(hours=1, minutes=1)
        sweep(asking)
    (row,) = rows(asking, expectations)
    assert (row.state, row.polls) == ("open", 2)
    assert row.poll_at is not None


def test_nobody_is_asked_once_it_is_met(asking: Crew):
    deliver(asking, "created")
    deliver(asking, "completed")
    take_all(asking)
    asking.database.pass_time(hours=2)
    sweep(asking)
    assert asking.vendor.received == []
