"""`stagedoor demo`: 0 when all is as it must be, 1 and what differs when it is not; nothing left behind."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.demo.run import CONFIG
from tests.acceptance.service import base_environment
from tests.processes import alive

BIN = Path(sys.executable).parent
DEMO_SECONDS = 120.0


def demo(folder: Path, program: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a demonstration in `folder`, with settings that must not matter to it."""
    misleading = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "STAGEDOOR_DATA": "/nowhere"}
    environment = {**base_environment(BIN), **misleading}
    return subprocess.run(
        program, cwd=folder, env=environment, capture_output=True, text=True, timeout=DEMO_SECONDS, check=False
    )


def left_by(before: set[int], folder: Path) -> list[int]:
    """Processes that are new and know the folder (where there is a /proc)."""
    return [process.pid for process in alive() if process.pid not in before and knows(process.pid, folder)]


def knows(pid: int, folder: Path) -> bool:
    """Whether the folder is named in a process's environment; that of a process just gone knows nothing."""
    try:
        return str(folder).encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def test_everything_is_as_it_must_be_and_nothing_is_left(tmp_path: Path) -> None:
    before = {process.pid for process in alive()}
    done = demo(tmp_path, [str(BIN / "stagedoor"), "demo"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert done.stdout.count("✓") >= 20
    assert list((tmp_path / "var").iterdir()) == []
    assert left_by(before, tmp_path) == []


@pytest.mark.acceptance_long
def test_a_difference_is_named_and_the_folder_is_kept(tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    workflow = config / "workflows" / "raise-budget.yml"
    workflow.write_text(workflow.read_text().replace("usual_total: 60 USD", "usual_total: 61 USD"))
    program = (
        f"import pathlib, sys; from tasks.demo.run import run_demo; sys.exit(run_demo(pathlib.Path({str(config)!r})))"
    )
    done = demo(tmp_path, [sys.executable, "-c", program])
    assert done.returncode == 1, done.stdout + done.stderr
    differing = [line for line in done.stdout.splitlines() if "✗" in line]
    assert len(differing) == 2
    assert "symphony.edit_campaign once" in differing[0]
    assert "symphony.edit_campaign PUT" in differing[1]
    (kept,) = (tmp_path / "var").iterdir()
    assert str(kept) in done.stdout
    assert (kept / "ledger.db").exists()
