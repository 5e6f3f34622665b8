"""The whole evening: build a private system, play the story, compare, take everything down."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tasks.demo.display import Display
from tasks.demo.errors import DemoError, TookTooLong
from tasks.demo.findings import Finding
from tasks.demo.stage import Stage
from tasks.supervisor.broker import socket_path
from tasks.supervisor.errors import SupervisorError
from tasks.supervisor.output import line_printer
from tasks.supervisor.supervisor import interrupted_by_signals
from tasks.up.places import any_places
from tasks.up.plan import Plan, make_plan
from tasks.up.services import services
from tasks.up.system import running
from workflows.settings import ENVIRONMENT

CONFIG = Path(__file__).resolve().parents[2] / "config"
"""The shipped configuration: the story is about its workflows."""

LOG = "demo.log"


def run_demo(config: Path = CONFIG) -> int:
    """Run the demonstration; 0 if everything was as it had to be. Its folder is kept when something was not."""
    data_dir = _private_folder(Path("var"))
    display = Display()
    plan = make_plan(_environment(data_dir, config), any_places())
    try:
        with interrupted_by_signals():
            is_good = _perform(plan, display)
    except KeyboardInterrupt:
        display.says(f"Interrupted. Ledger and log are kept in {data_dir}")
        raise
    except (SupervisorError, DemoError) as error:
        display.says(f"failed: {error}")
        is_good = False
    if is_good:
        _clean_up(data_dir)
        display.says("Everything is as it must be.")
        return 0
    display.says(f"Not everything is as it must be. Ledger and log are kept in {data_dir}")
    return 1


def _perform(plan: Plan, display: Display) -> bool:
    with ExitStack() as stack:
        stack.enter_context(display)
        display.says("Starting broker, sandbox, web, intake, worker and Flower ...")
        on_line = line_printer(
            stack.enter_context(open(plan.data_dir / LOG, "w", encoding="utf-8")),
            [service.name for service in services(plan)],
        )
        stack.enter_context(running(plan, on_line))
        display.says(f"All run: console {plan.places.web_url}/, sandbox {plan.places.sandbox_url}/")
        stage = stack.enter_context(_stage(plan, display))
        findings = list(_played(stage))
        display.summary(findings)
        return all(finding.agrees for finding in findings)


def _played(stage: Stage) -> Iterator[Finding]:
    """What came of it, also where something did not come in time."""
    try:
        stage.play()
    except TookTooLong as error:
        yield Finding("everything in time", str(error), False)
    yield from stage.findings()


@contextmanager
def _stage(plan: Plan, display: Display) -> Iterator[Stage]:
    stage = Stage(plan, display, datetime.now(UTC))
    try:
        yield stage
    finally:
        stage.close()


def _private_folder(parent: Path) -> Path:
    folder = parent.absolute() / f"demo-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"  # noqa: DTZ005 for people here
    parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    return folder


def _environment(data_dir: Path, config: Path) -> dict[str, str]:
    """This process's variables without any of Stagedoor's own: a demonstration touches nobody's ledger."""
    private = {"STAGEDOOR_DATA": str(data_dir), "STAGEDOOR_CONFIG": str(config), "STAGEDOOR_LOG": "json"}
    return {**os.environ, **dict.fromkeys(ENVIRONMENT, ""), **private}


def _clean_up(data_dir: Path) -> None:
    socket_folder = socket_path(data_dir).parent
    shutil.rmtree(data_dir)
    if socket_folder != data_dir:
        shutil.rmtree(socket_folder, ignore_errors=True)
