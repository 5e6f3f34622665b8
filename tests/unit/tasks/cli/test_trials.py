"""`test`: the workflows' own tests, what differs and where, and which steps they leave out."""

from pathlib import Path

from tests.unit.tasks.cli.conftest import WORKFLOW, Run

TESTS = """\
tests:
  - name: sixty
    given:
      event: {type: symphony.campaign.created, data: {id: 5017}}
    expect: {status: done, calls: [symphony.edit_campaign: {budget: 60 USD}]}
"""
ALL = "1 of 1 step carried out, 0 of 0 ways they can go"
FILE = "config/workflows/raise-budget.yml"


def test_what_passes_ends_with_0(folder: Path, stagedoor: Run) -> None:
    (folder / FILE).write_text(WORKFLOW + TESTS)
    result = stagedoor("test")
    assert result.out == f"raise-budget\n  ok   sixty\n1 test of 1 workflow: none failed; {ALL}\n"
    assert result.status == 0


def test_what_fails_ends_with_1_and_says_what_differs_and_where(folder: Path, stagedoor: Run) -> None:
    (folder / FILE).write_text(WORKFLOW + TESTS.replace("budget: 60", "budget: 61"))
    result = stagedoor("test")
    assert result.status == 1
    assert result.out == (
        f"raise-budget\n  FAIL sixty ({FILE}:11:5)\n"
        "       call 1, symphony.edit_campaign: budget was to be 61 USD, and is 60 USD\n"
        f"1 test of 1 workflow: 1 failed; {ALL}\n"
    )


def test_programs_are_told_what_happened_in_each_test(folder: Path, stagedoor: Run) -> None:
    (folder / FILE).write_text(WORKFLOW + TESTS)
    (report,) = stagedoor("test", "--json").json
    (row,) = report["tests"]
    assert report["workflow"] == "raise-budget"
    assert report["coverage"] == {"steps": 1, "missed_steps": [], "ways": 0, "missed_ways": []}
    assert (row["name"], row["ok"], row["differences"], row["status"]) == ("sixty", True, [], "done")
    assert row["calls"] == [
        {
            "step": "raise",
            "operation": "symphony.edit_campaign",
            "inputs": {"id": "5017", "budget": {"value": 60, "currency": "USD"}},
        }
    ]


def test_only_the_named_workflows_are_tested(folder: Path, stagedoor: Run) -> None:
    other = folder / "config" / "workflows" / "other.yml"
    other.write_text(WORKFLOW.replace("workflow: raise-budget", "workflow: other") + TESTS.replace("60 USD", "61 USD"))
    (folder / FILE).write_text(WORKFLOW + TESTS)
    assert stagedoor("test").status == 1
    assert stagedoor("test", FILE).status == 0
    assert stagedoor("test", str(other)).status == 1


def test_a_workflow_without_tests_is_told(folder: Path, stagedoor: Run) -> None:
    result = stagedoor("test")
    assert result.status == 0
    assert result.out == (
        "raise-budget\n  has no tests\n"
        "0 tests of 1 workflow: none failed; 0 of 1 step carried out, 0 of 0 ways they can go\n"
    )


def test_a_mistake_in_a_test_is_told_as_check_does(folder: Path, stagedoor: Run) -> None:
    (folder / FILE).write_text(WORKFLOW + TESTS.replace("edit_campaign: {budget", "edit_campain: {budget"))
    result = stagedoor("test")
    assert result.status == 1
    assert f"{FILE}:14:36: E322 no step calls 'symphony.edit_campain'" in result.err
    assert stagedoor("check").status == 1
    assert stagedoor("apply").status == 1
