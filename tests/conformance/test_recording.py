"""However a call ended, and whatever came with it, that is what the ledger says afterwards, on both engines."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation
from vendors.answers import retry_after_seconds
from workflows.catalogue import Outcome, OutcomeKind, Repeat
from workflows.ledger import schema

EDIT = operation()
CREATE = operation("symphony.create_campaign", repeat=Repeat.ASK, method="POST", path="/v1/campaign", subjects=())


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No tracebacks in colour: of what is nested without end they take minutes."""
    with capture_logs():
        yield


@pytest.fixture
def clocked(database_url: str) -> Iterator[ClockedDatabase]:
    found = ClockedDatabase(database_url)
    schema.upgrade(found)
    yield found
    found.close()


@pytest.fixture
def crew(clocked: ClockedDatabase) -> Crew:
    return Crew(clocked, catalogue(EDIT, CREATE))


def nested(depth: int) -> object:
    value: object = "deep"
    for _ in range(depth):
        value = {"in": value}
    return value


UNKEEPABLE = {
    "a date": {"day": date(2026, 3, 1)},
    "a set": {"tags": {"a", "b"}},
    "half a character": {"name": "\ud800"},
    "nesting without end": nested(2000),
    "an endless number": {"ctr": 10**5000},
}
KEEPABLE = {
    "no number": {"ctr": Decimal("NaN")},
    "a tiny number": {"ctr": Decimal("1E-400")},
    "a great integer": {"id": 10**60},
    "a NUL": {"name": "a\x00b"},
    "a megabyte": {"text": "x" * 1_000_000},
}


@pytest.mark.parametrize("name", [*UNKEEPABLE, *KEEPABLE])
def test_a_confirmed_call_is_done_whatever_the_vendor_answered(crew: Crew, name: str):
    output = {**UNKEEPABLE, **KEEPABLE}[name]
    crew.vendor.answers = [Outcome(OutcomeKind.DONE, "Symphony answered 200", status=200, output=output)]
    effect = crew.intend(CREATE, id="1")
    assert [outcome.kind for outcome in crew.work()] == [OutcomeKind.DONE]
    row = crew.effect(effect)
    assert (row.state, row.status) == ("done", 200)
    if name in UNKEEPABLE:
        assert row.output is None
        assert "could not be kept" in row.reason
    else:
        assert str(row.output).lower() == str(output).lower()


@pytest.mark.parametrize("kind", [OutcomeKind.REFUSED, OutcomeKind.IN_DOUBT, OutcomeKind.RETRY])
def test_an_outcome_with_a_reason_that_has_no_place_in_the_ledger_is_recorded_all_the_same(
    crew: Crew, kind: OutcomeKind
):
    crew.vendor.answers = [Outcome(kind, "it said \ud800", status=400)]
    effect = crew.intend(CREATE, id="1")
    crew.work()
    state = {OutcomeKind.RETRY: "intended"}.get(kind, str(kind))
    assert (crew.effect(effect).state, crew.effect(effect).status) == (state, 400)


def test_a_vendor_that_asks_to_wait_beyond_the_last_year_there_is_ends_the_retries(crew: Crew):
    wait = retry_after_seconds("Fri, 31 Dec 9999 23:59:59 GMT", datetime(2026, 3, 1, tzinfo=UTC))
    crew.vendor.answers = [Outcome(OutcomeKind.RETRY, "429", status=429, retry_after_seconds=wait)]
    effect = crew.intend(CREATE, id="1")
    crew.work()
    row = crew.effect(effect)
    assert row.state == "refused"
    assert row.reason.startswith("gave up after 1 attempts")


class Crowded(ClockedDatabase):
    """A database whose every writer waits a minute for its turn."""

    crew: Crew

    @contextmanager
    def write(self):
        self.crew.monotonic += 60
        with super().write() as connection:
            yield connection


def test_time_spent_waiting_for_the_turn_to_write_is_not_taken_from_the_call(database_url: str):
    database = Crowded(database_url)
    database.crew = crew = Crew(database, catalogue(EDIT, CREATE))
    schema.upgrade(database)
    effect = crew.intend(CREATE, id="1")
    crew.work()
    assert (crew.effect(effect).state, crew.effect(effect).attempts) == ("done", 1)
    database.close()
