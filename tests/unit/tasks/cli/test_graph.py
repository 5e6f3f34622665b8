"""`graph`: a workflow as a picture."""

from pathlib import Path

from tests.unit.tasks.cli.conftest import Run


def test_a_workflow_is_drawn_by_its_name(folder: Path, stagedoor: Run) -> None:
    result = stagedoor("graph", "raise-budget")
    assert result.status == 0
    assert result.out.startswith("flowchart TB\n")
    assert "symphony.edit_campaign" in result.out


def test_a_picture_can_go_to_a_file(folder: Path, stagedoor: Run, graphviz: Path) -> None:
    file = "config/workflows/raise-budget.yml"
    assert stagedoor("graph", file, "--format", "svg", "--output", "raise.svg").status == 0
    assert (folder / "raise.svg").read_text().startswith("<svg")
    assert stagedoor("graph", file, "--format", "dot").out.startswith('digraph "raise-budget" {')


def test_a_name_that_is_none_is_told_with_the_nearest(folder: Path, stagedoor: Run) -> None:
    result = stagedoor("graph", "raise-budgt")
    assert (result.status, "did you mean 'raise-budget'?" in result.err) == (1, True)


def test_a_picture_that_cannot_be_written_is_told(folder: Path, stagedoor: Run) -> None:
    result = stagedoor("graph", "raise-budget", "--output", "nowhere/raise.mmd")
    assert (result.status, result.err) == (1, "nowhere/raise.mmd: No such file or directory\n")
