"""An effect from the intent to its outcome: gates, leases, fencing, subjects and lanes, on both engines."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.builders.ledger import COMPLETED, ClockedDatabase, Crew, catalogue, operation
from workflows.catalogue import Limit, Look, Outcome, OutcomeKind, Repeat
from workflows.errors import LedgerUnavailable
from workflows.ledger import effects, schema
from workflows.ledger.tables import attempts
from workflows.runtime.pacer import Pacer

EDIT = operation()
GATED = operation("symphony.add_locations", requires=(COMPLETED,), repeat=Repeat.ASK)
CREATE = operation("symphony.create_campaign", repeat=Repeat.ASK, method="POST", path="/v1/campaign", subjects=())
PAUSE = operation("symphony.pause_campaign", reduces=True)

RETRY = Outcome(OutcomeKind.RETRY, "429: too many requests", status=429)
IN_DOUBT = Outcome(OutcomeKind.IN_DOUBT, "the connection was dropped after sending")


@pytest.fixture
def clocked(database_url: str) -> Iterator[ClockedDatabase]:
    found = ClockedDatabase(database_url)
    schema.upgrade(found)
    yield found
    found.close()


@pytest.fixture
def crew(clocked: ClockedDatabase) -> Crew:
    return Crew(clocked, catalogue(EDIT, GATED, CREATE, PAUSE))


def test_a_confirmed_call_is_done_and_keeps_its_answer(crew: Crew):
    crew.vendor.answers = [Outcome(OutcomeKind.DONE, "ok", status=200, output={"id": "7"})]
    effect = crew.intend(EDIT, id="5017", note="hi")
    crew.work()
    row = crew.effect(effect)
    assert (row.state, row.output, row.status, row.attempts) == ("done", {"id": "7"}, 200, 1)
    assert [request.body for request in crew.vendor.received] == ['{"note":"hi"}']


def test_a_closed_gate_holds_the_call_and_says_for_what(crew: Crew):
    effect = crew.intend(GATED, id="5017")
    assert crew.work() == []
    row = crew.effect(effect)
    assert (row.state, row.gate, row.gate_key) == ("held", "vendor", "symphony:campaign:5017")
    assert "waits for symphony.campaign.completed about symphony:campaign:5017" in row.reason
    assert crew.vendor.received == []


def test_the_awaited_event_opens_the_gate_and_a_late_processing_changes_nothing(crew: Crew):
    effect = crew.intend(GATED, id="5017")
    crew.work()
    crew.happen("symphony.campaign.processing")
    crew.work()
    assert crew.effect(effect).state == "held"
    crew.happen("symphony.campaign.completed")
    crew.happen("symphony.campaign.processing")
    crew.work()
    assert crew.effect(effect).state == "done"
    assert len(crew.vendor.received) == 1


def test_news_about_another_campaign_opens_nothing(crew: Crew):
    effect = crew.intend(GATED, id="5017")
    crew.happen("symphony.campaign.completed", "symphony:campaign:5018")
    crew.work()
    assert crew.effect(effect).state == "held"


def test_a_gate_that_can_never_open_refuses_the_call(crew: Crew):
    effect = crew.intend(GATED, id="5017")
    crew.work()
    crew.happen("symphony.campaign.failed")
    crew.work()
    row = crew.effect(effect)
    assert row.state == "refused"
    assert "can never come" in row.reason
    assert crew.vendor.received == []


def test_an_event_that_slipped_in_while_the_call_was_being_held_is_found_by_the_next_look(crew: Crew):
    effect = crew.intend(GATED, id="5017")
    crew.work()
    with crew.database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO deliveries (id, source, received_at, shard, state, headers, body)"
            " VALUES ('d', 's', 0, 0, 'taken', '{}', '')"
        )
        connection.exec_driver_sql(
            "INSERT INTO events (id, delivery_id, source, brand, type, subject, occurred_at, data)"
            " VALUES ('e', 'd', 's', '', 't', 'x', 0, '{}')"
        )
        connection.exec_driver_sql(
            "INSERT INTO milestones (subject, type, event_id, reached_at)"
            " VALUES ('symphony:campaign:5017', 'symphony.campaign.completed', 'e', 0)"
        )
    assert crew.work() == []
    crew.database.pass_time(seconds=1.5)
    crew.work()
    assert crew.effect(effect).state == "done"


def test_of_many_workers_exactly_one_makes_the_call(crew: Crew):
    effect = crew.intend(CREATE, id="1")
    crew.releaser.release_due()
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(crew.performer.perform, [effect] * 8))
    assert sum(outcome is not None for outcome in outcomes) == 1
    assert len(crew.vendor.received) == 1


def test_a_retry_comes_later_with_identical_bytes_and_ends_after_its_attempts(crew: Crew):
    crew.vendor.answers = [RETRY] * 3
    effect = crew.intend(EDIT, attempts=3, id="5017", note="same")
    crew.work()
    row = crew.effect(effect)
    assert (row.state, row.status) == ("intended", 429)
    assert row.due_at > crew.database.time
    for _ in range(2):
        crew.database.pass_time(minutes=30)
        crew.work()
    row = crew.effect(effect)
    assert (row.state, row.attempts) == ("refused", 3)
    assert row.reason.startswith("gave up after 3 attempts")
    assert len(set(crew.vendor.received)) == 1


def test_a_retry_after_hint_is_never_undercut(crew: Crew):
    crew.vendor.answers = [Outcome(OutcomeKind.RETRY, "429", status=429, retry_after_seconds=120)]
    effect = crew.intend(EDIT, id="5017")
    crew.work()
    assert 120 <= (crew.effect(effect).due_at - crew.database.time).total_seconds() <= 144


def test_what_stands_in_doubt_is_not_sent_again(crew: Crew):
    crew.vendor.answers = [IN_DOUBT]
    effect = crew.intend(CREATE, id="1")
    crew.work()
    for _ in range(5):
        crew.database.pass_time(hours=2)
        assert not crew.performer.lapse(effect)
        crew.work()
    assert crew.effect(effect).state == "in_doubt"
    assert len(crew.vendor.received) == 1


def abandon(crew: Crew, effect: str) -> None:
    """Claim an effect as a worker that will never come back."""
    crew.releaser.release_due()
    crew.told.clear()
    assert crew.performer._claim(effect) is not None


def test_a_safe_call_whose_worker_vanished_is_made_again(crew: Crew):
    effect = crew.intend(EDIT, id="5017")
    abandon(crew, effect)
    assert not crew.performer.lapse(effect)
    crew.database.pass_time(seconds=16)
    assert crew.performer.lapse(effect)
    crew.database.pass_time(seconds=10)
    crew.work()
    row = crew.effect(effect)
    assert (row.state, row.attempts) == ("done", 2)


def test_another_call_whose_worker_vanished_is_in_doubt_only_when_it_cannot_be_under_way(crew: Crew):
    effect = crew.intend(CREATE, id="1")
    abandon(crew, effect)
    crew.database.pass_time(seconds=16)
    assert not crew.performer.lapse(effect)
    crew.database.pass_time(seconds=10)
    assert crew.performer.lapse(effect)
    row = crew.effect(effect)
    assert row.state == "in_doubt"
    assert "vanished" in row.reason
    crew.database.pass_time(hours=5)
    assert crew.work() == []
    assert crew.vendor.received == []


def test_an_answer_that_comes_after_all_settles_the_doubt(crew: Crew):
    effect = crew.intend(CREATE, id="1")

    def lose_the_lease() -> None:
        crew.database.pass_time(seconds=60)
        assert crew.performer.lapse(effect)

    crew.vendor.during = lose_the_lease
    crew.work()
    assert crew.effect(effect).state == "done"


def test_an_outcome_under_an_old_token_does_not_land(crew: Crew):
    effect = crew.intend(EDIT, id="5017")
    crew.releaser.release_due()
    late = crew.performer._claim(effect)
    assert late is not None
    crew.database.pass_time(seconds=16)
    crew.performer.lapse(effect)
    crew.database.pass_time(seconds=10)
    crew.told.clear()
    crew.work()
    assert not crew.performer._record(late.effect, Outcome(OutcomeKind.REFUSED, "too late", status=400))
    assert crew.effect(effect).state == "done"


def test_an_answer_that_finds_the_ledger_gone_is_recorded_when_it_is_back(crew: Crew):
    def take_the_ledger_away() -> None:
        crew.database.fails = 30

    crew.vendor.during = take_the_ledger_away
    effect = crew.intend(CREATE, id="1")
    crew.work()
    assert crew.effect(effect).state == "done"
    assert len(crew.vendor.received) == 1


def test_a_worker_that_finds_the_ledger_gone_before_the_call_makes_it_when_it_is_back(crew: Crew):
    effect = crew.intend(CREATE, id="1")
    crew.releaser.release_due()
    crew.database.fails = 30
    crew.performer.perform(effect)
    row = crew.effect(effect)
    assert (row.state, row.attempts) == ("done", 1)


def test_an_answer_is_not_kept_for_ever(crew: Crew):
    def take_the_ledger_away() -> None:
        crew.database.fails = 1000

    crew.vendor.during = take_the_ledger_away
    effect = crew.intend(CREATE, id="1")
    with pytest.raises(LedgerUnavailable):
        crew.work()
    crew.database.fails = 0
    crew.database.pass_time(seconds=25)
    assert crew.performer.lapse(effect)
    assert crew.effect(effect).state == "in_doubt"


def test_a_worker_that_was_frozen_before_the_call_does_not_begin_it(crew: Crew):
    effect = crew.intend(CREATE, id="1")
    crew.releaser.release_due()
    claim = crew.performer._claim(effect)
    assert claim is not None
    crew.monotonic += 6
    assert crew.performer.call(claim).kind is OutcomeKind.NOT_SENT
    assert crew.vendor.received == []


def test_a_lost_message_is_sent_again_when_its_lease_has_run_out(crew: Crew):
    effect = crew.intend(EDIT, id="5017")
    crew.releaser.release_due()
    crew.told.clear()
    assert crew.work() == []
    crew.database.pass_time(seconds=31)
    assert crew.performer.lapse(effect)
    crew.work()
    assert crew.effect(effect).state == "done"


def test_what_the_broker_did_not_take_is_offered_again_soon(crew: Crew):
    effect = crew.intend(EDIT, id="5017")
    crew.broker_is_down = True
    assert crew.releaser.release_due() == 1
    assert crew.effect(effect).state == "intended"
    crew.broker_is_down = False
    crew.database.pass_time(seconds=3)
    crew.work()
    assert crew.effect(effect).state == "done"


def test_two_changes_of_one_campaign_never_overlap(crew: Crew):
    first, second = (crew.intend(EDIT, id="5017", note=note) for note in ("first", "second"))
    crew.releaser.release_due()
    crew.told.clear()
    crew.vendor.during = lambda: crew.performer.perform(second)
    crew.performer.perform(first)
    assert [request.body for request in crew.vendor.received] == ['{"note":"first"}']
    held = crew.effect(second)
    assert (held.state, held.gate) == ("held", "subject")
    crew.vendor.during = lambda: None
    crew.work()
    assert crew.effect(second).state == "done"


def test_a_change_in_doubt_keeps_its_campaign_to_itself_but_it_can_always_be_paused(crew: Crew):
    crew.happen("symphony.campaign.completed")
    crew.vendor.answers = [IN_DOUBT]
    doubtful = crew.intend(GATED, id="5017")
    crew.work()
    edit, pause = crew.intend(EDIT, id="5017"), crew.intend(PAUSE, id="5017")
    crew.work()
    assert crew.effect(doubtful).state == "in_doubt"
    assert crew.effect(edit).state == "held"
    assert doubtful in crew.effect(edit).reason
    assert crew.effect(pause).state == "done"


def test_a_vendor_never_has_more_calls_out_than_lanes(clocked: ClockedDatabase):
    crew = Crew(clocked, catalogue(EDIT, concurrency=3))
    for number in range(5):
        crew.intend(EDIT, id=str(number))
    assert crew.releaser.release_due() == 3
    assert crew.releaser.release_due() == 0
    crew.performer.perform(crew.told[0].effect_id)
    assert crew.releaser.release_due() == 1


def test_two_processes_releasing_at_once_do_not_pass_the_lanes_together(clocked: ClockedDatabase):
    crew = Crew(clocked, catalogue(EDIT, concurrency=3))
    for number in range(10):
        crew.intend(EDIT, id=str(number))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: crew.releaser.release_due(), range(6)))
    assert len({item.effect_id for item in crew.told}) == len(crew.told) == 3


def test_held_calls_do_not_take_lanes_from_those_that_may_go(clocked: ClockedDatabase):
    crew = Crew(clocked, catalogue(EDIT, GATED, concurrency=2))
    for number in range(20):
        crew.intend(GATED, id=str(number))
    going = crew.intend(EDIT, id="5017")
    crew.work()
    assert crew.effect(going).state == "done"


def test_the_same_key_is_one_effect_for_ever(crew: Crew):
    crew.intend(EDIT, key="event/workflow/step", id="1")
    with pytest.raises(Exception, match=r"(?i)unique"):
        crew.intend(EDIT, key="event/workflow/step", id="1")


def test_every_attempt_is_kept_with_its_outcome(crew: Crew):
    crew.vendor.answers = [RETRY]
    effect = crew.intend(EDIT, id="5017")
    crew.work()
    crew.database.pass_time(minutes=10)
    crew.work()
    with crew.database.read() as connection:
        rows = connection.execute(attempts.select().where(attempts.c.effect_id == effect).order_by(attempts.c.number))
        assert [(row.number, row.outcome, row.status) for row in rows] == [(1, "retry", 429), (2, "done", 200)]


def test_requests_leave_no_faster_than_the_vendor_allows(clocked: ClockedDatabase):
    crew = Crew(clocked, catalogue(EDIT, limits=(Limit(4, 1),)))
    pacer = Pacer(clocked, crew.rules, sleep=lambda seconds: clocked.pass_time(seconds=seconds))
    moments = []
    for _ in range(12):
        assert pacer.wait("symphony")
        moments.append(clocked.time)
    assert all((later - earlier).total_seconds() > 0.25 for earlier, later in itertools.pairwise(moments))


def test_a_used_up_quota_holds_calls_until_it_is_renewed(clocked: ClockedDatabase):
    crew = Crew(clocked, catalogue(EDIT, limits=(Limit(2, 86_400),)))
    pacer = Pacer(clocked, crew.rules)
    crew.vendor.during = lambda: assert_may_go(pacer)
    ids = [crew.intend(EDIT, id=str(number)) for number in range(3)]
    crew.work()
    held = crew.effect(ids[2])
    assert (held.state, held.gate) == ("held", "rate")
    assert "used up until 2026-03-02 00:00:00 UTC" in held.reason
    assert not pacer.wait("symphony")
    clocked.pass_time(hours=9)
    crew.work()
    assert crew.effect(ids[2]).state == "done"


def assert_may_go(pacer: Pacer) -> None:
    assert pacer.wait("symphony")


def test_what_we_held_back_ourselves_counts_as_no_attempt(crew: Crew):
    crew.vendor.answers = [Outcome(OutcomeKind.NOT_SENT, "its limits leave no room now", is_ours=True)] * 5
    effect = crew.intend(EDIT, attempts=1, id="5017")
    for _ in range(6):
        crew.work()
        crew.database.pass_time(minutes=11)
    assert crew.effect(effect).state == "done"


def test_a_vendor_that_is_down_is_left_alone_and_then_asked_with_one_call(clocked: ClockedDatabase):
    crew = Crew(clocked, catalogue(EDIT, operation("cymbal.create_events")))
    crew.vendor.answers = [Outcome(OutcomeKind.RETRY, "no answer")] * 6
    for number in range(10):
        crew.intend(EDIT, id=str(number))
    crew.releaser.release_due()
    for item in crew.told[:5]:
        crew.performer.perform(item.effect_id)
    del crew.told[:]
    assert crew.releaser.release_due() == 0
    other = crew.intend(operation("cymbal.create_events"), id="another")
    crew.vendor.answers.insert(0, Outcome(OutcomeKind.DONE, "ok", status=200))
    crew.work()
    assert crew.effect(other).state == "done", "another vendor is not delayed"
    clocked.pass_time(seconds=61)
    for effect_id in with_lease_over(crew):
        crew.performer.lapse(effect_id)
    assert crew.releaser.release_due() == 1, "one call shows whether it is back"
    crew.work()
    assert crew.releaser.release_due() == 0


def with_lease_over(crew: Crew) -> list[str]:
    with crew.database.read() as connection:
        return effects.lapsed(connection, crew.database.time, 100)


BUY = operation(
    "evvnt.buy_package",
    method="POST",
    path="/packages",
    repeat=Repeat.VERIFY,
    reference="note",
    subjects=(),
    verify=Look(
        "evvnt.list_packages",
        lambda inputs, answer: {"id": "mine"},
        lambda inputs, found: (
            Outcome(OutcomeKind.DONE, "found by its reference", output={"bought": inputs["note"]})
            if inputs["note"] in found.get("references", ())
            else None
        ),
    ),
)
PACKAGES = operation("evvnt.list_packages", method="GET", body=None, subjects=())
IMPORT = operation(
    "evvnt.import_all",
    subjects=(),
    follow=Look(
        "evvnt.list_packages",
        lambda inputs, answer: {"id": answer["activity"]},
        lambda inputs, found: Outcome(OutcomeKind.DONE, "ended", output=found) if found.get("over") else None,
    ),
)


@pytest.fixture
def buyer(clocked: ClockedDatabase) -> Crew:
    return Crew(clocked, catalogue(BUY, PACKAGES, IMPORT))


def read(**found: object) -> Outcome:
    return Outcome(OutcomeKind.DONE, "ok", status=200, output=found)


def test_a_purchase_in_doubt_is_settled_by_finding_it_at_the_vendor(buyer: Crew):
    effect = buyer.intend(BUY, key="event/workflow/step", id="1")
    reference = buyer.effect(effect).inputs["note"]
    buyer.vendor.answers = [IN_DOUBT, read(references=["another", reference])]
    buyer.work()
    assert buyer.look() == []
    buyer.database.pass_time(seconds=3)
    buyer.look()
    row = buyer.effect(effect)
    assert (row.state, row.output) == ("done", {"bought": reference})
    assert [request.operation for request in buyer.vendor.received] == ["evvnt.buy_package", "evvnt.list_packages"]


def test_a_purchase_that_is_not_found_again_and_again_is_made_again_with_identical_bytes(buyer: Crew):
    effect = buyer.intend(BUY, id="1")
    buyer.vendor.answers = [IN_DOUBT, read(), read(), read()]
    buyer.work()
    for _ in range(3):
        buyer.database.pass_time(minutes=5)
        assert buyer.effect(effect).state == "in_doubt"
        buyer.look()
    buyer.database.pass_time(minutes=5)
    buyer.work()
    assert buyer.effect(effect).state == "done"
    bought = [request for request in buyer.vendor.received if request.operation == BUY.name]
    assert len(bought) == 2
    assert bought[0] == bought[1]


def test_a_look_that_could_not_be_read_proves_nothing(buyer: Crew):
    effect = buyer.intend(BUY, id="1")
    buyer.vendor.answers = [IN_DOUBT, *[Outcome(OutcomeKind.RETRY, "503", status=503)] * 6]
    buyer.work()
    for _ in range(6):
        buyer.database.pass_time(hours=2)
        buyer.look()
    assert buyer.effect(effect).state == "in_doubt"


SEVERAL = Outcome(OutcomeKind.IN_DOUBT, "there are two that this could be")
assert BUY.verify is not None


@pytest.mark.parametrize(
    "look",
    [replace(BUY.verify, is_conclusive=False), replace(BUY.verify, judge=lambda inputs, found: SEVERAL)],
    ids=["what is not seen may be there", "there are several"],
)
def test_a_look_that_cannot_tell_leaves_the_doubt_to_a_person(clocked: ClockedDatabase, look: Look):
    buy = replace(BUY, verify=look)
    buyer = Crew(clocked, catalogue(buy, PACKAGES))
    effect = buyer.intend(buy, id="1")
    buyer.vendor.answers = [IN_DOUBT, *[read()] * 6]
    buyer.work()
    for _ in range(6):
        buyer.database.pass_time(hours=2)
        buyer.look()
    assert buyer.effect(effect).state == "in_doubt"
    assert [request.operation for request in buyer.vendor.received] == [buy.name, *[PACKAGES.name] * 6]


def test_looks_that_could_not_be_read_do_not_count_towards_enough(buyer: Crew):
    effect = buyer.intend(BUY, id="1")
    buyer.vendor.answers = [IN_DOUBT, *[Outcome(OutcomeKind.RETRY, "400", status=408)] * 4, read(), read()]
    buyer.work()
    for _ in range(6):
        buyer.database.pass_time(minutes=5)
        buyer.look()
    assert buyer.effect(effect).state == "in_doubt"
    buyer.database.pass_time(minutes=5)
    buyer.look()
    assert buyer.effect(effect).state == "intended"


def test_a_purchase_whose_worker_vanished_is_never_made_again_by_itself(buyer: Crew):
    effect = buyer.intend(BUY, id="1")
    abandon(buyer, effect)
    buyer.database.pass_time(seconds=60)
    assert buyer.performer.lapse(effect)
    for _ in range(6):
        buyer.database.pass_time(hours=2)
        buyer.look()
    buyer.work()
    assert buyer.effect(effect).state == "in_doubt"
    assert all(request.operation == PACKAGES.name for request in buyer.vendor.received)


def test_what_the_vendor_only_accepted_is_followed_to_its_end(buyer: Crew):
    effect = buyer.intend(IMPORT, id="1")
    buyer.vendor.answers = [read(activity="a1"), read(over=False), read(over=True, errors=2)]
    buyer.work()
    assert buyer.effect(effect).state == "accepted"
    for _ in range(2):
        buyer.database.pass_time(minutes=1)
        buyer.look()
    row = buyer.effect(effect)
    assert (row.state, row.output) == ("done", {"over": True, "errors": 2})


def test_equal_keys_give_equal_references_and_a_given_one_is_kept():
    assert BUY.referenced({"id": "1"}, "k") == BUY.referenced({"id": "1"}, "k") != BUY.referenced({"id": "1"}, "l")
    assert BUY.referenced({"id": "1", "note": "PO1"}, "k")["note"] == "PO1"


def test_a_later_change_waits_for_an_earlier_one_that_is_being_repeated(crew: Crew):
    crew.vendor.answers = [Outcome(OutcomeKind.RETRY, "no answer within 10 s")]
    first = crew.intend(EDIT, id="5017", note="first")
    crew.work()
    second = crew.intend(EDIT, id="5017", note="second")
    crew.work()
    assert crew.effect(first).state == "intended"
    assert (crew.effect(second).state, crew.effect(second).gate) == ("held", "subject")
    crew.database.pass_time(minutes=5)
    crew.work()
    assert [request.body for request in crew.vendor.received] == [
        '{"note":"first"}',
        '{"note":"first"}',
        '{"note":"second"}',
    ]


def test_a_change_the_vendor_certainly_did_not_act_on_lets_others_pass(crew: Crew):
    crew.vendor.answers = [RETRY]
    crew.intend(EDIT, id="5017", note="first")
    crew.work()
    crew.database.pass_time(seconds=1)  # after a 429 a vendor is left alone for a moment
    second = crew.intend(EDIT, id="5017", note="second")
    crew.work()
    assert crew.effect(second).state == "done"
