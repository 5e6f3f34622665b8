"""A doubt settled by a person, on both engines."""

from collections.abc import Iterator

import pytest

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation
from workflows.catalogue import Outcome, OutcomeKind, Repeat
from workflows.errors import NotFound
from workflows.ledger import audit, schema
from workflows.runtime.settlement import NotInDoubt, Verdict, settle_by_hand

CREATE = operation("symphony.create_campaign", repeat=Repeat.ASK)


@pytest.fixture
def crew(database_url: str) -> Iterator[Crew]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    yield Crew(database, catalogue(CREATE))
    database.close()


@pytest.fixture
def doubtful(crew: Crew) -> str:
    crew.vendor.answers = [Outcome(OutcomeKind.IN_DOUBT, "the connection was lost")]
    effect = crew.intend(CREATE, attempts=1, id="5017", note="n")
    crew.work()
    return effect


def settle(crew: Crew, effect: str, verdict: Verdict, output: object = None) -> str:
    return settle_by_hand(crew.performer, effect, verdict, by="ada", reason="seen in the manager", output=output)


def test_what_the_vendor_did_is_done_with_the_answer_given(crew: Crew, doubtful: str):
    assert settle(crew, doubtful, Verdict.DONE, {"id": "7"}) == "done"
    row = crew.effect(doubtful)
    assert row.output == {"id": "7"}
    assert row.reason == "settled as done by ada: seen in the manager"
    assert len(crew.vendor.received) == 1


def test_what_it_did_not_do_may_be_left(crew: Crew, doubtful: str):
    assert settle(crew, doubtful, Verdict.REFUSED) == "refused"
    crew.database.pass_time(hours=1)
    assert crew.work() == []


def test_or_made_once_more_with_identical_bytes(crew: Crew, doubtful: str):
    assert settle(crew, doubtful, Verdict.AGAIN) == "intended"
    crew.work()
    assert crew.effect(doubtful).state == "done"
    assert crew.vendor.received[0] == crew.vendor.received[1]


def test_its_subject_is_free_afterwards(crew: Crew, doubtful: str):
    other = crew.intend(CREATE, id="5017", note="other")
    crew.work()
    assert crew.effect(other).state == "held"
    settle(crew, doubtful, Verdict.REFUSED)
    crew.work()
    assert crew.effect(other).state == "done"


def test_only_a_doubt_can_be_settled_and_only_once(crew: Crew, doubtful: str):
    settle(crew, doubtful, Verdict.DONE)
    with pytest.raises(NotInDoubt, match="the effect is done"):
        settle(crew, doubtful, Verdict.AGAIN)
    with pytest.raises(NotFound):
        settle(crew, "nothing", Verdict.DONE)


def test_who_settled_it_and_why_stands_in_the_audit(crew: Crew, doubtful: str):
    settle(crew, doubtful, Verdict.REFUSED)
    with crew.database.read() as connection:
        (entry,) = audit.entries(connection, about=doubtful)
    assert (entry.by, entry.action, entry.reason) == ("ada", "effect.settle", "seen in the manager")
    assert entry.details == {"as": "refused", "operation": "symphony.create_campaign", "state": "refused"}
