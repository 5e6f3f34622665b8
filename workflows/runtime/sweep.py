"""The sweep: what time brings due, and what a lost message or a lost worker left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import structlog
from sqlalchemy import Connection

from workflows.engine.decisions import EndRun
from workflows.engine.states import RunState
from workflows.errors import LedgerUnavailable
from workflows.ledger import correlations, crowds, deliveries, effects, runs, schedules, waits
from workflows.ledger.database import Database
from workflows.runtime.advance import advance_locked
from workflows.runtime.crowds import settle_crowd
from workflows.runtime.effects import Performer
from workflows.runtime.expected import sweep_expected
from workflows.runtime.gathering import gather_due
from workflows.runtime.looks import Looker
from workflows.runtime.news import take_news
from workflows.runtime.release import Releaser
from workflows.runtime.rules import Rules
from workflows.runtime.schedules import start_scheduled

BATCH = 200
MOST_CROWDS = 50
"""Crowds with runs that wait for their turn, looked at in one sweep."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Swept:
    """What one sweep found: timers that rang, runs taken on, leases ended, effects released, deliveries waiting; and in
    how many seconds the next wait is due."""

    timers: int = 0
    runs: int = 0
    leases: int = 0
    released: int = 0
    pending: bool = False
    next_due_seconds: float | None = None

    @property
    def is_busy(self) -> bool:
        """Whether so much was due that there is probably more."""
        return max(self.timers, self.runs, self.leases) >= BATCH // 2


@dataclass(frozen=True)
class Sweep:
    """Looks after time; any number of processes may, none is special."""

    database: Database
    rules: Rules
    performer: Performer
    releaser: Releaser
    looker: Looker

    def once(self) -> Swept:
        """One look at everything. Looks first without the write lock, so that an idle sweep costs readers nothing."""
        with self.database.read() as connection:
            now = self.database.now(connection)
            timers_due = waits.timers_due(connection, now)
            awaited_due = correlations.looks_due(connection, now)
            scheduled = schedules.any_due(connection, now)
            pending = deliveries.any_pending(connection)
            leases = effects.lapsed(connection, now, BATCH)
            looks_due = effects.looks_due(connection, now)
        timers = self._wake_timers() if timers_due else 0
        if awaited_due:
            self._look_for_events()
        if scheduled:
            start_scheduled(self.database, self.rules)
        gather_due(self.database, self.rules)
        take_news(self.database, self.rules)
        self._let_in()
        ended = sum(self._lapse(effect_id) for effect_id in leases)
        expected = sweep_expected(self.database, self.rules.catalogue, self.rules.expected, BATCH)
        taken_on = self._advance_awake()
        if looks_due:
            self._tell_looks()
        released = self.releaser.release_due()
        return Swept(timers, taken_on, ended, released, pending or bool(expected), self._next_due())

    def _next_due(self) -> float | None:
        """In how many seconds the next wait is due."""
        with self.database.read() as connection:
            due_at = waits.next_due(connection)
            return None if due_at is None else (due_at - self.database.now(connection)).total_seconds()

    def _wake_timers(self) -> int:
        with self.database.write() as connection:
            return waits.wake_due(connection, self.database.now(connection), BATCH)

    def _look_for_events(self) -> None:
        with self.database.write() as connection:
            correlations.look_again(connection, self.database.now(connection), BATCH)

    def _let_in(self) -> None:
        """Let queued runs in where a place became free that nobody saw to."""
        with self.database.read() as connection:
            found = list(islice(_crowds(connection), MOST_CROWDS))
        for workflow, crowd in found:
            with self.database.write() as connection:
                settle_crowd(connection, self.rules, workflow, crowd, self.database.now(connection))

    def _lapse(self, effect_id: str) -> bool:
        """End one lease. One that cannot be ended does not hold up the others."""
        try:
            return self.performer.lapse(effect_id)
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("lapse_failed", effect_id=effect_id)
            return False

    def _tell_looks(self) -> None:
        """Have the workers look. An effect that cannot be read does not keep others from being released."""
        try:
            self.looker.tell_due(BATCH)
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("looks_failed")

    def _advance_awake(self) -> int:
        with self.database.read() as connection:
            awake = runs.awake(connection, self.database.now(connection), BATCH)
        return sum(self._advance(run_id) for run_id in awake)

    def _advance(self, run_id: str) -> bool:
        """Take one run on, in a transaction of its own: one that fails is put off and does not hold up the others."""
        try:
            with self.database.write() as connection:
                now = self.database.now(connection)
                run = runs.lock_awake(connection, run_id, now)
                if run is not None and run.state is RunState.QUEUED:
                    runs.end(connection, run, EndRun(RunState.FAILED, None, "it expired before its turn came"), now)
                elif run is not None:
                    advance_locked(connection, self.rules, run, now)
            return run is not None
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("advance_failed", run_id=run_id)
            with self.database.write() as connection:
                runs.put_off(connection, run_id, self.database.now(connection))
            return False


def _crowds(connection: Connection) -> Iterator[tuple[str, str]]:
    """The crowds in which a run waits for its turn."""
    found = crowds.next_waiting(connection, ("", ""))
    while found is not None:
        yield found
        found = crowds.next_waiting(connection, found)
