"""What is shown of the ledger: lists, one thing whole, what waits and why, a run explained. On both engines."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.builders.rows import COMPLETED, NOW, Rows, ago, ahead
from workflows.errors import NotFound
from workflows.ledger import details, listing
from workflows.ledger.database import Database
from workflows.ledger.explanation import Explanation, explain_run
from workflows.ledger.lines import shown
from workflows.ledger.stories import AHEAD
from workflows.ledger.tables import lanes
from workflows.ledger.waiting import Waiting, clock, waiting, waiting_of
from workflows.values import new_id


@pytest.fixture
def rows(database: Database) -> Rows:
    return Rows(database)


def wanted(database: Database) -> list[Waiting]:
    with database.read() as connection:
        return waiting(connection, NOW)


def told(database: Database, run_id: str) -> Explanation:
    with database.read() as connection:
        return explain_run(connection, run_id, NOW)


def test_lists_are_pages_newest_first(database: Database, rows: Rows) -> None:
    ids = [rows.delivery(ago(minutes=minutes)) for minutes in (4, 3, 2, 1)]
    with database.read() as connection:
        first = listing.deliveries(connection, limit=3)
        rest = listing.deliveries(connection, limit=3, before=first[-1].id)
    assert [line.id for line in first] == ids[:0:-1]
    assert [line.id for line in rest] == ids[:1]


def test_lists_can_be_narrowed(database: Database, rows: Rows) -> None:
    rejected = rows.delivery(state="rejected", source="tickettailor", problems=[{"code": "x", "message": "no"}])
    stopped = rows.run(state="stopped", workflow="pause-location", key="77")
    done = rows.effect(rows.run(), state="done", operation="cymbal.create_orders", vendor="cymbal")
    over = rows.wait(stopped, ago(hours=1), state="done")
    with database.read() as connection:
        assert _ids(listing.deliveries(connection, source="tickettailor")) == [rejected]
        assert _ids(listing.deliveries(connection, state="rejected")) == [rejected]
        assert _ids(listing.runs(connection, workflow="pause-location")) == [stopped]
        assert _ids(listing.runs(connection, state="stopped", key="77")) == [stopped]
        assert _ids(listing.effects(connection, vendor="cymbal")) == [done]
        assert _ids(listing.effects(connection, operation="cymbal.create_orders", state="done")) == [done]
        assert _ids(listing.waits(connection, state="done")) == [over]
        assert listing.waits(connection, state="open", run_id=stopped) == []


def test_a_delivery_line_says_what_it_carried(database: Database, rows: Rows) -> None:
    delivery = rows.delivery()
    rows.event(delivery_id=delivery)
    rows.event(delivery_id=delivery, type="symphony.campaign.updated")
    with database.read() as connection:
        (line,) = listing.deliveries(connection)
    assert line.events == ("symphony.campaign.created", "symphony.campaign.updated")
    assert line.subjects == ("symphony:campaign:5017",)
    assert (line.size, line.problems) == (29, [])


def test_counts_tell_what_is_open_and_what_began_lately(database: Database, rows: Rows) -> None:
    long_ago = rows.run(ago(days=3), event_id=rows.event(ago(days=3)))
    rows.held(long_ago, ago(days=3))
    rows.effect(state="in_doubt", at=ago(hours=2))
    rows.wait(long_ago, ahead(hours=1))
    rows.delivery(state="pending", taken_at=None)
    with database.read() as connection:
        counts = listing.counts(connection, NOW)
    assert (counts.running, counts.held, counts.in_doubt, counts.timers, counts.pending) == (1, 1, 1, 1, 1)
    assert counts.deliveries == {"pending": 1}
    assert counts.effects == {"in_doubt": 1}
    assert counts.runs == {}


def test_one_delivery_whole(database: Database, rows: Rows) -> None:
    delivery = rows.delivery(headers={"content-type": "application/json", "x-api-key": "***"})
    run = rows.run(event_id=rows.event(delivery_id=delivery))
    with database.read() as connection:
        found = details.delivery(connection, delivery)
    assert found.headers == {"content-type": "application/json", "x-api-key": "***"}
    assert found.body == b'{"event": "campaign.created"}'
    assert found.line.events == tuple(event.type for event in found.events)
    assert [line.id for line in found.runs] == [run]


def test_one_effect_whole(database: Database, rows: Rows) -> None:
    effect = rows.effect(state="done", output={"ok": True}, attempts=2)
    rows.attempt(effect, 1, ago(seconds=9), "retry", status=429)
    rows.attempt(effect, 2, ago(seconds=2), "done", status=200)
    with database.read() as connection:
        found = details.effect(connection, effect)
    assert found.request["path"] == "/v1/campaign/5017"
    assert [(attempt.number, attempt.status) for attempt in found.attempts] == [(1, 429), (2, 200)]
    assert found.line.last_attempt_at == ago(seconds=2)
    assert (found.line.run_id, found.line.zone) == (None, "UTC")


def test_one_wait_whole(database: Database, rows: Rows) -> None:
    wait = rows.wait(rows.run(), ahead(hours=2))
    with database.read() as connection:
        found = details.wait(connection, wait)
    assert (found.step, found.due_at, found.workflow, found.zone) == (
        "morning",
        ahead(hours=2),
        "raise-budget",
        "Europe/London",
    )


@pytest.mark.parametrize("look", [details.delivery, details.run, details.effect, details.wait])
def test_what_is_not_there_is_not_found(database: Database, look: Callable[[Connection, str], object]) -> None:
    with database.read() as connection, pytest.raises(NotFound):
        look(connection, new_id())


def test_what_may_be_shown_of_a_line_has_no_personal_data(database: Database, rows: Rows) -> None:
    rows.run(key="jane@example.com")
    rows.refusal("bad signature", 3)
    with database.read() as connection:
        (line,) = listing.runs(connection)
        (refusal,) = listing.refusals(connection)
    assert shown(line)["key"] == "***"
    assert shown(line)["created_at"] == NOW
    assert shown(refusal)["count"] == 3


def test_nothing_waits_in_an_empty_ledger(database: Database) -> None:
    assert wanted(database) == []


def test_a_gate_says_what_it_waits_for(database: Database, rows: Rows) -> None:
    effect = rows.held(rows.run(ago(minutes=1)), ago(minutes=1))
    (item,) = wanted(database)
    assert item.why == (
        "campaign 5017 has not completed yet: waits for symphony.campaign.completed about symphony:campaign:5017. "
        "Symphony takes edits only then."
    )
    assert item.opens == "symphony.campaign.completed about symphony:campaign:5017"
    assert (item.kind, item.what, item.effect_id, item.since) == (
        "gate",
        "symphony.edit_campaign",
        effect,
        ago(minutes=1),
    )


def test_the_first_requirement_that_was_not_seen_is_named(database: Database, rows: Rows) -> None:
    created = ["symphony.campaign.created", "symphony:campaign:5017", None, ""]
    rows.held(requires=[created, list(COMPLETED)])
    assert wanted(database)[0].why.startswith("campaign 5017 has not been created yet: waits for")
    rows.milestone("symphony.campaign.created")
    assert wanted(database)[0].why.startswith("campaign 5017 has not completed yet")


def test_a_gate_that_has_just_opened_is_not_waited_for(database: Database, rows: Rows) -> None:
    rows.held()
    rows.milestone("symphony.campaign.completed")
    assert wanted(database) == []


def test_a_subject_in_use_is_told_in_the_gates_own_words(database: Database, rows: Rows) -> None:
    rows.held(
        gate="subject", reason="symphony:campaign:5017 is being changed by effect e1; waits until that is settled"
    )
    (item,) = wanted(database)
    assert item.why == "symphony:campaign:5017 is being changed by effect e1; waits until that is settled"


def test_a_doubt_needs_a_person_and_comes_first(database: Database, rows: Rows) -> None:
    rows.held(at=ago(hours=5))
    doubt = rows.effect(state="in_doubt", at=ago(hours=1), attempts=1, reason="the connection dropped")
    rows.attempt(doubt, 1, ago(minutes=50), "in_doubt")
    first, _ = wanted(database)
    assert first.why == "in doubt: a person must decide whether symphony acted: the connection dropped"
    assert (first.kind, first.since) == ("person", ago(minutes=50))


def test_a_doubt_that_a_look_can_settle_waits_for_the_vendor_and_then_for_a_person(
    database: Database, rows: Rows
) -> None:
    rows.effect(state="in_doubt", at=ago(hours=1), repeat="verify", looks=1)
    rows.effect(state="in_doubt", at=ago(hours=1), repeat="verify", looks=3)
    assert [item.kind for item in wanted(database)] == ["person", "vendor"]
    assert wanted(database)[1].opens == "finding it at symphony, or a person who settles it"


def test_what_a_vendor_works_on_waits_for_the_vendor(database: Database, rows: Rows) -> None:
    rows.effect(state="accepted", at=ago(hours=1))
    (item,) = wanted(database)
    assert (item.kind, item.why) == ("vendor", "symphony has accepted it and is at work on it")


def test_a_limit_that_is_used_up_says_until_when(database: Database, rows: Rows) -> None:
    rows.held(gate="rate", gate_key="rate:symphony", reason="the limit is used up", due_at=ahead(hours=9))
    (item,) = wanted(database)
    assert (item.kind, item.why, item.until) == ("vendor", "the limit is used up", ahead(hours=9))


def test_a_vendor_that_is_left_alone_is_said_so(database: Database, rows: Rows) -> None:
    with database.write() as connection:
        connection.execute(lanes.insert().values(vendor="symphony", failures=5, rests_until=ahead(seconds=10)))
    rows.effect(at=ago(minutes=1))
    (item,) = wanted(database)
    assert item.why == "symphony is left alone until 15:00:10 UTC: it did not answer, or asked for it"


def test_a_retry_says_when_and_after_what(database: Database, rows: Rows) -> None:
    run = rows.run(ago(minutes=1))
    rows.effect(run, due_at=ahead(seconds=90), attempts=1, status=429, reason="slow down", at=ago(minutes=1))
    (item,) = wanted(database)
    assert item.why == "next attempt (2 of 6) at 15:01:30 Europe/London after 429: slow down"
    assert (item.kind, item.until) == ("retry", ahead(seconds=90))


def test_a_timer_is_told_in_the_brands_zone(database: Database, rows: Rows) -> None:
    run = rows.run(ago(minutes=1), brand={"zone": "America/New_York"})
    rows.wait(run, NOW.replace(hour=20, minute=30))
    (item,) = wanted(database)
    assert (item.kind, item.why) == ("timer", "timer until 15:30 America/New_York")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": "intended", "due_at": ago(minutes=1)}, "due since 14:59 UTC, and no worker has taken it"),
        (
            {"state": "claimed", "lease_until": ago(minutes=1)},
            "its worker has not been heard of since its lease ended at 14:59 UTC",
        ),
    ],
)
def test_what_no_worker_takes_waits_for_a_worker(
    database: Database, rows: Rows, changes: dict[str, Any], why: str
) -> None:
    rows.effect(at=ago(minutes=2), **changes)
    (item,) = wanted(database)
    assert (item.kind, item.why) == ("worker", why)


def test_a_timer_that_rang_unheard_waits_for_a_worker(database: Database, rows: Rows) -> None:
    rows.wait(rows.run(ago(hours=2)), ago(hours=1))
    (item,) = wanted(database)
    assert (item.kind, item.why) == ("worker", "timer ended at 14:00 Europe/London, and no worker has looked")


def test_a_run_nobody_takes_on_waits_for_a_worker(database: Database, rows: Rows) -> None:
    run = rows.run(ago(minutes=1), wake_at=ago(minutes=1))
    (item,) = wanted(database)
    assert (item.kind, item.run_id) == ("worker", run)


def test_deliveries_that_pile_up_wait_for_intake(database: Database, rows: Rows) -> None:
    for minutes in (2, 1):
        rows.delivery(ago(minutes=minutes), state="pending", taken_at=None)
    (item,) = wanted(database)
    assert item.why == "2 deliveries are stored and not taken in yet, the oldest since 14:58 UTC"
    assert item.kind == "intake"


def test_what_moves_by_itself_is_not_listed_but_explained(database: Database, rows: Rows) -> None:
    calling = rows.run(ago(seconds=1))
    rows.effect(calling, state="claimed", at=ago(seconds=1))
    fresh = rows.run(ago(seconds=1), wake_at=ago(seconds=1))
    due = rows.run(ago(seconds=1))
    rows.effect(due)
    rows.delivery(ago(seconds=1), state="pending", taken_at=None)
    assert wanted(database) == []
    with database.read() as connection:
        why = [waiting_of(connection, run, NOW)[0].why for run in (calling, fresh, due)]
    assert why == [
        "a worker is speaking to symphony",
        "its next step is decided within a second or two",
        "due; it goes to a worker within a second or two",
    ]


def test_personal_data_is_not_told(database: Database, rows: Rows) -> None:
    rows.held(requires=[["contact.opted_in", "cymbal:contact:jane@example.com", None, ""]])
    assert "jane" not in str(wanted(database))


def test_a_run_is_explained_with_what_it_waits_for(database: Database, rows: Rows) -> None:
    run = rows.run(ago(minutes=5), steps=("target", "raise", "tell"), wake_at=ahead(minutes=10))
    rows.step(run, "target", at=ago(minutes=5), output={"amount": "40", "email": "jane@example.com"})
    rows.step(run, "raise", "calling", ago(minutes=5))
    rows.held(run, ago(minutes=5), due_at=ahead(minutes=5))
    story = told(database, run)
    assert [(step.step, step.state) for step in story.steps] == [
        ("target", "done"),
        ("raise", "calling"),
        ("tell", AHEAD),
    ]
    assert story.steps[0].output == '{"amount": "40", "email": "***"}'
    assert story.next_look_at == ahead(minutes=5)
    assert [item.kind for item in story.waiting] == ["gate"]
    text = "\n".join(story.lines)
    assert "waits at raise: campaign 5017 has not completed yet" in text
    assert "  since 14:55 Europe/London; released by symphony.campaign.completed about symphony:campaign:5017" in text
    assert "expires at 14:55 on Sun 15 Mar, Europe/London" in text
    assert "effect" in text
    assert "jane" not in text


def test_a_run_that_has_ended_waits_for_nothing(database: Database, rows: Rows) -> None:
    run = rows.run(
        ago(hours=1), state="stopped", at_step="good", reason="0.9% >= 1.2% is false", ended_at=ago(minutes=3)
    )
    rows.step(run, "good", "stopped", ago(minutes=3), reason="0.9% >= 1.2% is false")
    story = told(database, run)
    assert (story.waiting, story.next_look_at) == ((), None)
    assert story.lines[0].endswith("stopped at good, 0.9% >= 1.2% is false")
    assert "ended at 14:57 Europe/London" in story.lines


def test_attempts_are_explained_one_by_one(database: Database, rows: Rows) -> None:
    run = rows.run(ago(minutes=5))
    rows.step(run, "raise", "calling", ago(minutes=5))
    effect = rows.effect(run, "in_doubt", ago(minutes=5), attempts=2)
    rows.attempt(effect, 1, ago(minutes=4), "retry", status=429, reason="too many")
    rows.attempt(effect, 2, ago(minutes=3), None)
    lines = told(database, run).lines
    assert "    attempt 1 at 14:56 Europe/London: retry 429, too many" in lines
    assert "    attempt 2 at 14:57 Europe/London: no outcome yet" in lines


def test_a_definition_nobody_can_read_any_more_still_explains_what_was_reached(database: Database, rows: Rows) -> None:
    run = rows.run(source="not a workflow")
    rows.step(run, "raise", "calling")
    assert [step.step for step in told(database, run).steps] == ["raise"]


@pytest.mark.parametrize(
    ("moment", "zone", "said"),
    [
        (NOW + timedelta(hours=3), "Europe/London", "18:00 Europe/London"),
        (NOW + timedelta(days=1), "Europe/London", "15:00 on Mon 2 Mar, Europe/London"),
        (NOW + timedelta(days=400), "UTC", "15:00 on Mon 5 Apr 2027, UTC"),
        (NOW, "Mars/Olympus", "15:00 UTC"),
    ],
)
def test_instants_are_told_as_people_in_the_zone_say_them(moment: Any, zone: str, said: str) -> None:
    assert clock(moment, zone, NOW) == said


def _ids(lines: Any) -> list[str]:
    return [line.id for line in lines]
