"""`apply` and `check`: whole or not at all, and what changed."""

import sqlite3
from pathlib import Path

from tests.unit.tasks.cli.conftest import WORKFLOW, Run

NOTHING = {"added": [], "changed": [], "removed": []}


def test_what_changed_is_told(folder: Path, stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    first = stagedoor("apply")
    assert first.out == "added workflow raise-budget\nadded brand main\nconfiguration 1 is in force\n"
    assert stagedoor("apply").out == "nothing changed: this is in force already\n"
    workflows = folder / "config" / "workflows"
    (workflows / "raise-budget.yml").write_text(WORKFLOW.replace("60 USD", "70 USD"))
    (workflows / "other.yml").write_text(WORKFLOW.replace("workflow: raise-budget", "workflow: other"))
    second = stagedoor("apply", "--json").json
    assert (second["id"], second["is_new"]) == (2, True)
    assert second["workflows"] == {"added": ["other"], "changed": ["raise-budget"], "removed": []}
    assert second["brands"] == NOTHING
    (workflows / "other.yml").unlink()
    assert stagedoor("apply", "--json").json["workflows"] == {**NOTHING, "removed": ["other"]}


def test_one_mistake_refuses_everything_and_all_are_told(folder: Path, stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    stagedoor("apply")
    workflows = folder / "config" / "workflows"
    (workflows / "raise-budget.yml").write_text(WORKFLOW.replace("60 USD", "70 USD"))
    (workflows / "wrong.yml").write_text(
        WORKFLOW.replace("workflow: raise-budget", "workflow: wrong").replace("budget:", "budgt:")
    )
    with (folder / "config" / "stagedoor.yml").open("a") as file:
        file.write("  other: {zone: Europe/Londn}\n")
    result = stagedoor("apply")
    assert result.status == 1
    assert "budgt" in result.err
    assert "Europe/Londn" in result.err
    (folder / "config" / "stagedoor.yml").write_text(
        (folder / "config" / "stagedoor.yml").read_text().replace("Londn", "London")
    )
    (workflows / "wrong.yml").unlink()
    assert stagedoor("apply", "--json").json["workflows"]["changed"] == ["raise-budget"]


def test_check_ends_with_1_and_names_the_place(folder: Path, stagedoor: Run) -> None:
    assert stagedoor("check").status == 0
    assert stagedoor("check").out == (
        "no mistakes\n\nraise-budget in a day at most: money: no bound\n"
        "  raise: symphony.edit_campaign, any number of calls, each at most 60 USD\n"
    )
    file = folder / "config" / "workflows" / "raise-budget.yml"
    file.write_text(WORKFLOW.replace("budget: 60", "budgt: 60"))
    text = stagedoor("check")
    assert text.status == 1
    assert "config/workflows/raise-budget.yml:9:" in text.out
    assert "did you mean 'budget'?" in text.out
    (problem, *_) = stagedoor("check", "--format", "json").json["problems"]
    assert problem["place"]["line"] == 9
    sarif = stagedoor("check", str(file), "--format", "sarif").json
    assert sarif["runs"][0]["results"]


def test_what_check_warns_of_is_told_by_apply_as_well_and_refuses_nothing(folder: Path, stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    file = folder / "config" / "workflows" / "raise-budget.yml"
    file.write_text(WORKFLOW + "  - id: target\n    set: {total: 60 USD}\n")
    warned = stagedoor("check")
    (warning,) = (line for line in warned.out.splitlines() if "W507" in line)
    assert warning.startswith("config/workflows/raise-budget.yml:11:18: ")
    assert warned.status == 0
    assert stagedoor("plan").out.splitlines()[0] == warning
    (planned,) = stagedoor("plan", "--json").json["warnings"]
    assert planned["place"]["file"] == "config/workflows/raise-budget.yml"
    applied = stagedoor("apply")
    assert (applied.status, applied.out.count("W507")) == (0, 1)
    assert applied.out.splitlines()[0] == warning
    file.write_text(WORKFLOW)
    assert "W507" not in stagedoor("apply").out
    assert stagedoor("apply", "--rollback").out.count("W507") == 1
    file.write_text(WORKFLOW + "  - id: target\n    set: {total: 60 USD}\n")
    (again,) = stagedoor("apply", "--json").json["warnings"]
    assert (again["code"], again["severity"]) == ("W507", "warning")


def test_the_schema_is_checked_and_brought_up_to_date(stagedoor: Run) -> None:
    before = stagedoor("db", "check")
    assert before.status == 1
    assert "stagedoor db upgrade" in before.err
    assert stagedoor("db", "upgrade").status == 0
    assert stagedoor("db", "check").status == 0


def test_what_was_in_force_before_is_held_against_what_there_is_now(folder: Path, stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    stagedoor("apply")
    file = folder / "config" / "stagedoor.yml"
    file.write_text(file.read_text().replace("budget_cap: 500 USD", "budget_cap: 900 USD"))
    stagedoor("apply")
    assert "changes brand main" in stagedoor("plan", "--rollback").out
    with sqlite3.connect(folder / "var" / "ledger.db") as connection:  # as if by a release that knew another operation
        connection.execute("UPDATE definitions SET source = replace(source, 'edit_campaign', 'edit_campaigns')")
    connection.close()
    refused = stagedoor("apply", "--rollback")
    assert refused.status == 1
    assert "configuration 1/raise-budget.yml:8:" in refused.err
    assert "did you mean 'symphony.edit_campaign'?" in refused.err
    assert stagedoor("apply", "--json").json["is_new"] is False
