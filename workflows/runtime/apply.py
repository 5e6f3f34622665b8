"""Apply: put definitions and brands into force, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from workflows.catalogue import Catalogue
from workflows.engine.paths import path_text
from workflows.errors import StagedoorError
from workflows.language.check import read_workflows
from workflows.language.definition import Definition, WaitFor, all_steps
from workflows.ledger import audit, configuration, correlations
from workflows.ledger.configuration import Applied
from workflows.ledger.database import Database
from workflows.problems import Problem
from workflows.runtime.migrating import Migration, migrate_runs
from workflows.runtime.planning import Difference, Judge, digest_of, nobody
from workflows.runtime.proposals import Proposal, propose
from workflows.runtime.rules import Rules
from workflows.runtime.schedules import plan_schedules
from workflows.settings import Settings


class PlanOutdated(StagedoorError):
    """The configuration, or what is in force, has changed since the plan: run `stagedoor plan` again."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True)
class Application:
    """What an `apply` did.

    id         the number of what is in force now
    is_new     whether that is something else than before
    moved      by workflow, how many runs under way go on with the definition that is in force now
    busy       how many more could have, but something was just happening to them
    warnings   what did not stop it
    """

    id: int
    is_new: bool
    workflows: Difference
    brands: Difference
    warnings: tuple[Problem, ...]
    moved: Mapping[str, int] = field(default_factory=dict)
    busy: int = 0


def apply_configuration(database: Database, settings: Settings, catalogue: Catalogue, *, by: str) -> Application:
    """Check the workflows of the configuration folder and put them and the brands into force.

    Raises ConfigurationError with every problem; then what was in force stays. Runs under way finish as they began.
    """
    return apply_proposal(database, catalogue, propose(settings, catalogue), by=by)


def apply_proposal(
    database: Database,
    catalogue: Catalogue,
    proposal: Proposal,
    *,
    by: str,
    digest: str | None = None,
    migrates: bool = False,
    on_moved: Callable[[int], None] = nobody,
) -> Application:
    """Put a proposal into force, in one transaction. Runs under way finish as they began, or with `migrates` go on with
    the new definitions where they may.

    Raises PlanOutdated where `digest` is that of another plan.
    """
    with database.write() as connection:
        configuration.lock(connection)
        before = configuration.latest(connection)
        if digest is not None and digest != digest_of(before, proposal, migrates=migrates):
            raise PlanOutdated
        now = database.now(connection)
        applied = configuration.apply(connection, proposal.definitions, proposal.brands, by=by, now=now)
        migration = Migration()
        if migrates:
            migration = migrate_runs(connection, Judge(connection, Rules(catalogue), proposal), on_moved)
        plan_schedules(connection, proposal.definitions, now)
        _listen(connection, proposal.definitions, now)
        done = _done(before, applied, proposal, migration)
        if done.is_new or done.moved:
            _record(connection, done, proposal, by=by, now=now)
    return done


def _done(before: Applied | None, applied: Applied | None, proposal: Proposal, migration: Migration) -> Application:
    after = applied or before
    assert after is not None
    return Application(
        id=after.id,
        is_new=applied is not None,
        workflows=Difference.between(before.workflows if before else {}, after.workflows),
        brands=Difference.between(before.brands if before else {}, after.brands),
        warnings=proposal.warnings,
        moved=dict(migration.moved),
        busy=migration.busy,
    )


def _listen(connection: Connection, definitions: Iterable[Definition], now: datetime) -> None:
    """Have events kept under what is waited for before anybody waits: so that who looks back finds them."""
    for kind, path, lookback in sorted(item for definition in definitions for item in _matches(definition)):
        correlations.listen(connection, kind, path, lookback, now)


def _matches(definition: Definition) -> Iterable[tuple[str, str, timedelta]]:
    """Types of event, paths, and how long after an event somebody may look for it."""
    for step in all_steps((*definition.steps, *definition.on_failure)):
        if isinstance(step.verb, WaitFor):
            for awaited in step.verb.awaited:
                path = path_text(awaited.match.path)
                yield from ((kind, path, awaited.lookback) for kind in awaited.events)
    if definition.cancel_on is not None:
        path = path_text(definition.cancel_on.match.path)
        lookback = definition.trigger.stale_after or timedelta(0)
        yield from ((kind, path, lookback) for kind in definition.cancel_on.events)


def _record(connection: Connection, done: Application, proposal: Proposal, *, by: str, now: datetime) -> None:
    details = {"workflows": asdict(done.workflows), "brands": asdict(done.brands)}
    if done.moved:
        details["moved"] = dict(done.moved)
    if proposal.again is not None:
        details["again"] = {"configuration": proposal.again}
    audit.record(
        connection,
        by=by,
        action="configuration.apply" if proposal.again is None else "configuration.rollback",
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
