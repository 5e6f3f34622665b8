"""What is claimed and recorded together ends as what is done one by one, asks every gate, and takes few statements."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa

from tests.builders.ledger import COMPLETED, ClockedDatabase, Crew, catalogue, operation, store_delivery
from tests.builders.statements import statements
from workflows.catalogue import Catalogue, Limit, Operation, Outcome, OutcomeKind, Repeat
from workflows.engine.breaker import TRIPS_AFTER
from workflows.engine.gates import Gate
from workflows.language.reader import read_definition
from workflows.ledger import configuration, nudges, schema
from workflows.ledger.lanes import lock_lane, note_outcome, take_rate_slot
from workflows.ledger.tables import attempts, effect_subjects, effects, milestones, once_keys, runs, steps
from workflows.runtime.effects import Claim, Performer
from workflows.runtime.groups import Hands
from workflows.runtime.intake import BATCH, Intake
from workflows.values import Money, new_id

EDIT = operation(requires=(COMPLETED,))
ADD = operation("symphony.add_locations", repeat=Repeat.ASK)
DONE = Outcome(OutcomeKind.DONE, "ok", status=200, output={"at": "once"})

TWO_CALLS = """
workflow: follow-up
description: Two calls, one after the other.
owner: paid-social
when:
  event: symphony.campaign.completed
  where: event.data.provider == 'facebook'
run: {key: event.data.id, expires: 2d}
steps:
  - id: edit
    call: symphony.edit_campaign
    with: {id: =event.data.id}
  - id: add
    call: symphony.add_locations
    with: {id: =event.data.id, note: more}
"""


@pytest.fixture
def make(database_url: str) -> Iterator[object]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)

    def made(*operations: Operation, **options: object) -> Crew:
        return crew_with(database, catalogue(*(operations or (EDIT, ADD)), **{"concurrency": 32, **options}))

    yield made
    database.close()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Crew]:
    """A crew with a ledger of its own, to compare with."""
    database = ClockedDatabase(f"sqlite:///{tmp_path}/other.db")
    schema.upgrade(database)
    yield crew_with(database, catalogue(EDIT, ADD, concurrency=32))
    database.close()


def crew_with(database: ClockedDatabase, operations: Catalogue) -> Crew:
    with database.write() as connection:
        brands = {"main": {"budget_cap": Money(500, "USD")}}
        definitions = [read_definition(TWO_CALLS, "follow-up.yml")]
        configuration.apply(connection, definitions, brands, by="a test", now=database.time)
    return Crew(database, operations)


def campaigns(crew: Crew, *numbers: int) -> None:
    """Let these campaigns be completed, and release their first calls."""
    store_campaigns(crew, *numbers)
    while Intake(crew.database, crew.rules).take_batch():
        pass
    crew.releaser.release_due()


def store_campaigns(crew: Crew, *numbers: int) -> None:
    with crew.database.write() as connection:
        for number in numbers:
            draft = {
                "type": "symphony.campaign.completed",
                "subject": f"symphony:campaign:{number}",
                "occurred_at": None,
                "brand": "main",
                "data": {"id": str(number), "provider": "facebook"},
            }
            store_delivery(connection, new_id(), drafts=[draft])


def told(crew: Crew) -> list[str]:
    found, crew.told = [item.effect_id for item in crew.told], []
    return found


def work_together(crew: Crew, outcome: Outcome = DONE) -> int:
    """Perform what is released, all together; how many calls were made."""
    claims = crew.performer.claim_together(told(crew))
    if claims:
        crew.performer.record_together([(claim, outcome) for claim in claims.values()])
    crew.releaser.release_due()
    return len(claims)


def rows(crew: Crew, table: sa.Table, *columns: str) -> list[tuple[object, ...]]:
    with crew.database.read() as connection:
        found = connection.execute(sa.select(*(table.c[name] for name in columns))).all()
    return sorted((tuple(row) for row in found), key=str)


def ends(crew: Crew) -> list[object]:
    """All that calls and runs leave behind, but for ids."""
    return [
        rows(crew, runs, "key", "state", "at_step", "reason", "wake_at", "ended_at"),
        rows(crew, steps, "step", "state", "output", "reason", "started_at", "ended_at"),
        rows(
            crew, effects, "step", "state", "token", "attempts", "holder", "lease_until", "reason", "status", "output"
        ),
        rows(crew, attempts, "number", "holder", "started_at", "ended_at", "outcome", "status", "reason"),
        rows(crew, effect_subjects, "subject", "occupied"),
    ]


def test_what_is_done_together_ends_as_what_is_done_one_by_one(make, alone: Crew):
    crew = make()
    campaigns(crew, 1, 2, 3)
    assert [work_together(crew), work_together(crew), work_together(crew)] == [3, 3, 0]
    campaigns(alone, 1, 2, 3)
    alone.vendor.answers = [DONE] * 6
    while alone.told:
        for effect_id in told(alone):
            claim = alone.performer._claim(effect_id)
            assert alone.performer._record(claim.effect, DONE)
        alone.releaser.release_due()
    assert ends(crew) == ends(alone)
    assert {state for (_, state, *_) in ends(crew)[0]} == {"done"}


def test_a_group_takes_no_more_statements_than_one(make):
    crew = make()
    campaigns(crew, 1)
    with statements(crew.database) as one:
        work_together(crew)
    campaigns(crew, *range(2, 18))
    crew.performer.claim_together([])
    with statements(crew.database) as many:
        work_together(crew)
    assert len(many) <= len(one) + 3, "something is done for each effect by itself"


def test_an_effect_that_is_told_of_twice_is_claimed_once(make):
    crew = make()
    campaigns(crew, 1)
    (effect_id,) = told(crew)
    assert list(crew.performer.claim_together([effect_id, effect_id])) == [effect_id]
    assert crew.performer.claim_together([effect_id]) == {}


def test_what_another_effect_changes_is_not_claimed_nor_two_of_one_group_that_change_the_same(make):
    crew = make()
    campaigns(crew, 1, 2)
    with crew.database.write() as connection:
        connection.execute(
            effect_subjects.update()
            .where(effect_subjects.c.subject.endswith(":2"))
            .values(subject="symphony:campaign:1")
        )
    first, second = told(crew)
    assert list(crew.performer.claim_together([first, second])) == [min(first, second)]
    assert crew.performer.claim_together([first, second]) == {}


LIMIT = Limit(1, 3600.0)


def close(gate: Gate, crew: Crew, effect_id: str) -> None:
    """Close a gate of a released effect, so that only its claim can see it."""
    other = crew.intend(ADD, id="1")
    this = effects.c.id == effect_id
    with crew.database.write() as connection:
        match gate:
            case Gate.VENDOR:
                connection.execute(milestones.delete())
            case Gate.OPERATION:
                connection.execute(effects.update().where(this).values(operation="symphony.of_another_release"))
            case Gate.SUBJECT:
                of_other = effect_subjects.c.effect_id == other
                connection.execute(effect_subjects.update().where(of_other).values(occupied=1))
            case Gate.RATE:
                take_rate_slot(connection, "symphony", (LIMIT,), crew.database.time)
            case Gate.ONCE:
                connection.execute(once_keys.insert().values(key="k", effect_id=other))
                connection.execute(effects.update().where(this).values(once_key="k"))
            case Gate.RUN:
                run_id = connection.scalar(sa.select(effects.c.run_id).where(this))
                nudges.leave(connection, [run_id], crew.database.time, {"reason": "why", "by": "", "cleans_up": False})
            case Gate.EXPECTS:
                connection.execute(effects.update().where(this).values(expects=[{"name": "x"}]))


@pytest.mark.parametrize("gate", Gate)
def test_what_a_gate_stops_is_not_claimed_in_a_group_either_and_stops_no_other(make, gate: Gate):
    crew = make(limits=(LIMIT,) if gate is Gate.RATE else ())
    campaigns(crew, 1, 2)
    of_first = effects.join(effect_subjects).select().where(effect_subjects.c.subject == "symphony:campaign:1")
    with crew.database.read() as connection:
        first = connection.execute(of_first.with_only_columns(effects.c.id)).scalar_one()
    close(gate, crew, first)
    claims = crew.performer.claim_together(told(crew))
    assert first not in claims
    assert len(claims) == (0 if gate in {Gate.VENDOR, Gate.RATE} else 1), "these hold both"


@pytest.mark.parametrize("kind", [kind for kind in OutcomeKind if kind is not OutcomeKind.DONE])
def test_an_outcome_that_is_not_done_is_recorded_alone_and_keeps_no_other_from_being_recorded(make, kind):
    crew = make()
    campaigns(crew, 1, 2)
    first, second = crew.performer.claim_together(told(crew)).values()
    crew.performer.record_together([(first, Outcome(kind, "no", status=500)), (second, DONE)])
    states = dict(rows(crew, effects, "id", "state"))
    assert states[second.effect.id] == "done"
    assert states[first.effect.id] == {"in_doubt": "in_doubt", "refused": "refused"}.get(kind, "intended")


def test_an_outcome_that_comes_too_late_is_not_recorded_in_a_group_either(make):
    crew = make()
    campaigns(crew, 1)
    (claim,) = crew.performer.claim_together(told(crew)).values()
    crew.database.pass_time(minutes=5)
    assert crew.performer.lapse(claim.effect.id)
    before = rows(crew, effects, "id", "state", "token")
    crew.performer.record_together([(claim, DONE)])
    assert rows(crew, effects, "id", "state", "token") == before


def test_a_claim_of_a_group_names_its_deadline_as_one_by_itself_does(make):
    crew = make()
    campaigns(crew, 1)
    (claim,) = crew.performer.claim_together(told(crew)).values()
    crew.monotonic += 6
    assert crew.performer.call(claim).kind is OutcomeKind.NOT_SENT


@dataclass
class Handing:
    """A worker that hands on what becomes due by what it does, in the same transaction."""

    crew: Crew

    def __post_init__(self) -> None:
        self.performer = replace(self.crew.performer, releaser=self.crew.releaser)
        self.crew.releaser.release_vendor("symphony")  # once somebody has, the vendor has its lane
        self.asked_for_more = 0

    def take_in(self, *numbers: int, hands: "InHand | None" = None) -> None:
        store_campaigns(self.crew, *numbers)
        intake = Intake(
            self.crew.database,
            self.crew.rules,
            self.crew.releaser,
            self._more,
            monotonic=lambda: self.crew.monotonic,
        )
        while intake.take_batch(hands):
            pass

    def _more(self) -> None:
        self.asked_for_more += 1


@dataclass
class InHand:
    """The hands of a process that takes deliveries in."""

    performer: Performer
    room: int = 16
    claims: list[Claim] = field(default_factory=list)

    def free(self) -> Hands | None:
        return self.performer.hands(self.room - len(self.claims))

    def take_on(self, claims: Sequence[Claim]) -> None:
        self.claims += claims


def states(crew: Crew) -> dict[str, int]:
    return Counter(state for (state,) in rows(crew, effects, "state"))


def test_what_may_leave_at_once_is_released_as_it_is_written_down(make):
    crew = make()
    handing = Handing(crew)
    handing.take_in(1, 2, 3)
    assert states(crew) == {"released": 3}
    assert len(told(crew)) == 3
    assert handing.asked_for_more == 0


def test_what_may_not_stays_due_and_somebody_is_asked_to_release_it(make):
    crew = make(concurrency=2)
    handing = Handing(crew)
    handing.take_in(1, 2, 3)
    assert states(crew) == {"released": 2, "intended": 1}
    assert handing.asked_for_more == 1
    handing.take_in(4)
    assert states(crew) == {"released": 2, "intended": 2}, "nobody overtakes one that waits"


def test_nothing_leaves_at_once_to_a_vendor_that_rests(make):
    crew = make()
    with crew.database.write() as connection:
        silence = Outcome(OutcomeKind.RETRY, "silence")
        for _ in range(TRIPS_AFTER):
            note_outcome(connection, "symphony", silence, crew.database.time)
    Handing(crew).take_in(1)
    assert states(crew) == {"intended": 1}


def test_a_worker_goes_on_with_what_follows_from_its_calls_without_being_told(make, alone: Crew):
    crew = make()
    handing = Handing(crew)
    handing.take_in(1, 2)
    first = handing.performer.claim_together(told(crew))
    further = handing.performer.record_together([(claim, DONE) for claim in first.values()], room=16)
    assert [claim.operation.name for claim in further] == ["symphony.add_locations"] * 2
    assert told(crew) == []
    assert states(crew) == {"done": 2, "claimed": 2}
    assert handing.performer.record_together([(claim, DONE) for claim in further], room=16) == []
    campaigns(alone, 1, 2)
    while work_together(alone):
        pass
    assert ends(crew) == ends(alone)


def test_intake_makes_the_first_calls_itself_while_it_has_hands_free(make, alone: Crew):
    crew = make()
    handing = Handing(crew)
    hands = InHand(handing.performer)
    handing.take_in(1, 2, hands=hands)
    assert states(crew) == {"claimed": 2}
    assert told(crew) == []
    assert handing.asked_for_more == 0
    claims = hands.claims
    while claims:
        claims = handing.performer.record_together([(claim, DONE) for claim in claims], room=16)
    campaigns(alone, 1, 2)
    while work_together(alone):
        pass
    assert ends(crew) == ends(alone)


def test_what_intake_has_no_hands_for_is_released(make):
    crew = make()
    handing = Handing(crew)
    hands = InHand(handing.performer, room=2)
    handing.take_in(1, 2, 3, hands=hands)
    assert states(crew) == {"claimed": 2, "released": 1}
    assert len(told(crew)) == 1
    assert len(hands.claims) == 2
    handing.take_in(4, hands=hands)
    assert states(crew) == {"claimed": 2, "released": 2}


def test_intake_takes_on_no_calls_while_more_waits_than_it_takes_in_at_once(make):
    crew = make()
    handing = Handing(crew)
    hands = InHand(handing.performer)
    handing.take_in(*range(1, BATCH + 1), hands=hands)
    assert hands.claims == []
    assert states(crew) == {"released": BATCH}


def test_intake_takes_on_no_call_that_a_limit_of_its_vendor_may_hold(make):
    crew = make(limits=(Limit(1, 3600.0),))
    handing = Handing(crew)
    with crew.database.write() as connection:
        take_rate_slot(connection, "symphony", (Limit(1, 3600.0),), crew.database.time)
    hands = InHand(handing.performer)
    handing.take_in(1, hands=hands)
    assert hands.claims == []


def test_a_claim_of_intake_names_its_deadline_as_any_other_does(make):
    crew = make()
    handing = Handing(crew)
    hands = InHand(handing.performer)
    handing.take_in(1, hands=hands)
    crew.monotonic += 6
    assert crew.performer.call(hands.claims[0]).kind is OutcomeKind.NOT_SENT


@pytest.mark.parametrize(("repeat", "is_deferred"), [(Repeat.SAFE, True), (Repeat.ASK, False)])
def test_a_call_that_must_not_be_repeated_is_on_the_disk_before_intake_makes_it(make, monkeypatch, repeat, is_deferred):
    crew = make(operation(requires=(COMPLETED,), repeat=repeat), ADD)
    handing = Handing(crew)
    deferred = []
    monkeypatch.setattr(crew.database, "defer_flush", deferred.append)
    hands = InHand(handing.performer)
    handing.take_in(1, hands=hands)
    assert len(hands.claims) == 1
    assert bool(deferred) is is_deferred


def test_beyond_its_room_others_are_told(make):
    crew = make()
    handing = Handing(crew)
    handing.take_in(1, 2, 3)
    claims = handing.performer.claim_together(told(crew)).values()
    further = handing.performer.record_together([(claim, DONE) for claim in claims], room=1)
    assert len(further) == 1
    assert len(told(crew)) == 2
    assert states(crew) == {"done": 3, "claimed": 1, "released": 2}


def test_what_follows_from_a_call_leaves_in_its_place_while_another_has_the_lane(postgres_database: str):
    database = ClockedDatabase(postgres_database)
    schema.upgrade(database)
    crew = crew_with(database, catalogue(EDIT, ADD, concurrency=2))
    handing = Handing(crew)
    handing.take_in(1)
    (claim,) = handing.performer.claim_together(told(crew)).values()
    with database.write() as connection:
        lock_lane(connection, "symphony")
        (further,) = handing.performer.record_together([(claim, DONE)], room=16)
        assert further.operation.name == "symphony.add_locations"
        handing.take_in(2)
        assert states(crew) == {"done": 1, "claimed": 1, "intended": 1}, "one more needs the lane"
    database.close()


def test_in_the_place_of_calls_that_ended_those_go_that_have_waited_longest_and_never_more_than_there_are_lanes(make):
    crew = make(concurrency=2)
    handing = Handing(crew)
    handing.take_in(1, 2)
    crew.database.pass_time(seconds=1)
    handing.take_in(3, 4)
    claims = list(handing.performer.claim_together(told(crew)).values())
    further = handing.performer.record_together([(claims[0], DONE)], room=16)
    assert [claim.effect.inputs["id"] for claim in further] == ["3"]
    assert states(crew) == {"done": 1, "claimed": 2, "intended": 2}


def test_a_run_that_is_to_be_cancelled_is_not_gone_on_with(make):
    crew = make()
    handing = Handing(crew)
    handing.take_in(1)
    (claim,) = handing.performer.claim_together(told(crew)).values()
    with crew.database.write() as connection:
        run_id = connection.scalar(sa.select(runs.c.id))
        nudges.leave(connection, [run_id], crew.database.time, {"reason": "why", "by": "", "cleans_up": False})
    assert handing.performer.record_together([(claim, DONE)], room=16) == []
    assert states(crew) == {"done": 1, "released": 1}, "its own claim will say so"
    (second,) = told(crew)
    assert handing.performer.perform(second) is None
    assert states(crew) == {"done": 1, "cancelled": 1}


def test_what_several_threads_have_to_record_is_recorded_together(make):
    crew = make()
    campaigns(crew, *range(1, 9))
    claims = list(crew.performer.claim_together(told(crew)).values())
    barrier = Barrier(len(claims))

    def record(claim) -> list:
        barrier.wait()
        return crew.performer.record_together([(claim, DONE)])

    with ThreadPoolExecutor(len(claims)) as pool:
        assert list(pool.map(record, claims)) == [[]] * len(claims)
    assert states(crew) == {"done": 8, "intended": 8}
