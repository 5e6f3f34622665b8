"""Replays: what was rejected is examined again, and what was taken in runs again without a call made twice."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.builders.ledger import START, ClockedDatabase, Crew, catalogue, operation
from tests.unit.webhooks.payloads import SOURCES
from webhooks.replaying import PAGE, Replayer, Tally
from webhooks.signatures import AllOf, Hmac, Key, PathToken, Plain
from webhooks.sources import Source
from workflows.catalogue import Outcome, OutcomeKind
from workflows.language.formulas import parse
from workflows.language.reader import read_definition
from workflows.ledger import configuration, replays, schema
from workflows.ledger.replays import ReplayState, Which
from workflows.ledger.tables import deliveries, effects, events, runs, steps
from workflows.problems import Place
from workflows.runtime.intake import Intake
from workflows.runtime.sweep import Sweep
from workflows.settings.admission import Admission
from workflows.values import new_id

TWO_CALLS = """
workflow: follow-up
description: Two calls, one after the other.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: first
    call: symphony.edit_campaign
    with: {id: =event.data.id, note: first}
  - id: second
    call: symphony.edit_campaign
    with: {id: =event.data.id, note: second}
"""
DONE = Outcome(OutcomeKind.DONE, "ok", status=200, output={})
REFUSED = Outcome(OutcomeKind.REFUSED, "no", status=422)
FITS = b'{"event": "campaign.created", "id": 5017}'
PROBLEMS = [{"code": "missing", "message": "is required", "path": "$.id"}]


@pytest.fixture
def crew(database_url: str) -> Iterator[Crew]:
    database = ClockedDatabase(database_url)
    schema.upgrade(database)
    made = Crew(database, catalogue(operation()))
    apply(made, TWO_CALLS)
    yield made
    database.close()


def apply(crew: Crew, *texts: str) -> None:
    definitions = [read_definition(text, f"{text.split()[1]}.yml") for text in texts]
    with crew.database.write() as connection:
        configuration.apply(connection, definitions, {"main": {}}, by="a test", now=crew.database.time)


def deliver(crew: Crew, body: bytes = FITS, *, state: str = "pending") -> str:
    draft = {
        "type": "symphony.campaign.created",
        "subject": "symphony:campaign:5017",
        "occurred_at": None,
        "brand": "main",
        "data": json.loads(body) if state == "pending" else {},
    }
    row = {
        "id": new_id(),
        "source": "symphony",
        "received_at": crew.database.time,
        "shard": 0,
        "state": state,
        "headers": {},
        "body": body,
        "drafts": [draft] if state == "pending" else None,
        "problems": PROBLEMS if state == "rejected" else None,
    }
    with crew.database.write() as connection:
        connection.execute(deliveries.insert().values(**row))
    return str(row["id"])


def work(crew: Crew, *answers: Outcome) -> None:
    """Take everything in and as far as it goes."""
    crew.vendor.answers = list(answers)
    intake = Intake(crew.database, crew.rules)
    while intake.take_batch():
        pass
    for _ in range(4):
        crew.work()
        Sweep(crew.database, crew.rules, crew.performer, crew.releaser, crew.looker).once()


def answers_by_note(crew: Crew, refused: set[str]) -> list[Outcome]:
    """Have the vendor refuse the calls with these notes."""

    def send(operation, request):
        crew.vendor.received.append(request)
        return REFUSED if json.loads(request.body or "{}")["note"] in refused else DONE

    crew.vendor.send = send
    return []


def replayer(crew: Crew) -> Replayer:
    return Replayer(crew.database, SOURCES, Intake(crew.database, crew.rules))


def preview(crew: Crew, which: Which, *again: str) -> Tally:
    total = Tally()
    for tally in replayer(crew).preview(which, again):
        total.add(tally)
    return total


def replay(crew: Crew, which: Which, *again: str) -> replays.Replay:
    with crew.database.write() as connection:
        at = replays.begin(
            connection, replay_id=new_id(), which=which, again=again, by="ada", reason="", now=crew.database.time
        )
    while at.state is not ReplayState.DONE:
        moved = replayer(crew).proceed(at)
        assert moved is not None
        at = moved[0]
    return at


def notes(crew: Crew) -> list[str]:
    """Which calls the vendor received, in order."""
    return [json.loads(request.body or "{}")["note"] for request in crew.vendor.received]


def rows(crew: Crew, table: sa.Table):
    with crew.database.read() as connection:
        return connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all()


def everything(crew: Crew) -> list:
    return [rows(crew, table) for table in (deliveries, events, runs, steps, effects)]


def test_what_was_rejected_and_fits_now_goes_the_usual_way(crew: Crew):
    delivery = deliver(crew, state="rejected")
    before = everything(crew)
    seen = preview(crew, Which("rejected"))
    assert seen.counts == {"examined": 1, "fit": 1, "runs": 1}
    assert seen.workflows == {"follow-up": {"begins": 1}}
    assert everything(crew) == before
    assert replay(crew, Which("rejected")).counts == {"examined": 1, "fit": 1}
    work(crew)
    (row,) = rows(crew, deliveries)
    assert (row.id, row.state, row.problems) == (delivery, "taken", None)
    assert notes(crew) == ["first", "second"]


def test_what_still_does_not_fit_says_what_is_in_the_way_now(crew: Crew):
    deliver(crew, b'{"event": "campaign.created"}', state="rejected")
    deliver(crew, b"{", state="rejected")
    seen = preview(crew, Which("rejected"))
    assert seen.counts == {"examined": 2, "still rejected": 2}
    assert seen.problems["$.id is required: the campaign's id, here or in campaign_id"] == 1
    replay(crew, Which("rejected"))
    assert [row.state for row in rows(crew, deliveries)] == ["rejected", "rejected"]
    assert [row.problems[0]["code"] for row in rows(crew, deliveries)] == ["missing", "unreadable"]


def test_what_intake_set_aside_can_be_examined_again(crew: Crew):
    delivery = deliver(crew)
    with crew.database.write() as connection:
        aside = {"state": "rejected", "problems": PROBLEMS, "drafts": None, "taken_at": START}
        connection.execute(deliveries.update().values(**aside))
    replay(crew, Which(ids=(delivery,)))
    work(crew)
    assert [row.state for row in rows(crew, deliveries)] == ["taken"]


def test_what_was_quarantined_must_prove_where_it_came_from(crew: Crew):
    def sources(secret: str, **changes: object) -> dict[str, Source]:
        proof = Hmac(Plain("x-signature"), (Key(secret.encode()),))
        return {"symphony": replace(SOURCES["symphony"], scheme=AllOf((PathToken((Key(b"x"),)), proof)), **changes)}

    with crew.database.write() as connection:
        connection.execute(
            deliveries.insert().values(
                id=new_id(),
                source="symphony",
                received_at=START,
                shard=0,
                state="quarantined",
                headers={"x-signature": hmac.digest(b"right", FITS, "sha256").hex()},
                body=FITS,
                problems=[{"code": "quarantined", "message": "not yet", "path": ""}],
            )
        )

    def seen(of: dict[str, Source]) -> tuple[dict[str, int], list[str]]:
        (tally,) = Replayer(crew.database, of, Intake(crew.database, crew.rules)).preview(Which("quarantined"), ())
        return dict(tally.counts), list(tally.problems)

    kept = {"examined": 1, "still quarantined": 1}
    assert seen(sources("right", quarantine="not yet")) == (kept, ["$ not yet"])
    assert seen(sources("wrong")) == (kept, ["the signature does not match the body"])
    assert seen({"symphony": replace(SOURCES["symphony"], scheme=None)})[0] == kept
    assert seen(dict(SOURCES)) == (kept, ["nothing of what was kept proves where it came from"])
    assert seen(sources("right"))[0] == {"examined": 1, "fit": 1, "runs": 1}


def test_what_was_filtered_passes_once_its_filter_lets_it(crew: Crew):
    delivery = deliver(crew, state="filtered")
    where = parse("event.data.id == '1'", Place("stagedoor.yml", 1, 1))
    strict = replace(SOURCES["symphony"], admission=Admission(where=where))
    (tally,) = Replayer(crew.database, {"symphony": strict}, Intake(crew.database, crew.rules)).preview(
        Which("filtered"), ()
    )
    assert tally.counts == {"examined": 1, "still filtered": 1}
    assert "is false" in next(iter(tally.problems))
    replay(crew, Which(ids=(delivery,)))
    work(crew)
    assert notes(crew) == ["first", "second"]


def test_what_was_superseded_stays_so(crew: Crew):
    deliver(crew, state="superseded")
    assert preview(crew, Which()).counts == {"superseded by a later one": 1}


def test_a_source_that_is_gone_is_named(crew: Crew):
    deliver(crew, state="rejected")
    (tally,) = Replayer(crew.database, {}, Intake(crew.database, crew.rules)).preview(Which("rejected"), ())
    assert list(tally.problems) == ["$ there is no source 'symphony' in stagedoor.yml any more"]


def test_a_replay_keeps_what_was_done_and_makes_what_was_refused(crew: Crew):
    delivery = deliver(crew)
    work(crew, DONE, REFUSED)
    assert notes(crew) == ["first", "second"]
    before = everything(crew)
    seen = preview(crew, Which(ids=(delivery,)))
    assert seen.counts == {"replayed": 1, "runs": 1, "calls kept": 1}
    assert seen.workflows == {"follow-up": {"again": 1}}
    assert everything(crew) == before
    replay(crew, Which(ids=(delivery,)))
    work(crew)
    assert notes(crew) == ["first", "second", "second"]
    first, second = rows(crew, runs)
    assert (first.state, second.state) == ("failed", "done")
    original, copy = rows(crew, events)
    assert (original.replay_of, copy.replay_of, copy.data) == (None, original.id, original.data)
    kept = next(row for row in rows(crew, steps) if (row.run_id, row.step) == (second.id, "first"))
    assert kept.state == "done"
    assert "not made again" in kept.reason


def test_a_replay_of_what_is_done_does_nothing(crew: Crew):
    delivery = deliver(crew)
    work(crew)
    assert preview(crew, Which("taken")).workflows == {"follow-up": {"done": 1}}
    replay(crew, Which(ids=(delivery,)))
    work(crew)
    assert notes(crew) == ["first", "second"]
    assert len(rows(crew, events)) == len(rows(crew, runs)) == 1


def test_a_replay_of_a_replay_keeps_what_either_did(crew: Crew):
    delivery = deliver(crew)
    work(crew, DONE, REFUSED)
    replay(crew, Which(ids=(delivery,)))
    work(crew, REFUSED)
    replay(crew, Which(ids=(delivery,)))
    work(crew)
    assert notes(crew) == ["first", "second", "second", "second"]
    original, *copies = rows(crew, events)
    assert {copy.replay_of for copy in copies} == {original.id}


def test_a_changed_workflow_runs_its_new_steps_only(crew: Crew):
    delivery = deliver(crew)
    work(crew)
    third = "  - id: third\n    call: symphony.edit_campaign\n    with: {id: =event.data.id, note: third}\n"
    apply(crew, TWO_CALLS + third)
    replay(crew, Which(ids=(delivery,)))
    work(crew)
    assert notes(crew) == ["first", "second", "third"]


def test_a_run_that_has_not_ended_is_left_alone(crew: Crew):
    delivery = deliver(crew)
    Intake(crew.database, crew.rules).take_batch()
    assert preview(crew, Which(ids=(delivery,)), "first").workflows == {"follow-up": {"under way": 1}}
    replay(crew, Which(ids=(delivery,)), "first")
    work(crew)
    assert notes(crew) == ["first", "second"]


def test_again_makes_a_call_once_more_and_no_other(crew: Crew):
    delivery = deliver(crew)
    work(crew)
    assert preview(crew, Which(ids=(delivery,)), "second").counts == {
        "replayed": 1,
        "runs": 1,
        "calls kept": 1,
        "calls made again": 1,
    }
    replay(crew, Which(ids=(delivery,)), "second")
    work(crew)
    assert notes(crew) == ["first", "second", "second"]
    assert preview(crew, Which(ids=(delivery,))).workflows == {"follow-up": {"done": 1}}


def test_a_call_in_doubt_is_not_made_again_by_itself(crew: Crew):
    delivery = deliver(crew)
    work(crew)
    with crew.database.write() as connection:  # as if the run had been cancelled while its second call was in doubt
        connection.execute(runs.update().values(state="cancelled"))
        connection.execute(effects.update().where(effects.c.step == "second").values(state="in_doubt"))
    replay(crew, Which(ids=(delivery,)))
    work(crew)
    assert notes(crew) == ["first", "second"]
    assert [row.state for row in rows(crew, steps)].count("skipped") == 1


def test_a_run_that_a_step_began_and_an_event_it_wrote_are_not_begun_and_written_again(crew: Crew):
    parent = """
workflow: parent
description: Has another do the work.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: tell
    emit: {event: stagedoor.told, data: {id: =event.data.id}}
  - id: work
    run: child
    with: {id: =event.data.id}
  - id: last
    call: symphony.edit_campaign
    with: {id: =event.data.id, note: last}
"""
    child = TWO_CALLS.replace("follow-up", "child").replace(
        "{event: symphony.campaign.created}", "{manual: {inputs: {id: text}}}"
    )
    listener = """
workflow: listener
description: Hears of it.
owner: tests
when: {event: stagedoor.told}
steps:
  - id: heard
    call: symphony.edit_campaign
    with: {id: =event.data.id, note: heard}
"""
    apply(crew, parent, child, listener)
    delivery = deliver(crew, b'{"event": "campaign.created", "id": "5017"}')
    work(crew, *answers_by_note(crew, refused={"second"}))
    assert sorted(notes(crew)) == ["first", "heard", "second"]
    crew.vendor.received.clear()
    replay(crew, Which(ids=(delivery,)))
    work(crew, *answers_by_note(crew, refused={"last"}))
    assert notes(crew) == ["second", "last"], "the child goes on where its first run ended"
    crew.vendor.received.clear()
    replay(crew, Which(ids=(delivery,)))
    work(crew)
    assert notes(crew) == ["last"], "and is not begun again once it has done its work"


def test_a_workflow_for_many_events_at_a_time_is_left_alone(crew: Crew):
    batched = (
        TWO_CALLS.replace("follow-up", "batched")
        .replace("steps:", "run: {batch: {count: 10, within: 1h, by: event.type}}\nsteps:")
        .replace("=event.data.id", "'=event.data.events[0].id'")
    )
    apply(crew, TWO_CALLS, batched)
    delivery = deliver(crew)
    work(crew, DONE, REFUSED)
    assert preview(crew, Which(ids=(delivery,))).workflows == {
        "batched": {"together": 1},
        "follow-up": {"again": 1},
    }


def test_a_person_who_replays_has_said_that_it_is_not_too_late(crew: Crew):
    delivery = deliver(crew)
    work(crew)
    apply(crew, TWO_CALLS.replace("created}", "created, stale_after: 1h}"))
    crew.database.pass_time(days=3)
    replay(crew, Which(ids=(delivery,)), "second")
    work(crew)
    assert notes(crew) == ["first", "second", "second"]


def test_a_workflow_that_did_not_exist_then_begins(crew: Crew):
    delivery = deliver(crew)
    work(crew)
    other = TWO_CALLS.replace("follow-up", "other").replace("created}", "created}\n# another")
    apply(crew, TWO_CALLS, other)
    assert preview(crew, Which(ids=(delivery,))).workflows == {"follow-up": {"done": 1}, "other": {"begins": 1}}
    replay(crew, Which(ids=(delivery,)))
    work(crew)
    assert notes(crew) == ["first", "second", "first", "second"]


def test_which_narrows_by_source_type_and_time(crew: Crew):
    deliver(crew, state="rejected")
    deliver(crew, b'{"event": "campaign.updated", "id": 1}', state="rejected")
    crew.database.pass_time(hours=2)
    deliver(crew, state="rejected")
    for which, expected in [
        (Which("rejected"), 3),
        (Which("rejected", source="symphony"), 3),
        (Which("rejected", source="tickettailor"), 0),
        (Which("rejected", event_type="symphony.campaign.updated"), 1),
        (Which("rejected", until=crew.database.time), 2),
        (Which("taken"), 0),
    ]:
        assert preview(crew, which).counts["fit"] == expected, which


def test_an_interrupted_replay_goes_on_where_it_was_and_only_one_process_is_at_it(crew: Crew):
    for _ in range(PAGE + 3):
        deliver(crew, state="rejected")
    with crew.database.write() as connection:
        begun = replays.begin(
            connection,
            replay_id=new_id(),
            which=Which("rejected"),
            again=(),
            by="ada",
            reason="",
            now=crew.database.time,
        )
    moved = replayer(crew).proceed(begun)
    assert moved is not None
    assert replayer(crew).proceed(begun) is None, "another process has moved it"
    with crew.database.write() as connection:
        assert replays.stop(connection, begun.id, crew.database.time)
        found = replays.find(connection, begun.id)
    assert (found.state, found.which, found.counts) == ("stopped", Which("rejected"), {"examined": PAGE, "fit": PAGE})
    assert [row.state for row in rows(crew, deliveries)].count("pending") == PAGE
    last = replayer(crew).proceed(found)
    assert last is not None
    assert (last[0].state, last[0].counts) == ("done", {"examined": PAGE + 3, "fit": PAGE + 3})
    with crew.database.write() as connection:
        assert not replays.stop(connection, begun.id, crew.database.time)
