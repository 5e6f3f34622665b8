"""A call made by hand: in the ledger like any other, tried once, cancelled by a closed gate; on both engines."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.builders.ledger import COMPLETED, ClockedDatabase, Crew, catalogue, operation
from workflows.catalogue import Outcome, OutcomeKind, Repeat
from workflows.errors import InputError
from workflows.ledger import schema
from workflows.ledger.tables import effects
from workflows.runtime.by_hand import call_by_hand
from workflows.runtime.sweep import Sweep

EDIT = operation(requires=(COMPLETED,))
CREATE = operation("symphony.create_campaign", repeat=Repeat.ASK, subjects=())
RENAME = operation("symphony.rename_campaign")


@pytest.fixture
def clocked(database_url: str) -> Iterator[ClockedDatabase]:
    found = ClockedDatabase(database_url)
    schema.upgrade(found)
    yield found
    found.close()


@pytest.fixture
def crew(clocked: ClockedDatabase) -> Crew:
    return Crew(clocked, catalogue(EDIT, CREATE, RENAME))


def test_a_call_is_made_here_and_now_and_stands_in_the_ledger(crew: Crew) -> None:
    crew.vendor.answers = [Outcome(OutcomeKind.DONE, "ok", status=201, output={"id": "7"})]
    called = call_by_hand(crew.performer, CREATE, {"id": "5017"})
    assert (called.is_done, called.status, called.output) == (True, 201, {"id": "7"})
    row = crew.effect(called.effect_id)
    assert (row.state, row.run_id, row.attempts) == ("done", None, 1)
    assert row.key.startswith("by-hand/")


def test_two_equal_calls_are_two_effects(crew: Crew) -> None:
    first, second = (call_by_hand(crew.performer, CREATE, {"id": "5017"}) for _ in range(2))
    assert first.effect_id != second.effect_id
    assert len(crew.vendor.received) == 2


def test_a_closed_gate_cancels_it_and_nothing_goes_later(crew: Crew) -> None:
    called = call_by_hand(crew.performer, EDIT, {"id": "5017"})
    assert called.state == "cancelled"
    assert "waits for symphony.campaign.completed about symphony:campaign:5017" in called.reason
    crew.happen("symphony.campaign.completed")
    assert crew.work() == []
    assert crew.vendor.received == []


def test_a_gate_that_can_never_open_cancels_it_as_well(crew: Crew) -> None:
    crew.happen("symphony.campaign.failed")
    called = call_by_hand(crew.performer, EDIT, {"id": "5017"})
    assert called.state == "cancelled"
    assert "can never come" in called.reason
    assert crew.vendor.received == []


def test_an_open_gate_lets_it_go(crew: Crew) -> None:
    crew.happen("symphony.campaign.completed")
    assert call_by_hand(crew.performer, EDIT, {"id": "5017"}).is_done


def test_a_subject_that_another_call_is_changing_cancels_it(crew: Crew) -> None:
    crew.vendor.answers = [Outcome(OutcomeKind.IN_DOUBT, "dropped after sending")]
    assert call_by_hand(crew.performer, RENAME, {"id": "5017"}).state == "in_doubt"
    called = call_by_hand(crew.performer, RENAME, {"id": "5017"})
    assert called.state == "cancelled"
    assert "is being changed by effect" in called.reason
    assert len(crew.vendor.received) == 1


@pytest.mark.parametrize("is_ours", [False, True])
@pytest.mark.parametrize("kind", [OutcomeKind.RETRY, OutcomeKind.NOT_SENT])
def test_it_is_tried_once_and_never_again(kind: OutcomeKind, is_ours: bool, crew: Crew) -> None:
    crew.vendor.answers = [Outcome(kind, "not now", status=429, is_ours=is_ours)]
    called = call_by_hand(crew.performer, CREATE, {"id": "5017"})
    assert called.state == "refused"
    assert "not now" in called.reason
    crew.database.pass_time(hours=1)
    assert crew.work() == []


def test_no_worker_gets_it_meanwhile(crew: Crew) -> None:
    crew.vendor.during = lambda: crew.work() and None
    call_by_hand(crew.performer, CREATE, {"id": "5017"})
    assert len(crew.vendor.received) == 1


def test_inputs_that_make_no_request_leave_nothing_behind(crew: Crew) -> None:
    with pytest.raises(InputError):
        call_by_hand(crew.performer, CREATE, {"idd": "5017"})
    with crew.database.read() as connection:
        assert connection.execute(effects.select()).all() == []


class Killed(BaseException):
    """What ends a process, as far as a test can tell."""


class Mortal(ClockedDatabase):
    """A database whose process is killed right after one of its commits."""

    commits_left = 1_000_000

    @contextmanager
    def write(self):
        with super().write() as connection:
            yield connection
        self.commits_left -= 1
        if self.commits_left == 0:
            raise Killed


NO_ROOM = Outcome(OutcomeKind.NOT_SENT, "its limits leave no room now", is_ours=True)


@pytest.mark.parametrize("answers", [[], [NO_ROOM]], ids=["done", "held back"])
@pytest.mark.parametrize("commits", [1, 2, 3])
def test_a_call_whose_process_is_killed_is_not_made_later_by_somebody_else(
    database_url: str, commits: int, answers: list[Outcome]
) -> None:
    database = Mortal(database_url)
    schema.upgrade(database)
    crew = Crew(database, catalogue(CREATE))
    crew.vendor.answers = answers.copy()
    database.commits_left = commits
    with suppress(Killed):
        call_by_hand(crew.performer, CREATE, {"id": "5017"})
    made = len(crew.vendor.received)
    database.commits_left = 1_000_000
    for _ in range(3):
        database.pass_time(hours=1)
        Sweep(database, crew.rules, crew.performer, crew.releaser, crew.looker).once()
        crew.work()
    assert len(crew.vendor.received) == made <= 1
    database.close()
