"""`simulate`: a workflow played over events; nothing leaves the machine and nothing is written."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders.rows import Rows
from tests.unit.tasks.cli.conftest import WORKFLOW, Run
from workflows.ledger.database import Database
from workflows.values import utc_now

EVENT = {"type": "symphony.campaign.created", "subject": "symphony:campaign:5017", "data": {"id": 5017}}
CAREFUL = WORKFLOW.replace("steps:\n", "steps:\n  - {id: only, stop_unless: event.data.id != '5018'}\n")


@pytest.fixture
def rows(folder: Path, stagedoor: Run) -> Iterator[Rows]:
    stagedoor("db", "upgrade")
    stagedoor("apply")
    database = Database(f"sqlite:///{folder}/var/ledger.db")
    yield Rows(database)
    database.close()


@pytest.fixture
def event(folder: Path) -> str:
    (folder / "event.json").write_text(json.dumps({**EVENT, "occurred_at": "2026-03-02T12:00:00Z"}))
    return "event.json"


def test_an_event_is_played_and_told_with_its_requests_and_money(stagedoor: Run, event: str) -> None:
    result = stagedoor("simulate", "raise-budget", "--event", event)
    assert result.status == 0, result.err
    told = result.out.splitlines()
    assert "2026-03-02 12:00:00  raise symphony.edit_campaign, done" in told
    assert any("raise: PUT " in line and '{"budget":{"value":60,"currency":"USD"}}' in line for line in told)
    assert "Money      at most 60 USD" in told
    assert "Requires   symphony.campaign.completed about symphony:campaign:5017" in told


def test_programs_get_all_of_it(stagedoor: Run, event: str) -> None:
    told = stagedoor("simulate", "raise-budget", "--event", event, "--json").json
    (run,) = told["runs"]
    assert (run["status"], run["key"], run["event"]["type"]) == ("done", "symphony:campaign:5017", EVENT["type"])
    (request,) = told["requests"]
    assert request["request"]["body"] == {"budget": {"value": 60, "currency": "USD"}}
    assert told["money"]["at_most"] == {"USD": {"value": 60, "currency": "USD"}}
    assert [moment["what"] for moment in told["timeline"]] == ["event", "begins", "calls", "ends"]


def test_what_was_recorded_is_played_again_and_compared_with_what_is_in_force(
    folder: Path, stagedoor: Run, rows: Rows
) -> None:
    now = utc_now()
    for number in (5017, 5018):
        about = {"data": {"id": str(number)}, "subject": f"symphony:campaign:{number}"}
        rows.event(now - timedelta(days=3), **about)
        rows.event(now - timedelta(days=2), type="symphony.campaign.completed", **about)
    rows.event(now - timedelta(days=40), data={"id": "1"})
    (folder / "config" / "workflows" / "raise-budget.yml").write_text(CAREFUL)
    told = stagedoor("simulate", "raise-budget", "--against", "30d", "--compare", "--json").json
    assert [(run["event"]["subject"], run["status"]) for run in told["runs"]] == [
        ("symphony:campaign:5017", "done"),
        ("symphony:campaign:5018", "stopped"),
    ]
    (difference,) = told["compared"]["differences"]
    assert difference["lines"][0] == "it was done, and would be stopped at only"
    assert told["compared"]["calls"] == {"before": 2, "after": 1}
    text = stagedoor("simulate", "raise-budget", "--against", "30d", "--compare").out
    assert "Compared with the version in force: 1 of 2 would be otherwise" in text
    assert "  money 120 USD → 60 USD" in text


def test_a_delivery_is_played_again(stagedoor: Run, rows: Rows) -> None:
    delivery = rows.delivery()
    rows.event(delivery_id=delivery)
    assert stagedoor("simulate", "raise-budget", "--delivery", delivery, "--json").json["runs"][0]["status"] == "done"
    assert "no event came with a delivery x" in stagedoor("simulate", "raise-budget", "--delivery", "x").err


def test_what_a_vendor_answers_stands_in_a_file(folder: Path, stagedoor: Run, event: str) -> None:
    (folder / "mocks.yml").write_text("symphony.edit_campaign: {refused: it has ended}\n")
    told = stagedoor("simulate", "raise-budget", "--event", event, "--mocks", "mocks.yml", "--json").json
    assert (told["runs"][0]["status"], told["runs"][0]["reason"]) == ("failed", "it has ended")
    (folder / "mocks.yml").write_text("symphony.edit_campain: {refused: it has ended}\n")
    result = stagedoor("simulate", "raise-budget", "--event", event, "--mocks", "mocks.yml")
    assert (result.status, "mocks.yml:1:1: E322" in result.err) == (1, True)


def test_one_started_by_hand_takes_inputs(folder: Path, stagedoor: Run) -> None:
    (folder / "config" / "workflows" / "by-hand.yml").write_text(
        "workflow: by-hand\nwhen: {manual: {inputs: {id: text}}}\nsteps:\n"
        "  - {id: tell, emit: {event: stagedoor.told, data: {id: =event.data.id}}}\n"
    )
    told = stagedoor("simulate", "by-hand", "--with", '{"id": "5017"}', "--json").json
    assert told["runs"][0]["emitted"] == [{"step": "tell", "type": "stagedoor.told", "data": {"id": "5017"}}]
    assert "'id' is missing" in stagedoor("simulate", "by-hand").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("raise-budget",),
        ("raise-budget", "--against", "30d", "--delivery", "x"),
        ("raise-budget", "--against", "x"),
        ("raise-budget", "--against", "0d"),
        ("raise-budget", "--against", "9999999w"),
    ],
)
def test_it_must_be_said_what_to_simulate_with(stagedoor: Run, rows: Rows, arguments: tuple[str, ...]) -> None:
    assert stagedoor("simulate", *arguments).status == 2


def test_a_brand_that_is_none_is_told_with_the_nearest(folder: Path, stagedoor: Run, event: str) -> None:
    result = stagedoor("simulate", "raise-budget", "--event", event, "--brand", "mian")
    assert (result.status, result.err) == (1, "there is no brand 'mian' (did you mean 'main'?)\n")


def test_no_socket_is_ever_opened(folder: Path, rows: Rows, event: str) -> None:
    rows.milestone("symphony.campaign.completed")
    rows.event()
    program = (
        "import sys\n"
        "def hook(event, arguments):\n"
        "    if event.startswith('socket.'):\n"
        "        print(event, arguments, file=sys.stderr)\n"
        "        raise RuntimeError('a socket')\n"
        "sys.addaudithook(hook)\n"
        "from tasks.cli.entry import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    for arguments in (["--event", event], ["--against", "36500d", "--compare"]):
        done = subprocess.run(
            [sys.executable, "-c", program, "simulate", "raise-budget", *arguments],
            cwd=folder,
            env={**os.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "symphony.edit_campaign" in done.stdout


def test_nothing_is_written(folder: Path, stagedoor: Run, rows: Rows) -> None:
    rows.event(utc_now())
    before = {name: stagedoor(name, "list", "--json").json for name in ("runs", "effects", "deliveries")}
    assert stagedoor("simulate", "raise-budget", "--against", "30d").status == 0
    assert {name: stagedoor(name, "list", "--json").json for name in before} == before
