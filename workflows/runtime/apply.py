"""Apply: put the configuration's workflows and brands into force, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflows.catalogue import Catalogue
from workflows.errors import ConfigurationError
from workflows.language.check import check_paths
from workflows.language.definition import Definition
from workflows.language.reader import read_definition
from workflows.ledger import configuration
from workflows.ledger.database import Database
from workflows.problems import Problem
from workflows.settings import Settings
from workflows.yaml_nodes import decode


@dataclass(frozen=True)
class Difference:
    """What of one kind changed, by name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @classmethod
    def between(cls, before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
        return cls(
            added=tuple(sorted(after.keys() - before.keys())),
            changed=tuple(sorted(name for name in after.keys() & before.keys() if after[name] != before[name])),
            removed=tuple(sorted(before.keys() - after.keys())),
        )


@dataclass(frozen=True)
class Application:
    """What an `apply` did; `id` is the number of what is in force now, `warnings` what did not stop it."""

    id: int
    is_new: bool
    workflows: Difference
    brands: Difference
    warnings: tuple[Problem, ...]


def apply_configuration(database: Database, settings: Settings, catalogue: Catalogue, *, by: str) -> Application:
    """Check everything in the configuration folder and put it into force; runs under way finish as they began.

    Raises ConfigurationError with every problem; then what was in force stays in force.
    """
    folder = settings.config_dir / "workflows"
    problems = check_paths([folder], settings, catalogue)
    if any(problem.severity == "error" for problem in problems):
        raise ConfigurationError(problems)
    definitions = [_read(path) for path in sorted(folder.glob("*.yml"))]
    with database.write() as connection:
        before = configuration.latest(connection)
        now = database.now(connection)
        applied = configuration.apply(connection, definitions, settings.brands, by=by, now=now)
        after = applied or before
    assert after is not None
    return Application(
        id=after.id,
        is_new=applied is not None,
        workflows=Difference.between(before.workflows if before else {}, after.workflows),
        brands=Difference.between(before.brands if before else {}, after.brands),
        warnings=tuple(problems),
    )


def _read(path: Path) -> Definition:
    return read_definition(decode(path.read_bytes(), str(path)), str(path))
