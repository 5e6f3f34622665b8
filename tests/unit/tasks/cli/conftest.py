"""A folder with a small configuration, and a way to run command lines in it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasks.cli.entry import run

CONFIGURATION = """\
sources:
  symphony: {preset: symphony, token: "${SYMPHONY_WEBHOOK_TOKEN}", brand: main}
  tickettailor: {preset: tickettailor, secrets: ["${TICKETTAILOR_WEBHOOK_SECRET}"], brand: main}
  box-office: {preset: cymbal, header: X-Api-Key, keys: ["${BOX_OFFICE_API_KEY}"], brand: main}
vendors:
  symphony:
    advertising_api: ${SYMPHONY_ADVERTISING_API}
    partner_api: ${SYMPHONY_PARTNER_API}
    api_key: ${SYMPHONY_API_KEY}
  cymbal: {base_url: "${CYMBAL_BASE_URL}", api_key: "${CYMBAL_API_KEY}"}
brands:
  main: {zone: Europe/London, currency: USD, budget_cap: 500 USD}
"""

WORKFLOW = """\
workflow: raise-budget
description: Raise a new campaign to our usual total.
owner: tests
when:
  event: symphony.campaign.created
steps:
  - id: raise
    call: symphony.edit_campaign
    with: {id: =event.data.id, budget: 60 USD}
"""

OURS = (
    "STAGEDOOR_",
    "SYMPHONY_",
    "CYMBAL_",
    "TICKETTAILOR_",
    "BOX_OFFICE_",
    "DATABASE_URL",
    "BROKER_URL",
    "SENTRY_DSN",
)


@dataclass(frozen=True)
class Result:
    """How one command line ended and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with config/ in it and nothing set."""
    for name in os.environ:
        if name.startswith(OURS):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    workflows = tmp_path / "config" / "workflows"
    workflows.mkdir(parents=True)
    (tmp_path / "config" / "stagedoor.yml").write_text(CONFIGURATION)
    (workflows / "raise-budget.yml").write_text(WORKFLOW)
    return tmp_path


@pytest.fixture
def stagedoor(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `stagedoor …` in that folder."""

    def run_it(*arguments: str) -> Result:
        capsys.readouterr()
        status = run(arguments)
        written = capsys.readouterr()
        return Result(status, written.out, written.err)

    return run_it
