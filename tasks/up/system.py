"""A system on this machine, from the first file to the last process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.supervisor.output import OnLine
from tasks.supervisor.supervisor import Supervisor
from tasks.up import places
from tasks.up.plan import Plan
from tasks.up.sandbox import write_environment
from tasks.up.services import services
from vendors.catalogue import build_catalogue
from workflows.ledger import schema
from workflows.ledger.database import Database
from workflows.runtime.apply import apply_configuration

BY = "stagedoor up"


@contextmanager
def running(plan: Plan, on_line: OnLine) -> Iterator[Supervisor]:
    """Run a plan's processes for as long as the block lasts; they all serve when it begins.

    Raises SupervisorError when they cannot be run, ProblemsError when the configuration cannot be put into force, and
    LedgerUnavailable.
    """
    with Supervisor(services(plan), data_dir=plan.data_dir, on_line=on_line) as supervisor:
        # Only now: whoever holds the folder's lock must not find these changed.
        if plan.sandbox:
            write_environment(plan.data_dir, plan.sandbox)
        prepare(plan)
        supervisor.start()
        places.remember(plan.data_dir, plan.places)
        try:
            yield supervisor
        finally:
            places.forget(plan.data_dir)


def prepare(plan: Plan) -> None:
    """Bring the ledger up to date and the configuration into force, as a deployment's `release` step does."""
    database = Database(plan.settings.database_url)
    try:
        schema.upgrade(database)
        apply_configuration(database, plan.settings, build_catalogue(plan.settings), by=BY)
    finally:
        database.close()
