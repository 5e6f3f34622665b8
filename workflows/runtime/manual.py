"""Manual starts: a person begins a run of a workflow that is started by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine.states import RunState
from workflows.errors import FormulaError
from workflows.events import MANUAL
from workflows.language.inputs import load_inputs
from workflows.ledger import audit, runs
from workflows.ledger.database import Database
from workflows.runtime.rules import Rules
from workflows.runtime.starting import CannotStart, brand_of, manual_workflow, own_event, start_with
from workflows.runtime.taking_on import take_on
from workflows.values import RunId


@dataclass(frozen=True)
class Started:
    """The run that was begun, and what it is at already."""

    run_id: RunId
    state: RunState


def start_by_hand(
    database: Database, rules: Rules, name: str, inputs: Mapping[str, Any], *, by: str, brand: str = ""
) -> Started:
    """Begin a run of the workflow of that name, for a brand. Raises CannotStart and InputError."""
    with database.write() as connection:
        now = database.now(connection)
        in_force = rules.in_force(connection)
        definition = manual_workflow(in_force, name)
        speaks_for, fields = brand_of(in_force, definition, brand)
        loaded = load_inputs(definition.trigger.manual or {}, inputs)
        event = own_event(MANUAL, f"manual:{name}", loaded, speaks_for, now)
        try:
            run = start_with(connection, rules, definition, event, fields, now, started_by=by)
        except FormulaError as error:
            raise CannotStart(f"the workflow {name!r} cannot begin with these inputs: {error}") from error
        assert run is not None, "its event is new"
        if run.state is RunState.RUNNING:
            take_on(connection, rules, run.id, now)
        after = runs.find(connection, run.id)
        assert after is not None
        # Not the inputs: they may be about people, and stand in the event, from which they can be erased.
        details = {"workflow": name, "brand": speaks_for, "event": event.id}
        audit.record(connection, by=by, action="run.start", about=run.id, reason="", details=details, now=now)
    return Started(run.id, after.state)
