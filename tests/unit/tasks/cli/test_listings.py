"""Lists, single rows and explanations, as people and as programs read them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.rows import NOW, Rows, ago, ahead
from tests.unit.tasks.cli.conftest import Run
from workflows.ledger import schema
from workflows.ledger.database import Database


@pytest.fixture
def rows(folder: Path) -> Iterator[Rows]:
    database = Database(f"sqlite:///{folder}/var/ledger.db")
    schema.upgrade(database)
    yield Rows(database)
    database.close()


@pytest.mark.parametrize("noun", ["deliveries", "runs", "effects", "waits"])
def test_an_empty_ledger_has_empty_lists(noun: str, rows: Rows, stagedoor: Run) -> None:
    assert stagedoor(noun, "list").out == f"no {noun}\n"
    assert stagedoor(noun, "list", "--json").json == []


def test_lists_for_people_say_what_matters_and_are_never_cut_in_a_pipe(rows: Rows, stagedoor: Run) -> None:
    reason = "waits for symphony.campaign.completed about symphony:campaign:5017. " + "It may take long. " * 10
    run = rows.run()
    effect = rows.held(run, reason=reason)
    result = stagedoor("effects", "list")
    heading, line = result.out.splitlines()
    assert heading.split() == ["intended", "operation", "by", "state", "tries", "why", "id"]
    assert reason.strip() in line
    assert line.rstrip().endswith(effect)
    assert "raise-budget 5017" in line


def test_lists_can_be_narrowed_and_paged(rows: Rows, stagedoor: Run) -> None:
    run = rows.run()
    ids = [rows.effect(run, state="done", at=ago(minutes=minutes)) for minutes in (3, 2, 1)]
    rows.effect(state="in_doubt")
    listed = stagedoor("effects", "list", "--run", run, "--state", "done", "--limit", "2", "--json").json
    assert [row["id"] for row in listed] == [ids[2], ids[1]]
    older = stagedoor("effects", "list", "--before", ids[1], "--json").json
    assert [row["id"] for row in older] == [ids[0]]


def test_a_rejected_delivery_is_listed_with_its_problems(rows: Rows, stagedoor: Run) -> None:
    problems = [{"code": "invalid", "message": "must be text", "path": "$.orders[0].id"}]
    rows.delivery(state="rejected", problems=problems, taken_at=None)
    assert "$.orders[0].id must be text" in stagedoor("deliveries", "list", "--state", "rejected").out
    (row,) = stagedoor("deliveries", "list", "--json").json
    assert row["problems"] == problems
    assert "what" not in row


def test_rows_are_shown_whole(rows: Rows, stagedoor: Run) -> None:
    delivery = rows.delivery()
    run = rows.run(event_id=rows.event(delivery_id=delivery))
    effect = rows.effect(run, state="done")
    rows.attempt(effect, 1, NOW)
    wait = rows.wait(run, ahead(hours=1))
    for noun, row_id in (("deliveries", delivery), ("runs", run), ("effects", effect), ("waits", wait)):
        assert stagedoor(noun, "show", row_id, "--json").json["id"] == row_id
        assert f"id: {row_id}" in stagedoor(noun, "show", row_id).out


def test_personal_data_is_shown_nowhere(rows: Rows, stagedoor: Run) -> None:
    delivery = rows.delivery(body=b'{"customer": {"email": "ana@example.com"}}')
    event = rows.event(delivery_id=delivery, data={"buyer": {"email": "ana@example.com", "first_name": "Ana"}})
    run = rows.run(event_id=event)
    for arguments in (("deliveries", "show", delivery), ("runs", "show", run), ("explain", run)):
        for form in ((), ("--json",)):
            shown = stagedoor(*arguments, *form).out
            assert "ana@example.com" not in shown
            assert "Ana" not in shown


def test_a_held_run_is_explained(rows: Rows, stagedoor: Run) -> None:
    run = rows.run()
    rows.step(run, state="calling")
    rows.held(run)
    told = stagedoor("explain", run)
    assert told.status == 0
    assert "waits at raise: campaign 5017 has not completed yet" in told.out
    explained = stagedoor("explain", run, "--json").json
    assert explained["run"]["state"] == "running"
    assert [step["step"] for step in explained["steps"]] == ["raise"]
    (wait,) = explained["waits"]
    assert wait["opens"] == "symphony.campaign.completed about symphony:campaign:5017"


def test_a_run_that_is_not_there_cannot_be_explained(rows: Rows, stagedoor: Run) -> None:
    assert stagedoor("explain", "nothing").status == 1


def test_a_delivery_tells_how_often_it_came_again_and_why_it_was_filtered(rows: Rows, stagedoor: Run) -> None:
    reason = "symphony.campaign.updated filtered: 'google' == 'facebook' is false"
    delivery = rows.delivery(state="filtered", reason=reason, taken_at=None)
    rows.repeats(delivery, 3)
    shown = stagedoor("deliveries", "show", delivery, "--json").json
    assert (shown["repeats"], shown["last_repeat_at"], shown["reason"]) == (3, "2026-03-01T15:00:00Z", reason)
    assert reason in stagedoor("deliveries", "list", "--state", "filtered").out.replace("\n", " ")
