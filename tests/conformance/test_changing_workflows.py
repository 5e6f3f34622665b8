"""Workflows change while their runs are under way: planned, put into force, moved and taken back, on both engines."""

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tasks.cli.entry import run
from tests.builders.ledger import ClockedDatabase, Crew, catalogue, store_delivery
from workflows.ledger import schema
from workflows.ledger.tables import applied, event_keys, listened, runs, schedules, waits
from workflows.runtime.intake import Intake
from workflows.runtime.sweep import Sweep
from workflows.values import new_id, utc_now

CONFIGURATION = """\
sources:
  box-office: {preset: cymbal, header: X-Api-Key, keys: ["${BOX_OFFICE_API_KEY}"], brand: main}
brands:
  main: {zone: Europe/London, currency: USD}
"""
OLD = """\
workflow: follow
description: Waits, then is done.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: morning
    wait: {for: 10m}
result: {by: old}
"""
NEW = OLD.replace("by: old", "by: new")
"""What lies ahead is another thing: runs at `morning` may move."""
RENAMED = NEW.replace("id: morning", "id: night\n    was: morning")
ASKS = NEW.replace(
    "  - id: morning", "  - id: sign_off\n    approve: {title: Well?, from: boss, expires: 1d}\n  - id: morning"
)
PEOPLE = 'people:\n  ann: {token: "${ANN_TOKEN}", roles: [boss]}\n'
MANY = 1000
SOME = 100


class Office:
    """A configuration folder and the ledger it is put into force in, with a crew that takes runs on."""

    def __init__(self, folder: Path, crew: Crew, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.crew, self._capsys = folder, crew, capsys

    def write(self, text: str, name: str = "follow") -> None:
        (self.folder / "config" / "workflows" / f"{name}.yml").write_text(text)

    def stagedoor(self, *arguments: str, status: int = 0) -> str:
        """What the command line writes, on standard error where it fails."""
        self._capsys.readouterr()
        assert run(arguments) == status
        written = self._capsys.readouterr()
        return written.err if status else written.out

    def plan(self, *arguments: str) -> dict:
        return json.loads(self.stagedoor("plan", *arguments, "--json"))

    def deliver(self, count: int, *, at_once: int = 250) -> None:
        for first in range(0, count, at_once):
            drafts = [
                {
                    "type": "symphony.campaign.created",
                    "subject": f"symphony:campaign:{number}",
                    "brand": "main",
                    "data": {"id": str(number)},
                }
                for number in range(first, min(first + at_once, count))
            ]
            with self.crew.database.write() as connection:
                store_delivery(connection, new_id(), drafts=drafts)
        intake = Intake(self.crew.database, self.crew.rules)
        while intake.take_batch():
            pass

    def finish(self, **duration: float) -> None:
        """Let time pass, and take every run as far as it goes."""
        self.crew.database.pass_time(**duration)
        sweep = Sweep(self.crew.database, self.crew.rules, self.crew.performer, self.crew.releaser, self.crew.looker)
        while sweep.once().timers:
            pass
        sweep.once()

    def rows(self, table: sa.Table) -> list[sa.Row]:
        with self.crew.database.read() as connection:
            return list(connection.execute(sa.select(table)))

    def ended(self) -> Counter[tuple[str, str]]:
        """How many runs have ended, by state and by the version that ended them."""
        return Counter((row.state, (row.result or {}).get("by", "")) for row in self.rows(runs))


@pytest.fixture
def office(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Office]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("STAGEDOOR_DATA", str(tmp_path / "var"))
    monkeypatch.setenv("BOX_OFFICE_API_KEY", "a key for tests alone")
    monkeypatch.setenv("ANN_TOKEN", "a token for tests alone")
    monkeypatch.setenv("STAGEDOOR_TOKEN", "a token for tests alone")
    monkeypatch.setenv("STAGEDOOR_CONFIG", str(tmp_path / "config"))
    (tmp_path / "config" / "workflows").mkdir(parents=True)
    (tmp_path / "config" / "stagedoor.yml").write_text(CONFIGURATION + PEOPLE)
    database = ClockedDatabase(database_url)
    database.time = utc_now()
    schema.upgrade(database)
    made = Office(tmp_path, Crew(database, catalogue()), capsys)
    made.write(OLD)
    made.stagedoor("apply")
    yield made
    database.close()


def test_a_definition_edited_while_a_thousand_runs_wait(office: Office):
    office.deliver(MANY)
    office.write(NEW)
    plan = office.plan()
    (group,) = plan["runs"]
    assert (group["workflow"], group["doing"], group["at"]) == ("follow", "waits", ["morning"])
    assert (group["runs"], group["movable"], plan["affected"]) == (MANY, MANY, MANY)
    said = office.stagedoor("plan")
    assert re.search(r"1000 runs wait at `morning` on [0-9a-f]{7}; they stay; `--migrate` is possible for 1000", said)
    office.stagedoor("apply", "--digest", plan["digest"])
    office.finish(minutes=11)
    assert office.ended() == {("done", "old"): MANY}


def test_runs_go_on_with_the_edited_definition(office: Office):
    office.deliver(SOME)
    office.write(NEW)
    plan = office.plan("--migrate")
    assert "100 runs wait at `morning`" in office.stagedoor("plan", "--migrate")
    done = json.loads(office.stagedoor("apply", "--migrate", "--digest", plan["digest"], "--json"))
    assert (done["moved"], done["busy"]) == ({"follow": SOME}, 0)
    office.finish(minutes=11)
    assert office.ended() == {("done", "new"): SOME}
    assert office.plan()["is_empty"]


def test_a_run_goes_on_at_a_step_of_another_name(office: Office):
    office.deliver(1)
    office.write(RENAMED)
    office.stagedoor("apply", "--migrate", "--digest", office.plan("--migrate")["digest"])
    assert [row.step for row in office.rows(waits)] == ["night"]
    office.finish(minutes=11)
    assert office.ended() == {("done", "new"): 1}


def test_no_run_passes_over_an_approval(office: Office):
    office.deliver(2)
    office.write(ASKS)
    said = office.stagedoor("plan")
    assert "2 runs wait at `morning`" in said
    assert "they stay; 2 refused: it would skip the approval sign_off\n" in said
    said = office.stagedoor("plan", "--migrate")
    assert "; 2 stay: it would skip the approval sign_off\n" in said
    done = office.stagedoor("apply", "--migrate", "--digest", office.plan("--migrate")["digest"])
    assert "moved" not in done
    office.finish(minutes=11)
    assert office.ended() == {("done", "old"): 2}


def test_apply_asks_for_a_digest_where_runs_are_under_way(office: Office):
    office.deliver(1)
    office.write(NEW)
    assert "which would stay on them: 1." in office.stagedoor("apply", status=1)
    outdated = office.plan()["digest"]
    office.write(NEW.replace("by: new", "by: newer"))
    assert "has changed since the plan" in office.stagedoor("apply", "--digest", outdated, status=1)
    assert "--migrate needs --digest" in office.stagedoor("apply", "--migrate", "--yes", status=2)
    assert office.plan()["digest"] != office.plan("--migrate")["digest"]
    assert "configuration 2 is in force" in office.stagedoor("apply", "--yes")
    office.finish(minutes=11)
    office.write(OLD)
    assert "configuration 3 is in force" in office.stagedoor("apply")


class Terminal(io.StringIO):
    """Somebody who sits there and types."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_apply_shows_the_plan_and_asks(office: Office, monkeypatch: pytest.MonkeyPatch):
    office.deliver(1)
    office.write(NEW)
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    office.stagedoor("apply", status=130)
    assert len(office.rows(applied)) == 1
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert "1 run waits at `morning`" in office.stagedoor("apply")
    assert len(office.rows(applied)) == 2


def test_what_was_in_force_before_is_put_back(office: Office):
    office.write(NEW)
    office.stagedoor("apply")
    office.write(NEW.replace("morning", "evening").replace("by: new", "by: newer"))
    office.stagedoor("apply")
    office.deliver(1)
    plan = office.plan("--rollback")
    assert (plan["again"], plan["workflows"]["changed"], plan["affected"]) == (2, ["follow"], 1)
    said = office.stagedoor("apply", "--rollback", "--digest", plan["digest"], "--as", "ann")
    assert "configuration 4 is in force" in said
    assert office.stagedoor("apply", "--rollback", "1", "--yes", "--as", "ann")
    assert "there is no configuration 9" in office.stagedoor("apply", "--rollback", "9", status=1)
    office.stagedoor("apply", "--rollback", "99999999999", status=2)
    entry, *_ = json.loads(office.stagedoor("audit", "list", "--json"))
    assert (entry["action"], entry["by"], entry["details"]["again"]) == (
        "configuration.rollback",
        "ann",
        {"configuration": 1},
    )
    office.deliver(2)
    office.finish(minutes=11)
    assert office.ended() == {("done", "newer"): 1, ("done", "old"): 2}


def test_a_removed_workflow_leaves_its_runs_to_finish(office: Office):
    office.deliver(3)
    office.write(OLD.replace("workflow: follow", "workflow: other"), "other")
    (office.folder / "config" / "workflows" / "follow.yml").unlink()
    said = office.stagedoor("plan")
    assert "removes workflow follow\n  3 runs wait at `morning` on" in said
    office.stagedoor("apply", "--yes")
    office.finish(minutes=11)
    assert office.ended() == {("done", "old"): 3}


def test_runs_of_older_definitions_may_move_later(office: Office):
    office.deliver(1)
    office.write(NEW)
    office.stagedoor("apply", "--yes")
    plan = office.plan("--migrate")
    assert (plan["workflows"]["changed"], plan["affected"], plan["is_empty"]) == ([], 0, False)
    said = office.stagedoor("apply", "--migrate", "--digest", plan["digest"])
    assert said.endswith("moved 1 run of follow to the definition in force now\n")
    office.finish(minutes=11)
    assert office.ended() == {("done", "new"): 1}


WAITS_FOR = """\
workflow: follow
description: Waits for another event.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: completed
    wait_for:
      event: symphony.campaign.completed
      match: it.data.id == event.data.id
      lookback: 1h
      expires: 1d
"""


def test_events_are_kept_for_those_who_look_back_as_soon_as_it_is_in_force(office: Office):
    office.crew.happen("symphony.campaign.completed", "symphony:campaign:1", id="1")
    office.write(WAITS_FOR)
    office.stagedoor("apply")
    assert [(row.type, row.path) for row in office.rows(listened)] == [("symphony.campaign.completed", "data.id")]
    assert len(office.rows(event_keys)) == 1
    office.deliver(2)
    assert Counter(row.state for row in office.rows(runs)) == {"done": 1, "running": 1}


SCHEDULED = """\
workflow: follow
description: Every Monday.
owner: tests
when: {schedule: "0 9 * * mon", zone: Europe/London}
steps:
  - id: target
    set: {amount: 1}
"""


def test_scheduled_workflows_are_planned_and_no_more(office: Office):
    office.write(SCHEDULED)
    assert "is started first at" in office.stagedoor("plan")
    office.stagedoor("apply")
    (planned,) = office.rows(schedules)
    assert planned.workflow == "follow"
    office.write(SCHEDULED.replace("amount: 1", "amount: 2"), "follow")
    office.stagedoor("apply", "--rollback", "1")
    assert office.rows(schedules) == []


def test_a_process_reads_what_is_in_force_without_being_started_anew(office: Office):
    def versions() -> list[str]:
        with office.crew.database.read() as connection:
            return [definition.source for definition in office.crew.rules.in_force(connection).definitions]

    assert versions() == [OLD]
    office.write(NEW)
    office.stagedoor("apply")
    assert versions() == [NEW]
    office.write(NEW.replace("wait:", "wat:"))
    assert "wat" in office.stagedoor("apply", status=1)
    assert versions() == [NEW]
    office.deliver(1)
    office.finish(minutes=11)
    assert office.ended() == {("done", "new"): 1}
