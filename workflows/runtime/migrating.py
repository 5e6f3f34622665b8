"""Migrating: runs under way go on with the definitions that are in force now, where they may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from workflows.engine.migration import renamed_steps
from workflows.ledger import under_way
from workflows.ledger.under_way import UnderWay
from workflows.runtime.planning import Judge

AT_ONCE = 500
ROUNDS = 3
"""How often a run that somebody was just at is come back to; then it stays, and the next `apply --migrate` finds it."""


@dataclass
class Migration:
    """How many runs of each workflow moved, and how many somebody was at each time."""

    moved: Counter[str] = field(default_factory=Counter)
    busy: int = 0


def migrate_runs(connection: Connection, judge: Judge, on_moved: Callable[[int], None]) -> Migration:
    """Move every run that may, in the caller's transaction. One that has moved on meanwhile is judged as it is then."""
    found = Migration()
    wanted = [run.id for run in under_way.stream(connection, judge.hashes) if not judge.why_not(run)]
    for _ in range(ROUNDS):
        left: list[str] = []
        for first in range(0, len(wanted), AT_ONCE):
            run_ids = wanted[first : first + AT_ONCE]
            locked = under_way.lock(connection, run_ids)
            left += under_way.still_open(connection, sorted({*run_ids} - {run.id for run in locked}))
            _move(connection, judge, locked, found)
            on_moved(found.moved.total())
        wanted = left
    found.busy = len(wanted)
    return found


def _move(connection: Connection, judge: Judge, locked: Sequence[UnderWay], found: Migration) -> None:
    together: dict[tuple[str, str], list[str]] = {}
    for run in locked:
        if not judge.why_not(run):
            together.setdefault((run.workflow, run.definition_hash), []).append(run.id)
    for (workflow, old_hash), run_ids in together.items():
        old, new = judge.old(old_hash), judge.new(workflow)
        assert old is not None
        assert new is not None
        under_way.move(connection, run_ids, new.hash, renamed_steps(old, new))
        found.moved[workflow] += len(run_ids)
