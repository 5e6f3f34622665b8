"""Replay what was taken in: new runs for old news, which repeat no call that was made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from workflows.engine.states import RunState
from workflows.events import Event
from workflows.language.definition import Definition
from workflows.ledger import events, replays
from workflows.ledger.replays import EarlierRun
from workflows.runtime.rules import InForce, Rules
from workflows.runtime.starting import start_run
from workflows.values import new_id


class Fate(StrEnum):
    """What a replay does with one workflow that listens to the event."""

    BEGINS = "begins"
    """No run of it was ever there for this event."""
    AGAIN = "again"
    """An earlier run ended: a new one begins and keeps the calls that were made."""
    UNDER_WAY = "under way"
    """An earlier run has not ended: it is left alone."""
    TOGETHER = "together"
    """It runs for several events at a time (`batch`, `debounce`); of one nobody can tell what was done. Left alone."""
    DONE = "done"
    """An earlier run of the same definition did everything: there is nothing to do."""


@dataclass(frozen=True)
class Replayed:
    """What became of one workflow: so many steps' calls are kept as they are, so many calls are made once more."""

    workflow: str
    fate: Fate
    run_id: str
    kept: int = 0
    repeated: int = 0


def replay_event(
    connection: Connection, rules: Rules, origin: Event, again: Collection[str], now: datetime
) -> list[Replayed]:
    """Replay one event, which this transaction has locked: its runs go on from where the earlier ones ended."""
    in_force = rules.in_force(connection)
    earlier = replays.earlier_runs(connection, origin.id)
    listening = [definition for definition in in_force.definitions if origin.type in definition.trigger.events]
    left = [found for definition in listening if (found := _left_alone(definition, earlier, again)) is not None]
    names = {item.workflow for item in left}
    begun = _begin(
        connection,
        rules,
        in_force,
        [definition for definition in listening if definition.name not in names],
        origin,
        now,
    )
    return [*left, *(_told(connection, origin, workflow, run_id, earlier, again) for workflow, run_id in begun)]


def _left_alone(definition: Definition, earlier: dict[str, EarlierRun], again: Collection[str]) -> Replayed | None:
    if definition.batch is not None or definition.debounce is not None:
        return Replayed(definition.name, Fate.TOGETHER, "")
    before = earlier.get(definition.name)
    if before is None:
        return None
    if before.state in (RunState.RUNNING, RunState.QUEUED, RunState.PARKED):
        return Replayed(definition.name, Fate.UNDER_WAY, before.id)
    if before.state == RunState.DONE and before.definition_hash == definition.hash and not before.called & set(again):
        return Replayed(definition.name, Fate.DONE, before.id, len(before.called))
    return None


def _begin(
    connection: Connection,
    rules: Rules,
    in_force: InForce,
    definitions: list[Definition],
    origin: Event,
    now: datetime,
) -> list[tuple[str, str]]:
    """Begin runs for a replay of the event; where none matches it, there is no replay."""
    if not definitions:
        return []
    event = replace(origin, id=new_id(), replay_of=origin.id)
    undo = connection.begin_nested()
    events.record(connection, [event])
    runs = [(item.name, start_run(connection, rules, in_force, item, event, now)) for item in definitions]
    begun: list[tuple[str, str]] = [(name, run.id) for name, run in runs if run is not None]
    if begun:
        undo.commit()
    else:
        undo.rollback()
    return begun


def _told(
    connection: Connection,
    origin: Event,
    workflow: str,
    run_id: str,
    earlier: dict[str, EarlierRun],
    again: Collection[str],
) -> Replayed:
    before = earlier.get(workflow)
    if before is None:
        return Replayed(workflow, Fate.BEGINS, run_id)
    wanted = before.called & set(again)
    repeated = replays.make_again(connection, origin.id, workflow, wanted) if wanted else 0
    return Replayed(workflow, Fate.AGAIN, run_id, len(before.called - wanted), repeated)
