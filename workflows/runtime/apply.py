"""Apply: put the configuration's workflows and brands into force, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from workflows.catalogue import Catalogue
from workflows.errors import ConfigurationError
from workflows.language.check import read_workflows, surroundings_of
from workflows.language.promises import Known, check_together
from workflows.ledger import audit, configuration
from workflows.ledger.database import Database
from workflows.problems import Problem
from workflows.settings import Settings


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
    """Check the workflows of the configuration folder and put them and the brands into force.

    Raises ConfigurationError with every problem; then what was in force stays. Runs under way finish as they began.
    """
    definitions, problems = read_workflows([settings.config_dir])
    checked, _ = check_together([Known(item) for item in definitions], surroundings_of(settings, catalogue))
    problems += [problem for item in checked for problem in item.problems]
    if any(problem.severity == "error" for problem in problems):
        raise ConfigurationError(problems)
    with database.write() as connection:
        before = configuration.latest(connection)
        now = database.now(connection)
        applied = configuration.apply(connection, definitions, settings.brands, by=by, now=now)
        after = applied or before
        assert after is not None
        done = Application(
            id=after.id,
            is_new=applied is not None,
            workflows=Difference.between(before.workflows if before else {}, after.workflows),
            brands=Difference.between(before.brands if before else {}, after.brands),
            warnings=tuple(problems),
        )
        if done.is_new:
            _record(connection, done, by=by, now=now)
    return done


def _record(connection: Connection, done: Application, *, by: str, now: datetime) -> None:
    details = {"workflows": asdict(done.workflows), "brands": asdict(done.brands)}
    audit.record(
        connection,
        by=by,
        action="configuration.apply",
        about=f"configuration {done.id}",
        reason="",
        details=details,
        now=now,
    )


def is_in_force(connection: Connection, settings: Settings) -> bool:
    """Whether exactly what stands in the files is in force, as far as the files can be read."""
    latest = configuration.latest(connection)
    definitions, _ = read_workflows([settings.config_dir])
    hashes = {definition.name: definition.hash for definition in definitions}
    return latest is not None and latest.workflows == hashes and latest.brands == settings.brands
