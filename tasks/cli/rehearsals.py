"""What `test` and `simulate` share: the configuration they rehearse with, and a run as a row of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.cli import surroundings
from vendors.catalogue import build_catalogue
from workflows.engine.rehearsal import Rehearsal
from workflows.engine.trials import Props, props_of
from workflows.errors import ConfigurationError
from workflows.language.check import check_configuration, folder_of, read_together
from workflows.language.definition import Definition
from workflows.language.surroundings import Surroundings
from workflows.settings import Settings, read_settings


@dataclass(frozen=True)
class Known:
    """The workflows asked for, and what they are rehearsed with."""

    definitions: tuple[Definition, ...]
    props: Props
    settings: Settings
    promised: Surroundings


def read(paths: Sequence[Path]) -> Known:
    """The workflows of `paths`, by default those of the configuration. Raises ConfigurationError where `stagedoor
    check` would find a mistake."""
    variables = surroundings.variables()
    problems = check_configuration(variables, None, build_catalogue, paths)
    if any(problem.severity == "error" for problem in problems):
        raise ConfigurationError(problems)
    folder = folder_of(variables, paths)
    settings = read_settings(variables, folder)
    catalogue = build_catalogue(settings)
    definitions, beside, promised = read_together(paths or [folder], settings, catalogue, [folder])
    return Known(tuple(definitions), props_of(promised, settings.brands, (*beside, *definitions)), settings, promised)


def run_row(run: Rehearsal) -> dict[str, Any]:
    """`{"status", "at", "reason", "elapsed_seconds", "waits": [{"step", "kind", "since", "until"}], …}`."""
    return {
        "status": run.status,
        "at": run.at,
        "reason": run.reason,
        "elapsed_seconds": run.elapsed.total_seconds(),
        "result": run.result,
        "waits": [
            {"step": wait.step, "kind": wait.kind, "since": wait.since, "until": wait.until} for wait in run.waits
        ],
        "approvals": [
            {"step": asked.step, "title": asked.question.title, "at": asked.at, "show": dict(asked.question.show)}
            for asked in run.asked
        ],
        "emitted": [{"step": one.step, "type": one.event.type, "data": one.event.data} for one in run.emitted],
    }
